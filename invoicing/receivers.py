"""What happens here when another app says that something happened there."""

from datetime import date
from typing import Any

from invoicing.operations import start_billing
from proposals.models import Proposal
from proposals.signals import proposal_accepted


def connect() -> None:
    """Listen to the apps below."""
    proposal_accepted.connect(bill_accepted_proposal, dispatch_uid="bill accepted proposal")


def bill_accepted_proposal(sender: Any, *, proposal: Proposal, on: date, **_: Any) -> None:
    """Start billing in the transaction of the last signature."""
    start_billing(proposal, on=on)
