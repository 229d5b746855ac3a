"""Who signs when: the first signatory, then everybody else in any order."""

from proposals.models import Proposal, ProposalSignatory


def whose_turn(proposal: Proposal) -> list[ProposalSignatory]:
    """Those who are asked to sign now; nobody once everybody has signed."""
    asked = list(proposal.signatories.select_related("person"))
    signed = set(proposal.signatures.values_list("signatory", flat=True))
    if asked and asked[0].person_id not in signed:
        return asked[:1]
    return [signatory for signatory in asked if signatory.person_id not in signed]


def is_first(proposal: Proposal, person_id: int) -> bool:
    """Whether this person signs first, and so chooses the package and the add-ons."""
    first = proposal.signatories.first()
    return first is not None and first.person_id == person_id
