"""One bill before it is made: another date or price, approved, held, left out, split.

A bill is named by its schedule and the first day of its period. Nothing here touches a bill that was made.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from invoicing.century import check_century
from invoicing.coming import amounts_of, settled_and_decided
from invoicing.due import Bill, bills
from invoicing.errors import (
    NeedsAReason,
    NotAPeriod,
    NotAPrice,
    NotBilling,
    NothingToSplit,
    PeriodIsSettled,
)
from invoicing.models import BilledPeriod, BillingSchedule, ComingBill, Invoice
from invoicing.operations.advancing import locked, restand, restood
from invoicing.practicalities import Practicalities
from practices import audit
from practices.arrays import array
from practices.tenancy import acting_practice_id
from proposals.periods import Period

Status, Billing = BillingSchedule.Status, BillingSchedule.Billing
LONGEST_REASON = 200
PRICE_PLACES, QUANTITY_PLACES = 4, 2
LARGEST = Decimal("99999999.99")


def change_bill(
    schedule: BillingSchedule,
    starts_on: date,
    *,
    bills_on: date | None = None,
    quantity: Decimal | None = None,
    unit_price: Decimal | None = None,
) -> ComingBill:
    """The bill with another invoice date, quantity or unit price, this once (G65); None follows the schedule.

    Raises `NotAPeriod`, `PeriodIsSettled`, `NotBilling`, `DateOutOfRange` or `NotAPrice`.
    """
    schedule = _unsettled(schedule, starts_on)
    check_century(schedule, bills_on)
    _check(quantity, QUANTITY_PLACES, least=Decimal("0.01"))
    _check(unit_price, PRICE_PLACES, least=Decimal(0))
    bill, _ = ComingBill.objects.get_or_create(schedule=schedule, starts_on=starts_on)
    bill.bills_on, bill.quantity, bill.unit_price = bills_on, quantity, unit_price
    bill.save(update_fields=["bills_on", "quantity", "unit_price"])
    audit.record(
        "schedule.bill_changed",
        schedule,
        starts_on=str(starts_on),
        bills_on=str(bills_on or ""),
        quantity=str(quantity or ""),
        unit_price="" if unit_price is None else str(unit_price),
    )
    restood(schedule)
    return bill


def _check(value: Decimal | None, places: int, *, least: Decimal) -> None:
    if value is None:
        return
    if not value.is_finite() or not least <= value <= LARGEST or value != round(value, places):
        raise NotAPrice(value)


def approve_bills(chosen: Collection[tuple[int, date]]) -> int:
    """Let these bills, as (schedule id, first day), be made on their dates; how many. Safe to repeat.

    What was held is held no more. Bills that were made or left out meanwhile stay as they are.
    """
    return _decide(chosen, "schedule.bill_approved", reason="")


def hold_bills(chosen: Collection[tuple[int, date]], *, reason: str) -> int:
    """Keep these bills, as (schedule id, first day), until somebody approves them; raises `NeedsAReason`."""
    if not reason.strip():
        raise NeedsAReason
    return _decide(chosen, "schedule.bill_held", reason=reason.strip()[:LONGEST_REASON])


def approve_bill(schedule: BillingSchedule, starts_on: date) -> int:
    """The same for one bill that somebody named; raises `NotAPeriod`, `PeriodIsSettled` or `NotBilling`."""
    return approve_bills([(_unsettled(schedule, starts_on).pk, starts_on)])


def hold_bill(schedule: BillingSchedule, starts_on: date, *, reason: str) -> int:
    """The same for one bill that somebody named; raises as `approve_bill` does, or `NeedsAReason`."""
    return hold_bills([(_unsettled(schedule, starts_on).pk, starts_on)], reason=reason)


def _decide(chosen: Collection[tuple[int, date]], action: str, *, reason: str) -> int:
    pairs = sorted(set(chosen))
    if not pairs:
        return 0
    actor = audit.current_actor()
    held = bool(reason)
    now = None if held else timezone.now()
    by = None if held or actor is None else actor.pk
    practice_id = acting_practice_id()
    with connection.cursor() as cursor:
        cursor.execute(
            _DECIDE,
            [
                practice_id,
                reason,
                now,
                by,
                array(schedule for schedule, _ in pairs),
                array(starts_on for _, starts_on in pairs),
                practice_id,
            ],
        )
        decided = cursor.fetchall()
    audit.record_many(
        action,
        BillingSchedule,
        ((schedule, {"starts_on": str(starts_on), "reason": reason}) for schedule, starts_on in decided),
    )
    return len(decided)


_DECIDE = """
    INSERT INTO invoicing_comingbill
        (practice_id, held_reason, approved_at, approved_by_id, schedule_id, starts_on)
    SELECT %s, %s, %s, %s, bill.schedule_id, bill.starts_on
    FROM unnest(%s::bigint[], %s::date[]) AS bill(schedule_id, starts_on)
    JOIN invoicing_billingschedule AS schedule
        ON schedule.practice_id = %s AND schedule.id = bill.schedule_id
    WHERE NOT EXISTS (
        SELECT 1 FROM invoicing_billedperiod AS period
        WHERE period.practice_id = schedule.practice_id AND period.schedule_id = schedule.id
            AND period.starts_on = bill.starts_on)
    ON CONFLICT (practice_id, schedule_id, starts_on) DO UPDATE
        SET held_reason = EXCLUDED.held_reason, approved_at = EXCLUDED.approved_at,
            approved_by_id = EXCLUDED.approved_by_id
    RETURNING schedule_id, starts_on
