"""A month's balancing line: what was agreed for it, and what has become of that.

It balances to the penny: agreed = left out + waiting + ready + billed, billed = posted + not posted yet,
posted and billed are paid or owed.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from invoicing.coming import coming_and_waiting
from invoicing.models import BilledPeriod
from invoicing.practicalities import Practicalities
from invoicing.queries import columns_of_raised
from money.amounts import ZERO
from practices.scalars import figures, sum_of
from practices.tenancy import TenantQuerySet
from proposals.periods import add_months, day_in_month


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month."""

    first: date

    @classmethod
    def of(cls, on: date) -> "Month":
        """The month of a day."""
        return cls(on.replace(day=1))

    @property
    def last(self) -> date:
        """Its last day."""
        return day_in_month(self.first.year, self.first.month, 31)

    @property
    def before(self) -> "Month":
        """The month before."""
        return Month(add_months(self.first, -1))

    @property
    def after(self) -> "Month":
        """The month after."""
        return Month(self.last + timedelta(days=1))

    @property
    def key(self) -> str:
        """`2027-03`, for addresses."""
        return f"{self.first:%Y-%m}"

    def __str__(self) -> str:
        return f"{calendar.month_name[self.first.month]} {self.first.year}"


@dataclass(frozen=True, slots=True)
class Funnel:
    """The balancing line of a month, gross, in the practice's currency."""

    skipped: Decimal
    waiting: Decimal
    ready: Decimal
    billed: Decimal
    posted: Decimal
    owed: Decimal
    waiting_bills: int = 0
    ready_bills: int = 0

    @property
    def agreed(self) -> Decimal:
        """Everything dated in the month by what clients have accepted, and instant bills."""
        return self.skipped + self.waiting + self.ready + self.billed

    @property
    def coming(self) -> Decimal:
        """What is still to be billed."""
        return self.ready + self.waiting

    @property
    def not_posted(self) -> Decimal:
        """Billed here, and not in the ledger yet."""
        return self.billed - self.posted

    @property
    def paid(self) -> Decimal:
        """Billed, and owed no more: paid, credited or written off."""
        return self.billed - self.owed

    def as_text(self) -> dict[str, str]:
        """The figures as they are kept with a sign-off."""
        names = ("agreed", "skipped", "waiting", "ready", "billed", "posted", "paid", "owed")
        return {name: str(getattr(self, name)) for name in names}


def left_out_of(month: Month, **of: Any) -> "TenantQuerySet[BilledPeriod]":
    """What is dated in the month and was left out."""
    found: TenantQuerySet[BilledPeriod] = BilledPeriod.objects.filter(
        dated_on__range=(month.first, month.last), invoice=None, **of
    )
    return found


def columns_of_funnel(month: Month) -> dict[str, Any]:
    """Columns for `practices.scalars.figures`: what `funnel` needs of what is billed and left out, gross."""
    return {"skipped": sum_of(left_out_of(month), "waived"), **columns_of_raised(month.first)}


def funnel(
    month: Month, known: Practicalities, *, today: date, totals: Mapping[str, Any] | None = None
) -> Funnel:
    """The balancing line of a month, in four queries at most however large the practice is.

    ``totals`` are the values of `columns_of_funnel` where a page has asked for them already.
    """
    ready, waiting = coming_and_waiting(month.last, known, today=today)
    sums = figures(**columns_of_funnel(month)) if totals is None else totals
    return Funnel(
        skipped=sums["skipped"] or ZERO,
        waiting=waiting.amounts.gross,
        ready=ready.amounts.gross,
        billed=sums["raised"] or ZERO,
        posted=sums["posted"] or ZERO,
        owed=sums["owed"] or ZERO,
        waiting_bills=waiting.bills,
        ready_bills=ready.bills,
    )
