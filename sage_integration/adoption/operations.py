"""Linking an invoice of ours with the one in Sage that it is; nothing is sent and nothing changed over there."""

from django.utils import timezone

from clients.models import Client
from invoicing.models import Invoice
from ledger.outbox import adopt_posting
from practices import audit
from practices.errors import DomainError
from sage_integration.models import AdoptionOffer, ContactLink, SageLink


class InvoiceIsLinked(DomainError):
    message = "The invoice in Sage stands for another one here already. Look again for what is there."


class ClientHasAnotherContact(DomainError):
    message = (
        "The invoice in Sage belongs to another contact than its client is linked with here. Settle that on the "
        "client's Sage page first."
    )


def adopt_invoice(offer: AdoptionOffer) -> SageLink:
    """The link between our invoice and the one in Sage; its posting is settled without being sent.

    Its client is linked with the invoice's contact, if it has none yet. Raises `NotHeld` when the posting left or was
    withdrawn meanwhile, `InvoiceIsLinked` or `ClientHasAnotherContact`.
    """
    links = SageLink.objects.filter(business_id=offer.business_id, sage_id=offer.sage_id)
    if links.exists():
        raise InvoiceIsLinked(offer)
    posting = adopt_posting(
        offer.posting, external_id=offer.sage_id, number=offer.sage_number, url=offer.web_address
    )
    _link_client(Invoice.objects.get(pk=posting.subject_id).client, offer)
    link: SageLink = SageLink.objects.create(
        posting=posting,
        business_id=offer.business_id,
        sage_id=offer.sage_id,
        sage_number=offer.sage_number,
        net=offer.net,
        vat=offer.vat,
        is_draft=offer.is_draft,
        was_adopted=True,
        seen_fingerprint=offer.fingerprint,
        seen_at=timezone.now(),
    )
    offer.delete()
    return link


def _link_client(client: Client, offer: AdoptionOffer) -> None:
    client = Client.objects.select_for_update(of=["self"]).get(pk=client.pk)
    links = ContactLink.objects.filter(business_id=offer.business_id)
    link = links.filter(client=client).first()
    if link is None and not links.filter(sage_contact_id=offer.sage_contact_id).exists():
        ContactLink.objects.create(
            client=client,
            business_id=offer.business_id,
            sage_contact_id=offer.sage_contact_id,
            origin=ContactLink.Origin.CONFIRMED,
        )
        audit.record("contact.linked", client, origin="confirmed", sage_contact=offer.sage_contact_id)
    elif link is None or link.sage_contact_id != offer.sage_contact_id:
        raise ClientHasAnotherContact(offer)
