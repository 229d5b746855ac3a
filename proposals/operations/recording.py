"""Filing the record of an accepted proposal, once and for good."""

import hashlib
from datetime import datetime

from proposals.models import Proposal, SignedRecord
from proposals.printing import signed_pdf_of


def file_record(proposal: Proposal, *, at: datetime) -> SignedRecord:
    """The signed PDF that both sides keep; asking again returns the one that was filed."""
    if filed := SignedRecord.objects.filter(proposal=proposal).first():
        found: SignedRecord = filed
        return found
    signatures = list(proposal.signatures.select_related("on_behalf"))
    pdf = signed_pdf_of(proposal, signatures, list(proposal.chain.all()), at=at)
    record: SignedRecord = SignedRecord.objects.create(
        proposal=proposal, pdf=pdf, sha256=hashlib.sha256(pdf).hexdigest(), made_at=at
    )
    return record
