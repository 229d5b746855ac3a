"""What happens here when another app says that something happened there."""

from datetime import date
from typing import Any

from invoicing.operations import realign, start_billing
from practices.signals import practice_amended
from proposals.models import Proposal
from proposals.signals import proposal_accepted


def connect() -> None:
    """Listen to the apps below."""
    proposal_accepted.connect(bill_accepted_proposal, dispatch_uid="bill accepted proposal")
    practice_amended.connect(date_coming_bills_anew, dispatch_uid="date coming bills anew")


def bill_accepted_proposal(sender: Any, *, proposal: Proposal, on: date, **_: Any) -> None:
    """Start billing in the transaction of the last signature."""
    start_billing(proposal, on=on)


def date_coming_bills_anew(sender: Any, *, changes: dict[str, Any], **_: Any) -> None:
    """What comes next carries the practice's new invoice day."""
    if "invoice_day" in changes:
        realign()
