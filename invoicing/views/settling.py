"""The pages on which an invoice is settled here, and what was settled is taken back."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST

from invoicing.models import Invoice, Payment
from invoicing.operations import mark_paid, take_back, write_off
from invoicing.settling_forms import PaidForm, WriteOffForm
from practices.errors import DomainError
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.templatetags.money_tags import written


@requires(Can.ISSUE_INVOICES)
@require_http_methods(["GET", "POST"])
def invoice_paid(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Mark an invoice as paid, wholly or in part; that never reaches Sage (F84, G72)."""
    invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
    today = request.practice.today()
    initial = {"amount": invoice.outstanding, "received_on": today}
    form = PaidForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            payment = mark_paid(invoice, on=today, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(
                request, f"{written(payment.amount)} is recorded here. Sage is told nothing of it."
            )
            return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)
    return _page(request, invoice, form, "invoicing/invoice_paid.html")


@requires(Can.CREDIT_INVOICES)
@require_http_methods(["GET", "POST"])
def invoice_write_off(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Give up what is outstanding on an invoice, with the reason (G81)."""
    invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
    form = WriteOffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            given_up = write_off(invoice, reason=form.cleaned_data["reason"], on=request.practice.today())
        except DomainError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(
                request, f"{written(given_up.amount)} is written off here. Sage is told nothing of it."
            )
            return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)
    return _page(request, invoice, form, "invoicing/invoice_write_off.html")


def _page(request: PracticeRequest, invoice: Invoice, form: forms.Form, template: str) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, template, {"invoice": invoice, "form": form}, status=status)


@requires(Can.ISSUE_INVOICES)
@require_POST
def payment_take_back(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take back a payment or write-off entered here; what Sage recorded is taken back there (G72)."""
    payment = take_back(get_object_or_404(Payment, pk=pk))
    allocation = payment.allocations.select_related("invoice").order_by("id").first()
    is_owed = allocation is None or allocation.invoice.outstanding
    words = "it is owed again" if is_owed else "its invoice is credited, so nothing is owed on it"
    messages.success(request, f"{written(payment.amount)} is taken back: {words}.")
    if allocation is None:
        return see_other(request, "invoicing:invoice-list", practice=practice)
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=allocation.invoice_id)
