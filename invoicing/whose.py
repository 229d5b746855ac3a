"""Whose the postings of invoices and credit notes are."""

from invoicing.models import CreditNote, Invoice
from invoicing.queries import INVOICE_KINDS
from ledger.models import Posting
from ledger.subjects import postings_are_about


def postings_are() -> None:
    """From now on the ledger's pages name the client of each, and link to it."""
    of_notes = [kind for kind in Posting.Kind if kind.startswith("credit_note.")]
    postings_are_about(INVOICE_KINDS, Invoice, client="client__name", page="invoicing:invoice-detail")
    postings_are_about(of_notes, CreditNote, client="client__name", page="invoicing:credit-note-detail")
