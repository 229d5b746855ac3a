"""Pages about credit notes: a whole invoice taken back, beside the invoice (FEATURES 4.14)."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from invoicing.forms import CreditForm
from invoicing.models import CreditNote, Invoice
from invoicing.operations import amend_credit_note, issue_credit_note, post_credit_note, update_credit_note
from invoicing.operations.credit_notes import copy_in_ledger, latest_copy
from ledger.models import Posting
from ledger.outbox import ledger_settings
from ledger.states import Action, State, Subject, posting_state
from money.amounts import ZERO
from practices.errors import DomainError
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other

NOT_THERE = "Its invoice is not in Sage: copy that first. A credit note goes where its invoice is."


@requires(Can.CREDIT_INVOICES)
@require_http_methods(["GET", "POST"])
def credit_note_new(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Credit a whole invoice, with a reason (F76, F78)."""
    invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
    existing = CreditNote.objects.filter(invoice=invoice).first()
    if existing or invoice.status != Invoice.Status.ISSUED:
        words = "An invoice is credited once." if existing else "Only an issued invoice can be credited."
        messages.warning(request, words)
        return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)
    today = request.practice.today()
    form = CreditForm(request.POST or None, initial={"issued_on": today})
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                chooses = request.POST.get("then") == "choose"
                note = issue_credit_note(invoice, on=today, leaves=not chooses, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{note.number_label} takes {invoice.number_label} back in full.")
            if chooses:
                return see_other(request, "sage:credit-note-copy", practice=practice, pk=note.pk)
            return see_other(request, "invoicing:credit-note-detail", practice=practice, pk=note.pk)
    context = {
        "form": form,
        "invoice": invoice,
        "lines": invoice.lines.all(),
        "on_account": invoice.gross - invoice.outstanding,
        "copy": copy_in_ledger(invoice.pk),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "invoicing/credit_note_new.html", context, status=status)


@requires(Can.SEE)
@require_safe
def credit_note_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One credit note with the invoice it takes back beside it, and where it stands in Sage."""
    note = get_object_or_404(CreditNote.objects.select_related("invoice", "client"), pk=pk)
    allocated = sum((each.amount for each in note.allocations.all()), ZERO)
    copies = Posting.objects.live().of(Posting.Kind.CREDIT_NOTE_CREATE, note.pk)
    context = {
        "note": note,
        "invoice": note.invoice,
        "lines": note.lines.select_related("tax_rate"),
        "allocated": allocated,
        "on_account": note.gross - allocated,
        "state": credit_note_state(note, request.role),
        "copies": list(copies),
        "form": CreditForm(initial={"issued_on": note.issued_on, "reason": note.reason}),
        "here": reverse("invoicing:credit-note-detail", args=[request.practice.slug, note.pk]),
    }
    return render(request, "invoicing/credit_note_detail.html", context)


@requires(Can.CREDIT_INVOICES)
@require_POST
def credit_note_post(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Copy the credit note to Sage, or once more with a reason (F77)."""
    note = get_object_or_404(CreditNote, pk=pk)
    post_credit_note(note, reason=request.POST.get("reason", ""))
    messages.success(request, f"{note.number_label} is on its way to Sage.")
    return see_other(request, "invoicing:credit-note-detail", practice=practice, pk=pk)


@requires(Can.CREDIT_INVOICES)
@require_POST
def credit_note_update(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Change date and reason of a credit note, here and in its copy in Sage."""
    note, form = get_object_or_404(CreditNote, pk=pk), CreditForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Enter a date and a reason of at most 200 characters.")
        return see_other(request, "invoicing:credit-note-detail", practice=practice, pk=pk)
    note = amend_credit_note(note, on=request.practice.today(), **form.cleaned_data)
    copy = latest_copy(note)
    if copy is not None and copy.status == Posting.Status.POSTED:
        update_credit_note(note)
    messages.success(request, f"{note.number_label} is changed.")
    return see_other(request, "invoicing:credit-note-detail", practice=practice, pk=pk)


def credit_note_state(note: CreditNote, role: str) -> State:
    """How a credit note stands with the ledger: its copy, or what still has to be set against the invoice."""
    ledger = ledger_settings()
    copy = latest_copy(note)
    allocation = Posting.objects.live().of(Posting.Kind.CREDIT_NOTE_ALLOCATE, note.pk).first()
    if copy is None:
        return _not_copied(note).visible_to(role)
    state = posting_state(copy, Subject(), ledger)
    if copy.status == Posting.Status.POSTED and allocation and allocation.status != Posting.Status.POSTED:
        words = "The credit note is in Sage. It still has to be set against its invoice there."
        pending = posting_state(allocation, Subject(), ledger)
        state = replace(pending, note=f"{words} {pending.note}")
    if copy.status in (Posting.Status.POSTED, Posting.Status.HELD):
        words = "Create new…" if copy.status == Posting.Status.POSTED else "Choose and copy…"
        choose = Action(words, "sage:credit-note-copy", note.pk, Can.CREDIT_INVOICES, icon="send")
        state = replace(state, others=(choose, *state.others))
    return state.visible_to(role)


def _not_copied(note: CreditNote) -> State:
    reason = "" if copy_in_ledger(note.invoice_id) else NOT_THERE
    copy = Action(
        "Copy to Sage",
        "sage:credit-note-copy",
        note.pk,
        Can.CREDIT_INVOICES,
        icon="send",
        reason=reason,
    )
    words = reason or "It is not in Sage, and nothing stands in its way."
    main: Any = copy
    return State("ready", "Not in Sage", note=words, main=main)
