"""VAT rates."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Required, TypedDict

from sage_integration.sage.resources.resource import Resource


class TaxRatePercentage(TypedDict):
    """A percentage and the days it holds for."""

    percentage: Decimal
    from_date: str
    to_date: str | None


class TaxRate(TypedDict, total=False):
    """A VAT rate; three UK rates are 0 %, so only the id tells them apart (FACTS.md 8.1)."""

    id: Required[str]
    displayed_as: Required[str]
    name: str
    percentage: Decimal | None
    percentages: list[TaxRatePercentage]
    is_visible: bool
    updated_at: str


class TaxRates(Resource[TaxRate]):
    """The VAT rates of a business."""

    path = "/tax_rates"
    attributes = ("name", "percentage", "percentages", "is_visible", "updated_at")
    decimals = ("percentage",)

    def list(self, *, on: date | None = None) -> Iterator[TaxRate]:
        """Rates for sales, with the percentages of a day (by default Sage's today)."""
        return self._many(usage="sales", date=on.isoformat() if on else None)

    def get(self, tax_rate_id: str) -> TaxRate:
        """One rate; raises `NotInSage`."""
        return self._one(self._path_of(tax_rate_id))
