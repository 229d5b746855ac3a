"""One name on both sides, where the practice wants that: one of them owns it, and the other follows (F49, D7, G53).

Ours goes to Sage with the next invoice and with each reading of contacts; Sage's comes here with each reading. Switched
off, no contact is ever changed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.utils import timezone

from clients.models import Client
from clients.operations import amend_client
from practices import audit
from practices.tenancy import practice_transaction
from sage_integration.models import ContactLink, SageConnection, SageContact
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import NotInSage, OutcomeUnknown, SageRejected, SageUnavailable
from sage_integration.sync import outcomes

log = structlog.get_logger(__name__)
Direction = SageConnection.NameDirection
#: Contacts renamed after one reading; the others follow with the next, so that a day's budget is not spent on it.
MOST_AT_ONCE = 50
#: A name that Sage did not take is not offered again before that, so that it never keeps others from their turn.
AGAIN_AFTER = timedelta(days=1)
#: The same where its answer was lost: that may be Sage's trouble, or that of this one contact.
SOON = timedelta(hours=1)
#: What Sage says of this name or contact, so that the next one may fare better.
REFUSED = (SageRejected, NotInSage)
#: Sage, or the way to it, is in trouble: nothing is known of the name, and the next one would fare no better.
AWAY = (SageUnavailable, OutcomeUnknown)


@dataclass(frozen=True)
class Renaming:
    """A linked contact whose name is another one than its client's."""

    link: ContactLink
    ours: str
    theirs: str


def renamings(connection: SageConnection, clients: Collection[int] | None = None) -> list[Renaming]:
    """The linked contacts, of these clients or of all, that are named otherwise; none while names are not synced.

    Without those whose name Sage refused a moment ago.
    """
    if not connection.syncs_names:
        return []
    links = ContactLink.objects.filter(business_id=connection.business_id, trouble="")
    links = links.exclude(client__status=Client.Status.ARCHIVED).select_related("client")
    if clients is not None:
        links = links.filter(client__in=clients)
    book = SageContact.objects.of_business(connection.business_id)
    names = dict(book.filter(sage_id__in=links.values("sage_contact_id")).values_list("sage_id", "name"))
    rested = timezone.now() - AGAIN_AFTER
    return [
        Renaming(link, link.client.name, names[link.sage_contact_id])
        for link in links.order_by("pk")
        if names.get(link.sage_contact_id, link.client.name) != link.client.name
        and not (
            link.name_refused_at and link.name_refused_at > rested and link.refused_name == link.client.name
        )
    ]


def renamings_for_sage(connection: SageConnection, clients: Collection[int]) -> dict[int, Renaming]:
    """What of these clients' contacts is to be renamed in Sage before their next invoice, by client."""
    if connection.name_direction != Direction.TO_SAGE:
        return {}
    return {renaming.link.client_id: renaming for renaming in renamings(connection, clients)}


def rename_in_sage(renaming: Renaming, sage: SageClient) -> bool:
    """Give the contact its client's name, nothing else of it (FACTS.md 6); whether Sage took it.

    Raises one of `AWAY`, after which the name follows another time, and every other `SageError` but a refusal.
    """
    try:
        stored = sage.contacts.update(renaming.link.sage_contact_id, {"name": renaming.ours})
    except REFUSED as error:
        log.warning("a contact kept its name", error=type(error).__name__, status=error.status)
        _rest(renaming, AGAIN_AFTER)
        return False
    except OutcomeUnknown:
        _rest(renaming, SOON)
        raise
    with practice_transaction():
        SageContact.objects.of_business(renaming.link.business_id).filter(
            sage_id=renaming.link.sage_contact_id
        ).update(name=renaming.ours, displayed_as=stored.get("displayed_as", renaming.ours)[:255])
        audit.record("contact.renamed", renaming.link.client, name=renaming.ours, before=renaming.theirs)
    return True


def _rest(renaming: Renaming, as_long: timedelta) -> None:
    """Offer this name again after that; kept as if it had been refused as much earlier as the rest is shorter."""
    with practice_transaction():
        ContactLink.objects.filter(pk=renaming.link.pk).update(
            refused_name=renaming.ours, name_refused_at=timezone.now() - AGAIN_AFTER + as_long
        )


def bring_names(connection: SageConnection, sage: SageClient) -> dict[str, int]:
    """After a reading: every name where the direction wants it; how many were changed in Sage and here.

    Opens transactions of its own.
    """
    with practice_transaction():
        wanted = renamings(connection)
        if connection.name_direction == Direction.FROM_SAGE:
            named = [(each.link.client, name) for each in wanted if (name := _name_for(each))][:MOST_AT_ONCE]
            for client, name in named:
                client.name = name
                amend_client(client)
            return {"renamed_here": len(named)} if wanted else {}
    renamed = 0
    try:
        for renaming in wanted[:MOST_AT_ONCE]:
            renamed += rename_in_sage(renaming, sage)
    except AWAY as error:
        outcomes.pause_business(error, connection.business_id)
        log.warning("the other names wait for the next reading", error=type(error).__name__)
    return {"renamed_in_sage": renamed} if wanted else {}


def _name_for(renaming: Renaming) -> str:
    """The name its contact gives the client; empty where it has that already, or no client could be called so."""
    name = " ".join(renaming.theirs.split())
    if not any(letter.isalnum() for letter in name) or len(name) > 100 or name == renaming.ours:
        return ""
    return name
