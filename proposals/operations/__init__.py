"""Everything that changes a proposal. Each runs inside the caller's transaction; today comes in from outside."""

from proposals.operations.deciding import decline_proposal, expire_proposals, lose_proposal, reopen_proposal
from proposals.operations.drafting import (
    VALIDITY,
    amend_draft,
    copy_proposal,
    discard_draft,
    draft_proposal,
)
from proposals.operations.proposing import Plan, Proposed, propose
from proposals.operations.reminding import remind_proposals
from proposals.operations.reviewing import approve_proposal, request_review, return_from_review
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
    "Plan",
    "Proposed",
    "amend_draft",
    "approve_proposal",
    "copy_proposal",
    "decline_proposal",
    "discard_draft",
    "draft_proposal",
    "expire_proposals",
    "extend_proposal",
    "lose_proposal",
    "propose",
    "publish_proposal",
    "reasons_not_to_send",
    "recall_proposal",
    "remind_proposals",
    "reopen_proposal",
    "request_review",
    "resend_proposal",
    "return_from_review",
    "send_proposal",
    "sign_proposal",
    "write_terms",
]
