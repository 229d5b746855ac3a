"""United Kingdom VAT: which percentage a code stands for on a tax point.

Rates and their dates: HMRC, "VAT rates" and VAT Notice 700, section 3.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum


class VatCode(StrEnum):
    """The five treatments a UK supply can have; three of them are 0 % and land in different boxes of the return."""

    STANDARD = "standard"
    REDUCED = "reduced"
    ZERO = "zero"
    EXEMPT = "exempt"
    OUTSIDE_SCOPE = "outside_scope"


_NOTHING = ((date.min, Decimal("0.00")),)

#: (first day, percentage), oldest first.
_PERCENTAGES: dict[VatCode, tuple[tuple[date, Decimal], ...]] = {
    VatCode.STANDARD: (
        (date.min, Decimal("17.50")),
        (date(2008, 12, 1), Decimal("15.00")),
        (date(2010, 1, 1), Decimal("17.50")),
        (date(2011, 1, 4), Decimal("20.00")),
    ),
    VatCode.REDUCED: ((date.min, Decimal("5.00")),),
    VatCode.ZERO: _NOTHING,
    VatCode.EXEMPT: _NOTHING,
    VatCode.OUTSIDE_SCOPE: _NOTHING,
}


def percentages_of(code: VatCode) -> tuple[tuple[date, Decimal], ...]:
    """Every percentage of a VAT code with its first day, oldest first; each holds until the next."""
    return _PERCENTAGES[code]


def percent_on(code: VatCode, tax_point: date) -> Decimal:
    """The percentage of a VAT code on a tax point, two places, such as ``Decimal("20.00")``."""
    return [percent for first_day, percent in _PERCENTAGES[code] if first_day <= tax_point][-1]
