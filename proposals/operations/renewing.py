"""One proposal taking over from another."""

from datetime import date

from practices import audit
from proposals.models import Proposal
from proposals.operations.locks import locked


def supersede_renewed(proposal: Proposal, *, on: date) -> None:
    """Mark the proposal that this accepted one takes over from as superseded; nothing where there is none.

    What becomes of its billing is for the receivers of `proposal_accepted` to say.
    """
    if proposal.renews is None:
        return
    renewed = locked(proposal.renews)
    if renewed.status == Proposal.Status.ACCEPTED:
        renewed.status = Proposal.Status.SUPERSEDED
        renewed.save(update_fields=["status"])
        audit.record("proposal.superseded", renewed, by=proposal.number_label, on=on.isoformat())
