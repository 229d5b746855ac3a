"""The pages of the engagement letter: its parts, brochure blocks, one proposal's letter and its PDF."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from practices.letterhead import practice_values
from practices.limits import costly
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from proposals.assembling import assembled_document
from proposals.copies import proposal_pdf_of
from proposals.documents import readable
from proposals.letter_forms import BlockForm, LetterForm, PartForm
from proposals.letters import (
    OFFERED,
    blocks_of,
    latest_parts,
    letter_choices,
    missing_in_letter,
    not_told,
    offered_for,
)
from proposals.models import BrochureBlock, Proposal, Terms
from proposals.operations.sending import people_to_sign
from proposals.operations.terms import archive_block, choose_letter, save_block, write_terms
from services.models import Service

Part = Terms.Part


@requires(Can.SEE)
@require_safe
def part_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """The parts of the letter, terms of single services and brochure blocks, with what still has to be reviewed."""
    latest = latest_parts()
    services = Service.objects.filter(status=Service.Status.ACTIVE).order_by("name")
    context = {
        "parts": [
            (part, label, latest.get((part, None))) for part, label in Part.choices if part != Part.SERVICE
        ],
        "services": [(service, latest.get((Part.SERVICE, service.pk))) for service in services],
        "blocks": BrochureBlock.objects.filter(is_archived=False),
        "not_told": not_told(request.practice),
        "today": request.practice.today(),
    }
    return render(request, "proposals/part_list.html", context)


@requires(Can.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def part_edit(request: PracticeRequest, practice: str, part: str, service: int | None = None) -> HttpResponse:
    """One part of the letter; saving makes a new version, and what was sent keeps its own."""
    if part not in Part.values or (part == Part.SERVICE) != (service is not None):
        raise Http404
    of = get_object_or_404(Service, pk=service) if service else None
    current = latest_parts().get((part, service))
    initial = {"body": current.body, "review_by": current.review_by} if current else None
    if of and current is None:
        initial = {"body": of.terms}
    form = PartForm(request.POST or None, initial=initial, part=part)
    if request.method == "POST" and form.is_valid():
        entered = form.cleaned_data
        terms = write_terms(
            entered["body"], by=request.user, part=part, service=of, review_by=entered["review_by"]
        )
        messages.success(
            request, f"Version {terms.version} goes out with every proposal that is sent from now on."
        )
        if of:
            return see_other(request, "proposals:service-terms-edit", practice=practice, service=of.pk)
        return see_other(request, "proposals:part-edit", practice=practice, part=part)
    context = {
        "form": form,
        "terms": current,
        "title": f"Terms of {of.name}" if of else Part(part).label,
        "placeholders": _placeholders(request, offered_for(part)),
    }
    return render(request, "proposals/part_edit.html", context, status=422 if form.errors else 200)


def _placeholders(request: PracticeRequest, offered: dict[str, str]) -> list[tuple[str, str, str]]:
    """Each placeholder with what it stands for, and its value where that is the same for every letter."""
    values = practice_values(request.practice)
    return [(name, words, values.get(name, "differs by letter")) for name, words in offered.items()]


@requires(Can.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def block_new(request: PracticeRequest, practice: str) -> HttpResponse:
    """A new brochure block."""
    return _block(request, BrochureBlock())


@requires(Can.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def block_edit(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Change a brochure block; proposals that were sent keep its old words."""
    return _block(request, get_object_or_404(BrochureBlock, pk=pk))


def _block(request: PracticeRequest, block: BrochureBlock) -> HttpResponse:
    form = BlockForm(request.POST or None, instance=block)
    if request.method == "POST" and form.is_valid():
        save_block(form.save(commit=False))
        messages.success(request, "Saved.")
        return see_other(request, "proposals:part-list", practice=request.practice.slug)
    context = {"form": form, "block": block, "placeholders": _placeholders(request, OFFERED)}
    return render(request, "proposals/block_edit.html", context, status=422 if form.errors else 200)


@requires(Can.MANAGE_SETTINGS)
@require_POST
def block_archive(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Offer a brochure block no more."""
    block = archive_block(get_object_or_404(BrochureBlock, pk=pk))
    messages.success(request, f"“{block.title}” is no longer offered. Proposals that have it keep it.")
    return see_other(request, "proposals:part-list", practice=practice)


@requires(Can.PREPARE_PROPOSALS)
@require_http_methods(["GET", "HEAD", "POST"])
def proposal_letter(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """A proposal's letter as it would go out: what is missing, what goes into it, how it reads."""
    proposal = get_object_or_404(Proposal.objects.select_related("client"), pk=pk)
    today, chosen = request.practice.today(), blocks_of(proposal)
    form = LetterForm(request.POST or None, letter=letter_choices(proposal), chosen=chosen)
    if request.method == "POST" and form.is_valid():
        choose_letter(
            proposal,
            has_right_to_cancel=form.cleaned_data["has_right_to_cancel"],
            blocks=list(form.cleaned_data.get("blocks", [])),
        )
        messages.success(request, "Saved.")
        return see_other(request, "proposals:proposal-letter", practice=practice, pk=pk)
    people = people_to_sign(proposal)
    document = assembled_document(proposal, people, on=today) if proposal.is_editable else proposal.document
    context = {
        "proposal": proposal,
        "form": form,
        "offer": readable(document),
        "missing": missing_in_letter(proposal, list(proposal.lines.all()), people, on=today)
        if proposal.is_editable
        else [],
    }
    return render(request, "proposals/proposal_letter.html", context, status=422 if form.errors else 200)


@requires(Can.SEE)
@require_safe
@costly
def proposal_pdf(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """The proposal as a PDF: the signed record once it is accepted, else as it reads now."""
    proposal = get_object_or_404(Proposal.objects.select_related("client"), pk=pk)
    return pdf_answer(proposal, proposal_pdf_of(proposal, now=timezone.now()))


def pdf_answer(proposal: Proposal, content: bytes) -> HttpResponse:
    """A PDF to keep, named after its proposal."""
    name = f"{proposal.number_label}.pdf"
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
