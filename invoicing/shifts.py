"""What moving a service's periods means in days and money: values in, values out (G67)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from money.amounts import to_pence
from proposals.periods import Period


@dataclass(frozen=True, slots=True)
class Shift:
    """Days billed twice (``is_overlap``) or never, and what they come to, net, in the practice's currency."""

    is_overlap: bool
    days: int
    amount: Decimal


def shift_of(expected: Period, moved_to: date, net: Decimal) -> Shift | None:
    """The overlap or gap when the period that was to begin next begins on another day; None on the same day.

    A day is worth its share of the period's net: 120.00 over 30 days make 4.00 a day.
    """
    days = (expected.starts_on - moved_to).days
    if not days:
        return None
    length = (expected.ends_on - expected.starts_on).days + 1
    return Shift(days > 0, abs(days), to_pence(net * abs(days) / length))
