"""A document here beside the same document in Sage: what differs, recorded once and never overwritten there."""

from dataclasses import dataclass

from django.utils import timezone

from invoicing.models import Invoice
from invoicing.operations import mark_voided_in_ledger
from ledger import outbox
from practices import audit
from sage_integration.models import SageLink
from sage_integration.sage.resources.documents import DRAFT, VOID
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sync.documents import amounts_of, fingerprint_of, number_of


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same here and in Sage; `kind` is what it is counted under."""

    kind: str
    sentence: str


def compare(link: SageLink, stored: SalesInvoice | None) -> Difference | None:
    """What differs between an invoice and its copy in Sage, if anything; runs inside a transaction.

    An invoice voided in Sage is void here from now on. Any other change is recorded when it is first seen.
    """
    invoice: Invoice = Invoice.objects.get(pk=link.posting.subject_id)
    label = invoice.number_label
    if stored is None:
        return Difference("missing", f"{label}: {link.sage_number} is not in Sage any more.")
    if stored["status"]["id"] == VOID:
        return _voided(invoice, stored)
    _keep_what_was_seen(link, invoice, stored)
    if invoice.status == Invoice.Status.VOID:
        return Difference("void_here", f"{label} is void here, and {number_of(stored)} is not void in Sage.")
    theirs = amounts_of(stored)
    if theirs != invoice.amounts:
        return Difference(
            "differing", f"{label} is £{invoice.gross}, and {number_of(stored)} in Sage is £{theirs.gross}."
        )
    owed = stored.get("outstanding_amount")
    # On a draft nothing is owed before it is released (FACTS.md 9.2).
    if not link.is_draft and owed is not None and owed != invoice.outstanding:
        return Difference(
            "settled_differently",
            f"{label}: £{owed:.2f} is outstanding in Sage, and £{invoice.outstanding} here. A credit note or "
            "an allocation in Sage may be the reason.",
        )
    return None


def _voided(invoice: Invoice, stored: SalesInvoice) -> Difference | None:
    if invoice.status == Invoice.Status.VOID:
        return None
    mark_voided_in_ledger(invoice)
    return Difference("voided", f"{invoice.number_label}: {number_of(stored)} was voided in Sage.")


def _keep_what_was_seen(link: SageLink, invoice: Invoice, stored: SalesInvoice) -> None:
    seen, theirs = fingerprint_of(stored), amounts_of(stored)
    if seen != link.seen_fingerprint:
        audit.record(
            "invoice.changed_in_sage",
            invoice,
            number=number_of(stored),
            net=str(theirs.net),
            vat=str(theirs.vat),
        )
    if link.is_draft and stored["status"]["id"] != DRAFT:
        _released(link, invoice, stored)
    link.seen_fingerprint, link.seen_at = seen, timezone.now()
    link.net, link.vat = theirs.net, theirs.vat
    link.save(update_fields=["seen_fingerprint", "seen_at", "net", "vat", "is_draft", "sage_number"])


def _released(link: SageLink, invoice: Invoice, stored: SalesInvoice) -> None:
    """A draft that somebody released in Sage counts from now on, under the number it got there."""
    link.is_draft, link.sage_number = False, number_of(stored)
    outbox.renumber(link.posting, link.sage_number)
    audit.record("invoice.released_in_sage", invoice, number=link.sage_number)
