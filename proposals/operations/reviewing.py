"""Looking a draft through before it is sent: whoever drafts need not be who sends (G19)."""

from practices import audit
from proposals import errors
from proposals.models import Proposal
from proposals.operations.locks import locked


def request_review(proposal: Proposal) -> Proposal:
    """The draft waiting for somebody to look through; raises `NotADraft` or `NothingOffered`."""
    proposal = locked(proposal)
    if proposal.status != Proposal.Status.DRAFT:
        raise errors.NotADraft(proposal)
    if not proposal.lines.exists():
        raise errors.NothingOffered(proposal)
    proposal.status, proposal.review_note = Proposal.Status.IN_REVIEW, ""
    proposal.save(update_fields=["status", "review_note"])
    audit.record("proposal.review_requested", proposal)
    return proposal


def return_from_review(proposal: Proposal, *, note: str) -> Proposal:
    """The draft given back with what is to be changed; raises `NotInReview` or `ReasonMissing`."""
    proposal = locked(proposal)
    if proposal.status != Proposal.Status.IN_REVIEW:
        raise errors.NotInReview(proposal)
    if not note.strip():
        raise errors.ReasonMissing(proposal)
    proposal.status, proposal.review_note = Proposal.Status.DRAFT, note.strip()
    proposal.save(update_fields=["status", "review_note"])
    audit.record("proposal.returned", proposal, reason=proposal.review_note)
    return proposal


def approve_proposal(proposal: Proposal) -> Proposal:
    """The draft looked through and found good, ready to be sent; raises `NotInReview`."""
    proposal = locked(proposal)
    if proposal.status != Proposal.Status.IN_REVIEW:
        raise errors.NotInReview(proposal)
    proposal.status, proposal.review_note = Proposal.Status.DRAFT, ""
    proposal.save(update_fields=["status", "review_note"])
    audit.record("proposal.approved", proposal)
    return proposal
