"""Sage's own PDF of an invoice, where the practice has chosen that one (F11)."""

import structlog

from invoicing.models import Invoice
from ledger.models import Posting
from practices.mail import File
from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.explanations import sentence_of
from sage_integration.models import SageConnection, SageLink
from sage_integration.sage.errors import SageError, SageRateLimited
from sage_integration.sessions import open_sage

log = structlog.get_logger(__name__)


class NoDocument(Exception):
    """Sage's PDF cannot be had; the words say why, the status what kind of failure it is."""

    def __init__(self, why: str, status: int) -> None:
        super().__init__(why)
        self.why, self.status = why, status


def sages_document(invoice: Invoice, *, urgent: bool = True) -> File | None:
    """Sage's PDF of an invoice; None where the practice makes its own. Talks to Sage; raises `NoDocument`.

    What is not ``urgent`` leaves the reserve for people who wait, and raises `SageRateLimited` where no more is left.
    """
    with practice_transaction():
        connection, link = current_connection(), _link_of(invoice)
    if connection is None or connection.pdf_owner == SageConnection.PdfOwner.PRACTICE:
        return None
    if link is None or link.business_id != connection.business_id:
        raise NoDocument("This invoice is not in the connected company, so Sage has no PDF of it.", 409)
    try:
        with open_sage(connection, urgent=urgent) as sage:
            return File(_file_name(link), sage.sales_invoices.pdf(link.sage_id))
    except SageError as error:
        if isinstance(error, SageRateLimited) and not urgent:
            raise
        log.warning("reading a PDF failed", error=type(error).__name__, status=error.status)
        raise NoDocument(sentence_of(error), 503) from error


def _link_of(invoice: Invoice) -> SageLink | None:
    """The newest copy of the invoice in Sage."""
    posted = Posting.objects.of(Posting.Kind.INVOICE_CREATE, invoice.pk).filter(status=Posting.Status.POSTED)
    found: SageLink | None = (
        SageLink.objects.filter(posting__in=posted).order_by("-posting__copy", "-id").first()
    )
    return found


def _file_name(link: SageLink) -> str:
    kept = "".join(
        letter for letter in link.sage_number if letter.isascii() and (letter.isalnum() or letter in "-_")
    )
    return f"Sage-{kept or 'invoice'}.pdf"
