"""The pages about invoices."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.models import Client
from invoicing.errors import IsInTheLedger
from invoicing.forms import BLANK_ROWS, BaseLineFormSet, InvoiceForm, line_formset
from invoicing.history import events_of, reminders_in_words
from invoicing.models import CreditNote, Invoice, InvoiceLine
from invoicing.operations import (
    amend_draft,
    comment_on,
    discard_draft,
    draft_invoice,
    duplicate_invoice,
    invoicing_settings,
    issue_invoice,
    merge_lines,
    post_invoice,
    void_invoice,
)
from invoicing.operations.amending import why_not_amend
from invoicing.operations.invoices import why_not_void
from invoicing.owed_apart import owed_apart
from invoicing.queries import (
    allocations_of,
    credited_on,
    facts_from,
    invoice_to_show,
    postings_of,
    state_of,
)
from invoicing.quiet_time import is_quiet
from invoicing.vat_invoices import missing_on
from invoicing.views.credit_notes import credit_note_state
from ledger.models import Posting
from ledger.outbox import ledger_settings
from ledger.queries import place_in_queue
from practices.errors import DomainError
from practices.letterhead import profile_of
from practices.permissions import Can, may
from practices.requests import PracticeRequest, requires, see_other
from practices.templatetags.dates import written_date
from practices.templatetags.money_tags import written
from services.queries import including_vat


@requires(Can.SEE)
@require_safe
def invoice_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One invoice as the client sees it, what is owed on it, where it stands in Sage, what happened."""
    if request.htmx and request.htmx.target == "sage-panel":
        invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
        return render(request, "invoicing/invoice_detail.html#sage_panel", _panel(request, invoice))
    try:
        invoice = invoice_to_show(pk)
    except Invoice.DoesNotExist:
        raise Http404 from None
    panel = _panel(request, invoice)
    posting, postings = panel["posting"], panel["postings"]
    is_credited = panel["credit_note"] is not None
    refusal = why_not_void(invoice, posting, panel["change"], is_credited=is_credited)
    stands_still = why_not_amend(invoice, postings, is_credited=is_credited)
    lines, rules = list(invoice.lines.all()), invoicing_settings()
    sent = list(invoice.messages.all()[:10])
    allocations = allocations_of(invoice)
    context = {
        **panel,
        "settlement": invoice.settlement(
            request.practice.today(),
            is_credited=is_credited,
            is_written_off=any(each.is_given_up for each in allocations),
        ),
        "owed": invoice.outstanding if invoice.status == Invoice.Status.ISSUED else None,
        "days_late": (request.practice.today() - invoice.due_on).days,
        "lines": lines,
        "shows_descriptions": rules.includes_descriptions,
        "is_merged": rules.merges(invoice.source, invoice.client.invoice_layout),
        "reminders": reminders_in_words(rules.reminder_days),
        "sent": sent,
        "may_undo": refusal is None and not sent and is_quiet(posting, timezone.now()),
        "allocations": allocations,
        "credited": credited_on(invoice) if is_credited else None,
        "events": events_of(invoice, postings, [panel["credit_note"].pk] if is_credited else []),
        "why_not_void": refusal.message if refusal else "",
        "voids_in_ledger": posting and posting.takes_changes and isinstance(refusal, IsInTheLedger),
        "missing": missing_on(invoice, lines, request.practice, profile_of(request.practice)),
        "may_merge": invoice.status == Invoice.Status.DRAFT
        and len({line.tax_rate_id for line in lines}) < len(lines),
        "why_not_amend": stands_still.message if stands_still else "",
        "why_not_again": why_not_again(posting),
    }
    return render(request, "invoicing/invoice_detail.html", context)


def why_not_again(posting: Posting | None) -> str:
    """Why no further copy can be made in Sage of an invoice whose newest copy this is (G71); empty where one can."""
    if posting is None or posting.status == Posting.Status.CANCELLED:
        return "Sage does not have it yet: copy it first."
    if posting.status != Posting.Status.POSTED:
        return "Its copy has not arrived in Sage yet."
    return ""


def _panel(request: PracticeRequest, invoice: Invoice) -> dict[str, Any]:
    """What the Sage panel shows; it asks again while a posting is on its way."""
    postings = postings_of(invoice)
    note = CreditNote.objects.filter(invoice=invoice).first()
    apart = owed_apart([invoice.pk]).get(invoice.pk, "") if note else ""
    facts = facts_from(reversed(postings), is_credited=note is not None, apart=apart)
    posting, change = facts.posting, facts.change
    place = place_in_queue(posting) if posting else None
    state = state_of(invoice, facts, ledger_settings(), place=place)
    under_way = (Posting.Status.PENDING, Posting.Status.LEASED)
    return {
        "invoice": invoice,
        "credit_note": note,
        "credit_state": credit_note_state(note, request.role, apart) if note else None,
        "state": state.visible_to(request.role),
        "has_preview": posting is None or posting.status != Posting.Status.POSTED,
        "posting": posting,
        "change": change,
        "postings": postings,
        "earlier": [found for found in postings if found != posting],
        "is_on_its_way": any(each and each.status in under_way for each in (posting, change)),
        "here": reverse("invoicing:invoice-detail", args=[request.practice.slug, invoice.pk]),
    }


@requires(Can.PREPARE_INVOICES)
@require_http_methods(["GET", "POST"])
def invoice_new(request: PracticeRequest, practice: str) -> HttpResponse:
    """An instant bill: saved as a draft, or issued at once (F63)."""
    initial = {"client": request.GET.get("client"), "tax_point": request.practice.today()}
    return _edit(request, None, initial)


