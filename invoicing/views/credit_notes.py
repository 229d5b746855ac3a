"""Pages about credit notes: a whole invoice taken back, beside the invoice (FEATURES 4.14)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from invoicing.forms import CreditForm
from invoicing.models import CreditNote, Invoice
from invoicing.operations import amend_credit_note, issue_credit_note, post_credit_note, update_credit_note
from invoicing.operations.credit_notes import (
    copies_besides,
    copies_in_ledger,
    copy_in_ledger,
    latest_copy,
)
from invoicing.owed_apart import owed_apart, with_owed_apart
from ledger.actions import PRETENDED, Action, Subject
from ledger.models import LedgerSettings, Posting
from ledger.outbox import ledger_settings
from ledger.states import State, posting_state
from money.amounts import ZERO
from practices.errors import DomainError
from practices.lists import Column, List, ShownList, file_of
from practices.models import Membership
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from services.queries import columns_without_vat

#: Digits of a number, as the database keeps them.
LONGEST_NUMBER = 9
#: What is said of a copy that is not in Sage as it was copied, by how it was found there.
FOUND: dict[str, tuple[str, str]] = {
    Posting.Standing.CHANGED: (
        "Changed in Sage",
        "Somebody changed it in Sage since it was copied. Needs you says what, and what can be done.",
    ),
    Posting.Standing.VOID: (
        "Void in Sage",
        "It was voided in Sage and still takes the invoice back here. Create it anew there, or leave it so.",
    ),
    Posting.Standing.MISSING: (
        "Missing in Sage",
        "Sage does not have it any more, and it still takes the invoice back here. Create it anew there.",
    ),
}
CREDIT_NOTES = List(
    "credit-notes",
    "invoicing:credit-note-list",
    ("credit note", "credit notes"),
    (
        Column("number", "Number", lambda row: row["note"].number_label, fixed=True),
        Column("client", "Client", lambda row: row["note"].client.name),
        Column("date", "Date", lambda row: row["note"].issued_on),
        Column("invoice", "Takes back", lambda row: row["note"].invoice.number_label),
        Column("reason", "Reason", lambda row: row["note"].reason, hidden=True),
        Column("net", "Net", lambda row: -row["note"].net, is_figure=True),
        Column("vat", "VAT", lambda row: -row["note"].vat, is_figure=True),
        Column("gross", "Gross", lambda row: -row["note"].gross, is_figure=True),
        Column("sage", "Sage", lambda row: row["state"].label),
    ),
    {"date": ("-issued_on", "-pk"), "number": ("number",)},
    prepared=lambda notes: credit_rows(notes, Membership.Role.STAFF),
)
NOT_THERE = "Its invoice is not in Sage: copy that first. A credit note goes where its invoice is."
NOT_SET_YET = "It still has to be set against its invoice there."
CHANGE_REFUSED = "What was changed here since has not arrived there."


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
    copy = copy_in_ledger(invoice.pk)
    context = {
        "form": form,
        "invoice": invoice,
        "lines": invoice.lines.all(),
        "on_account": invoice.gross - invoice.outstanding,
        "copy": copy,
        "left": copies_besides(invoice.pk, copy),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "invoicing/credit_note_new.html", context, status=status)


@requires(Can.SEE)
@require_safe
def credit_note_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Every credit note, newest first, with the invoice it takes back and where it stands in Sage."""
    words = request.GET.get("q", "").strip()
    notes = CreditNote.objects.select_related("client", "invoice")
    if words:
        notes = notes.filter(Q(client__name__icontains=words) | Q(reason__icontains=words) | _numbered(words))
    shown = ShownList(request, CREDIT_NOTES, without=columns_without_vat())
    if file := file_of(shown, notes):
        return file
    totals = notes.order_by().aggregate(count=Count("pk"), net=Sum("net"), vat=Sum("vat"))
    net, vat = totals["net"] or ZERO, totals["vat"] or ZERO
    page = shown.page_of(notes)
    context = {
        "list": shown,
        "page": page,
        "rows": credit_rows(page.rows, request.role),
        "totals": {"count": totals["count"], "net": net, "vat": vat, "gross": net + vat},
        "q": words,
    }
    return render(request, "invoicing/credit_note_list.html" + ("#rows" if request.htmx else ""), context)


