"""Where schedules stand: the period that comes next, and its invoice date, derived from the rule and nothing else."""

from collections.abc import Collection, Iterable
from datetime import date

from django.db import connection

from invoicing.coming import settled_and_decided, settled_periods
from invoicing.due import Standing, periods_of, standing
from invoicing.models import BillingSchedule
from invoicing.operations.due_rows import DueRow
from invoicing.practicalities import Practicalities
from practices.arrays import array
from practices.tenancy import acting_practice_id
from proposals.periods import Rhythm

#: Why a bill is held that fell due while nobody billed.
MISSED = "Missed while billing stood still"


def advance(found: Iterable[tuple[DueRow, Standing]]) -> None:
    """Move locked schedules on by what was made of their ready bills; those with nothing left end.

    What was missed is put before a person, once: held, with its own date.
    """
    moved: list[tuple[int, date | None, date | None]] = []
    missed: list[tuple[int, date]] = []
    for row, stands in found:
        missed.extend((row.id, bill.period.starts_on) for bill in stands.missed)
        now = (stands.next_starts_on, stands.next_bill_on)
        if now != (row.next_starts_on, row.next_bill_on):
            moved.append((row.id, *now))
    practice_id = acting_practice_id()
    with connection.cursor() as cursor:
        if moved:
            ids, starts, dates = zip(*moved, strict=True)
            cursor.execute(_ADVANCE, [array(ids), array(starts), array(dates), practice_id])
        if missed:
            schedules, starts = zip(*missed, strict=True)
            cursor.execute(_HOLD_MISSED, [practice_id, MISSED, array(schedules), array(starts)])


_ADVANCE = """
    UPDATE invoicing_billingschedule AS schedule
    SET next_starts_on = stand.next_starts_on, next_bill_on = stand.next_bill_on,
        status = CASE WHEN stand.next_starts_on IS NULL THEN 'ended' ELSE schedule.status END
    FROM unnest(%s::bigint[], %s::date[], %s::date[]) AS stand(id, next_starts_on, next_bill_on)
    WHERE schedule.practice_id = %s AND schedule.id = stand.id
"""
_HOLD_MISSED = """
    INSERT INTO invoicing_comingbill (practice_id, held_reason, schedule_id, starts_on)
    SELECT %s, %s, schedule_id, starts_on FROM unnest(%s::bigint[], %s::date[]) AS bill(schedule_id, starts_on)
    ON CONFLICT (practice_id, schedule_id, starts_on) DO UPDATE SET held_reason = EXCLUDED.held_reason
"""


def restand(schedules: Collection[BillingSchedule], known: Practicalities | None = None) -> None:
    """Work out anew where locked recurring schedules stand, from everything settled; unsaved values are kept.

    For changes of the rule itself: a new last day, the practice's invoice day, a skipped or reopened period.
    """
    known = known or Practicalities.of_the_practice()
    settled = settled_periods(schedules)
    _, decisions = settled_and_decided(schedules)
    for schedule in schedules:
        own = settled[schedule.pk]
        if schedule.billing != BillingSchedule.Billing.RECURRING:
            done = schedule.starts_on in own
            schedule.next_starts_on = None if done else schedule.starts_on
            schedule.next_bill_on = None if done else schedule.next_bill_on
            continue
        rhythm = schedule.rhythm(known.invoice_day)
        first = schedule.next_starts_on or _first_start(rhythm)
        if own and first:
            first = min(first, *own)
        found = standing(
            periods_of(rhythm, first),
            own,
            decisions.get(schedule.pk, {}),
            on=date.min,
            rules=known.rules,
        )
        schedule.next_starts_on, schedule.next_bill_on = found.next_starts_on, found.next_bill_on
    BillingSchedule.objects.bulk_update(schedules, ["next_starts_on", "next_bill_on"])


def _first_start(rhythm: Rhythm) -> date | None:
    first = next(rhythm.after(None), None)
    return first.starts_on if first else None
