"""The editor's five steps. Each saves by itself with htmx, or with its button without a script."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_safe

from clients.models import Client
from practices.errors import DomainError
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_key
from proposals import bills
from proposals.assembling import assembled_document
from proposals.checklist import Check, Contents, Step, checks_of, state_of
from proposals.choices import settled_choice, usual_choice
from proposals.client_forms import NewClientForm
from proposals.editor_forms import MessageForm, ParticularsForm, PresentationForm
from proposals.errors import ChangedElsewhere, NotADraft
from proposals.models import Proposal, ProposalTemplate
from proposals.offers import offer_for
from proposals.operations import VALIDITY, draft_proposal
from proposals.operations.editing import amend_particulars, choose_signatories, set_options
from proposals.operations.sending import offered_in
from proposals.operations.templates import apply_template
from services.models import Service

LABELS = {
    Step.CLIENT: ("Client and dates", "proposals:proposal-edit"),
    Step.SERVICES: ("Services and billing", "proposals:proposal-services"),
    Step.PRESENTATION: ("Presentation", "proposals:proposal-presentation"),
    Step.TERMS: ("Terms", "proposals:proposal-terms"),
    Step.SEND: ("Check and send", "proposals:proposal-check"),
}
FOUND_AT_MOST = 8


def editable(pk: int) -> Proposal:
    """The draft of the address; 404 without one, raises `NotADraft` once it was sent."""
    proposal: Proposal = get_object_or_404(Proposal.objects.select_related("client", "practice"), pk=pk)
    if not proposal.is_editable:
        raise NotADraft(proposal)
    return proposal


def version_of(request: PracticeRequest) -> int:
    """The version the person has seen: what the page keeps up to date, else what its form was made with."""
    known = request.POST.get("at_version") or request.POST.get("version") or ""
    return int(known) if known.isdecimal() and len(known) < 10 else 0


def contents(request: PracticeRequest, proposal: Proposal) -> Contents:
    """The draft with everything in it, and its bills if it is accepted today."""
    today, offered = request.practice.today(), offered_in(proposal)
    option = offered.options[0].pk if offered.options else None
    calendar = bills.calendar_of(
        bills.offered_lines(offered.lines, option),
        starts_on=proposal.starts_on,
        accepted_on=today,
        invoice_day=proposal.client.invoice_day or request.practice.invoice_day,
    )
    return Contents(proposal=proposal, offered=offered, calendar=calendar, today=today)


def state_context(request: PracticeRequest, read: Contents, step: Step) -> dict[str, Any]:
    """What is shown around every step: its marks, the version, the bills to come."""
    checks, vat = checks_of(read), read.offered.vat
    slug, pk = request.practice.slug, read.proposal.pk
    return {
        "proposal": read.proposal,
        "contents": read,
        "step": step,
        "checks": [_linked(check, slug, pk) for check in checks],
        "steps": [
            {
                "label": label,
                "url": reverse(name, args=[slug, pk]),
                "state": "current" if each == step else state_of(each, checks),
            }
            for each, (label, name) in LABELS.items()
        ],
        "calendar": read.calendar,
        "months": [
            (f"{month:%b}", [amounts.net, amounts.vat] if vat.charges_vat else [amounts.net])
            for month, amounts in read.calendar.by_month()
        ],
        "series": ["Net", vat.label] if vat.charges_vat else ["Amount"],
        "vat": vat,
        "refusal": next((check.text for check in checks if check.state == "error"), ""),
        "saved_at": timezone.now(),
        "next_url": _next_url(slug, pk, step),
    }


def _linked(check: Check, slug: str, pk: int) -> dict[str, Any]:
    url = reverse(LABELS[check.step][1], args=[slug, pk])
    return {
        "label": check.label,
        "state": check.state,
        "text": check.text,
        "url": f"{url}#{check.anchor}" if check.state != "done" else "",
        "action": "Fix",
    }


def _next_url(slug: str, pk: int, step: Step) -> str:
    order = list(Step)
    following = order[min(order.index(step) + 1, len(order) - 1)]
    return reverse(LABELS[following][1], args=[slug, pk])


def saved(request: PracticeRequest, proposal: Proposal, step: Step) -> HttpResponse:
    """What answers a save: with htmx the parts around the step, else the next step."""
    if not request.htmx:
        return see_other(request, _next_url(request.practice.slug, proposal.pk, step))
    context = state_context(request, contents(request, proposal), step) | {"is_answer": True}
    return render(request, "proposals/_editor_answer.html", context)


def refused(request: PracticeRequest, problem: DomainError) -> HttpResponse:
    """409 with words where the state is shown; without htmx the message goes to the reloaded page."""
    if not request.htmx:
        raise problem
    context = {"problem": problem.message, "is_stale": isinstance(problem, ChangedElsewhere)}
    return beside(render(request, "proposals/_editor_refused.html", context, status=409))


def beside(answer: HttpResponse) -> HttpResponse:
    """The answer shown where the page says what is saved, whatever it was asked for; nothing else changes."""
    answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#save-state", "outerHTML"
    return answer


def not_saved(
    request: PracticeRequest, form: forms.BaseForm, template: str, context: dict[str, Any]
) -> HttpResponse:
    """422 with what is wrong: beside the state with htmx, else the whole page."""
    if request.htmx:
        return beside(render(request, "proposals/_editor_invalid.html", {"form": form}, status=422))
    return render(request, template, context, status=422)


@requires(Can.PREPARE_PROPOSALS)
@require_http_methods(["GET", "HEAD", "POST"])
def proposal_new(request: PracticeRequest, practice: str) -> HttpResponse:
    """Draft a proposal; `?client=` chooses the client."""
    today = request.practice.today()
    blank = Proposal(starts_on=today, valid_until=today + VALIDITY)
    if request.method == "POST":
        form = ParticularsForm(request.POST, instance=blank)
        if form.is_valid():
            proposal = draft_proposal(form.save(commit=False))
            template = _template_of(request)
            if template:
                _apply(request, proposal, template)
            return see_other(request, "proposals:proposal-services", practice=practice, pk=proposal.pk)
    else:
        form = ParticularsForm(instance=blank, initial=request.GET.dict())
    picked = picker(request, form)
    context = {
        "form": form,
        "templates": ProposalTemplate.objects.all(),
        "nobody_yet": not any(picked[name] for name in ("chosen", "words", "found")),
        **picked,
    }
    return render(request, "proposals/proposal_new.html", context, status=422 if form.is_bound else 200)


def _template_of(request: PracticeRequest) -> ProposalTemplate | None:
    key = row_key(request.POST.get("template", ""))
    found: ProposalTemplate | None = ProposalTemplate.objects.filter(pk=key).first() if key else None
    return found


def _apply(request: PracticeRequest, proposal: Proposal, template: ProposalTemplate) -> None:
    left_out = apply_template(proposal, template, on=request.practice.today())
    if left_out:
        words = f"Not in the library any more, and left out: {', '.join(left_out)}."
        messages.warning(request, words)


def picker(request: PracticeRequest, form: ParticularsForm) -> dict[str, Any]:
    """The client chosen so far, and those that the words found."""
    value = form["client"].value()
    key = row_key(str(getattr(value, "pk", value) or ""))
    chosen = Client.objects.filter(pk=key).first() if key else None
    words = request.GET.get("client_words", "").strip()
    found = _found(words).exclude(pk=chosen.pk if chosen else None)
    asked = words or chosen is None
    return {
        "chosen": chosen,
        "words": words,
        "found": found[:FOUND_AT_MOST] if asked else [],
        "new_client": NewClientForm(),
    }


def _found(words: str) -> Any:
    return Client.objects.current().matching(words)


@requires(Can.PREPARE_PROPOSALS)
@require_safe
def client_pick(request: PracticeRequest, practice: str) -> HttpResponse:
    """The clients that the words typed so far find."""
    words = request.GET.get("client_words", "").strip()
    context = {"found": _found(words)[:FOUND_AT_MOST], "words": words}
    return render(request, "proposals/_client_choices.html", context)


@requires(Can.PREPARE_PROPOSALS)
@require_http_methods(["GET", "HEAD", "POST"])
def proposal_edit(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Step 1: client, signatories and dates."""
    proposal = editable(pk)
    if request.method != "POST":
        form = ParticularsForm(instance=proposal)
        return _client_page(request, proposal, form)
    form = ParticularsForm(request.POST, instance=editable(pk))
    if not form.is_valid():
        context = state_context(request, contents(request, proposal), Step.CLIENT)
        context |= {"form": form, **picker(request, form)}
        return not_saved(request, form, "proposals/proposal_edit.html", context)
    names = ["client", "title", "starts_on", "valid_until", "minimum_months"]
    same_client = form.cleaned_data["client"] == proposal.client
    try:
        proposal = amend_particulars(
            proposal, version_of(request), **{name: form.cleaned_data[name] for name in names}
        )
        if same_client:
            proposal = choose_signatories(proposal, proposal.version, form.signatories)
    except DomainError as problem:
        return refused(request, problem)
    if not same_client and not request.htmx:
        return see_other(request, "proposals:proposal-edit", practice=practice, pk=pk)
    if not same_client:
        return _reload(request)
    return saved(request, proposal, Step.CLIENT)


