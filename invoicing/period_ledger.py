"""The period ledger: every service and period is billed, due, or left out for a reason, and nothing falls between.

A hole is a period before the one a schedule stands at that is neither billed nor left out. The rules leave none;
should one appear all the same, `close_holes` puts it before a person again.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import takewhile

from invoicing.client_plan import WORDS as WAITS
from invoicing.coming import amounts_of, held_because, standings
from invoicing.due import Bill, Wait
from invoicing.models import BilledPeriod, BillingSchedule, Invoice
from invoicing.practicalities import Practicalities
from proposals.periods import Period, add_months

Billing = BillingSchedule.Billing


@dataclass(frozen=True, slots=True)
class Entry:
    """One period of one service.

    ``state`` is `billed`, `void` (its invoice was voided), `skipped`, `due`, `waiting`, `coming`, `paused` or `hole`.

    ``gross`` is what it came to or would come to, in the practice's currency; None where nobody kept it. ``reason`` is
    why it was left out or is held, as somebody said.
    """

    schedule: BillingSchedule
    period: Period
    state: str
    gross: Decimal | None = None
    invoice: Invoice | None = None
    reason: str = ""
    wait: Wait | None = None
    dated_on: date | None = None

    @property
    def why(self) -> str:
        """In a word, why it waits for somebody; empty where it does not."""
        return WAITS[self.wait] if self.wait else ""


def ledger_of(
    schedules: Collection[BillingSchedule],
    *,
    since: date,
    until: date,
    on: date,
    known: Practicalities | None = None,
) -> Iterator[Entry]:
    """The periods of these services that begin between two days, service by service, oldest first."""
    known = known or Practicalities.of_the_practice()
    settled, reasons = _settled(schedules, since, until), held_because(schedules)
    stands = {each.pk: found for each, found in standings(list(schedules), until, known, today=on)}
    for schedule in schedules:
        own, found = settled.get(schedule.pk, {}), stands[schedule.pk]
        coming: dict[date, tuple[Bill, Wait | None]] = {
            bill.period.starts_on: (bill, wait)
            for bill, wait in [*((ready, None) for ready in found.ready), *found.waiting]
        }
        for period in _periods(schedule, since, until, known, {*own, *coming}):
            if row := own.get(period.starts_on):
                yield _settled_entry(schedule, period, row)
            elif period.starts_on in coming:
                reason = reasons.get((schedule.pk, period.starts_on), "")
                yield replace(_coming_entry(schedule, *coming[period.starts_on], known, on), reason=reason)
            elif own and min(own) < period.starts_on < (schedule.next_starts_on or date.min):
                yield Entry(schedule, period, "hole", _worth(schedule, period, known))


def _settled(
    schedules: Collection[BillingSchedule], since: date, until: date
) -> dict[int, dict[date, BilledPeriod]]:
    rows = BilledPeriod.objects.filter(
        schedule__in=[schedule.pk for schedule in schedules], starts_on__range=(since, until)
    ).select_related("invoice")
    found: dict[int, dict[date, BilledPeriod]] = {}
    for row in rows:
        found.setdefault(row.schedule_id, {})[row.starts_on] = row
    return found


def _periods(
    schedule: BillingSchedule, since: date, until: date, known: Practicalities, named: Collection[date]
) -> list[Period]:
    """Those of the rule, and those that were settled under an earlier rule."""
    if schedule.billing == Billing.RECURRING:
        rhythm = schedule.rhythm(known.invoice_day)
        found = {
            each.starts_on: each
            for each in takewhile(lambda each: each.starts_on <= until, rhythm.since(since))
        }
    else:
        found = {}
    for starts_on in named:
        found.setdefault(starts_on, Period(starts_on, starts_on, starts_on))
    return [found[starts_on] for starts_on in sorted(found)]


def _settled_entry(schedule: BillingSchedule, period: Period, row: BilledPeriod) -> Entry:
    if row.invoice is not None:
        state = "void" if row.invoice.status == Invoice.Status.VOID else "billed"
        return Entry(schedule, period, state, invoice=row.invoice, dated_on=row.invoice.tax_point)
    return Entry(schedule, period, "skipped", row.waived, reason=row.skip_reason, dated_on=row.dated_on)


def _coming_entry(
    schedule: BillingSchedule, bill: Bill, wait: Wait | None, known: Practicalities, on: date
) -> Entry:
    if bill.bills_on > on:
        state = "paused" if _falls_in_pause(schedule, bill.period) else "coming"
    else:
        state = "waiting" if wait else "due"
    gross = amounts_of(schedule, bill, known).gross
    return Entry(schedule, bill.period, state, gross, wait=wait, dated_on=bill.bills_on)


def _falls_in_pause(schedule: BillingSchedule, period: Period) -> bool:
    """Whether nothing is billed of it unless somebody resumes the service before its date."""
    until = schedule.paused_until or date.max
    return schedule.status == BillingSchedule.Status.PAUSED and period.billed_on < until


def _worth(schedule: BillingSchedule, period: Period, known: Practicalities) -> Decimal:
    return amounts_of(schedule, Bill(period, period.billed_on), known).gross


def holes_among(schedules: Collection[BillingSchedule], known: Practicalities) -> dict[int, list[Period]]:
    """The holes of recurring schedules, by the schedule's id; normally none."""
    holes: dict[int, list[Period]] = {}
    starts: dict[int, set[date]] = {}
    recurring = [each for each in schedules if each.billing == Billing.RECURRING]
    rows = BilledPeriod.objects.filter(schedule__in=[each.pk for each in recurring])
    for pk, starts_on in rows.values_list("schedule_id", "starts_on"):
        starts.setdefault(pk, set()).add(starts_on)
    for schedule in recurring:
        own, stands_at = starts.get(schedule.pk), schedule.next_starts_on
        if not own or stands_at is None:
            continue
        begun = max(min(own), schedule.starts_on)
        missing = []
        for period in schedule.rhythm(known.invoice_day).since(begun):
            if period.starts_on >= stands_at:
                break
            if period.starts_on not in own:
                missing.append(period)
        if missing:
            holes[schedule.pk] = missing
    return holes


def twelve_months_from(on: date) -> list[date]:
    """The first days of the five months before that day's, its own, and the six after."""
    first = on.replace(day=1)
    return [add_months(first, offset) for offset in range(-5, 7)]
