"""What is billed a single time keeps its date through whatever is decided about it, until it is billed."""

from datetime import date
from decimal import Decimal

import pytest

from invoicing.models import BillingSchedule, Invoice
from invoicing.operations import (
    approve_bill,
    bill_due_periods,
    change_bill,
    complete_schedule,
    skip_period,
    take_back_skip,
    undo_invoice,
)
from invoicing.unbilled import unbilled_before
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import ON_COMPLETION, UPFRONT, a_schedule

HOURLY = {"billing_basis": "hourly", "price": "90"}
TOMORROW = date(2027, 3, 11)


def billed() -> list[tuple[date, Decimal]]:
    return list(Invoice.objects.issued().order_by("tax_point", "id").values_list("tax_point", "net"))


@pytest.mark.parametrize("starts_on", [TODAY, date(2027, 9, 1)])
def test_idea_14_an_upfront_bill_that_was_undone_is_made_on_its_day_once_it_is_approved(brook, starts_on):
    with practice_scope(brook.pk):
        schedule = a_schedule(UPFRONT, starts_on=starts_on)
        undo_invoice(Invoice.objects.get())
        assert bill_due_periods(on=TOMORROW).waiting == 1
        assert unbilled_before(TOMORROW).gross == 120
        approve_bill(schedule, schedule.starts_on)
        bill_due_periods(on=TOMORROW)
        assert billed() == [(TODAY, 100)]
        assert BillingSchedule.objects.get().status == "ended"


def test_idea_14_work_that_was_complete_is_billed_again_once_its_undone_bill_is_approved(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(ON_COMPLETION)
        complete_schedule(schedule, on=TODAY)
        undo_invoice(Invoice.objects.get())
        assert unbilled_before(TOMORROW).gross == 120
        approve_bill(schedule, schedule.starts_on)
        bill_due_periods(on=TOMORROW)
        assert billed() == [(TODAY, 100)]


def test_g56_an_upfront_bill_whose_price_was_changed_is_made_once_it_is_approved(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(UPFRONT | HOURLY, starts_on=date(2027, 9, 1))
        change_bill(schedule, schedule.starts_on, quantity=Decimal(3), unit_price=Decimal(90))
        assert bill_due_periods(on=TODAY).waiting == 1
        approve_bill(schedule, schedule.starts_on)
        bill_due_periods(on=TODAY)
        assert billed() == [(TODAY, 270)]


def test_g65_an_upfront_bill_that_was_left_out_is_due_again_when_that_is_taken_back(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(UPFRONT | HOURLY)
        skip_period(schedule, schedule.starts_on, reason="Waived")
        take_back_skip(schedule, schedule.starts_on)
        approve_bill(schedule, schedule.starts_on)
        bill_due_periods(on=TODAY)
        assert billed() == [(TODAY, 90)]
