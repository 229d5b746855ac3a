"""Sage's own products and services, which ours may be linked to."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Required, TypedDict

from sage_integration.sage.resources.resource import Linked, Resource


class SalesPrice(TypedDict, total=False):
    """A price of a product under one price name."""

    price_name: str
    price: Decimal
    price_includes_tax: bool


class SalesRate(TypedDict, total=False):
    """A rate of a service under one rate name."""

    rate_name: str
    rate: Decimal
    rate_includes_tax: bool


class CatalogueItem(TypedDict, total=False):
    """What products and services share; an `active` of null means active (FACTS.md 12)."""

    id: Required[str]
    displayed_as: Required[str]
    item_code: str | None
    description: str
    sales_ledger_account: Linked | None
    sales_tax_rate: Linked | None
    active: bool | None
    updated_at: str


class Product(CatalogueItem, total=False):
    """A product, stock item or not."""

    sales_prices: list[SalesPrice]


class SageService(CatalogueItem, total=False):
    """A service in Sage's catalogue."""

    sales_rates: list[SalesRate]


_ATTRIBUTES = (
    "item_code",
    "description",
    "sales_ledger_account",
    "sales_tax_rate",
    "active",
    "updated_at",
)


class Products(Resource[Product]):
    """The products of a business."""

    path = "/products"
    attributes = (*_ATTRIBUTES, "sales_prices")
    decimals = ("cost_price", "price")

    def list(self, *, search: str | None = None) -> Iterator[Product]:
        """Products; `search` matches item code or description."""
        return self._many(search=search)

    def get(self, product_id: str) -> Product:
        """One product; raises `NotInSage`."""
        return self._one(self._path_of(product_id))


class Services(Resource[SageService]):
    """The services of a business."""

    path = "/services"
    attributes = (*_ATTRIBUTES, "sales_rates")
    decimals = ("cost_price", "rate")

    def list(self, *, search: str | None = None) -> Iterator[SageService]:
        """Services; `search` matches item code or description."""
        return self._many(search=search)

    def get(self, service_id: str) -> SageService:
        """One service; raises `NotInSage`."""
        return self._one(self._path_of(service_id))
