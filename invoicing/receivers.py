"""What happens here when another app says that something happened there."""

from datetime import date
from typing import Any

from clients.models import Client
from clients.signals import client_restored
from invoicing.client_states import settle_clients
from invoicing.operations import realign, start_billing
from practices.signals import practice_amended
from proposals.models import Proposal
from proposals.signals import proposal_accepted


def connect() -> None:
    """Listen to the apps below."""
    client_restored.connect(settle_restored_client, dispatch_uid="settle restored client")
    proposal_accepted.connect(bill_accepted_proposal, dispatch_uid="bill accepted proposal")
    practice_amended.connect(date_coming_bills_anew, dispatch_uid="date coming bills anew")


def bill_accepted_proposal(sender: Any, *, proposal: Proposal, on: date, **_: Any) -> None:
    """Start billing in the transaction of the last signature."""
    start_billing(proposal, on=on)


def date_coming_bills_anew(sender: Any, *, changes: dict[str, Any], **_: Any) -> None:
    """What comes next carries the practice's new invoice day."""
    if "invoice_day" in changes:
        realign()


def settle_restored_client(sender: Any, *, client: Client, **_: Any) -> None:
    """A client that comes back from the archive is what its services and bills make it (G44)."""
    settle_clients([client.pk], on=client.practice.today())
