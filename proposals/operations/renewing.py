"""One proposal taking over from another."""

from datetime import date

from practices import audit
from proposals.models import Proposal, ProposalLine
from proposals.operations.locks import locked


def supersede_renewed(proposal: Proposal, *, on: date) -> None:
    """Mark the proposals as superseded all of whose work this accepted one takes over.

    What becomes of their billing is for the receivers of `proposal_accepted` to say.
    """
    agreed = ProposalLine.objects.agreed().filter(proposal=proposal, replaces__isnull=False)
    earlier = set(agreed.values_list("replaces__proposal", flat=True))
    if proposal.renews_id:
        earlier.add(proposal.renews_id)
    for found in Proposal.objects.filter(pk__in=earlier).order_by("id"):
        renewed = locked(found)
        if renewed.status == Proposal.Status.ACCEPTED:
            renewed.status = Proposal.Status.SUPERSEDED
            renewed.save(update_fields=["status"])
            audit.record("proposal.superseded", renewed, by=proposal.number_label, on=on.isoformat())
