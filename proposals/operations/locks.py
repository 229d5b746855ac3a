"""Taking hold of a proposal: what changes it waits for its turn, and sees it as it is then."""

from proposals import errors
from proposals.models import Proposal


def locked(proposal: Proposal) -> Proposal:
    """The proposal as it is now with its client and practice, for this transaction alone."""
    rows = Proposal.objects.select_related("client", "practice").select_for_update(of=("self",))
    current: Proposal = rows.get(pk=proposal.pk)
    return current


def locked_editable(proposal: Proposal) -> Proposal:
    """The same for a proposal that was not sent yet; raises `NotADraft`."""
    proposal = locked(proposal)
    if not proposal.is_editable:
        raise errors.NotADraft(proposal)
    return proposal


def locked_awaiting(proposal: Proposal) -> Proposal:
    """The same for a proposal that waits for a signature; raises `NotAwaitingSignature`."""
    proposal = locked(proposal)
    if proposal.status != Proposal.Status.SENT:
        raise errors.NotAwaitingSignature(proposal)
    return proposal
