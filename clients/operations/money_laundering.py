"""Money laundering checks: what was found, by whom, and what may happen before they are cleared (U08)."""

from datetime import date

from clients.errors import (
    ChecksNotFinished,
    ClearedNeedsAReviewer,
    NeedsMoneyLaunderingChecks,
    NextReviewIsPast,
)
from clients.models import Client, ClientSettings
from clients.operations.records import locked
from practices import audit
from practices.models import User

FIELDS = ["aml_status", "aml_reviewer", "aml_reviewed_on", "aml_review_due_on"]


def review_client(
    client: Client, *, status: str, reviewer: User | None, on: date | None, next_on: date | None
) -> Client:
    """The client with the outcome of its checks.

    Raises `ClearedNeedsAReviewer`, or `NextReviewIsPast` where the next review is not after this one.
    """
    if status == Client.Aml.CLEARED and (reviewer is None or on is None):
        raise ClearedNeedsAReviewer(client)
    if on and next_on and next_on <= on:
        raise NextReviewIsPast(client)
    before, client = locked(client), locked(client)
    client.aml_status, client.aml_reviewer = status, reviewer
    client.aml_reviewed_on, client.aml_review_due_on = on, next_on
    client.save(update_fields=FIELDS)
    if changes := audit.changes_between(before, client, FIELDS):
        audit.record("client.aml_reviewed", client, name=client.name, changes=changes)
    return client


def client_settings() -> ClientSettings:
    """How the acting practice keeps clients; the defaults where nobody has said anything."""
    settings: ClientSettings | None = ClientSettings.objects.first()
    return settings or ClientSettings()


def amend_client_settings(settings: ClientSettings) -> ClientSettings:
    """The changed settings, in force from now on."""
    names = ["aml_before_acceptance", "aml_before_billing"]
    before = client_settings()
    settings.save()
    if changes := audit.changes_between(before, settings, names):
        audit.record("client_settings.amended", settings, changes=changes)
    return settings


def check_may_accept(client: Client, *, on: date) -> None:
    """Raise `ChecksNotFinished` where the practice wants checks before acceptance and they do not hold."""
    if client_settings().aml_before_acceptance and not client.is_cleared(on):
        raise ChecksNotFinished(client)


def may_bill(client: Client, *, on: date) -> bool:
    """Whether nothing of the practice's rules about checks is in the way of an invoice to this client."""
    return client.is_cleared(on) or not client_settings().aml_before_billing


def check_may_bill(client: Client, *, on: date) -> None:
    """Raise `NeedsMoneyLaunderingChecks` where the practice wants checks before invoices and they do not hold."""
    if not may_bill(client, on=on):
        raise NeedsMoneyLaunderingChecks(client)
