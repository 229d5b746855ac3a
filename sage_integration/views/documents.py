"""An invoice as a document to keep: Sage's PDF, or our own printable page, by the practice's choice (F11)."""

import structlog
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from invoicing.models import Invoice
from ledger.models import Posting
from practices.limits import costly
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.explanations import sentence_of
from sage_integration.models import SageConnection, SageLink
from sage_integration.sage.errors import SageError
from sage_integration.sessions import open_sage

log = structlog.get_logger(__name__)


@opens_own_scope
@requires(Can.SEE)
@require_safe
@costly
def invoice_document(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Sage's own PDF of an invoice, or the printable page; never one under the other's name.

    While Sage cannot be reached the answer says so, and is no document at all.
    """
    with practice_transaction():
        invoice = get_object_or_404(Invoice, pk=pk)
        connection, link = current_connection(), _link_of(invoice)
    if connection is None or connection.pdf_owner == SageConnection.PdfOwner.PRACTICE:
        messages.info(request, "This page is the practice's own document: print it, or save it as a PDF.")
        return see_other(request, "invoicing:invoice-detail", practice=request.practice.slug, pk=pk)
    if link is None or link.business_id != connection.business_id:
        return _no_document(
            request, invoice, "This invoice is not in the connected company, so Sage has no PDF of it.", 409
        )
    try:
        with open_sage(connection, urgent=True) as sage:
            content = sage.sales_invoices.pdf(link.sage_id)
    except SageError as error:
        log.warning("reading a PDF failed", error=type(error).__name__, status=error.status)
        return _no_document(request, invoice, sentence_of(error), 503)
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{_file_name(link)}"'
    return answer


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


def _no_document(request: PracticeRequest, invoice: Invoice, why: str, status: int) -> HttpResponse:
    with practice_transaction():
        context = {"invoice": invoice, "why": why}
        return render(request, "sage_integration/no_document.html", context, status=status)
