"""Making a client of a contact, linking one, setting one aside; and taking each of these back."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import ProtectedError

from clients import identifiers
from clients.likeness import read_name
from clients.models import Client, ContactPerson
from clients.operations import add_client
from clients.queries import likely_matches
from ledger.outbox import ledger_settings
from practices import audit
from practices.errors import DomainError
from practices.job_models import Job
from sage_integration.contact_links import link_from_the_book
from sage_integration.models import ContactLink, SageContact

Origin = ContactLink.Origin
#: The legal form of a name says what kind of client it is.
KIND_OF_FORM = {
    "ltd": Client.Kind.COMPANY,
    "plc": Client.Kind.COMPANY,
    "cic": Client.Kind.COMPANY,
    "llp": Client.Kind.PARTNERSHIP,
    "lp": Client.Kind.PARTNERSHIP,
    "cio": Client.Kind.CHARITY,
}
#: People made of a contact whose field holds several addresses.
MOST_PEOPLE = 3
#: What is recorded of a client that was imported and never touched since.
OF_THE_IMPORT = {"client.added", "contact.linked"}


class AlreadyAClient(DomainError):
    """A client has exactly this name or e-mail address (F39, F40); ``subject`` are those clients."""

    def __init__(self, matches: list[Client]) -> None:
        names = " and ".join(f"“{client.name}”" for client in matches[:3])
        super().__init__(
            matches,
            message=f"{names} has exactly this name or e-mail address. Link the contact with it, or say that this "
            "is another client.",
        )


class NameDoesNotFit(DomainError):
    message = (
        "The contact has no name that a client could have. Give it one in Sage, of at most 100 characters."
    )


def client_from(contact: SageContact) -> tuple[Client, list[ContactPerson]]:
    """An unsaved client with everything Sage says of the contact, and its people; raises `NameDoesNotFit`."""
    name = " ".join(contact.name.split())
    if not 0 < len(name) <= 100 or not any(character.isalnum() for character in name):
        raise NameDoesNotFit(contact)
    country = contact.country or "GB"
    client = Client(
        name=name,
        kind=_kind_of(name),
        vat_number=_well_formed(identifiers.vat_number, contact.tax_number, country)[:20],
        phone=contact.phone[:30],
        address_line_1=contact.address_line_1[:50],
        address_line_2=contact.address_line_2[:50],
        city=contact.city[:50],
        region=contact.region[:50],
        postal_code=_well_formed(identifiers.postcode, contact.postal_code, country)[:10],
        country=country,
        posts_automatically=ledger_settings().posts_new_clients,
    )
    return client, _people_of(contact)


def _kind_of(name: str) -> str:
    read = read_name(name)
    without_form = Client.Kind.INDIVIDUAL if read.may_be_a_person else Client.Kind.SOLE_TRADER
    return KIND_OF_FORM.get(read.form, without_form)


def _well_formed(check: Callable[[str, str], str], text: str, country: str) -> str:
    """The number or postcode as we write it; nothing where it cannot exist, for a person to put right."""
    try:
        return check(text, country)
    except identifiers.Malformed:
        return ""


def _people_of(contact: SageContact) -> list[ContactPerson]:
    """Whom to write to: one person for each address in the field, the first of them signs."""
    addresses = [text for text in contact.emails if _is_address(text)]
    name = (contact.person_name or contact.name)[:50]
    if not addresses:
        return [ContactPerson(name=name)] if contact.person_name else []
    return [
        ContactPerson(
            name=name,
            email=address,
            phone=contact.phone[:30],
            is_signatory=place == 0,
            is_primary=place == 0,
        )
        for place, address in enumerate(dict.fromkeys(addresses[:MOST_PEOPLE]))
    ]


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 100


def exact_matches(contact: SageContact) -> list[Client]:
    """The clients of exactly the contact's name or of one of its addresses, trimmed and ignoring case (D10)."""
    found: dict[int, Client] = {}
    for email in contact.emails or [""]:
        found |= {client.pk: client for client in likely_matches(contact.name, email)}
    return list(found.values())


def import_contact(
    contact: SageContact, *, currency: str, is_another: bool = False, job: Job | None = None
) -> Client:
    """A new client made of the contact and linked with it (F37).

    Raises `AlreadyAClient` unless somebody said that it is another one, and what linking raises.
    """
    if not is_another and (matches := exact_matches(contact)):
        raise AlreadyAClient(matches)
    client, people = client_from(contact)
    with transaction.atomic():  # a client whose contact cannot be linked is not made
        client = add_client(client, people)
        link_from_the_book(client, contact, currency=currency, origin=Origin.IMPORTED, job=job)
    _put_back_on_the_list(contact)
    return client


def confirm_link(contact: SageContact, client: Client, *, currency: str, job: Job | None = None) -> int:
    """The contact stands for the client from the next invoice on (F38, F41); how many refused documents leave again."""
    released = link_from_the_book(client, contact, currency=currency, origin=Origin.CONFIRMED, job=job)
    _put_back_on_the_list(contact)
    return released


def ignore_contact(contact: SageContact, *, job: Job | None = None) -> SageContact:
    """The contact set aside; it stays on the list of those and can be taken up at any time (F45)."""
    contact.is_ignored, contact.job = True, job
    contact.save(update_fields=["is_ignored", "job"])
    audit.record("contact.ignored", contact, name=contact.name)
    return contact


def reconsider_contact(contact: SageContact) -> SageContact:
    """A contact that was set aside, back among those to be decided."""
    _put_back_on_the_list(contact)
    audit.record("contact.reconsidered", contact, name=contact.name)
    return contact


def _put_back_on_the_list(contact: SageContact) -> None:
    contact.is_ignored, contact.job = False, None
    contact.save(update_fields=["is_ignored", "job"])


def take_back(contact: SageContact, job: Job) -> str:
    """Undo what this work did with the contact; empty when done, else why it stays as it is."""
    if contact.is_ignored and contact.job_id == job.pk:
        reconsider_contact(contact)
        return ""
    link = ContactLink.objects.filter(
        business_id=contact.business_id, sage_contact_id=contact.sage_id, job=job
    ).first()
    if link is None:
        return "It was changed since, and stays as it is now."
    if link.origin != Origin.IMPORTED:
        link.delete()
        audit.record("contact.unlinked", link.client, sage_contact=contact.sage_id)
        return ""
    return _take_back_client(contact, link.client)


def _take_back_client(contact: SageContact, client: Client) -> str:
    """Remove a client that was imported, unless anybody has worked with it since."""
    since = audit.trail_of(client).exclude(action__in=OF_THE_IMPORT)
    if since.exists():
        return f"{client.name} was worked with since, so it stays. Archive it if it is not wanted."
    name = client.name
    try:
        with transaction.atomic():
            client.people.all().delete()  # by itself: the database files the client's words anew after it
            client.delete()
    except ProtectedError:
        return f"{name} has proposals or invoices by now, so it stays. Archive it if it is not wanted."
    audit.record("contact.import_undone", contact, name=name)
    return ""
