"""The practice's pages about proposals."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from proposals.assembling import assembled_document
from proposals.documents import readable
from proposals.errors import NotADraft
from proposals.forms import (
    BLANK_ROWS,
    Library,
    LineFormSet,
    ProposalForm,
    ProposalLines,
    entered_line,
    entered_rows,
    rows_sent,
)
from proposals.links import public_url
from proposals.models import Proposal
from proposals.offers import agreed_document
from proposals.operations import (
    VALIDITY,
    amend_draft,
    copy_proposal,
    draft_proposal,
    lose_proposal,
    reasons_not_to_send,
    recall_proposal,
    resend_proposal,
    send_proposal,
    sign_proposal,
)
from proposals.operations.sending import people_to_sign
from proposals.queries import (
    activity_of,
    counts_by_status,
    current_terms,
    signing_of,
    worth_of_lines,
    worth_of_proposals,
)
from proposals.signing_forms import DeclineForm, SignForClientForm
from proposals.visitors import address_of

PAGE = 50


@requires(Can.SEE)
@require_safe
def proposal_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """The practice's proposals by state, found by number, name or client, with what they bring."""
    words, status = request.GET.get("q", ""), request.GET.get("status", "")
    found = Proposal.objects.matching(words)
    shown = found.filter(status=status) if status in Proposal.Status.values else found
    proposals = shown.select_related("client").prefetch_related("lines").defer("document", "message")
    page = Paginator(proposals, PAGE).get_page(request.GET.get("page"))
    signing = signing_of(page)
    context = {
        "page": page,
        "rows": [(row, worth_of_lines(row.lines.all()), *signing[row.pk]) for row in page],
        "worth": worth_of_proposals(shown),
        "words": words,
        "status": status,
        "tabs": _tabs(request, counts_by_status(found), status, words),
    }
    template = "proposals/proposal_list.html" + ("#rows" if request.htmx else "")
    return render(request, template, context)


def _tabs(request: PracticeRequest, counts: dict[str, int], active: str, words: str) -> list[dict[str, Any]]:
    address = reverse("proposals:proposal-list", args=[request.practice.slug])
    states = [("", "All", sum(counts.values()))]
    states += [(value, label, counts[value]) for value, label in Proposal.Status.choices]
    return [
        {
            "label": label,
            "count": count,
            "active": value == active,
            "url": f"{address}?{urlencode({k: v for k, v in (('status', value), ('q', words)) if v})}",
        }
        for value, label, count in states
    ]


@requires(Can.PREPARE_PROPOSALS)
@require_http_methods(["GET", "HEAD", "POST"])
def proposal_new(request: PracticeRequest, practice: str) -> HttpResponse:
    """Draft a proposal; `?client=` chooses the client."""
    today = request.practice.today()
    blank = Proposal(starts_on=today, valid_until=today + VALIDITY)
    return _edit(request, blank, client=request.GET.get("client", ""))


