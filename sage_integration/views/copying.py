"""The copy dialog: a document beside what Sage will show of it, and copied as chosen (FEATURES 4.13)."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from invoicing.models import CreditNote, Invoice
from practices.errors import DomainError
from practices.permissions import Can, may
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.contact_links import link_client, why_unusable
from sage_integration.copying.dialog import Dialog, credit_dialog, invoice_dialog
from sage_integration.copying.forms import CopyForm
from sage_integration.copying.operations import copy_credit_note, copy_invoice, remember_choices
from sage_integration.explanations import sentence_of
from sage_integration.foreseen import contact_foreseen
from sage_integration.models import ContactLink
from sage_integration.preview import Standing
from sage_integration.sage.errors import SageError
from sage_integration.sage.resources.contacts import Contact
from sage_integration.sessions import open_sage
from sage_integration.sync.errors import ContactTaken, ContactUnusable

#: Customers shown for one search; a narrower one shows the rest.
SHOWN = 12


@opens_own_scope
@requires(Can.POST_TO_LEDGER)
@require_http_methods(["GET", "HEAD", "POST"])
def invoice_copy(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Choose customer, VAT, accounts, dates and number of a copy, and see it as Sage will (F33–F35, F69–F75)."""
    with practice_transaction():
        invoice, connection = get_object_or_404(Invoice, pk=pk), current_connection()
        if connection is None or not connection.business_id:
            return see_other(request, "sage:connection-detail", practice=practice)
        if invoice.status == Invoice.Status.DRAFT and not may(request.role, Can.ISSUE_INVOICES):
            raise PermissionDenied(f"Your role does not let you {Can.ISSUE_INVOICES}.")
        dialog = invoice_dialog(pk, connection)
    return _answer(request, dialog, "invoicing:invoice-detail")


