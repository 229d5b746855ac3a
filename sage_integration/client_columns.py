"""What Sage adds to the pages about clients: which contact each is or will be, and a filter by that."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from clients.contributions import Cell, Column, Filter, add_column, add_filter
from clients.models import Client, ClientQuerySet
from sage_integration.connections import current_connection
from sage_integration.models import ContactLink, SageConnection, SageContact

LINKED, UNLINKED, GONE = "linked", "unlinked", "gone"
CHOICES = [(LINKED, "Linked"), (UNLINKED, "Not linked"), (GONE, "Contact gone from Sage")]


def contribute() -> None:
    """Offer the column and the filter to the pages about clients."""
    add_column(Column("sage", "Sage", _cells, in_head=True, order=60))
    add_filter(Filter("sage", "Sage", CHOICES, _narrowed))


def contacts_gone(connection: SageConnection) -> int:
    """How many clients have to be asked about because their contact has gone from Sage."""
    links = ContactLink.objects.filter(business_id=connection.business_id)
    return links.exclude(trouble="").count()


def _connected() -> SageConnection | None:
    connection = current_connection()
    return connection if connection and connection.business_id else None


def _cells(clients: Sequence[int], _today: date) -> Mapping[int, Cell]:
    """Linked, will match by name, will be created, ambiguous, off (F51 to F56, D15); nothing without a company."""
    connection = _connected()
    if connection is None:
        return {}
    links = {
        link.client_id: link
        for link in ContactLink.objects.filter(business_id=connection.business_id, client__in=clients)
    }
    found = Client.objects.in_bulk(list(clients))
    names = [client.name for pk, client in found.items() if pk not in links]
    book = SageContact.objects.of_business(connection.business_id).filter(name__in=names)
    named = Counter(book.values_list("name", flat=True))
    free = set(
        SageContact.objects.unlinked(connection.business_id)
        .filter(name__in=names)
        .values_list("name", flat=True)
    )
    return {
        pk: _cell(client, links.get(pk), named[client.name], is_free=client.name in free)
        for pk, client in found.items()
    }


def _cell(client: Client, link: ContactLink | None, of_the_name: int, *, is_free: bool) -> Cell:
    if link is not None and link.trouble:
        return Cell("Contact gone", tone="bad")
    if not client.posts_automatically:
        return Cell("Off", tone="neutral")
    if link is not None:
        return Cell("Linked", tone="good")
    if of_the_name > 1:
        return Cell("Two of the name", tone="warn")
    if of_the_name and not is_free:
        return Cell("Name is taken", tone="warn")
    return Cell("Will match by name", tone="info") if of_the_name else Cell("Will be created", tone="neutral")


def _narrowed(clients: ClientQuerySet, choice: str, _today: date) -> ClientQuerySet:
    connection = _connected()
    links = ContactLink.objects.filter(business_id=connection.business_id if connection else "")
    if choice == GONE:
        links = links.exclude(trouble="")
    if choice == UNLINKED:
        return clients.exclude(pk__in=links.values("client_id"))
    return clients.filter(pk__in=links.values("client_id"))
