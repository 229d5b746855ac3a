"""What a schedule still has to bill, and what of it may be billed now: values in, values out.

A bill is one period of a schedule with its invoice date, quantity and price. What somebody decided about it
(another date, a price, approval, a hold) comes from `ComingBill`; whatever is not decided follows the schedule.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from proposals.periods import Period, Rhythm


class Wait(StrEnum):
    """Why a bill whose date has come is not made by itself."""

    HELD = "held"
    BY_HAND = "by_hand"
    TO_CONFIRM = "to_confirm"
    TO_APPROVE = "to_approve"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about a coming bill; None follows the schedule."""

    bills_on: date | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    is_held: bool = False
    is_approved: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """One period that is neither billed nor skipped, and the date its invoice will carry."""

    period: Period
    bills_on: date
    decision: Decision | None = None

    @property
    def is_approved(self) -> bool:
        """Whether somebody let it be made."""
        return self.decision is not None and self.decision.is_approved


@dataclass(frozen=True, slots=True)
class Rules:
    """What the practice wants to be asked about."""

    needs_approval: bool = False
    asks_about_missed: bool = True


@dataclass(slots=True)
class Standing:
    """Where a schedule stands on a day: what may be billed, what waits and why, and what comes next.

    ``next_starts_on`` and ``next_bill_on`` are what is left once the ready bills are made; both None when
    nothing is.
    """

    ready: list[Bill]
    waiting: list[tuple[Bill, Wait]]
    next_starts_on: date | None
    next_bill_on: date | None

    def only(self, chosen: Collection[date]) -> "Standing":
        """The same where no more than the periods that begin on these days are billed."""
        left = [bill for bill in self.ready if bill.period.starts_on not in chosen]
        starts = [bill.period.starts_on for bill in left]
        dates = [bill.bills_on for bill in left]
        return Standing(
            [bill for bill in self.ready if bill.period.starts_on in chosen],
            self.waiting,
            min([*starts, *([self.next_starts_on] if self.next_starts_on else [])], default=None),
            min([*dates, *([self.next_bill_on] if self.next_bill_on else [])], default=None),
        )

    @property
    def is_held(self) -> bool:
        """Whether somebody holds a bill of it."""
        return any(wait is Wait.HELD for _, wait in self.waiting)

    @property
    def missed(self) -> list[Bill]:
        """What waits because billing stood still."""
        return [bill for bill, wait in self.waiting if wait == Wait.MISSED]


Decisions = Mapping[date, Decision]


def bills(periods: Iterable[Period], settled: Collection[date], decisions: Decisions) -> Iterator[Bill]:
    """The bills of a schedule that are left, period by period; without end where the periods are."""
    for period in periods:
        if period.starts_on in settled:
            continue
        decision = decisions.get(period.starts_on)
        yield Bill(period, (decision and decision.bills_on) or period.billed_on, decision)


def due_by(
    periods: Iterable[Period], settled: Collection[date], decisions: Decisions, on: date
) -> list[Bill]:
    """The bills that are dated by a day, period by period."""
    return _split(periods, settled, decisions, on)[0]


def single(starts_on: date, bills_on: date) -> list[Period]:
    """The one period of what is billed upfront or on completion."""
    return [Period(starts_on, starts_on, bills_on)]


def periods_of(rhythm: Rhythm, next_starts_on: date | None) -> Iterator[Period]:
    """The periods of a recurring schedule from where it stands."""
    return iter(()) if next_starts_on is None else rhythm.since(next_starts_on)


def standing(
    periods: Iterable[Period],
    settled: Collection[date],
    decisions: Decisions,
    *,
    on: date,
    rules: Rules,
    needs_confirming: bool = False,
    recurs: bool = True,
    is_by_hand: bool = False,
    today: date | None = None,
) -> Standing:
    """How a schedule stands on a day, under the practice's rules.

    For a look ahead, ``today`` is the day by which bills can have been missed; what is dated later was not.
    """
    today = on if today is None else today
    due, coming = _split(periods, settled, decisions, on)
    ready: list[Bill] = []
    waiting: list[tuple[Bill, Wait]] = []
    fresh = sum(bill.bills_on <= today and not _is_decided(bill.decision) for bill in due)
    for bill in due:
        wait = _wait(
            bill,
            rules,
            needs_confirming=needs_confirming,
            recurs=recurs,
            was_missed=recurs and fresh > 1 and bill.bills_on <= today,
            is_by_hand=is_by_hand,
        )
        if wait is None:
            ready.append(bill)
        else:
            waiting.append((bill, wait))
    left = [bill for bill, _ in waiting] + coming
    return Standing(
        ready,
        waiting,
        min((bill.period.starts_on for bill in left), default=None),
        min((bill.bills_on for bill in left), default=None),
    )


def _split(
    periods: Iterable[Period], settled: Collection[date], decisions: Decisions, on: date
) -> tuple[list[Bill], list[Bill]]:
    """What is dated by then, and of the rest what decides what comes next: the first, and all that were moved."""
    due: list[Bill] = []
    coming: list[Bill] = []
    last_decided = max(decisions, default=date.min)
    for bill in bills(periods, settled, decisions):
        if bill.bills_on <= on:
            due.append(bill)
            continue
        coming.append(bill)
        if bill.period.billed_on > on and bill.period.starts_on >= last_decided:
            break
    return due, coming


def _is_decided(decision: Decision | None) -> bool:
    """Whether somebody has looked at it: what was moved to its neighbour's day was not missed."""
    if decision is None:
        return False
    return decision.is_held or decision.is_approved or decision.bills_on is not None


def _wait(
    bill: Bill,
    rules: Rules,
    *,
    needs_confirming: bool,
    recurs: bool,
    was_missed: bool,
    is_by_hand: bool,
) -> Wait | None:
    decision = bill.decision
    if decision is not None and decision.is_held:
        return Wait.HELD
    if decision is not None and decision.is_approved:
        return None
    if is_by_hand:
        return Wait.BY_HAND
    if needs_confirming:
        return Wait.TO_CONFIRM
    if was_missed and rules.asks_about_missed:
        return Wait.MISSED
    if recurs and rules.needs_approval:
        return Wait.TO_APPROVE
    return None
