"""Which Sage contact an invoice will belong to, told before it is copied; Sage is asked only for an unlinked client."""

from collections.abc import Collection

from clients.models import Client
from practices.tenancy import practice_transaction
from sage_integration.contact_links import why_unusable
from sage_integration.mappers import NAME_LENGTH
from sage_integration.models import ContactLink, SageConnection, SageContact
from sage_integration.preview import Standing
from sage_integration.sage.errors import AmbiguousContact, SageError, TooLongForSage
from sage_integration.sage.resources.contacts import Contact
from sage_integration.sessions import open_sage
from sage_integration.sync.errors import ContactTaken, ContactUnusable

WORDS = {
    ContactLink.Origin.BY_HAND: "Linked in Sage by hand",
    ContactLink.Origin.BY_NAME: "Linked in Sage, by exactly the client's name",
    ContactLink.Origin.CREATED: "Linked in Sage, created there with an earlier invoice",
    ContactLink.Origin.CONFIRMED: "Linked in Sage, by a suggestion somebody confirmed",
    ContactLink.Origin.IMPORTED: "Linked in Sage, as the client was imported from there",
}


def contact_foreseen(client: Client, connection: SageConnection, *, currency: str) -> Standing:
    """How the contact will be found (F51 to F56, D12, D15); opens transactions of its own, raises nothing of Sage's."""
    with practice_transaction():
        if linked := linked_contacts([client.pk], connection):
            return linked[client.pk]
    try:
        with open_sage(connection, urgent=True) as sage:
            found = sage.contacts.find_by_name(client.name)
    except AmbiguousContact as error:
        return Standing(f"More than one contact in Sage is called “{client.name}”", error)
    except SageError:
        return Standing("Sage could not be asked just now; it is looked up when the invoice is copied")
    with practice_transaction():
        return _by_name(client, found, connection, currency)


def linked_contacts(clients: Collection[int], connection: SageConnection) -> dict[int, Standing]:
    """How these clients' contacts will be found, of those that are linked; Sage is not asked."""
    links = list(ContactLink.objects.filter(client__in=clients, business_id=connection.business_id))
    read = SageContact.objects.of_business(connection.business_id)
    read = read.filter(sage_id__in=[link.sage_contact_id for link in links])
    names = dict(read.values_list("sage_id", "displayed_as"))
    return {
        link.client_id: Standing(_linked(link, names.get(link.sage_contact_id)), linked=link.sage_contact_id)
        for link in links
    }


def _linked(link: ContactLink, name: str | None) -> str:
    """`Linked to “Acme Ltd” in Sage by hand`; without the name until the contacts were read."""
    words = WORDS[ContactLink.Origin(link.origin)]
    return words.replace("Linked", f"Linked to “{name}”", 1) if name else words


def _by_name(client: Client, found: Contact | None, connection: SageConnection, currency: str) -> Standing:
    if found is None:
        refusal = TooLongForSage("the client's name") if len(client.name) > NAME_LENGTH else None
        return Standing(f"“{client.name}” will be created in Sage with this invoice", refusal, is_new=True)
    words = f"“{found['displayed_as']}” in Sage has exactly this name and will be used"
    if problem := why_unusable(found, currency=currency):
        return Standing(words, ContactUnusable(problem))
    links = ContactLink.objects.filter(business_id=connection.business_id, sage_contact_id=found["id"])
    if links.exists():
        taken = ContactTaken(f"“{found['displayed_as']}” stands for {links.get().client.name}")
        return Standing("The contact of this name stands for another client", taken)
    return Standing(words)
