"""A look at a company: what its health check rests on, beside accounts, rates and settings."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from clients.models import Client
from sage_integration.models import ContactLink
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import AccessDenied
from sage_integration.sage.resources.businesses import Business
from sage_integration.sage.resources.sales_invoices import SalesInvoice

#: Customers looked at to foresee which clients Sage has already; a page of them is one request.
CONTACTS_LOOKED_AT = 2000
#: Invoices looked at, the newest first: one page.
INVOICES_LOOKED_AT = 200


@dataclass(frozen=True)
class Look:
    """A company as one look found it; None stands for what the login may not see."""

    business: Business
    invoices: list[SalesInvoice] | None
    contact_names: list[str] | None


def look_at(sage: SageClient, business_id: str) -> Look:
    """The company, its newest invoices and the names of its customers; network only, raises `SageError`."""
    return Look(
        business=sage.businesses.get(business_id),
        invoices=_allowed(sage.sales_invoices.newest_first(), INVOICES_LOOKED_AT),
        contact_names=_names(sage),
    )


def _names(sage: SageClient) -> list[str] | None:
    contacts = _allowed(sage.contacts.list(), CONTACTS_LOOKED_AT)
    return None if contacts is None else [contact["name"] for contact in contacts]


def _allowed(rows: Iterable[Any], limit: int) -> list[Any] | None:
    try:
        return list(islice(rows, limit))
    except AccessDenied:
        return None


def facts_of(look: Look, access: dict[str, bool]) -> dict[str, Any]:
    """The look as it is kept on the connection; reads the practice's clients, so it needs an open scope."""
    business = look.business
    return {
        "country": business["country"]["id"],
        "country_name": business["country"]["displayed_as"],
        "ni_based": business.get("ni_based") is True,
        "has_address": bool(business.get("address_line_1") and business.get("postal_code")),
        "access": {
            "sales": look.invoices is not None,
            "contacts": look.contact_names is not None,
            **access,
        },
        "invoices": len(look.invoices or []),
        "last_invoice_on": max((invoice["date"] for invoice in look.invoices or []), default=""),
        "contacts": len(look.contact_names or []),
        "clients": _foreseen(Counter(look.contact_names or []), business["id"]),
    }


def _foreseen(contacts: Counter[str], business_id: str) -> dict[str, int]:
    """How many clients are linked, will be found by exact name, have two namesakes, or will be created."""
    clients = dict(Client.objects.exclude(status=Client.Status.ARCHIVED).values_list("pk", "name"))
    linked = set(ContactLink.objects.filter(business_id=business_id).values_list("client", flat=True))
    found = Counter(
        "linked" if pk in linked else ("created", "matched", "ambiguous")[min(contacts[name], 2)]
        for pk, name in clients.items()
    )
    return {kind: found[kind] for kind in ("linked", "matched", "ambiguous", "created")}
