"""Which Sage contact a client is: the link, else the exact same name, else a new one with the first invoice.

The new one is created exactly once, by a `contact.upsert` posting with an idempotency id of its own; the
look-up by name comes before every try, so it is the second belt here.
"""

from clients.models import Client
from ledger import leases, outbox
from ledger.errors import LeaseLost
from ledger.models import Posting, PostingQuerySet
from practices import audit
from practices.models import Practice
from practices.tenancy import acting_practice_id, practice_transaction
from sage_integration import crash_points, mappers
from sage_integration.contact_links import why_unusable
from sage_integration.models import ContactLink
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import SageError
from sage_integration.sage.resources.contacts import Contact
from sage_integration.sage.resources.resource import web_address
from sage_integration.sync import outcomes
from sage_integration.sync.directory import Directory
from sage_integration.sync.errors import ContactTaken, ContactUnusable, NotSeenYet

Origin = ContactLink.Origin
Status = Posting.Status


def resolve_contact(client: Client, business_id: str, sage: SageClient, directory: Directory) -> ContactLink:
    """The client's link in this business, made now if there is none (F51, F52, F54–F56).

    Raises `AmbiguousContact`, `ContactTaken`, or what went wrong with creating the contact.
    """
    with practice_transaction():
        link = link_of(client, business_id)
        may_have_landed = _unfinished(client).filter(attempted_at__isnull=False).exists()
    if link is not None:
        return link
    # What an earlier try left may be younger than the directory: that is looked for each time.
    found = sage.contacts.find_by_name(client.name) if may_have_landed else directory.find(client.name)
    if found is not None:
        with practice_transaction():
            return _adopt(client, business_id, found)
    posting = _leased_contact_posting(client)
    try:
        link, created = _create(posting, client, business_id, sage)
    except SageError as error:
        outcomes.settle(posting, error)
        raise
    directory.add({**created, "name": client.name})
    return link


def link_by_name(client: Client, business_id: str, directory: Directory) -> ContactLink | None:
    """The client's link, made by exact name if there is none yet; None rather than a new contact.

    For a document that is in Sage already, as after a restored backup: its contact must be there too.
    """
    with practice_transaction():
        link = link_of(client, business_id)
    if link is not None or (found := directory.find(client.name)) is None:
        return link
    with practice_transaction():
        return _adopt(client, business_id, found)


def push_contact(posting: Posting, business_id: str, sage: SageClient) -> None:
    """Create the contact of a leased posting, unless it turns out to be in Sage already."""
    with practice_transaction():
        client = Client.objects.get(pk=posting.subject_id)
        link = link_of(client, business_id)
        if link is not None:
            outbox.mark_posted(posting, external_id=link.sage_contact_id)
            return
    found = sage.contacts.find_by_name(client.name)
    if found is None:
        _create(posting, client, business_id, sage)
        return
    with practice_transaction():
        _adopt(client, business_id, found)


def link_of(client: Client, business_id: str) -> ContactLink | None:
    """The client's link in a business, if there is one."""
    link: ContactLink | None = ContactLink.objects.filter(client=client, business_id=business_id).first()
    return link


def require_contact(link: ContactLink) -> None:
    """Raises `ContactUnusable` for a contact known to be gone: a person decides, no other one is made by itself."""
    if link.trouble:
        raise ContactUnusable(f"the contact was {ContactLink.Trouble(link.trouble).label.lower()}")


def _leased_contact_posting(client: Client) -> Posting:
    try:
        with practice_transaction():
            return leases.lease_posting(_contact_posting(client))
    except LeaseLost as error:
        raise NotSeenYet("another worker is creating the contact of this client") from error


def _contact_posting(client: Client) -> Posting:
    """The live posting of this client's contact: the unfinished one, made ready to try, or a new one."""
    latest: Posting | None = Posting.objects.live().of(Posting.Kind.CONTACT_UPSERT, client.pk).first()
    if latest is None or latest.status == Status.POSTED:
        return outbox.request_posting(Posting.Kind.CONTACT_UPSERT, client.pk, label=f"C-{client.pk}")
    if latest.status == Status.FAILED:
        return outbox.retry_posting(latest)
    if latest.status == Status.HELD:
        return outbox.release_posting(latest)
    return latest


def _create(
    posting: Posting, client: Client, business_id: str, sage: SageClient
) -> tuple[ContactLink, Contact]:
    if posting.attempted_at and not outcomes.looked_already(posting):
        raise NotSeenYet("the contact of this client")
    with practice_transaction():
        people = list(client.people.filter(has_left=False))
        new_contact = mappers.contact(client, people, idempotency_id=posting.idempotency_id)
    sage.reserve()
    with practice_transaction():
        leases.mark_attempted(posting)
    crash_points.reach("contact intended")
    created = sage.contacts.create(new_contact)
    crash_points.reach("contact sent")
    with practice_transaction():
        link = _link(client, business_id, created, Origin.CREATED)
        _mark_posted(posting, created, adopted=False)
    return link, created


def _adopt(client: Client, business_id: str, found: Contact) -> ContactLink:
    """The link to a contact of exactly this name; an unfinished posting of ours for it is done with that.

    Raises `ContactUnusable` where it takes no invoices: a second one of the same name is not made by itself (D15).
    """
    currency = Practice.objects.values_list("currency", flat=True).get(pk=acting_practice_id())
    if problem := why_unusable(found, currency=currency):
        raise ContactUnusable(problem)
    unfinished: Posting | None = _unfinished(client).select_for_update().first()
    ours = unfinished is not None and unfinished.attempted_at is not None
    link = _link(client, business_id, found, Origin.CREATED if ours else Origin.BY_NAME)
    if unfinished is not None:
        _mark_posted(unfinished, found, adopted=True)
    return link


def _unfinished(client: Client) -> PostingQuerySet:
    """The postings of the client's contact that may still have to leave."""
    under_way = [Status.PENDING, Status.LEASED, Status.FAILED]
    postings: PostingQuerySet = Posting.objects.of(Posting.Kind.CONTACT_UPSERT, client.pk)
    return postings.filter(status__in=under_way)


def _link(client: Client, business_id: str, contact: Contact, origin: str) -> ContactLink:
    Client.objects.select_for_update().get(pk=client.pk)
    existing = link_of(client, business_id)
    if existing is not None:
        return existing
    if ContactLink.objects.filter(business_id=business_id, sage_contact_id=contact["id"]).exists():
        raise ContactTaken(f"the contact is linked to another client than “{client.name}”")
    link: ContactLink = ContactLink.objects.create(
        client=client, business_id=business_id, sage_contact_id=contact["id"], origin=origin
    )
    audit.record("contact.linked", client, origin=origin, sage_contact=contact["id"])
    return link


def _mark_posted(posting: Posting, contact: Contact, *, adopted: bool) -> None:
    outbox.mark_posted(
        posting,
        external_id=contact["id"],
        number=(contact.get("reference") or "")[:40],
        url=web_address(contact.get("links")) or "",
    )
    audit.record("posting.posted", posting, reference=posting.reference, adopted=adopted)
