"""Invoices made ready to send: what a batch needs is read at once, so that mapping one asks nothing more.

Nothing of it can change under a leased posting: an invoice that is being copied can neither be amended nor voided.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from invoicing.models import Invoice
from invoicing.queries import invoices_to_post
from ledger.models import Posting
from money.amounts import Amounts
from practices.arrays import array
from practices.rows import rows_of
from sage_integration import mappers
from sage_integration.choices import stored_choices
from sage_integration.mappers import Rules
from sage_integration.mappings import load_rules
from sage_integration.models import ContactLink, CopyChoices, SageConnection
from sage_integration.preview import AsSageShows
from sage_integration.sage.resources.sales_invoices import NewSalesInvoice
from sage_integration.sync.errors import NotIssued


@dataclass(frozen=True)
class Draft:
    """An invoice as Sage is to hold it but for its contact, with the amounts it must have there."""

    invoice: Invoice
    document: AsSageShows

    @property
    def amounts(self) -> Amounts:
        """What Sage has to show: ours as frozen on issue, unless another VAT rate was chosen for this copy."""
        return self.document.amounts

    def require_postable(self) -> None:
        """Raises the first reason why this would be refused; nothing is asked of Sage for it."""
        for refusal in self.document.refusals:
            raise refusal

    def to(self, link: ContactLink) -> NewSalesInvoice:
        """The payload addressed to a contact; raises as `require_postable`."""
        payload: NewSalesInvoice = {**self.document.payload(), "contact_id": link.sage_contact_id}
        if "main_address" not in payload and link.origin == ContactLink.Origin.CREATED:
            payload["main_address"] = mappers.bare_address(self.invoice.client)
        return payload


class Drafts:
    """The drafts of a batch, and the contacts its clients are linked to."""

    def __init__(self, postings: Sequence[Posting], connection: SageConnection) -> None:
        """Read everything; inside a scope."""
        self._invoices = invoices_to_post(
            posting.subject_id for posting in postings if posting.kind == Posting.Kind.INVOICE_CREATE
        )
        self.rules: Rules = load_rules(connection)
        kept = rows_of(
            CopyChoices, "posting_id = ANY(%s::bigint[])", array(posting.id for posting in postings)
        )
        self._made: dict[int, Draft] = {}
        self._choices = {choices.posting_id: choices for choices in kept}
        clients = {invoice.client_id for invoice, _ in self._invoices.values()}
        of_clients = "client_id = ANY(%s::bigint[]) AND business_id = %s"
        links = rows_of(ContactLink, of_clients, array(clients), connection.business_id)
        #: By client; whoever makes a new link adds it.
        self.links: dict[int, ContactLink] = {link.client_id: link for link in links}
        self.strangers = len(clients - self.links.keys())

    def use(self, rules: Rules | None) -> None:
        """Judge by these rules from now on, if there are any."""
        if rules is not None:
            self.rules, self._made = rules, {}

    def of(self, posting: Posting) -> Draft:
        """The draft of one posting; raises `NotIssued` or `Invoice.DoesNotExist`."""
        if (made := self._made.get(posting.id)) is not None:
            return made
        if posting.subject_id not in self._invoices:
            raise Invoice.DoesNotExist(posting.subject_id)
        invoice, lines = self._invoices[posting.subject_id]
        if invoice.status != Invoice.Status.ISSUED:
            raise NotIssued(invoice.number_label)
        document = AsSageShows(
            invoice,
            lines,
            self.rules,
            posting.reference,
            posting.idempotency_id,
            choices=stored_choices(self._choices.get(posting.id), invoice),
        )
        self._made[posting.id] = Draft(invoice, document)
        return self._made[posting.id]
