"""Moving a service: to be billed by hand or by itself, and to other periods."""

from datetime import date

from invoicing.century import check_century
from invoicing.coming import amounts_of, settled_and_decided
from invoicing.due import Bill
from invoicing.errors import DateOutOfRange, MovedBeforeItBegan, NotBilling
from invoicing.models import BillingSchedule
from invoicing.operations.advancing import locked, restood
from invoicing.operations.schedules import locked_recurring
from invoicing.practicalities import Practicalities
from invoicing.shifts import Shift, shift_of
from practices import audit

Status = BillingSchedule.Status


def set_mode(schedule: BillingSchedule, mode: str) -> BillingSchedule:
    """The schedule billed by itself or by hand from now on (G57, G66); raises `NotBilling` once it has ended."""
    schedule = locked(schedule)
    if schedule.status == Status.ENDED:
        raise NotBilling(schedule)
    if schedule.mode != mode:
        before, schedule.mode = schedule.mode, BillingSchedule.Mode(mode)
        schedule.save(update_fields=["mode"])
        audit.record("schedule.mode_changed", schedule, before=before, after=mode)
    return schedule


def shift_when_moved(schedule: BillingSchedule, starts_on: date) -> Shift | None:
    """What it means in days and money to count the coming periods from another day; None for nothing."""
    if schedule.next_starts_on is None:
        raise NotBilling(schedule)
    known = Practicalities.of_the_practice()
    expected = next(schedule.rhythm(known.invoice_day).since(schedule.next_starts_on))
    net = amounts_of(schedule, Bill(expected, expected.billed_on), known).net
    return shift_of(expected, starts_on, net)


def move_periods(schedule: BillingSchedule, *, starts_on: date, on: date) -> BillingSchedule:
    """The schedule with its coming periods counted from another day; what was billed stays as it is.

    Raises `NotBilling`, `NotRecurring`, `DateOutOfRange`, or `MovedBeforeItBegan` for a day before both the service's
    first one and today. The overlap or gap is for a person to see before
    (`shift_when_moved`), and is recorded.
    """
    schedule = locked_recurring(schedule)
    if schedule.status == Status.ENDED or schedule.next_starts_on is None:
        raise NotBilling(schedule)
    check_century(schedule, starts_on)
    if starts_on < min(schedule.starts_on, on):
        raise MovedBeforeItBegan(schedule)
    shift = shift_when_moved(schedule, starts_on)
    before = schedule.next_starts_on
    left = _agreed_and_left(schedule)
    schedule.starts_on, schedule.bills_from = starts_on, max(starts_on, on)
    schedule.next_starts_on = starts_on
    if left:
        schedule.times = left
        schedule.ends_on = schedule.agreed_end
    if schedule.ends_on is not None and schedule.ends_on < starts_on:
        raise DateOutOfRange(schedule)
    schedule.save(update_fields=["starts_on", "bills_from", "next_starts_on", "times", "ends_on"])
    audit.record(
        "schedule.periods_moved",
        schedule,
        before=str(before),
        after=str(starts_on),
        overlap_days=shift.days if shift and shift.is_overlap else 0,
        gap_days=shift.days if shift and not shift.is_overlap else 0,
        amount=str(shift.amount) if shift else "0.00",
    )
    return restood(schedule)


def _agreed_and_left(schedule: BillingSchedule) -> int | None:
    """How many bills are left of an agreed number, which moving them does not change; None without one."""
    if schedule.next_starts_on is None or schedule.agreed_end is None or schedule.has_own_end:
        return None
    known = Practicalities.of_the_practice()
    settled, _ = settled_and_decided([schedule])
    own = settled.get(schedule.pk, set())
    periods = schedule.rhythm(known.invoice_day).since(schedule.next_starts_on)
    return sum(period.starts_on not in own for period in periods)
