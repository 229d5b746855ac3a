"""A pause and a last day beside each other: nothing is billed in the pause, and nothing is lost after it."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from invoicing.billing_run import run_billing
from invoicing.errors import NotEnded, NothingLeftToBill
from invoicing.models import BilledPeriod, BillingSchedule, Invoice
from invoicing.months import Month, funnel
from invoicing.operations import (
    bill_due_periods,
    call_off_billing,
    change_bill,
    complete_schedule,
    end_billing,
    end_services,
    hold_bills,
    move_periods,
    pause_billing,
    reopen_billing,
    resume_after_pauses,
    resume_billing,
)
from invoicing.practicalities import Practicalities
from invoicing.unbilled import unbilled_before
from practices.tenancy import acting_for, practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import MONTHLY, ON_COMPLETION, a_schedule, bill_without_asking

APRIL, MAY, JUNE, JULY = date(2027, 4, 1), date(2027, 5, 1), date(2027, 6, 1), date(2027, 7, 1)
Status = BillingSchedule.Status


@pytest.fixture
def monthly(brook):
    with practice_scope(brook.pk):
        yield a_schedule(MONTHLY, starts_on=APRIL)


def billed() -> list[date]:
    return list(Invoice.objects.issued().order_by("tax_point", "id").values_list("tax_point", flat=True))


def left_out() -> list[tuple[date, Decimal | None]]:
    rows = BilledPeriod.objects.filter(invoice=None).order_by("starts_on")
    return list(rows.values_list("dated_on", "waived"))


def test_g41_g66_a_last_day_after_the_pause_leaves_what_lies_between_to_be_billed(monthly):
    pause_billing(monthly, on=TODAY, until=MAY, reason="On leave")
    ended = end_billing(monthly, on=date(2027, 6, 30), today=TODAY)
    assert (ended.status, ended.paused_until, ended.pause_reason) == (Status.PAUSED, MAY, "On leave")
    resume_after_pauses(on=MAY)
    for day in (MAY, JUNE, JULY):
        bill_due_periods(on=day)
    assert billed() == [MAY, JUNE]
    assert BillingSchedule.objects.get().status == Status.ENDED


def test_g41_g66_what_ends_while_it_is_paused_is_closed_by_the_run_after_its_last_day(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=APRIL)
        pause_billing(schedule, on=TODAY)
        end_billing(schedule, on=date(2027, 5, 31), today=TODAY)
    with acting_for(brook.pk):
        run_billing(JUNE)
    with practice_scope(brook.pk):
        assert billed() == []
        assert left_out() == [(APRIL, 120), (MAY, 120)]
        assert BillingSchedule.objects.get().status == Status.ENDED


def test_g41_taking_the_end_back_leaves_a_pause_a_pause(monthly):
    pause_billing(monthly, on=TODAY)
    end_billing(monthly, on=date(2027, 5, 31), today=TODAY)
    reopened = reopen_billing(monthly)
    assert (reopened.status, reopened.ends_on) == (Status.PAUSED, None)


def test_idea_8_what_was_due_before_the_pause_is_still_listed_after_the_end(monthly):
    hold_bills([(monthly.pk, APRIL)], reason="Asked the client")
    bill_due_periods(on=APRIL)
    pause_billing(monthly, on=date(2027, 4, 10))
    end_billing(monthly, on=date(2027, 5, 20))
    missing = unbilled_before(JUNE)
    assert [(day.on, day.gross) for day in missing.days] == [(APRIL, 120)]
    assert left_out() == [(MAY, 120)]


def test_g66_what_a_pause_leaves_out_counts_in_the_balancing_line_with_its_value(monthly):
    pause_billing(monthly, on=TODAY)
    resume_billing(monthly, on=MAY)
    figures = funnel(Month(APRIL), Practicalities.of_the_practice(), today=MAY)
    assert (figures.agreed, figures.skipped) == (120, 120)


def test_g65_g66_a_bill_moved_past_the_pause_is_billed_on_its_day_and_one_moved_into_it_is_not(monthly):
    change_bill(monthly, APRIL, bills_on=date(2027, 5, 10))
    change_bill(monthly, MAY, bills_on=date(2027, 4, 20))
    pause_billing(monthly, on=TODAY)
    resume_billing(monthly, on=MAY)
    bill_due_periods(on=date(2027, 5, 10))
    assert billed() == [date(2027, 5, 10)]
    assert left_out() == [(date(2027, 4, 20), 120)]


def test_g41_work_that_ends_later_can_be_marked_complete_until_then(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(ON_COMPLETION)
        end_services(schedule.client, on=APRIL, today=TODAY)
        complete_schedule(schedule, on=TODAY)
        assert billed() == [TODAY]


THREE_TIMES = MONTHLY | {"times": 3}


def test_g41_an_end_that_is_taken_back_leaves_the_number_of_bills_that_was_agreed(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(THREE_TIMES, starts_on=APRIL)
        with pytest.raises(NotEnded):
            reopen_billing(schedule)
        end_billing(schedule, on=date(2027, 4, 30))
        assert reopen_billing(schedule).ends_on == JUNE
        for day in (APRIL, MAY, JUNE, JULY, date(2027, 8, 1)):
            bill_due_periods(on=day)
        assert billed() == [APRIL, MAY, JUNE]
        with pytest.raises(NothingLeftToBill):
            reopen_billing(schedule)


def test_g41_what_was_called_off_and_taken_up_again_has_its_agreed_number_of_bills(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(THREE_TIMES, starts_on=APRIL)
        call_off_billing(schedule, on=TODAY)
        assert reopen_billing(schedule).ends_on == JUNE


def test_g67_moving_the_periods_changes_their_days_and_not_their_agreed_number(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        schedule = a_schedule(THREE_TIMES, starts_on=APRIL)
        bill_due_periods(on=APRIL)
        moved = move_periods(schedule, starts_on=date(2027, 5, 11), on=date(2027, 4, 20))
        assert (moved.ends_on, moved.times) == (date(2027, 6, 11), 2)
        bill_due_periods(on=date(2027, 12, 1))
        assert len(billed()) == 3


def test_g67_a_last_day_that_somebody_chose_stays_when_the_periods_are_moved(monthly):
    bill_due_periods(on=APRIL)
    end_billing(monthly, on=date(2027, 7, 15), today=APRIL)
    moved = move_periods(monthly, starts_on=date(2027, 5, 11), on=date(2027, 4, 20))
    assert moved.ends_on == date(2027, 7, 15)


def test_g41_a_service_with_an_agreed_number_of_bills_can_be_ended_earlier_from_its_page(brook, client_of):
    with practice_scope(brook.pk):
        schedule = a_schedule(THREE_TIMES, starts_on=brook.today(), on=brook.today())
    browser, page = client_of("alice"), reverse("invoicing:schedule-detail", args=["brook-co", schedule.pk])
    shown = browser.get(page)
    assert not shown.context["may_reopen"]
    assert 'popovertarget="end-service"' in shown.text
    assert "End today" in browser.get(reverse("invoicing:billing", args=["brook-co"])).text
    browser.post(reverse("invoicing:schedule-end", args=["brook-co", schedule.pk]), {"on": brook.today()})
    assert browser.get(page).context["may_reopen"]
