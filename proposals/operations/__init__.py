"""Everything that changes a proposal. Each runs inside the caller's transaction; today comes in from outside."""

from proposals.operations.deciding import decline_proposal, expire_proposals, lose_proposal, reopen_proposal
from proposals.operations.drafting import VALIDITY, amend_draft, copy_proposal, draft_proposal
from proposals.operations.sending import (
    extend_proposal,
    publish_proposal,
    reasons_not_to_send,
    recall_proposal,
    resend_proposal,
    send_proposal,
)
from proposals.operations.signing import sign_proposal
from proposals.operations.terms import write_terms

__all__ = [
    "VALIDITY",
    "amend_draft",
    "copy_proposal",
    "decline_proposal",
    "draft_proposal",
    "expire_proposals",
    "extend_proposal",
    "lose_proposal",
    "publish_proposal",
    "reasons_not_to_send",
    "recall_proposal",
    "reopen_proposal",
    "resend_proposal",
    "send_proposal",
    "sign_proposal",
    "write_terms",
]
