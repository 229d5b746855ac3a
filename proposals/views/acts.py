"""What can be done with a proposal: one address for each act, each answered by the page of the proposal."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from practices.limits import costly
from practices.permissions import Can
from practices.requests import PracticeRequest, address_of, requires, see_other
from proposals.models import Proposal
from proposals.operations import (
    approve_proposal,
    copy_proposal,
    discard_draft,
    extend_proposal,
    lose_proposal,
    publish_proposal,
    recall_proposal,
    reopen_proposal,
    request_review,
    resend_proposal,
    return_from_review,
    send_proposal,
    sign_proposal,
)
from proposals.signing_forms import DeclineForm, SignForClientForm
from proposals.views.pages import ExtendForm, ReturnForm, detail_page


@requires(Can.SEND_PROPOSALS)
@require_POST
@costly
def proposal_send(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Send a draft to everybody who signs for the client."""
    proposal = send_proposal(get_object_or_404(Proposal, pk=pk), on=request.practice.today())
    messages.success(request, f"{proposal.number_label} is on its way by e-mail.")
    return see_proposal(request, proposal)


@requires(Can.SEND_PROPOSALS)
@require_POST
@costly
def proposal_resend(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Send the link again to whoever has not signed."""
    proposal = get_object_or_404(Proposal, pk=pk)
    messages.success(request, f"The link is on its way again to {', '.join(resend_proposal(proposal))}.")
    return see_proposal(request, proposal)


@requires(Can.SEND_PROPOSALS)
@require_POST
def proposal_recall(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take a sent proposal back to a draft."""
    proposal = recall_proposal(get_object_or_404(Proposal, pk=pk))
    messages.success(
        request, f"{proposal.number_label} is a draft again. The link that was sent no longer works."
    )
    return see_proposal(request, proposal)


@requires(Can.SEND_PROPOSALS)
@require_POST
def proposal_accept(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Record that the client accepted in another way; never looks like the client's own signature."""
    proposal = get_object_or_404(Proposal, pk=pk)
    form = SignForClientForm(request.POST, proposal=proposal, prefix="accept")
    if not form.is_valid():
        return detail_page(request, proposal, accept=form)
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
    return see_proposal(request, proposal)


@requires(Can.SEND_PROPOSALS)
@require_POST
def proposal_lose(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Mark a sent proposal as lost, with the reason."""
    proposal = get_object_or_404(Proposal, pk=pk)
    form = DeclineForm(request.POST, prefix="lose")
    if not form.is_valid():
        return detail_page(request, proposal, lose=form)
    lose_proposal(proposal, reason=form.cleaned_data["reason"])
    messages.success(request, f"{proposal.number_label} is marked as lost.")
    return see_proposal(request, proposal)


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def proposal_duplicate(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Start a new draft from this proposal."""
    copy = copy_proposal(get_object_or_404(Proposal, pk=pk), on=request.practice.today())
    messages.success(request, f"{copy.number_label} is a copy. Check its dates before you send it.")
    return see_other(request, "proposals:proposal-edit", practice=practice, pk=copy.pk)


@requires(Can.SEND_PROPOSALS)
@require_POST
def proposal_publish(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Open a draft for signing without an e-mail; its link is shown to be passed on."""
    proposal = publish_proposal(get_object_or_404(Proposal, pk=pk), on=request.practice.today())
    messages.success(request, f"{proposal.number_label} is live. Pass its link on; no e-mail was sent.")
    return see_proposal(request, proposal)


@requires(Can.SEND_PROPOSALS)
@require_POST
def proposal_extend(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Let a sent or expired proposal be signed for longer."""
    proposal = get_object_or_404(Proposal, pk=pk)
    form = ExtendForm(request.POST, prefix="extend")
    if not form.is_valid():
        return detail_page(request, proposal, extend=form)
    extend_proposal(proposal, valid_until=form.cleaned_data["valid_until"], on=request.practice.today())
    messages.success(request, "It can be signed for longer. The link stays the same.")
    return see_proposal(request, proposal)


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def proposal_request_review(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Ask for a draft to be looked through."""
    proposal = request_review(get_object_or_404(Proposal, pk=pk))
    messages.success(request, f"{proposal.number_label} waits for somebody who may send it.")
    return see_proposal(request, proposal)


@requires(Can.SEND_PROPOSALS)
@require_POST
def proposal_approve(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Approve a draft that waits for a review."""
    proposal = approve_proposal(get_object_or_404(Proposal, pk=pk))
    messages.success(request, f"{proposal.number_label} is approved and ready to be sent.")
    return see_proposal(request, proposal)


@requires(Can.SEND_PROPOSALS)
@require_POST
def proposal_return(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Give a draft back with a comment."""
    proposal = get_object_or_404(Proposal, pk=pk)
    form = ReturnForm(request.POST, prefix="return")
    if not form.is_valid():
        return detail_page(request, proposal, give_back=form)
    return_from_review(proposal, note=form.cleaned_data["note"])
    messages.success(request, "Given back. The comment stands in the editor.")
    return see_proposal(request, proposal)


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def proposal_reopen(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take a declined, lost or expired proposal up again as a draft."""
    proposal = reopen_proposal(get_object_or_404(Proposal, pk=pk))
    messages.success(
        request, f"{proposal.number_label} is a draft again. Check its dates before you send it."
    )
    return see_proposal(request, proposal)


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def proposal_discard(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Delete a draft that was never sent."""
    proposal = get_object_or_404(Proposal, pk=pk)
    discard_draft(proposal)
    messages.success(request, f"{proposal.number_label} is deleted. Its number is not used again.")
    return see_other(request, "proposals:proposal-list", practice=practice)


def see_proposal(request: PracticeRequest, proposal: Proposal) -> HttpResponse:
    """303 to the proposal's page."""
    return see_other(request, "proposals:proposal-detail", practice=request.practice.slug, pk=proposal.pk)
