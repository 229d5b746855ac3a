"""The periods of recurring billing and the days they are billed: pure arithmetic on civil dates.

Every period is counted from the anchor, never from the period before it, so a start on the 31st gives
31 Jan, 28 Feb, 31 Mar. The rules and worked dates: docs/decisions/0006-billing-dates.md.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

DAY = "day"
WEEK = "week"
MONTH = "month"
#: How many days the units have that are counted in days.
DAYS = {DAY: 1, WEEK: 7}
ONE_DAY = timedelta(days=1)
#: Every month has this day, whatever the year.
SHORTEST_MONTH = 28


@dataclass(frozen=True, slots=True)
class Period:
    """One stretch of a recurring service; both days belong to it. ``billed_on`` is its invoice date."""

    starts_on: date
    ends_on: date
    billed_on: date


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a service recurs: every so many days, weeks or months from an anchor.

    No invoice is dated before ``bills_from``; no period starts after ``ends_on``.
    """

    anchor: date
    every: int
    unit: str
    invoice_day: int
    bills_from: date
    ends_on: date | None = None

    def period(self, index: int) -> Period:
        """The period of that index, counted from the anchor as 0."""
        return self._between(self._start(index), self._start(index + 1))

    def due(self, on: date) -> list[Period]:
        """Every period whose invoice date has come, oldest first; none of them shares its date with another."""
        if on < self.bills_from:
            return []
        last = self._latest_billed_by(on)
        return [
            period
            for period in map(self.period, range(self._first, last + 1))
            if not self._is_over(period.starts_on)
        ]

    def after(self, starts_on: date | None) -> Iterator[Period]:
        """The periods that start after a day, or all of them; without end unless billing has one."""
        index = self._first
        if starts_on is not None:
            index = max(index, self._latest_started_by(starts_on) + 1)
        yield from self._from(index)

    def since(self, starts_on: date) -> Iterator[Period]:
        """The periods from the one that starts on a day, or next after it, whether or not they are the first ones.

        For what is known to be billed up to there: the invoice day may have changed since the first period was.
        """
        index = max(self._latest_started_by(starts_on), 0)
        yield from self._from(index if self._start(index) >= starts_on else index + 1)

    def find(self, starts_on: date) -> Period | None:
        """The period that starts exactly then, if it is ever billed."""
        if starts_on < self.anchor:
            return None
        index = self._latest_started_by(starts_on)
        found = self.period(index)
        is_billed = index >= self._first and not self._is_over(starts_on)
        return found if is_billed and found.starts_on == starts_on else None

    def _from(self, index: int) -> Iterator[Period]:
        """The periods from that index on; each start is worked out once, as the end of the one before."""
        starts_on = self._start(index)
        while not self._is_over(starts_on):
            index += 1
            following = self._start(index)
            yield self._between(starts_on, following)
            starts_on = following

    def _between(self, starts_on: date, following: date) -> Period:
        return Period(starts_on, following - ONE_DAY, max(self._dated(starts_on), self.bills_from))

    @property
    def _first(self) -> int:
        """The first period billed: the one running on ``bills_from``, or a later one whose invoice day has come."""
        return max(0, self._latest_started_by(self.bills_from), self._latest_billed_by(self.bills_from))

    def _start(self, index: int) -> date:
        return after(self.anchor, self.every * index, self.unit)

    def _dated(self, starts_on: date) -> date:
        if self.unit in DAYS:
            return starts_on
        return day_in_month(starts_on.year, starts_on.month, self.invoice_day)

    def _latest_started_by(self, on: date) -> int:
        index = self._index_near(on)
        return index if self._start(index) <= on else index - 1

    def _latest_billed_by(self, on: date) -> int:
        index = self._index_near(on)
        return index if self._dated(self._start(index)) <= on else index - 1

    def _index_near(self, on: date) -> int:
        """The period whose day, week or month of start is the latest not after that of the day."""
        if self.unit in DAYS:
            return (on - self.anchor).days // (DAYS[self.unit] * self.every)
        return months_between(self.anchor, on) // self.every

    def _is_over(self, starts_on: date) -> bool:
        return self.ends_on is not None and starts_on > self.ends_on


def after(anchor: date, count: int, unit: str) -> date:
    """The day so many days, weeks or months after the anchor."""
    if unit in DAYS:
        return anchor + timedelta(days=count * DAYS[unit])
    return add_months(anchor, count)


def day_in_month(year: int, month: int, day: int) -> date:
    """That day of the month, or the month's last day where it is shorter."""
    if day > SHORTEST_MONTH:
        day = min(day, calendar.monthrange(year, month)[1])
    return date(year, month, day)


def add_months(anchor: date, months: int) -> date:
    """The anchor's day so many months later, or that month's last day where it is shorter."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    return day_in_month(year, month + 1, anchor.day)


def months_between(earlier: date, later: date) -> int:
    """Whole calendar months from one date's month to the other's, whatever the days."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month
