"""What should have been billed by now and was not by day and value (idea 8), and a calendar of services."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from invoicing.client_plan import WORDS as WAITS
from invoicing.coming import amounts_of, coming_total, held_because, standings
from invoicing.due import Bill, Wait
from invoicing.models import BillingSchedule
from invoicing.period_ledger import Entry, ledger_of, twelve_months_from
from invoicing.practicalities import Practicalities
from money.amounts import ZERO
from proposals.periods import day_in_month

#: Services that are looked through one by one; beyond that only the sum is told.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Unbilled:
    """One bill whose date has passed: ``wait`` says why it was not made, None for one that the next run makes."""

    schedule: BillingSchedule
    bill: Bill
    gross: Decimal
    wait: Wait | None
    #: Why it is held, as somebody said; empty where nobody holds it.
    reason: str = ""

    @property
    def why(self) -> str:
        """In a word, why it was not made."""
        return WAITS[self.wait] if self.wait else "Next run"


@dataclass(slots=True)
class Day:
    """Everything dated on one day that was not billed."""

    on: date
    bills: list[Unbilled] = field(default_factory=list)

    @property
    def gross(self) -> Decimal:
        """What the day is worth, in the practice's currency."""
        return sum((each.gross for each in self.bills), ZERO)


@dataclass(frozen=True, slots=True)
class Overdue:
    """The days, oldest first, and what everything comes to, shown or not."""

    days: list[Day]
    bills: int
    gross: Decimal

    @property
    def shown(self) -> int:
        """How many of the bills the days hold."""
        return sum(len(day.bills) for day in self.days)


def unbilled_before(on: date, known: Practicalities | None = None) -> Overdue:
    """What is dated before a day and neither billed nor left out, work whose date nobody set excepted."""
    yesterday, known = on - timedelta(days=1), known or Practicalities.of_the_practice()
    late = BillingSchedule.objects.due(yesterday).select_related("client").order_by("next_bill_on", "pk")
    days: dict[date, Day] = {}
    schedules = list(late[:MOST])
    reasons = held_because(schedules)
    for schedule, found in standings(schedules, yesterday, known, today=on):
        for bill, wait in [*((ready, None) for ready in found.ready), *found.waiting]:
            day = days.setdefault(bill.bills_on, Day(bill.bills_on))
            reason = reasons.get((schedule.pk, bill.period.starts_on), "")
            gross = amounts_of(schedule, bill, known).gross
            day.bills.append(Unbilled(schedule, bill, gross, wait, reason))
    whole = coming_total(yesterday, known)
    return Overdue([days[each] for each in sorted(days)], whole.bills, whole.amounts.gross)


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One service and what happened, happens or is missing in each month."""

    schedule: BillingSchedule
    months: list[list[Entry]]


def calendar(
    schedules: Collection[BillingSchedule], on: date, known: Practicalities | None = None
) -> tuple[list[date], list[CalendarRow]]:
    """The first days of twelve months around a day, and a row for each of these services."""
    months = twelve_months_from(on)
    until = day_in_month(months[-1].year, months[-1].month, 31)
    cells: dict[int, dict[date, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for entry in ledger_of(schedules, since=months[0], until=until, on=on, known=known):
        month = (entry.dated_on or entry.period.billed_on).replace(day=1)
        cells[entry.schedule.pk][month].append(entry)
    return months, [
        CalendarRow(schedule, [cells[schedule.pk][month] for month in months]) for schedule in schedules
    ]
