"""An invoice as a document to keep or to send: Sage's PDF, or our own, by the practice's choice (F11)."""

import structlog
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from invoicing.models import Invoice
from invoicing.sending_forms import SendForm
from invoicing.views.sending import send_page, send_with
from ledger.models import Posting
from practices.limits import costly
from practices.mail import File
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.explanations import sentence_of
from sage_integration.models import SageConnection, SageLink
from sage_integration.sage.errors import SageError
from sage_integration.sessions import open_sage

log = structlog.get_logger(__name__)


class NoDocument(Exception):
    """Sage's PDF cannot be had; the words say why, the status what kind of failure it is."""

    def __init__(self, why: str, status: int) -> None:
        super().__init__(why)
        self.why, self.status = why, status


@opens_own_scope
@requires(Can.SEE)
@require_safe
@costly
def invoice_document(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Sage's own PDF of an invoice, or ours from its own address; never one under the other's name.

    While Sage cannot be reached the answer says so, and is no document at all.
    """
    with practice_transaction():
        invoice = get_object_or_404(Invoice, pk=pk)
    try:
        file = sages_document(invoice)
    except NoDocument as none:
        return _no_document(request, invoice, none.why, none.status)
    if file is None:
        return see_other(request, "invoicing:invoice-pdf", practice=request.practice.slug, pk=pk)
    answer = HttpResponse(file.content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return answer


@opens_own_scope
@requires(Can.ISSUE_INVOICES)
@require_POST
def invoice_send(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Send an invoice with Sage's PDF; while Sage cannot be reached nothing is sent, and the form says so."""
    with practice_transaction():
        invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
        is_whole = SendForm(request.POST, client=invoice.client).is_valid()
    file, why_not = None, ""
    if is_whole:
        try:
            file = sages_document(invoice)
        except NoDocument as none:
            why_not = none.why
    with practice_transaction():
        form = SendForm(request.POST, client=invoice.client)
        form.is_valid()
        if why_not:
            form.add_error(None, f"{why_not} Nothing was sent.")
        elif is_whole and send_with(request, invoice, form, file):
            return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)
        return send_page(request, invoice, form)


def sages_document(invoice: Invoice) -> File | None:
    """Sage's PDF of an invoice; None where the practice makes its own. Talks to Sage; raises `NoDocument`."""
    with practice_transaction():
        connection, link = current_connection(), _link_of(invoice)
    if connection is None or connection.pdf_owner == SageConnection.PdfOwner.PRACTICE:
        return None
    if link is None or link.business_id != connection.business_id:
        raise NoDocument("This invoice is not in the connected company, so Sage has no PDF of it.", 409)
    try:
        with open_sage(connection, urgent=True) as sage:
            return File(_file_name(link), sage.sales_invoices.pdf(link.sage_id))
    except SageError as error:
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


def _no_document(request: PracticeRequest, invoice: Invoice, why: str, status: int) -> HttpResponse:
    with practice_transaction():
        context = {"invoice": invoice, "why": why}
        return render(request, "sage_integration/no_document.html", context, status=status)