@opens_own_scope
@requires(Can.CREDIT_INVOICES)
@require_http_methods(["GET", "HEAD", "POST"])
def credit_note_copy(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """The same for a credit note, whose customer is its invoice's (F77, F78)."""
    with practice_transaction():
        get_object_or_404(CreditNote, pk=pk)
        connection = current_connection()
        if connection is None or not connection.business_id:
            return see_other(request, "sage:connection-detail", practice=practice)
        dialog = credit_dialog(pk, connection)
    return _answer(request, dialog, "invoicing:credit-note-detail")


def _answer(request: PracticeRequest, dialog: Dialog, page: str) -> HttpResponse:
    is_final = request.method == "POST" and request.POST.get("then") == "copy"
    with practice_transaction():
        form = CopyForm(request.POST if request.method == "POST" else None, dialog=dialog, is_final=is_final)
        is_right = form.is_valid()
    if is_final and dialog.why_not:
        form.add_error(None, dialog.why_not)
    elif is_final and is_right and _copy(request, dialog, form):
        return see_other(request, page, practice=request.practice.slug, pk=dialog.document.pk)
    return _show(request, dialog, form, is_final=is_final)


def _copy(request: PracticeRequest, dialog: Dialog, form: CopyForm) -> bool:
    """Whether it is on its way; else the form says why not."""
    try:
        contact = _chosen(dialog, form)
        with practice_transaction():
            if contact:
                currency = request.practice.currency
                link_client(dialog.client, contact, dialog.connection.business_id, currency=currency)
            _send(request, dialog, form)
    except DomainError as refusal:
        form.add_error(None, refusal.message)
        return False
    except SageError as error:
        form.add_error(None, f"{sentence_of(error)} Nothing was copied.")
        return False
    with practice_transaction():
        messages.success(request, f"{_name(dialog)} is on its way to Sage.")
    return True


def _chosen(dialog: Dialog, form: CopyForm) -> Contact | None:
    """The customer somebody chose, as Sage has it now; raises `SageError`."""
    contact_id = form.cleaned_data.get("customer")
    if not contact_id:
        return None
    with open_sage(dialog.connection, urgent=True) as sage:
        return sage.contacts.get(contact_id)


def _send(request: PracticeRequest, dialog: Dialog, form: CopyForm) -> None:
    choices, reason = form.choices, form.cleaned_data.get("reason", "")
    if isinstance(dialog.document, CreditNote):
        copy_credit_note(dialog.document, choices, reason=reason)
        return
    copy_invoice(dialog.document, choices, on=request.practice.today(), reason=reason)
    if form.cleaned_data.get("remembers"):
        remember_choices(dialog.client, choices, dialog.lines)


def _name(dialog: Dialog) -> str:
    if isinstance(dialog.document, Invoice):
        return Invoice.objects.get(pk=dialog.document.pk).number_label
    return dialog.document.number_label


def _show(request: PracticeRequest, dialog: Dialog, form: CopyForm, *, is_final: bool) -> HttpResponse:
    customers = Customers() if dialog.is_credit else _customers(request, dialog, form)
    if not dialog.is_credit:
        form.offer(customers.found, customers.by_itself.words, customers.by_itself.linked)
    with practice_transaction():
        context = _context(dialog, form, customers)
        fragment = "#beside" if request.htmx and not is_final else ""
        status = 422 if is_final else 200
        template = f"sage_integration/document_copy.html{fragment}"
        return render(request, template, context, status=status)


@dataclass(frozen=True)
class Customers:
    """Sage's customers that can be chosen, and which one it will be."""

    found: tuple[Contact, ...] = ()
    has_more: bool = False
    problem: str = ""
    #: Which one it is without a choice, and which one it is now.
    by_itself: Standing = Standing("The customer of its invoice")  # noqa: RUF009 - frozen
    now: Standing = Standing("The customer of its invoice")  # noqa: RUF009 - frozen


def _customers(request: PracticeRequest, dialog: Dialog, form: CopyForm) -> Customers:
    """What Sage has under the words typed, else under the client's first word."""
    by_itself = contact_foreseen(dialog.client, dialog.connection, currency=dialog.rules.currency)
    words = form.data.get("q", "").strip() if form.is_bound else ""
    words = words or dialog.client.name.split()[0]
    try:
        with open_sage(dialog.connection, urgent=True) as sage:
            found = tuple(islice(sage.contacts.list(search=words), SHOWN + 1))
    except SageError as error:
        return Customers(problem=sentence_of(error), by_itself=by_itself, now=by_itself)
    now = by_itself
    if chosen := str(form.data.get("customer", "")) if form.is_bound else "":
        with practice_transaction():
            now = _standing_of(chosen, found, dialog, currency=request.practice.currency)
    return Customers(found[:SHOWN], len(found) > SHOWN, by_itself=by_itself, now=now)


def _standing_of(chosen: str, found: tuple[Contact, ...], dialog: Dialog, *, currency: str) -> Standing:
    """The chosen customer in words, with why it cannot be the client's."""
    contact = next((each for each in found if each["id"] == chosen), None)
    if contact is None:
        return Standing("The customer chosen before")
    words = f"“{contact['displayed_as']}”, as chosen; remembered for {dialog.client.name}"
    if problem := why_unusable(contact, currency=currency):
        return Standing(words, ContactUnusable(problem))
    links = ContactLink.objects.filter(business_id=dialog.connection.business_id, sage_contact_id=chosen)
    if holder := links.exclude(client=dialog.client).select_related("client").first():
        return Standing(words, ContactTaken(f"“{contact['displayed_as']}” stands for {holder.client.name}"))
    return Standing(words)


def _context(dialog: Dialog, form: CopyForm, customers: Customers) -> dict[str, Any]:
    document = dialog.as_sage_shows(form.choices, customers.now)
    is_draft = dialog.invoice.status == Invoice.Status.DRAFT
    return {
        "dialog": dialog,
        "invoice": dialog.invoice,
        "form": form,
        "customers": customers,
        "document": document,
        "vat_dropped": form.vat_dropped,
        "new_contact": dialog.new_contact() if customers.now.is_new else [],
        "words": "Issue and copy to Sage"
        if is_draft
        else "Create new in Sage"
        if dialog.is_again
        else "Copy to Sage",
    }
