"""What is sent to Sage, seen before; and one posting with all that is known of it."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from clients.models import Client
from invoicing.models import CreditNote, Invoice
from invoicing.queries import INVOICE_KINDS, invoice_to_post, latest_postings, subject_of
from ledger.actions import Subject
from ledger.models import Posting
from ledger.outbox import ledger_settings
from ledger.queries import place_in_queue
from ledger.state_notes import replaced_by
from ledger.states import posting_state
from practices import audit
from practices.permissions import Can, may
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.explanations import CLIENT, CONTACT, CREDIT_COPY, DIFFERENCES, EXPLANATIONS, INVOICE
from sage_integration.foreseen import contact_foreseen
from sage_integration.mappings import load_rules
from sage_integration.models import SageExchange, SageLink
from sage_integration.operations import latest_copy
from sage_integration.preview import AsSageShows

#: Steps of a posting's way shown on its page, and requests with what was answered.
STEPS_SHOWN, EXCHANGES_SHOWN = 30, 20


@opens_own_scope
@requires(Can.SEE)
@require_safe
def invoice_preview(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """An invoice as Sage will show it, whole page or fragment; nothing is sent (F21)."""
    with practice_transaction():
        get_object_or_404(Invoice, pk=pk)
        invoice, connection = invoice_to_post(pk), current_connection()
        posting = latest_postings([pk]).get(pk)
        rules = load_rules(connection) if connection and connection.business_id else None
    document, told = None, ""
    if request.htmx and posting and posting.status == Posting.Status.FAILED:
        told = posting.failure  # The page that this goes into says it already.
    if connection and rules:
        contact = contact_foreseen(invoice.client, connection, currency=rules.currency)
        reference = posting.reference if posting else ""
        document = AsSageShows(invoice, list(invoice.lines.all()), rules, reference, contact=contact)
    with practice_transaction():
        template = "sage_integration/invoice_preview.html" + ("#document" if request.htmx else "")
        context = {"invoice": invoice, "document": document, "told": told, "sage": connection}
        return render(request, template, context)


@requires(Can.SEE)
@require_safe
def posting_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One posting: where it stands, why, what to press, what happened to it."""
    posting = get_object_or_404(Posting, pk=pk)
    invoice, note = _invoice_of(posting), _credit_note_of(posting)
    arrived = latest_copy(invoice) if invoice else None
    state = posting_state(
        posting,
        _subject(posting, invoice, arrived),
        ledger_settings(),
        place=place_in_queue(posting),
        change=Posting.objects.filter(target=posting).open().first(),
    )
    if arrived and posting.kind == arrived.kind and arrived.copy > posting.copy:
        state = replaced_by(state, arrived)
    state = replace(state, others=tuple(each for each in state.others if each.page != "sage:posting-detail"))
    context = {
        "posting": posting,
        "invoice": invoice,
        "credit_note": note,
        "client": None if invoice or note else _client_of(posting),
        "state": state.visible_to(request.role),
        "explanation": EXPLANATIONS.get(posting.failure),
        "link": SageLink.objects.filter(posting=posting).first(),
        "exchanges": SageExchange.objects.filter(posting=posting).order_by("-id")[:EXCHANGES_SHOWN],
        "has_preview": invoice is not None and posting.status != Posting.Status.POSTED,
        "events": [
            {"text": entry.in_words, "at": entry.at, "who": entry.who}
            for entry in audit.trail_of(posting)[:STEPS_SHOWN]
        ],
        "here": reverse("sage:posting-detail", args=[request.practice.slug, posting.pk]),
    }
    return render(request, "sage_integration/posting_detail.html", context)


def _subject(posting: Posting, invoice: Invoice | None, arrived: Posting | None) -> Subject:
    """What the state of a posting depends on besides itself: its invoice, where it is the newest copy of that.

    A copy that counts in Sage is the newest until another one has ``arrived``.
    """
    if invoice is None:
        return Subject()
    newest = arrived if posting.counts_in_ledger else latest_postings([invoice.pk]).get(invoice.pk)
    if posting != newest:
        return Subject()
    is_credited = CreditNote.objects.filter(invoice=invoice).exists()
    return replace(subject_of(invoice), is_credited=is_credited)


@requires(Can.POST_TO_LEDGER)
@require_safe
def posting_fix(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """To the page where the cause of a refusal is mended."""
    posting = get_object_or_404(Posting, pk=pk)
    explanation = EXPLANATIONS.get(posting.failure)
    page = explanation.page if explanation else ""
    invoice = _invoice_of(posting)
    client = _client_of(posting)
    client_id = invoice.client_id if invoice else client.pk if client else 0
    if page in (CONTACT, CLIENT):
        return see_other(request, page, practice=practice, pk=client_id)
    if page in (INVOICE, DIFFERENCES) and invoice:
        return see_other(request, page, practice=practice, pk=invoice.pk)
    if page == CREDIT_COPY:
        return see_other(request, page, practice=practice, pk=posting.subject_id)
    if page and page not in (INVOICE, DIFFERENCES) and may(request.role, Can.MANAGE_CONNECTION):
        return see_other(request, page, practice=practice)
    if page and page not in (INVOICE, DIFFERENCES):
        messages.warning(request, f"Only an owner of {request.practice} can change this. Ask one of them.")
    return see_other(request, "sage:posting-detail", practice=practice, pk=pk)


def _invoice_of(posting: Posting) -> Invoice | None:
    if posting.kind not in INVOICE_KINDS:
        return None
    found: Invoice | None = Invoice.objects.select_related("client").filter(pk=posting.subject_id).first()
    return found


def _client_of(posting: Posting) -> Client | None:
    """Whom a posting without an invoice is about: the contact's client, or the credited one."""
    if posting.kind == Posting.Kind.CONTACT_UPSERT:
        found: Client | None = Client.objects.filter(pk=posting.subject_id).first()
        return found
    note = _credit_note_of(posting)
    return note.client if note else None


def _credit_note_of(posting: Posting) -> CreditNote | None:
    if not posting.kind.startswith("credit_note."):
        return None
    note: CreditNote | None = (
        CreditNote.objects.select_related("client").filter(pk=posting.subject_id).first()
    )
    return note