"""


def skip_period(schedule: BillingSchedule, starts_on: date, *, reason: str) -> BilledPeriod:
    """The period left out for a reason, with what it would have come to.

    Raises `NeedsAReason`, `NotAPeriod`, `NotBilling`, or `PeriodIsSettled` once it was billed or skipped.
    """
    if not reason.strip():
        raise NeedsAReason(schedule)
    schedule = _unsettled(schedule, starts_on)
    period = left_out(schedule, bill_of(schedule, starts_on), reason, Practicalities.of_the_practice())
    period.save()
    audit.record("schedule.period_skipped", schedule, starts_on=str(starts_on), reason=reason.strip())
    restood(schedule)
    return period


def skip_bills(chosen: Collection[tuple[int, date]], *, reason: str) -> int:
    """Leave out these bills, as (schedule id, first day), in a few statements however many; how many.

    What was made or left out meanwhile stays as it is. Raises `NeedsAReason`.
    """
    if not reason.strip():
        raise NeedsAReason
    starts: dict[int, list[date]] = defaultdict(list)
    for pk, starts_on in sorted(set(chosen)):
        starts[pk].append(starts_on)
    schedules = list(
        BillingSchedule.objects.filter(pk__in=starts)
        .select_for_update(of=["self"])
        .order_by("client_id", "pk")
    )
    known = Practicalities.of_the_practice()
    settled, decisions = settled_and_decided(schedules)
    waived: list[BilledPeriod] = []
    for schedule in schedules:
        periods = [_period(schedule, each, known) for each in starts[schedule.pk]]
        own = settled.get(schedule.pk, set()), decisions.get(schedule.pk, {})
        found = bills([period for period in periods if period], *own)
        waived += [left_out(schedule, bill, reason, known) for bill in found]
    BilledPeriod.objects.bulk_create(waived)
    audit.record_many(
        "schedule.period_skipped",
        BillingSchedule,
        ((row.schedule_id, {"starts_on": str(row.starts_on), "reason": reason.strip()}) for row in waived),
    )
    restand(schedules, known)
    over = [each.pk for each in schedules if each.next_starts_on is None]
    BillingSchedule.objects.filter(pk__in=over, status=Status.ACTIVE).update(status=Status.ENDED)
    return len(waived)


def left_out(schedule: BillingSchedule, bill: Bill, reason: str, known: Practicalities) -> BilledPeriod:
    """The unsaved period of a bill that is not made, with the reason and what it would have come to."""
    return BilledPeriod(
        schedule=schedule,
        starts_on=bill.period.starts_on,
        skip_reason=reason.strip()[:LONGEST_REASON],
        dated_on=None if bill.bills_on == date.max else bill.bills_on,
        waived=amounts_of(schedule, bill, known).gross,
    )


def take_back_skip(schedule: BillingSchedule, starts_on: date) -> BillingSchedule:
    """The period due again that was left out, or whose invoice was voided.

    Raises `NotAPeriod` where it was neither, or where the periods were moved since and none begins then.
    """
    schedule = locked(schedule)
    if schedule.billing == Billing.RECURRING:
        rhythm = schedule.rhythm(Practicalities.of_the_practice().invoice_day)
        again = next(rhythm.since(starts_on), None)
        if again is None or again.starts_on != starts_on:
            raise NotAPeriod(schedule)
    unbilled = Q(invoice=None) | Q(invoice__status=Invoice.Status.VOID)
    if not BilledPeriod.objects.filter(unbilled, schedule=schedule, starts_on=starts_on).delete()[0]:
        raise NotAPeriod(schedule)
    audit.record("schedule.skip_taken_back", schedule, starts_on=str(starts_on))
    return reopen_periods(schedule, [starts_on])


def reopen_periods(schedule: BillingSchedule, starts: Iterable[date]) -> BillingSchedule:
    """The locked schedule with these periods, no longer settled, to bill again."""
    known = [schedule.next_starts_on] if schedule.next_starts_on else []
    schedule.next_starts_on = min([*known, *starts])
    if schedule.status == Status.ENDED:
        schedule.status = Status.ACTIVE
        schedule.save(update_fields=["status"])
    return restood(schedule)


def split_bill(
    schedule: BillingSchedule, starts_on: date, *, amount: Decimal, bills_on: date
) -> BillingSchedule:
    """The schedule of the part that is billed on a later day by itself: so much net, in the practice's currency.

    The bill itself is made for the rest; where it is held, so is the part. Raises `NothingToSplit` unless both parts
    are more than nothing.
    """
    schedule = _unsettled(schedule, starts_on)
    check_century(schedule, bills_on)
    bill = bill_of(schedule, starts_on)
    rest = amounts_of(schedule, bill, Practicalities.of_the_practice()).net - amount
    if amount <= 0 or rest <= 0 or amount != round(amount, 2):
        raise NothingToSplit(schedule)
    part: BillingSchedule = BillingSchedule.objects.create(
        client=schedule.client,
        proposal_line=schedule.proposal_line,
        split_from=schedule,
        service=schedule.service,
        name=f"{schedule.name}, part"[: BillingSchedule._meta.get_field("name").max_length],
        description=schedule.description,
        quantity=Decimal(1),
        unit_price=amount,
        tax_rate=schedule.tax_rate,
        billing=Billing.ON_COMPLETION,
        completes_on=bills_on,
        starts_on=starts_on,
        bills_from=max(starts_on, bills_on),
        next_starts_on=starts_on,
        next_bill_on=bills_on,
        mode=schedule.mode,
    )
    decided = bill.decision
    if decided is not None and decided.is_held:
        reason = ComingBill.objects.get(schedule=schedule, starts_on=starts_on).held_reason
        ComingBill.objects.create(schedule=part, starts_on=starts_on, held_reason=reason)
    change_bill(
        schedule,
        starts_on,
        bills_on=decided.bills_on if decided else None,
        quantity=Decimal(1),
        unit_price=rest,
    )
    audit.record(
        "schedule.bill_split", schedule, starts_on=str(starts_on), amount=str(amount), bills_on=str(bills_on)
    )
    return part


def bill_of(schedule: BillingSchedule, starts_on: date) -> Bill:
    """The bill of a schedule for the period that starts then; raises `NotAPeriod`, `PeriodIsSettled`, `DateOutOfRange`.

    What waits to be marked complete is dated at the end of time. No period is looked for beyond this century: the
    run would go through all of them to get there.
    """
    check_century(schedule, starts_on)
    settled, decisions = settled_and_decided([schedule])
    if BilledPeriod.objects.filter(schedule=schedule, starts_on=starts_on).exists():
        raise PeriodIsSettled(schedule)
    own = decisions.get(schedule.pk, {})
    period = _period(schedule, starts_on, Practicalities.of_the_practice())
    found = next(bills([period] if period else [], settled.get(schedule.pk, ()), own), None)
    if found is None:
        raise NotAPeriod(schedule)
    return found


def _period(schedule: BillingSchedule, starts_on: date, known: Practicalities) -> Period | None:
    if schedule.billing != Billing.RECURRING:
        once = Period(starts_on, starts_on, schedule.dated_on or date.max)
        return once if starts_on == schedule.starts_on else None
    rhythm = schedule.rhythm(known.invoice_day)
    if schedule.next_starts_on is None or starts_on < schedule.next_starts_on:
        return None
    found = next(rhythm.since(starts_on), None)
    return found if found and found.starts_on == starts_on else None


def _unsettled(schedule: BillingSchedule, starts_on: date) -> BillingSchedule:
    """The schedule, locked, where that period is still to be billed."""
    schedule = locked(schedule)
    bill_of(schedule, starts_on)
    if schedule.status == Status.ENDED:
        raise NotBilling(schedule)
    return schedule