@requires(Can.PREPARE_INVOICES)
@require_http_methods(["GET", "POST"])
def invoice_edit(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Change a draft; an issued invoice shows why it cannot be changed."""
    invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
    if invoice.status != Invoice.Status.DRAFT:
        return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)
    return _edit(request, invoice, {"client": invoice.client_id, "tax_point": invoice.tax_point})


def _edit(request: PracticeRequest, invoice: Invoice | None, initial: dict[str, Any]) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = InvoiceForm(data, initial=initial, words=request.GET.get("q", ""))
    if invoice:
        form.fields["client"].disabled = True
    held = list(invoice.lines.all()) if invoice else []
    wants_rows = data is not None and "more_rows" in data
    formset = line_formset(data, lines=held, more_rows=BLANK_ROWS if wants_rows else 0)
    if data is not None and not wants_rows and form.is_valid() and formset.is_valid():
        saved = _save(request, invoice, form, formset)
        if saved:
            return see_other(request, "invoicing:invoice-detail", practice=request.practice.slug, pk=saved.pk)
    context = {
        "form": form,
        "formset": formset,
        "invoice": invoice,
        "shows_errors": not wants_rows,
        "words": request.GET.get("q", ""),
    }
    status = 422 if data is not None and not wants_rows else 200
    rows_alone = "#lines" if request.htmx and wants_rows else ""
    if request.htmx and request.method == "GET":
        rows_alone = "#client"
    return render(request, f"invoicing/invoice_edit.html{rows_alone}", context, status=status)


def _save(
    request: PracticeRequest, invoice: Invoice | None, form: InvoiceForm, formset: BaseLineFormSet
) -> Invoice | None:
    """The saved, perhaps issued invoice; None with the broken rule on the form."""
    issues = request.POST.get("then") == "issue"
    if issues and not may(request.role, Can.ISSUE_INVOICES):
        raise PermissionDenied(f"Your role does not let you {Can.ISSUE_INVOICES}. Save it as a draft.")
    tax_point = form.cleaned_data["tax_point"]
    lines = formset.lines(tax_point)
    if not formset.is_valid() or any(row.errors for row in formset.forms):
        return None
    try:
        with transaction.atomic():
            saved = _draft(invoice, form.cleaned_data["client"], lines, tax_point)
            if issues:
                return _issue(request, saved)
    except DomainError as error:
        form.add_error(None, error.message)
        return None
    sum_of_it = f"{written(saved.gross)}{including_vat()}"
    messages.success(request, f"The draft for {saved.client} is saved, {sum_of_it}.")
    return saved


def _draft(invoice: Invoice | None, client: Client, lines: list[InvoiceLine], tax_point: Any) -> Invoice:
    if invoice:
        return amend_draft(invoice, lines, tax_point=tax_point)
    return draft_invoice(client, lines, tax_point=tax_point, source=Invoice.Source.INSTANT)


def _issue(request: PracticeRequest, draft: Invoice) -> Invoice:
    invoice = issue_invoice(draft, on=request.practice.today())
    due = written_date(invoice.due_on)
    messages.success(request, f"{invoice.number_label} is issued, {written(invoice.gross)}, due {due}.")
    return invoice


@requires(Can.ISSUE_INVOICES)
@require_POST
def invoice_issue(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Make a draft final."""
    _issue(request, get_object_or_404(Invoice, pk=pk))
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)


@requires(Can.PREPARE_INVOICES)
@require_POST
def invoice_duplicate(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """A draft with the same client and lines, dated today."""
    draft = duplicate_invoice(get_object_or_404(Invoice, pk=pk), on=request.practice.today())
    messages.success(request, "This is the duplicate, a draft dated today. Nothing is issued yet.")
    return see_other(request, "invoicing:invoice-edit", practice=practice, pk=draft.pk)


@requires(Can.PREPARE_INVOICES)
@require_POST
def invoice_merge(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One line for each VAT rate on a draft (G77)."""
    draft = merge_lines(get_object_or_404(Invoice, pk=pk))
    sum_of_it = f"{written(draft.gross)}{including_vat()}"
    messages.success(request, f"The lines are merged. The draft comes to {sum_of_it}.")
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)


@requires(Can.PREPARE_INVOICES)
@require_POST
def invoice_discard(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Delete a draft."""
    discard_draft(get_object_or_404(Invoice, pk=pk))
    messages.success(request, "The draft is discarded. It had no number, so none is missing.")
    return see_other(request, "invoicing:invoice-list", practice=practice)


@requires(Can.ISSUE_INVOICES)
@require_POST
def invoice_void(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Cancel an invoice nobody has paid and Sage does not have."""
    invoice = void_invoice(get_object_or_404(Invoice, pk=pk))
    words = f"{invoice.number_label} is void. Its number stays used, and nothing is owed on it."
    if invoice.periods.exists():
        words += " What it billed is not billed again automatically; that is done on the page of the service."
    messages.success(request, words)
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)


@requires(Can.PREPARE_INVOICES)
@require_POST
def invoice_comment(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Say something to colleagues about an invoice (G80)."""
    comment_on(get_object_or_404(Invoice, pk=pk), request.POST.get("text", ""))
    messages.success(request, "Your comment stands in the activity. Clients do not see it.")
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)


@requires(Can.POST_TO_LEDGER)
@require_POST
def invoice_post(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Send an invoice to Sage whose last posting was withdrawn."""
    posting = post_invoice(get_object_or_404(Invoice, pk=pk))
    is_held = posting.status == Posting.Status.HELD
    words = "The invoice is held until Sage is enabled." if is_held else "The invoice is on its way to Sage."
    messages.success(request, words)
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)
