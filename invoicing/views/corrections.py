"""Pages that change what was issued: amend, void in the ledger first, accept a void that happened there."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST

from invoicing.forms import BLANK_ROWS, AmendForm, BaseLineFormSet, line_formset
from invoicing.models import Invoice
from invoicing.operations import amend_invoice, discard_changes, mark_voided_in_ledger, void_in_ledger
from invoicing.operations.amending import why_not_amend
from invoicing.queries import postings_of
from practices.errors import DomainError
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other


@requires(Can.ISSUE_INVOICES)
@require_http_methods(["GET", "POST"])
def invoice_amend(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Change an issued invoice that nobody has paid; its copy in Sage is updated by a person after that."""
    invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
    if refusal := why_not_amend(invoice, postings_of(invoice)):
        messages.warning(request, refusal.message)
        return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)
    data = request.POST if request.method == "POST" else None
    form = AmendForm(data, initial={"tax_point": invoice.tax_point, "due_on": invoice.due_on})
    wants_rows = data is not None and "more_rows" in data
    rows = BLANK_ROWS if wants_rows else 0
    formset = line_formset(data, lines=list(invoice.lines.all()), more_rows=rows)
    is_right = data is not None and not wants_rows and form.is_valid() and formset.is_valid()
    if is_right and _amend(request, invoice, form, formset):
        return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)
    context: dict[str, Any] = {
        "form": form,
        "formset": formset,
        "invoice": invoice,
        "shows_errors": not wants_rows,
    }
    template = "invoicing/invoice_amend.html" + ("#lines" if request.htmx and wants_rows else "")
    return render(request, template, context, status=422 if data is not None and not wants_rows else 200)


def _amend(request: PracticeRequest, invoice: Invoice, form: AmendForm, formset: BaseLineFormSet) -> bool:
    lines = formset.lines(form.cleaned_data["tax_point"])
    if not formset.is_valid() or any(row.errors for row in formset.forms):
        return False
    try:
        with transaction.atomic():
            amend_invoice(
                invoice,
                lines,
                tax_point=form.cleaned_data["tax_point"],
                due_on=form.cleaned_data["due_on"],
                reason=form.cleaned_data["reason"],
                on=request.practice.today(),
            )
    except DomainError as error:
        form.add_error(None, error.message)
        return False
    messages.success(
        request, f"{invoice.number_label} is changed here. A copy in Sage changes once you update it."
    )
    return True


@requires(Can.ISSUE_INVOICES)
@require_POST
def invoice_discard_changes(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Put the invoice back to what Sage holds."""
    invoice = discard_changes(get_object_or_404(Invoice, pk=pk), on=request.practice.today())
    messages.success(request, f"{invoice.number_label} is as it was copied to Sage again.")
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)


@requires(Can.ISSUE_INVOICES)
@require_POST
def invoice_void_in_ledger(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Void an invoice in Sage, and here once that is done."""
    invoice = get_object_or_404(Invoice, pk=pk)
    void_in_ledger(invoice, reason=request.POST.get("reason", ""))
    messages.success(
        request, f"{invoice.number_label} is being voided in Sage. It is void here once that is done."
    )
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)


@requires(Can.ISSUE_INVOICES)
@require_POST
def invoice_accept_void(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Accept that Sage has no such invoice any more: it is void here too."""
    invoice = mark_voided_in_ledger(get_object_or_404(Invoice, pk=pk))
    messages.success(request, f"{invoice.number_label} is void here too, and nothing is owed on it.")
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)
