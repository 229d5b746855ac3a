"""A bill whose invoice was voided is not called billed; one that somebody moved was not missed."""

from datetime import date

import pytest
from django.urls import reverse

from invoicing.models import BilledPeriod, ComingBill, Invoice
from invoicing.operations import (
    approve_bill,
    bill_due_periods,
    change_bill,
    hold_bill,
    split_bill,
    take_back_skip,
    void_invoice,
)
from invoicing.period_ledger import ledger_of
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import MONTHLY, a_schedule

APRIL, MAY = date(2027, 4, 1), date(2027, 5, 1)


@pytest.fixture
def monthly(brook):
    with practice_scope(brook.pk):
        yield a_schedule(MONTHLY, starts_on=APRIL)


def billed() -> list[date]:
    return list(Invoice.objects.issued().order_by("tax_point", "id").values_list("tax_point", flat=True))


def test_idea_8_a_period_whose_invoice_was_voided_is_not_called_billed_and_can_be_billed_again(monthly):
    bill_due_periods(on=APRIL)
    void_invoice(Invoice.objects.get())
    monthly.refresh_from_db()
    (entry,) = ledger_of([monthly], since=APRIL, until=APRIL, on=APRIL)
    assert (entry.state, entry.invoice.number) == ("void", 1)
    assert bill_due_periods(on=APRIL).invoices == 0
    take_back_skip(monthly, APRIL)
    assert bill_due_periods(on=APRIL).invoices == 1
    assert billed() == [APRIL]


def test_a_period_whose_invoice_stands_is_not_billed_again(brook, client_of):
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=brook.today(), on=brook.today())
        bill_due_periods(on=brook.today())
    act = reverse("invoicing:bill-act", args=["brook-co", schedule.pk, schedule.starts_on])
    page, browser = reverse("invoicing:schedule-detail", args=["brook-co", schedule.pk]), client_of("alice")
    assert "Bill it after all" not in browser.get(page).text
    browser.post(act, {"act": "unskip"})
    with practice_scope(brook.pk):
        assert BilledPeriod.objects.exists()
        invoice = Invoice.objects.get()
    voided = browser.post(reverse("invoicing:invoice-void", args=["brook-co", invoice.pk]), follow=True)
    assert "What it billed is not billed again automatically" in voided.text
    assert "Bill it after all" in browser.get(page).text
    assert "is due again" in browser.post(act, {"act": "unskip"}, follow=True).text
    with practice_scope(brook.pk):
        assert not BilledPeriod.objects.exists()


def test_g65_a_bill_that_was_moved_to_its_neighbours_day_was_not_missed(monthly):
    change_bill(monthly, APRIL, bills_on=MAY)
    assert bill_due_periods(on=MAY).waiting == 0
    assert billed() == [MAY]
    assert BilledPeriod.objects.count() == 2


def test_g65_both_parts_of_a_held_bill_are_held(monthly):
    hold_bill(monthly, APRIL, reason="They dispute it")
    part = split_bill(monthly, APRIL, amount=40, bills_on=date(2027, 4, 20))
    assert bill_due_periods(on=date(2027, 4, 20)).invoices == 0
    assert set(ComingBill.objects.values_list("held_reason", flat=True)) == {"They dispute it"}
    approve_bill(part, part.starts_on)
    bill_due_periods(on=date(2027, 4, 20))
    assert billed() == [date(2027, 4, 20)]
