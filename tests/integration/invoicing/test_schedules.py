"""Schedules change by their rules, and two people at once get one outcome."""

from datetime import date

import pytest
from django.db import IntegrityError

from invoicing import errors
from invoicing.models import BilledPeriod, BillingSchedule, Invoice
from invoicing.operations import (
    bill_due_periods,
    complete_schedule,
    end_billing,
    pause_billing,
    resume_billing,
    skip_period,
)
from practices.models import AuditEntry
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import MONTHLY, ON_COMPLETION, a_schedule
from tests.racing import at_once


@pytest.fixture
def monthly(brook):
    with practice_scope(brook.pk):
        yield a_schedule(MONTHLY, starts_on=date(2027, 4, 1))


def test_f61_work_cannot_be_completed_twice(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(ON_COMPLETION)
        complete_schedule(schedule, on=TODAY)
        with pytest.raises(errors.NothingToComplete):
            complete_schedule(schedule, on=TODAY)


def test_f61_two_people_completing_at_once_make_one_invoice(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(ON_COMPLETION)
    outcomes = at_once(brook, 4, lambda: complete_schedule(schedule, on=TODAY))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Invoice"] + 3 * ["NothingToComplete"]
    with practice_scope(brook.pk):
        assert Invoice.objects.count() == 1


def test_a_recurring_service_is_not_completed(monthly):
    with pytest.raises(errors.NothingToComplete):
        complete_schedule(monthly, on=TODAY)


def test_only_recurring_services_pause_and_resume(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(ON_COMPLETION)
        with pytest.raises(errors.NotRecurring):
            pause_billing(schedule, on=TODAY)
        with pytest.raises(errors.NotRecurring):
            resume_billing(schedule, on=TODAY)


def test_pausing_twice_and_resuming_twice_are_refused(monthly):
    pause_billing(monthly, on=TODAY)
    with pytest.raises(errors.NotBilling):
        pause_billing(monthly, on=TODAY)
    resume_billing(monthly, on=TODAY)
    with pytest.raises(errors.NotPaused):
        resume_billing(monthly, on=TODAY)


def test_a_period_is_skipped_once_with_a_reason(monthly):
    with pytest.raises(errors.NeedsAReason):
        skip_period(monthly, date(2027, 5, 1), reason="  ")
    with pytest.raises(errors.NotAPeriod):
        skip_period(monthly, date(2027, 5, 2), reason="Waived")
    assert skip_period(monthly, date(2027, 5, 1), reason="Waived ").skip_reason == "Waived"
    with pytest.raises(errors.PeriodIsSettled):
        skip_period(monthly, date(2027, 5, 1), reason="Waived")
    entry = AuditEntry.objects.get(action="schedule.period_skipped")
    assert entry.data == {"starts_on": "2027-05-01", "reason": "Waived"}


def test_a_billed_period_cannot_be_skipped(monthly):
    bill_due_periods(on=date(2027, 4, 1))
    with pytest.raises(errors.PeriodIsSettled):
        skip_period(monthly, date(2027, 4, 1), reason="Too late")


def test_skipping_while_the_run_bills_ends_in_one_of_both(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=date(2027, 4, 1))
    turns = iter([True, False])

    def bill_or_skip():
        if next(turns):
            return bill_due_periods(on=date(2027, 4, 1))
        return skip_period(schedule, date(2027, 4, 1), reason="Waived")

    at_once(brook, 2, bill_or_skip)
    with practice_scope(brook.pk):
        assert BilledPeriod.objects.count() == 1


def test_billing_cannot_end_before_it_starts_or_twice(monthly):
    with pytest.raises(errors.EndsBeforeItStarts):
        end_billing(monthly, on=date(2027, 3, 31))
    end_billing(monthly, on=date(2027, 4, 30))
    bill_due_periods(on=date(2027, 5, 1))
    with pytest.raises(errors.NotBilling):
        end_billing(monthly, on=date(2027, 6, 1))


def test_ending_work_that_was_never_completed_closes_it(brook):
    with practice_scope(brook.pk):
        end_billing(a_schedule(ON_COMPLETION), on=TODAY)
        assert not BillingSchedule.objects.to_complete().exists()


@pytest.mark.parametrize(
    ("changes", "promise"),
    [
        ({"every": None}, "billingschedule_rule_is_whole"),
        ({"ends_on": date(2026, 1, 1)}, "schedule_ends_after_it_starts"),
        ({"bills_from": date(2026, 1, 1)}, "schedule_bills_from_its_start_or_later"),
        ({"status": "paused"}, "a_paused_schedule_knows_since_when"),
        ({"quantity": 0}, "schedule_quantity_is_positive"),
        ({"unit_price": -1}, "schedule_price_is_not_negative"),
    ],
)
def test_the_database_keeps_schedules_whole(brook, changes, promise):
    with practice_scope(brook.pk):
        a_schedule()
    with pytest.raises(IntegrityError, match=promise), practice_scope(brook.pk):
        BillingSchedule.objects.update(**changes)