def _numbered(words: str) -> Q:
    """A number as it is written, of the credit note or of its invoice."""
    digits = words.upper().removeprefix("CN-").removeprefix("INV-")
    if not digits.isdecimal() or len(digits) > LONGEST_NUMBER:
        return Q(pk=None)
    return Q(number=int(digits)) | Q(invoice__number=int(digits))


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
        "invoice_copy": copy_in_ledger(note.invoice_id),
        "allocated": allocated,
        "on_account": note.gross - allocated,
        "state": credit_note_state(
            note, request.role, owed_apart([note.invoice_id]).get(note.invoice_id, "")
        ),
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


def credit_note_state(note: CreditNote, role: str, apart: str) -> State:
    """How a credit note stands with the ledger: its copy, or what still has to be set against the invoice.

    ``apart`` is what `owed_apart` says of its invoice.
    """
    copy = latest_copy(note)
    allocation = Posting.objects.live().of(Posting.Kind.CREDIT_NOTE_ALLOCATE, note.pk).first()
    change = _refused_changes([copy]).get(copy.pk) if copy else None
    reason = "" if copy or copy_in_ledger(note.invoice_id) else NOT_THERE
    ledger = ledger_settings()
    state = _state(note, copy, change or allocation, reason, ledger)
    return with_owed_apart(state, note.invoice_id, apart).within(ledger).visible_to(role)


def credit_rows(notes: Sequence[CreditNote], role: str) -> list[dict[str, Any]]:
    """The rows of a list: each note, its newest copy and how it stands; in a few queries, however many there are."""
    kinds = (Posting.Kind.CREDIT_NOTE_CREATE, Posting.Kind.CREDIT_NOTE_ALLOCATE)
    live = Posting.objects.live().filter(kind__in=kinds, subject_id__in=[note.pk for note in notes])
    newest = {(each.kind, each.subject_id): each for each in live.order_by("copy", "id")}
    ledger, there = ledger_settings(), copies_in_ledger([note.invoice_id for note in notes])
    refused = _refused_changes(each for each in newest.values() if each.kind == kinds[0])
    apart, rows = owed_apart({note.invoice_id for note in notes}), []
    for note in notes:
        copy, allocation = (newest.get((kind, note.pk)) for kind in kinds)
        reason = "" if copy or note.invoice_id in there else NOT_THERE
        follow_up = (refused.get(copy.pk) if copy else None) or allocation
        state = _state(note, copy, follow_up, reason, ledger)
        state = with_owed_apart(state, note.invoice_id, apart.get(note.invoice_id, ""))
        state = state.within(ledger).visible_to(role)
        rows.append({"note": note, "posting": copy, "state": state})
    return rows


def _refused_changes(copies: Iterable[Posting]) -> dict[int, Posting]:
    """The refused change of each of these copies that has one, by the copy's id."""
    failed = Posting.objects.filter(target__in=[copy.pk for copy in copies], status=Posting.Status.FAILED)
    return {change.target_id: change for change in failed if change.target_id}


def _state(
    note: CreditNote,
    copy: Posting | None,
    follow_up: Posting | None,
    reason: str,
    ledger: LedgerSettings,
) -> State:
    if copy is None:
        return _not_copied(note, PRETENDED if ledger.is_pretended else reason)
    state = posting_state(copy, Subject(), ledger)
    if copy.status == Posting.Status.POSTED and follow_up and follow_up.status != Posting.Status.POSTED:
        is_change = follow_up.kind == Posting.Kind.CREDIT_NOTE_UPDATE
        words = f"The credit note is in Sage. {CHANGE_REFUSED if is_change else NOT_SET_YET}"
        pending = posting_state(follow_up, Subject(), ledger)
        state = replace(pending, note=f"{words} {pending.note}")
    elif copy.status == Posting.Status.POSTED and copy.standing:
        label, words = FOUND[copy.standing]
        state = replace(state, label=label, tone="warn", icon="circle-alert", note=words)
    if copy.status in (Posting.Status.POSTED, Posting.Status.HELD):
        words = "Create new…" if copy.status == Posting.Status.POSTED else "Choose and copy…"
        choose = Action(words, "sage:credit-note-copy", note.pk, Can.CREDIT_INVOICES, icon="send")
        state = replace(state, others=(choose, *state.others))
    return state


def _not_copied(note: CreditNote, reason: str) -> State:
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
