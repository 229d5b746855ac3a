"""What Sage adds to the pages about clients: which contact each is or will be, and a filter by that."""

from datetime import date
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable

from clients.contributions import Cell, Column, Filter, add_column, add_filter
from clients.models import ClientQuerySet
from sage_integration.connections import current_connection
from sage_integration.models import ContactLink, SageConnection, SageContact

LINKED, UNLINKED, GONE = "linked", "unlinked", "gone"
CHOICES = [(LINKED, "Linked"), (UNLINKED, "Not linked"), (GONE, "Contact gone from Sage")]


def contribute() -> None:
    """Offer the column and the filter to the pages about clients."""
    add_column(Column("sage", "Sage", _said, _standing, in_head=True, order=60))
    add_filter(Filter("sage", "Sage", CHOICES, _narrowed))


def contacts_gone(connection: SageConnection) -> int:
    """How many clients have to be asked about because their contact has gone from Sage."""
    links = ContactLink.objects.filter(business_id=connection.business_id)
    return links.exclude(trouble="").count()


def _connected() -> SageConnection | None:
    connection = current_connection()
    return connection if connection and connection.business_id else None


def _standing() -> dict[str, Combinable]:
    """What `_said` needs of a client: the company connected, the link to it, and who has its name there.

    The names are looked up in sets that are made once for all clients, since contacts have no index by name.
    """
    company = Subquery(SageConnection.objects.live().order_by("-id").values("business_id")[:1])
    links = ContactLink.objects.filter(business_id=company)
    book = SageContact.objects.filter(business_id=company).order_by()
    own = links.filter(practice=OuterRef("practice"), client=OuterRef("pk"))
    taken = links.filter(sage_contact_id=OuterRef("sage_id"))
    several = book.values("name").annotate(count=Count("pk")).filter(count__gt=1)
    return {
        "sage_company": company,
        "link_trouble": Subquery(own.values("trouble")[:1]),
        "is_in_book": _is_among(book),
        "is_there_twice": _is_among(several),
        "is_free": _is_among(book.filter(~Exists(taken))),
    }


def _is_among(contacts: QuerySet[Any, Any]) -> Combinable:
    return ExpressionWrapper(Q(name__in=contacts.values("name")), BooleanField())


def _said(client: Any, _today: date) -> Cell | None:
    """Linked, will match by name, will be created, ambiguous, off (F51 to F56, D15); nothing without a company."""
    if not client.sage_company:
        return None
    if client.link_trouble:
        return Cell("Contact gone", tone="bad")
    if not client.posts_automatically:
        return Cell("Off", tone="neutral")
    if client.link_trouble is not None:
        return Cell("Linked", tone="good")
    if client.is_there_twice:
        return Cell("Two of the name", tone="warn")
    if client.is_in_book and not client.is_free:
        return Cell("Name is taken", tone="warn")
    if client.is_in_book:
        return Cell("Will match by name", tone="info")
    return Cell("Will be created", tone="neutral")


def _narrowed(clients: ClientQuerySet, choice: str, _today: date) -> ClientQuerySet:
    connection = _connected()
    links = ContactLink.objects.filter(business_id=connection.business_id if connection else "")
    if choice == GONE:
        links = links.exclude(trouble="")
    if choice == UNLINKED:
        return clients.exclude(pk__in=links.values("client_id"))
    return clients.filter(pk__in=links.values("client_id"))
