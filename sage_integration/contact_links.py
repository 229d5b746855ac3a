"""Which Sage contact a client is, when a person decides it; a hand mapping beats the name (F53, F54)."""

from clients.models import Client
from invoicing.models import Invoice
from ledger.models import Posting, PostingQuerySet
from ledger.releases import retry_all
from practices import audit
from practices.errors import DomainError
from practices.job_models import Job
from sage_integration.models import ContactLink, SageContact
from sage_integration.sage.resources.contacts import CUSTOMER, Contact

#: What a better link may mend: everything of the client that failed for these leaves again.
CONTACT_FAILURES = {
    "AmbiguousContact",
    "ContactDiffers",
    "ContactTaken",
    "ContactUnusable",
    "CurrencyDiffers",
    "NotInSage",
    "TooLongForSage",
}


class ContactOfAnotherClient(DomainError):
    message = "This contact already stands for another of your clients. Choose another, or change that client first."


class ContactTakesNoInvoices(DomainError):
    message = "This contact takes no invoices in Sage."


class ClientHasAContact(DomainError):
    message = "This client is linked with another contact already. Change that on the client's Sage page."


class ClientIsArchived(DomainError):
    message = "This client is archived. Restore it first, or choose another."


def link_client(client: Client, contact: Contact, business_id: str, *, currency: str) -> int:
    """Let a contact stand for the client from the next invoice on; how many refused documents leave again.

    Documents that are in Sage stay with their contact. Raises `ContactOfAnotherClient` or
    `ContactTakesNoInvoices`.
    """
    if problem := why_unusable(contact, currency=currency):
        raise ContactTakesNoInvoices(message=f"This contact cannot be chosen: {problem}.")
    Client.objects.select_for_update().get(pk=client.pk)
    others = ContactLink.objects.filter(business_id=business_id, sage_contact_id=contact["id"])
    if others.exclude(client=client).exists():
        raise ContactOfAnotherClient(client)
    ContactLink.objects.update_or_create(
        client=client,
        business_id=business_id,
        defaults={
            "sage_contact_id": contact["id"],
            "origin": ContactLink.Origin.BY_HAND,
            "trouble": "",
            "trouble_since": None,
            "job": None,
        },
    )
    audit.record(
        "contact.linked", client, origin=ContactLink.Origin.BY_HAND.value, sage_contact=contact["id"]
    )
    return _retry(client)


def link_from_the_book(
    client: Client, contact: SageContact, *, currency: str, origin: str, job: Job | None = None
) -> int:
    """Let a contact that was read from Sage stand for a client without one; how many refused documents leave again.

    Raises `ClientHasAContact`, `ContactOfAnotherClient`, `ClientIsArchived` or `ContactTakesNoInvoices`; a contact
    that was linked meanwhile is never taken away from its client.
    """
    if problem := why_unusable_here(contact, currency=currency):
        raise ContactTakesNoInvoices(message=f"This contact cannot be chosen: {problem}.")
    client = Client.objects.select_for_update().get(pk=client.pk)
    if client.status == Client.Status.ARCHIVED:
        raise ClientIsArchived(client)
    links = ContactLink.objects.filter(business_id=contact.business_id)
    if links.filter(client=client).exists():
        raise ClientHasAContact(client)
    if links.filter(sage_contact_id=contact.sage_id).exists():
        raise ContactOfAnotherClient(client)
    ContactLink.objects.create(
        client=client,
        business_id=contact.business_id,
        sage_contact_id=contact.sage_id,
        origin=origin,
        job=job,
    )
    audit.record("contact.linked", client, origin=str(origin), sage_contact=contact.sage_id)
    return _retry(client)


def why_unusable_here(contact: SageContact, *, currency: str) -> str:
    """Why a contact of the book takes no invoice in this currency, in words; empty when it does (FACTS.md 6)."""
    if not contact.is_active:
        return f"“{contact.displayed_as}” is switched off in Sage"
    if contact.currency and contact.currency != currency:
        return f"“{contact.displayed_as}” is kept in {contact.currency}, and invoices are in {currency}"
    return ""


def unlink_client(client: Client, business_id: str) -> int:
    """Forget the client's contact: the next invoice finds one by its exact name, or has one made (F51, F56)."""
    forgotten, _ = ContactLink.objects.filter(client=client, business_id=business_id).delete()
    if forgotten:
        audit.record("contact.unlinked", client)
    return _retry(client)


def why_unusable(contact: Contact, *, currency: str) -> str:
    """Why a contact takes no invoice in this currency (FACTS.md 6), in words; empty when it does."""
    name = f"“{contact['displayed_as']}”"
    if contact.get("deleted_at"):
        return f"{name} was deleted in Sage"
    if contact.get("gdpr_obfuscated"):
        return f"{name} was erased in Sage for data protection"
    if contact.get("system"):
        return f"{name} belongs to Sage itself"
    kinds = [kind["id"] for kind in contact.get("contact_types") or []]
    if kinds and CUSTOMER not in kinds:
        return f"{name} is a supplier in Sage, not a customer"
    if contact.get("is_active") is False:
        return f"{name} is switched off in Sage"
    kept_in = contact.get("currency")
    if kept_in and kept_in["id"] != currency:
        return f"{name} is kept in {kept_in['id']}, and the invoice is in {currency}"
    return ""


def waiting_for_a_contact(client: Client) -> int:
    """How many invoices of the client were refused for want of the right contact, and leave once it is settled."""
    refused = _of_invoices(client).filter(status=Posting.Status.FAILED, failure__in=CONTACT_FAILURES)
    count: int = refused.count()
    return count


def _of_invoices(client: Client) -> PostingQuerySet:
    invoices = Invoice.objects.filter(client=client).values("pk")
    found: PostingQuerySet = Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE, subject_id__in=invoices)
    return found


def _retry(client: Client) -> int:
    of_contact = Posting.objects.filter(kind=Posting.Kind.CONTACT_UPSERT, subject_id=client.pk)
    retry_all(CONTACT_FAILURES, of_contact)
    return retry_all(CONTACT_FAILURES, _of_invoices(client))
