"""What a row is on its arrival: what was under way elsewhere does not go on here unasked."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from invoicing.models import BillingRun
from ledger.models import Posting
from practices.job_models import Job
from practices.models import OutgoingEmail
from practices.webhook_models import WebhookDelivery
from sage_integration.models import SageConnection

Row = dict[str, Any]

MOVED = (
    "It was under way while the practice moved here, and may have arrived. Look first, then send it again."
)


def settle(label: str, row: Row, now: datetime) -> None:
    """Bring what the row says of its progress to what is so here."""
    if change := CHANGES.get(label):
        change(row, now)


def _connection(row: Row, now: datetime) -> None:
    """Its tokens stayed behind: somebody signs in to Sage again, and it is where it was."""
    row["access_expires_at"] = row["refresh_expires_at"] = None
    if row["status"] != SageConnection.Status.DISCONNECTED:
        row["status"] = SageConnection.Status.NEEDS_REAUTHORISATION
        row["trouble"], row["trouble_since"] = "ReauthorisationRequired", now


def _posting(row: Row, now: datetime) -> None:
    """What is not known to be in the ledger is looked for there first: the other installation may have sent it."""
    if row["status"] in (Posting.Status.POSTED, Posting.Status.CANCELLED):
        return
    if row["status"] == Posting.Status.LEASED:
        row["status"] = Posting.Status.PENDING
    row["lease"], row["lease_expires_at"] = "", None
    row["attempted_at"], row["refused_at"] = row["attempted_at"] or now, None


def _email(row: Row, _now: datetime) -> None:
    if row["status"] in (OutgoingEmail.Status.QUEUED, OutgoingEmail.Status.SENDING):
        row["status"], row["failure"] = OutgoingEmail.Status.FAILED, MOVED


def _endpoint(row: Row, now: datetime) -> None:
    """Its secret stayed behind, and it may belong to programs that listen to the other installation."""
    row["removed_at"] = row["removed_at"] or now


def _delivery(row: Row, now: datetime) -> None:
    if row["status"] == WebhookDelivery.Status.PENDING:
        row["status"], row["finished_at"], row["failure"] = WebhookDelivery.Status.FAILED, now, MOVED


def _job(row: Row, now: datetime) -> None:
    if row["status"] in (Job.Status.QUEUED, Job.Status.RUNNING):
        row["status"], row["finished_at"] = Job.Status.CANCELLED, now


def _run(row: Row, now: datetime) -> None:
    if row["status"] == BillingRun.Status.RUNNING:
        row["status"], row["ended_at"] = BillingRun.Status.STOPPED, now


def _invitation(row: Row, now: datetime) -> None:
    """Its link is of the other installation; who is still wanted is invited anew."""
    if row["accepted_at"] is None:
        row["expires_at"] = min(row["expires_at"], now)


CHANGES: dict[str, Callable[[Row, datetime], None]] = {
    "invoicing.billingrun": _run,
    "ledger.posting": _posting,
    "practices.invitation": _invitation,
    "practices.job": _job,
    "practices.outgoingemail": _email,
    "practices.webhookdelivery": _delivery,
    "practices.webhookendpoint": _endpoint,
    "sage_integration.sageconnection": _connection,
}
