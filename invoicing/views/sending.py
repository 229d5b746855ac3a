"""The pages on which an invoice leaves by e-mail or as a file, and the rules of sending and reminding."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from invoicing.documents import credit_note_pdf, invoice_pdf
from invoicing.models import CreditNote, Invoice, InvoicingSettings
from invoicing.operations import invoicing_settings, send_invoice, set_sending_rules, switch_reminders
from invoicing.queries import invoice_to_post
from invoicing.sending_forms import SendForm, SendingRulesForm
from invoicing.vat_invoices import missing_on
from practices.errors import DomainError
from practices.letterhead import profile_of
from practices.limits import costly
from practices.mail import File
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other


@requires(Can.SEE)
@require_safe
@costly
def invoice_pdf_file(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Our own PDF of an invoice, under our number (F11)."""
    get_object_or_404(Invoice, pk=pk)
    invoice = invoice_to_post(pk)
    return _download(invoice_pdf(invoice), invoice.printed_name)


@requires(Can.SEE)
@require_safe
@costly
def credit_note_pdf_file(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Our own PDF of a credit note."""
    notes = CreditNote.objects.select_related("client", "invoice").prefetch_related("lines")
    note = get_object_or_404(notes, pk=pk)
    return _download(credit_note_pdf(note), f"{note.number_label}.pdf")


def _download(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@requires(Can.ISSUE_INVOICES)
@require_http_methods(["GET", "POST"])
@costly
def invoice_send(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Send an invoice by e-mail: to whom, and with which words (G68)."""
    invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
    form = SendForm(request.POST if request.method == "POST" else None, client=invoice.client)
    if request.method == "POST" and form.is_valid() and send_with(request, invoice, form):
        return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)
    return send_page(request, invoice, form)


def send_with(request: PracticeRequest, invoice: Invoice, form: SendForm, file: File | None = None) -> bool:
    """Whether the invoice is on its way as the form says; otherwise the form says why not."""
    try:
        addresses = send_invoice(invoice, people=form.chosen, words=form.words, file=file)
    except DomainError as refusal:
        form.add_error(None, refusal.message)
        return False
    messages.success(request, f"{invoice.number_label} is on its way to {', '.join(addresses)}.")
    return True


def send_page(request: PracticeRequest, invoice: Invoice, form: SendForm) -> HttpResponse:
    """The form, posted to whoever makes the practice's PDFs."""
    by_ledger = invoicing_settings().documents_by == InvoicingSettings.DocumentsBy.LEDGER
    where = "sage:invoice-send" if by_ledger else "invoicing:invoice-send"
    context = {
        "invoice": invoice,
        "form": form,
        "by_ledger": by_ledger,
        "action": reverse(where, args=[request.practice.slug, invoice.pk]),
        "has_nobody": not form.reachable,
        "missing": missing_on(
            invoice, list(invoice.lines.all()), request.practice, profile_of(request.practice)
        ),
    }
    return render(request, "invoicing/invoice_send.html", context, status=422 if form.errors else 200)


@requires(Can.ISSUE_INVOICES)
@require_POST
def invoice_reminders(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Remind of this invoice as of all others, or leave it alone (G74)."""
    on = request.POST.get("on") == "1"
    switch_reminders(get_object_or_404(Invoice, pk=pk), on=on)
    words = (
        "Reminders follow the practice's rule again."
        if on
        else "Nobody is reminded of this invoice any more."
    )
    messages.success(request, words)
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)


@requires(Can.MANAGE_BILLING)
@require_http_methods(["GET", "POST"])
def sending_rules(request: PracticeRequest, practice: str) -> HttpResponse:
    """How to pay, whether invoices are sent by themselves, and when clients are reminded."""
    form = SendingRulesForm.of(invoicing_settings(), request.POST or None)
    if request.method == "POST" and form.is_valid():
        set_sending_rules(**form.rules)
        messages.success(request, "Saved. It holds from the next morning on.")
        return see_other(request, "invoicing:sending-rules", practice=practice)
    status = 422 if form.errors else 200
    return render(request, "invoicing/sending_rules.html", {"form": form}, status=status)
