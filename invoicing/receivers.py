"""What happens here when another app says that something happened there."""

from datetime import date
from typing import Any

from clients.models import Client
from clients.moving import ids_of, move_back, move_rows
from clients.signals import client_amended, client_restored, clients_merged, merge_undone
from invoicing.client_states import settle_clients
from invoicing.models import BillingSchedule, Invoice, Payment
from invoicing.operations import realign, set_invoice_day, start_billing
from invoicing.renewals import end_replaced
from practices.signals import practice_amended
from proposals.models import Proposal
from proposals.signals import proposal_accepted


def connect() -> None:
    """Listen to the apps below."""
    clients_merged.connect(move_documents, dispatch_uid="move documents")
    merge_undone.connect(move_documents_back, dispatch_uid="move documents back")
    client_amended.connect(date_clients_bills_anew, dispatch_uid="date a client's coming bills anew")
    client_restored.connect(settle_restored_client, dispatch_uid="settle restored client")
    proposal_accepted.connect(bill_accepted_proposal, dispatch_uid="bill accepted proposal")
    practice_amended.connect(date_coming_bills_anew, dispatch_uid="date coming bills anew")


def bill_accepted_proposal(sender: Any, *, proposal: Proposal, on: date, **_: Any) -> None:
    """Start billing in the transaction of the last signature, and end what it takes over from (G38)."""
    start_billing(proposal, on=on)
    end_replaced(proposal, on=on)


def date_coming_bills_anew(sender: Any, *, changes: dict[str, Any], **_: Any) -> None:
    """What comes next carries the practice's new invoice day."""
    if "invoice_day" in changes:
        realign()


def date_clients_bills_anew(sender: Any, *, client: Client, changes: dict[str, Any], **_: Any) -> None:
    """What comes next for a client carries its own invoice day."""
    if "invoice_day" in changes:
        set_invoice_day(client, client.invoice_day)


def settle_restored_client(sender: Any, *, client: Client, **_: Any) -> None:
    """A client that comes back from the archive is what its services and bills make it (G44)."""
    settle_clients([client.pk], on=client.practice.today())


#: What belongs to a client and moves with it.
DOCUMENTS = (BillingSchedule, Invoice, Payment)


def move_documents(sender: Any, *, survivor: Client, merged: Client, **_: Any) -> dict[str, list[int]]:
    """Services being billed, invoices and payments belong to the client that stays."""
    return {
        model._meta.label_lower: move_rows(model.objects.filter(client=merged), survivor)
        for model in DOCUMENTS
    }


def move_documents_back(
    sender: Any, *, survivor: Client, merged: Client, moved: dict[str, list[int]], **_: Any
) -> None:
    """The merge is taken back."""
    for model in DOCUMENTS:
        move_back(model, ids_of(moved, model), survivor=survivor, to=merged)