@requires(Can.PREPARE_PROPOSALS)
@require_http_methods(["GET", "HEAD", "POST"])
def proposal_edit(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Change a draft."""
    proposal = get_object_or_404(Proposal, pk=pk)
    if not proposal.is_editable:
        raise NotADraft(proposal)
    return _edit(request, proposal)


def _edit(request: PracticeRequest, proposal: Proposal, *, client: str = "") -> HttpResponse:
    is_new, library = proposal.pk is None, Library(proposal, request.practice.today())
    if request.method != "POST":
        rows = [] if is_new else [entered_line(line) for line in proposal.lines.all()]
        form = ProposalForm(instance=proposal, initial={"client": client} if client else None)
        return _editor(request, form, _rows(library, rows), proposal)
    if "add_rows" in request.POST or "priced" in request.POST:
        rows = entered_rows(request.POST, library, priced=request.POST.get("priced", ""))
        blank = rows_sent(request.POST) - len(rows) + (BLANK_ROWS if "add_rows" in request.POST else 0)
        entered = ProposalForm(instance=proposal, initial=request.POST.dict())
        return _editor(request, entered, _rows(library, rows, blank=max(blank, 1)), proposal)
    form = ProposalForm(request.POST, instance=proposal)
    lines = ProposalLines(request.POST, prefix="lines", form_kwargs={"library": library})
    if not all([form.is_valid(), lines.is_valid()]):
        return _editor(request, form, lines, proposal, status=422)
    save = draft_proposal if is_new else amend_draft
    saved = save(form.save(commit=False), lines.lines())
    messages.success(request, f"{saved.number_label} is saved as a draft.")
    return _see(request, saved)


def _rows(library: Library, rows: list[dict[str, Any]], *, blank: int = BLANK_ROWS) -> LineFormSet:
    lines = ProposalLines(prefix="lines", initial=rows, form_kwargs={"library": library})
    lines.extra = blank
    return lines


def _editor(
    request: PracticeRequest, form: ProposalForm, lines: LineFormSet, proposal: Proposal, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "lines": lines, "proposal": proposal}
    template = "proposals/proposal_edit.html" + ("#lines" if request.htmx else "")
    return render(request, template, context, status=status)


@requires(Can.SEE)
@require_safe
def proposal_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One proposal as the client sees it, who has signed, what happened and what can be done next."""
    return _detail(request, get_object_or_404(Proposal.objects.select_related("client", "terms"), pk=pk))


def _detail(
    request: PracticeRequest,
    proposal: Proposal,
    *,
    accept: SignForClientForm | None = None,
    lose: DeclineForm | None = None,
) -> HttpResponse:
    today = request.practice.today()
    is_draft = proposal.status == Proposal.Status.DRAFT
    lines = list(proposal.lines.select_related("tax_rate"))
    signatures = list(proposal.signatures.select_related("on_behalf"))
    signed = {signature.signatory_id for signature in signatures}
    asked = proposal.signatories.select_related("person")
    context = {
        "proposal": proposal,
        "offer": readable(
            assembled_document(proposal, people_to_sign(proposal), on=today)
            if proposal.is_editable
            else agreed_document(proposal)
        ),
        "worth": worth_of_lines(lines),
        "signatures": signatures,
        "missing": [signatory.person for signatory in asked if signatory.person_id not in signed],
        "link": public_url(proposal) if proposal.document else "",
        "reasons": reasons_not_to_send(proposal, on=today) if is_draft else [],
        "terms": current_terms() if is_draft else proposal.terms,
        "events": activity_of(proposal),
        "accept_form": accept or SignForClientForm(proposal=proposal, prefix="accept"),
        "lose_form": lose or DeclineForm(prefix="lose"),
    }
    invalid = accept is not None or lose is not None
    return render(request, "proposals/proposal_detail.html", context, status=422 if invalid else 200)


@requires(Can.SEND_PROPOSALS)
@require_POST
def proposal_send(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Send a draft to everybody who signs for the client."""
    proposal = send_proposal(get_object_or_404(Proposal, pk=pk), on=request.practice.today())
    messages.success(request, f"{proposal.number_label} is on its way by e-mail.")
    return _see(request, proposal)


@requires(Can.SEND_PROPOSALS)
@require_POST
def proposal_resend(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Send the link again to whoever has not signed."""
    proposal = get_object_or_404(Proposal, pk=pk)
    messages.success(request, f"The link is on its way again to {', '.join(resend_proposal(proposal))}.")
    return _see(request, proposal)


@requires(Can.SEND_PROPOSALS)
@require_POST
def proposal_recall(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take a sent proposal back to a draft."""
    proposal = recall_proposal(get_object_or_404(Proposal, pk=pk))
    messages.success(
        request, f"{proposal.number_label} is a draft again. The link that was sent no longer works."
    )
    return _see(request, proposal)


@requires(Can.SEND_PROPOSALS)
@require_POST
def proposal_accept(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Record that the client accepted in another way; never looks like the client's own signature."""
    proposal = get_object_or_404(Proposal, pk=pk)
    form = SignForClientForm(request.POST, proposal=proposal, prefix="accept")
    if not form.is_valid():
        return _detail(request, proposal, accept=form)
    entered = form.cleaned_data
    sign_proposal(
        proposal,
        entered["signatory"],
        signed_name=entered["signed_name"],
        document_sha256=entered["document_sha256"],
        on=request.practice.today(),
        ip=address_of(request),
        user_agent=request.headers.get("User-Agent", ""),
        on_behalf=request.user,
        reason=entered["reason"],
        choice=form.choice(),
        asks_early_start=entered.get("asks_early_start", False),
    )
    messages.success(request, f"The acceptance by {entered['signed_name']} is recorded.")
    return _see(request, proposal)


@requires(Can.SEND_PROPOSALS)
@require_POST
def proposal_lose(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Mark a sent proposal as lost, with the reason."""
    proposal = get_object_or_404(Proposal, pk=pk)
    form = DeclineForm(request.POST, prefix="lose")
    if not form.is_valid():
        return _detail(request, proposal, lose=form)
    lose_proposal(proposal, reason=form.cleaned_data["reason"])
    messages.success(request, f"{proposal.number_label} is marked as lost.")
    return _see(request, proposal)


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def proposal_duplicate(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Start a new draft from this proposal."""
    copy = copy_proposal(get_object_or_404(Proposal, pk=pk), on=request.practice.today())
    messages.success(request, f"{copy.number_label} is a copy. Check its dates before you send it.")
    return see_other(request, "proposals:proposal-edit", practice=practice, pk=copy.pk)


def _see(request: PracticeRequest, proposal: Proposal) -> HttpResponse:
    return see_other(request, "proposals:proposal-detail", practice=request.practice.slug, pk=proposal.pk)
