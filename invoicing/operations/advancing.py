"""Where schedules stand: the period that comes next, and its invoice date, derived from the rule and nothing else."""

from collections.abc import Collection, Iterable
from datetime import date

from clients.models import Client
from invoicing.coming import settled_and_decided
from invoicing.due import Standing, periods_of, single, standing
from invoicing.models import BillingSchedule
from invoicing.operations.due_rows import DueRow
from invoicing.practicalities import Practicalities
from practices.arrays import array
from practices.statements import Change
from practices.tenancy import acting_practice_id
from proposals.periods import Period

#: Schedules worked out together.
BATCH = 1000
#: Why a bill is held that fell due while nobody billed.
MISSED = "Missed while billing stood still"


def steps(found: Iterable[tuple[DueRow, Standing]]) -> Change | None:
    """The change that moves locked schedules on by what is made of their ready bills; None where nothing moves.

    Those with nothing left end.
    """
    moved = [
        (row.id, stands.next_starts_on, stands.next_bill_on)
        for row, stands in found
        if stands.next_starts_on != row.next_starts_on or stands.next_bill_on != row.next_bill_on
    ]
    if not moved:
        return None
    ids, starts, dates = zip(*moved, strict=True)
    return Change(_ADVANCE, [array(ids), array(starts), array(dates), acting_practice_id()])


def hold_missed(found: Iterable[tuple[DueRow, Standing]]) -> None:
    """Put what was missed before a person, once: held, with its own date."""
    missed = [(row.id, bill.period.starts_on) for row, stands in found for bill in stands.missed]
    if missed:
        schedules, starts = zip(*missed, strict=True)
        Change(_HOLD_MISSED, [acting_practice_id(), MISSED, array(schedules), array(starts)]).run()


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
    """Work out anew what these locked schedules bill next, from the period they stand at; saved.

    For changes of the rule itself: a last day, the invoice day, a skipped, moved or reopened period. A period
    before the one they stand at is only reopened by a caller who sets ``next_starts_on`` to it first.
    """
    known = known or Practicalities.of_the_practice()
    for schedule in schedules:
        if schedule.next_starts_on is None:
            schedule.next_starts_on = _first_start(schedule, known)
    settled, decisions = settled_and_decided(schedules)
    for schedule in schedules:
        found = standing(
            _periods(schedule, known),
            settled.get(schedule.pk, set()),
            decisions.get(schedule.pk, {}),
            on=date.min,
            rules=known.rules,
        )
        schedule.next_starts_on, schedule.next_bill_on = found.next_starts_on, found.next_bill_on
        if schedule.next_bill_on == date.max:
            schedule.next_bill_on = None
    BillingSchedule.objects.bulk_update(schedules, ["next_starts_on", "next_bill_on"])


def _first_start(schedule: BillingSchedule, known: Practicalities) -> date | None:
    if schedule.billing != BillingSchedule.Billing.RECURRING:
        return schedule.starts_on
    first = next(schedule.rhythm(known.invoice_day).after(None), None)
    return first.starts_on if first else None


def _periods(schedule: BillingSchedule, known: Practicalities) -> Iterable[Period]:
    """As the rule has them; what waits for somebody to mark it complete has no date, and the last one of all."""
    if schedule.billing == BillingSchedule.Billing.RECURRING:
        return periods_of(schedule.rhythm(known.invoice_day), schedule.next_starts_on)
    return single(schedule.starts_on, schedule.dated_on or date.max)


def set_invoice_day(client: Client, day: int | None) -> int:
    """Date the client's coming recurring bills by its own invoice day, or None for the practice's (G77).

    How many schedules changed.
    """
    BillingSchedule.objects.filter(client=client).update(invoice_day=day)
    return realign(client=client)


def realign(known: Practicalities | None = None, *, client: Client | None = None) -> int:
    """Date what comes next anew, after an invoice day has changed; how many schedules changed.

    Those of one client, or of the whole practice.
    """
    known = known or Practicalities.of_the_practice()
    live = BillingSchedule.objects.exclude(status=BillingSchedule.Status.ENDED).filter(
        billing=BillingSchedule.Billing.RECURRING
    )
    if client is not None:
        live = live.filter(client=client)
    changed, after = 0, 0
    while batch := list(live.filter(pk__gt=after).select_for_update(of=["self"]).order_by("pk")[:BATCH]):
        before = [schedule.next_bill_on for schedule in batch]
        restand(batch, known)
        changed += sum(old != new.next_bill_on for old, new in zip(before, batch, strict=True))
        after = batch[-1].pk
    return changed


def restood(schedule: BillingSchedule) -> BillingSchedule:
    """The locked schedule with what it bills next under its rule as it is now; ended where nothing is left."""
    restand([schedule])
    if schedule.next_starts_on is None and schedule.status == BillingSchedule.Status.ACTIVE:
        schedule.status = BillingSchedule.Status.ENDED
        schedule.save(update_fields=["status"])
    return schedule


def locked(schedule: BillingSchedule) -> BillingSchedule:
    """The schedule, locked: billing it, completing it and changing it wait for each other."""
    found: BillingSchedule = (
        BillingSchedule.objects.select_for_update(of=["self"])
        .select_related("client", "service", "tax_rate", "proposal_line__proposal")
        .get(pk=schedule.pk)
    )
    return found
