"""What Sage adds to the pages about clients: which contact each is or will be, and a filter by that."""

from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

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
    """What `_said` needs of a client: the company connected, the link to it, and who has its name there."""
    company = SageConnection.objects.live().filter(practice=OuterRef("practice")).order_by("-id")
    own = {"practice": OuterRef("practice"), "business_id": OuterRef("sage_company")}
    links = ContactLink.objects.filter(**own)
    book = SageContact.objects.filter(**own, name=OuterRef("name")).order_by()
    taken = ContactLink.objects.filter(
        practice=OuterRef("practice"),
        business_id=OuterRef("business_id"),
        sage_contact_id=OuterRef("sage_id"),
    )
    return {
        "sage_company": Subquery(company.values("business_id")[:1]),
        "link_trouble": Subquery(links.filter(client=OuterRef("pk")).values("trouble")[:1]),
        "of_the_name": Coalesce(
            Subquery(book.values("name").annotate(count=Count("pk")).values("count")), Value(0)
        ),
        "is_free": Exists(book.filter(~Exists(taken))),
    }


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
    if client.of_the_name > 1:
        return Cell("Two of the name", tone="warn")
    if client.of_the_name and not client.is_free:
        return Cell("Name is taken", tone="warn")
    if client.of_the_name:
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
