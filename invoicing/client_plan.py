"""A client's billing schedule in two parts: what somebody bills by hand, and what is billed by itself, by date."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from invoicing.coming import amounts_of, held_because, standings
from invoicing.due import Bill, Wait
from invoicing.models import BillingSchedule
from invoicing.practicalities import Practicalities
from money.amounts import Amounts, price_line, total

#: How far ahead coming bills are shown.
AHEAD = timedelta(days=100)
WORDS = {
    Wait.HELD: "Held",
    Wait.BY_HAND: "By hand",
    Wait.TO_CONFIRM: "To confirm",
    Wait.TO_APPROVE: "To approve",
    Wait.MISSED: "Missed",
}


@dataclass(frozen=True, slots=True)
class Planned:
    """One bill that is still to be made; ``bills_on`` is None while it waits to be marked complete."""

    schedule: BillingSchedule
    starts_on: date
    ends_on: date
    bills_on: date | None
    amounts: Amounts
    wait: str = ""
    #: Why it is held, as somebody said; empty where nobody holds it.
    reason: str = ""
    is_late: bool = False
    is_changed: bool = False

    @property
    def key(self) -> str:
        """`12:2027-04-01`, for addresses."""
        return f"{self.schedule.pk}:{self.starts_on.isoformat()}"


@dataclass(slots=True)
class Day:
    """The bills of one date and what they come to."""

    on: date
    bills: list[Planned] = field(default_factory=list)

    @property
    def amounts(self) -> Amounts:
        """Their sum."""
        return total(bill.amounts for bill in self.bills)


@dataclass(frozen=True, slots=True)
class Plan:
    """Both parts: by hand with what is late on top, and by itself by date."""

    by_hand: list[Planned]
    days: list[Day]


def client_plan(schedules: Collection[BillingSchedule], *, on: date) -> Plan:
    """The coming bills of these services, to some months ahead."""
    known, reasons = Practicalities.of_the_practice(), held_because(schedules)
    by_hand: list[Planned] = []
    days: dict[date, list[Planned]] = defaultdict(list)
    for schedule, stands in standings(list(schedules), on + AHEAD, known, today=on):
        found = [(bill, None) for bill in stands.ready] + list(stands.waiting)
        if not found and schedule.next_bill_on is None and schedule.next_starts_on is not None:
            by_hand.append(_undated(schedule, on, known))
        for bill, wait in found:
            planned = _planned(schedule, bill, wait, on, known)
            if wait == Wait.HELD:
                planned = replace(planned, reason=reasons.get((schedule.pk, bill.period.starts_on), ""))
            if wait in (None, Wait.TO_APPROVE) or (wait == Wait.HELD and not planned.is_late):
                days[bill.bills_on].append(planned)
            else:
                by_hand.append(planned)
    by_hand.sort(key=lambda each: (not each.is_late, each.bills_on or date.max, each.schedule.pk))
    return Plan(by_hand, [Day(when, days[when]) for when in sorted(days)])


def _undated(schedule: BillingSchedule, on: date, known: Practicalities) -> Planned:
    percent = known.percent(schedule.tax_rate_id, on)
    amounts = price_line(schedule.quantity, schedule.unit_price, percent)
    return Planned(schedule, schedule.starts_on, schedule.starts_on, None, amounts, "On completion")


def _planned(
    schedule: BillingSchedule, bill: Bill, wait: Wait | None, on: date, known: Practicalities
) -> Planned:
    decided = bill.decision
    return Planned(
        schedule,
        bill.period.starts_on,
        bill.period.ends_on,
        bill.bills_on,
        amounts_of(schedule, bill, known),
        WORDS[wait] if wait else "",
        is_late=bill.bills_on < on,
        is_changed=decided is not None
        and (decided.bills_on or decided.quantity or decided.unit_price) is not None,
    )
