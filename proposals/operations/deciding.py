"""Proposals that come to nothing, and taking them up again."""

from datetime import date

from django.utils import timezone

from practices import audit
from practices.models import THE_CLIENT
from proposals import errors
from proposals.events import note_event
from proposals.models import Proposal
from proposals.operations.locks import locked, locked_awaiting
from proposals.operations.sending import back_to_draft

Status = Proposal.Status


def decline_proposal(proposal: Proposal, *, reason: str) -> Proposal:
    """The proposal declined by the client, with the reason; raises `NotAwaitingSignature` or `ReasonMissing`."""
    return _end(proposal, Status.DECLINED, reason, "proposal.declined", person=THE_CLIENT)


def lose_proposal(proposal: Proposal, *, reason: str) -> Proposal:
    """The proposal given up by the practice, with the reason; raises as `decline_proposal` does."""
    return _end(proposal, Status.LOST, reason, "proposal.lost")


def _end(proposal: Proposal, status: str, reason: str, action: str, **data: str) -> Proposal:
    proposal = locked_awaiting(proposal)
    if not reason.strip():
        raise errors.ReasonMissing(proposal)
    proposal.status, proposal.decline_reason = status, reason.strip()
    proposal.decided_at = timezone.now()
    proposal.save(update_fields=["status", "decline_reason", "decided_at"])
    audit.record(action, proposal, reason=proposal.decline_reason, **data)
    note_event(proposal, status, reason=proposal.decline_reason)
    return proposal


def reopen_proposal(proposal: Proposal) -> Proposal:
    """A declined, lost or expired proposal as a draft again; raises `CannotReopen` or `PartlySigned`."""
    proposal = locked(proposal)
    if proposal.status not in (Status.DECLINED, Status.LOST, Status.EXPIRED):
        raise errors.CannotReopen(proposal)
    if proposal.signatures.exists():
        raise errors.PartlySigned(proposal)
    proposal.decided_at, proposal.decline_reason = None, ""
    back_to_draft(proposal)
    audit.record("proposal.reopened", proposal)
    return proposal


def expire_proposals(on: date) -> int:
    """How many sent proposals ran out before this date and are expired now; safe to repeat."""
    run_out = list(Proposal.objects.run_out(on).select_for_update().order_by("id"))
    for proposal in run_out:
        proposal.status, proposal.decided_at = Status.EXPIRED, timezone.now()
        proposal.save(update_fields=["status", "decided_at"])
        audit.record("proposal.expired", proposal)
    return len(run_out)
