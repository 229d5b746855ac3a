"""An invoice as a document to keep or to send: Sage's PDF, or our own, by the practice's choice (F11)."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from invoicing.models import Invoice
from invoicing.sending_forms import SendForm
from invoicing.views.sending import send_page, send_with
from practices.limits import costly
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tenancy import practice_transaction
from sage_integration.documents import NoDocument, sages_document


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
@costly
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


def _no_document(request: PracticeRequest, invoice: Invoice, why: str, status: int) -> HttpResponse:
    with practice_transaction():
        context = {"invoice": invoice, "why": why}
        return render(request, "sage_integration/no_document.html", context, status=status)
