"""The PDF of a proposal to hand out, whatever state the proposal is in."""

from datetime import datetime

from practices.pdf import pdf_of
from proposals.assembling import assembled_document
from proposals.models import Proposal
from proposals.operations.sending import people_to_sign
from proposals.printing import printed


def proposal_pdf_of(proposal: Proposal, *, now: datetime) -> bytes:
    """The PDF to hand out: the signed record as it was filed, else the document of the moment or as it was sent."""
    if record := proposal.records.first():
        return bytes(record.pdf)
    if proposal.is_editable:
        today = proposal.practice.today()
        document = assembled_document(proposal, people_to_sign(proposal), on=today)
        return pdf_of("proposal", printed(document, note="Draft, not sent yet"), at=now)
    return pdf_of("proposal", printed(proposal.document, note="Not signed yet"), at=proposal.sent_at or now)