def _reload(request: PracticeRequest) -> HttpResponse:
    """Tell htmx to load the page again: another client has other people."""
    response = HttpResponse(status=204)
    response.headers["HX-Refresh"] = "true"
    return response


def _client_page(request: PracticeRequest, proposal: Proposal, form: ParticularsForm) -> HttpResponse:
    context = state_context(request, contents(request, proposal), Step.CLIENT)
    return render(request, "proposals/proposal_edit.html", context | {"form": form, **picker(request, form)})


@requires(Can.PREPARE_PROPOSALS)
@require_http_methods(["GET", "HEAD", "POST"])
def proposal_presentation(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Step 3: what the client sees of prices, and the packages to choose from."""
    proposal = editable(pk)
    form = PresentationForm(request.POST or None, instance=editable(pk))
    if request.method == "POST" and form.is_valid():
        names = ["shows_prices", "shows_completion_dates", "shows_minimum_value"]
        try:
            proposal = amend_particulars(
                proposal, version_of(request), **{name: form.cleaned_data[name] for name in names}
            )
            proposal = set_options(proposal, proposal.version, form.options)
        except DomainError as problem:
            return refused(request, problem)
        return saved(request, proposal, Step.PRESENTATION)
    context = state_context(request, contents(request, proposal), Step.PRESENTATION) | {"form": form}
    if form.is_bound:
        return not_saved(request, form, "proposals/proposal_presentation.html", context)
    return render(request, "proposals/proposal_presentation.html", context)


@requires(Can.PREPARE_PROPOSALS)
@require_safe
def proposal_terms(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Step 4: the terms that go along, with those of the services chosen."""
    read = contents(request, editable(pk))
    chosen = Service.objects.filter(pk__in=[line.service_id for line in read.lines])
    context = state_context(request, read, Step.TERMS)
    context |= {"with_terms": chosen.filter(~Q(terms="")), "without_terms": chosen.filter(terms="")}
    return render(request, "proposals/proposal_terms.html", context)


@requires(Can.PREPARE_PROPOSALS)
@require_http_methods(["GET", "HEAD", "POST"])
def proposal_check(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Step 5: everything looked at once more, the message, and what can be done now."""
    proposal = editable(pk)
    form = MessageForm(request.POST or None, instance=editable(pk))
    if request.method == "POST" and form.is_valid():
        try:
            proposal = amend_particulars(proposal, version_of(request), **form.cleaned_data)
        except DomainError as problem:
            return refused(request, problem)
        return saved(request, proposal, Step.SEND)
    context = state_context(request, contents(request, proposal), Step.SEND) | {"form": form}
    if form.is_bound:
        return not_saved(request, form, "proposals/proposal_check.html", context)
    return render(request, "proposals/proposal_check.html", context)


@requires(Can.PREPARE_PROPOSALS)
@require_safe
def proposal_state(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Nothing while the page has the newest version; else an announcement of the newer one."""
    proposal = get_object_or_404(Proposal, pk=pk)
    if str(proposal.version) == request.GET.get("at_version") and proposal.is_editable:
        return HttpResponse(status=204)
    return render(request, "proposals/_editor_newer.html", {"proposal": proposal})


@requires(Can.SEE)
@require_safe
@xframe_options_sameorigin
def proposal_preview(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """The proposal as the client will see it; nothing on it can be signed."""
    proposal = get_object_or_404(Proposal.objects.select_related("client"), pk=pk)
    document = proposal.document
    if proposal.is_editable:
        read = contents(request, proposal)
        document = assembled_document(proposal, read.people, on=read.today)
    choice = settled_choice(proposal) if proposal.signatures.exists() else usual_choice(document)
    context = {
        "proposal": proposal,
        "offer": offer_for(document, choice),
        "is_framed": "framed" in request.GET,
    }
    return render(request, "proposals/proposal_preview.html", context)
