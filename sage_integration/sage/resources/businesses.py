"""The businesses an authorised user can open."""

from collections.abc import Iterator
from typing import Required, TypedDict

from sage_integration.sage.paging import rows
from sage_integration.sage.resources.resource import Linked, Resource


class Subscription(TypedDict, total=False):
    """A Sage plan of a business, for instance `ACCOUNTING` for Plus (FACTS.md 2)."""

    id: str
    displayed_as: str
    active: bool
    status: str


class Business(TypedDict, total=False):
    """A company in Sage; only the single one, not the list, shows its country."""

    id: Required[str]
    displayed_as: Required[str]
    name: str
    address_line_1: str | None
    address_line_2: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    country: Linked
    telephone: str | None
    is_demo: bool
    ni_based: bool
    subscriptions: list[Subscription]
    created_at: str
    updated_at: str


class Businesses(Resource[Business]):
    """Which businesses there are; needs a token, but no business chosen yet."""

    path = "/businesses"

    def list(self) -> Iterator[Business]:
        """Every business of the user, with id and name only (FACTS.md 2)."""
        for row in rows(self._transport.read, self._transport.base_url, self.path, {}):
            yield self._understood(row)

    def get(self, business_id: str) -> Business:
        """One business with its country and subscriptions."""
        return self._one(self._path_of(business_id))


def is_uk(business: Business) -> bool:
    """Whether a business, as `get` returns it, is in the United Kingdom (FACTS.md 2)."""
    return business["country"]["id"] == "GB"


def has_active_subscription(business: Business) -> bool:
    """Whether a business, as `get` returns it, can be written to (FACTS.md 2)."""
    return any(subscription.get("active") is True for subscription in business.get("subscriptions", []))
