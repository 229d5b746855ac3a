"""Accounts and VAT rates of the connected company, as pages and mappings here know them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.utils import timezone

from practices.tenancy import practice_transaction
from sage_integration.connections import clear_trouble, current_connection, locked_connection
from sage_integration.models import SageConnection, SageLedgerAccount, SageTaxRate, SyncRun
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import AccessDenied, SageError, SubscriptionInactive
from sage_integration.sage.resources.ledger_accounts import LedgerAccount
from sage_integration.sage.resources.tax_rates import TaxRate
from sage_integration.sessions import open_sage

log = structlog.get_logger(__name__)

#: Types of accounts an invoice line may name (FACTS.md 7).
SALES_TYPES = {"SALES", "OTHER_INCOME"}
#: A run that has not ended after this long was lost with its worker.
RUN_LIMIT = timedelta(minutes=5)
#: Pressing again this soon after a run shows nothing new.
RUN_PAUSE = timedelta(seconds=10)


@dataclass(frozen=True)
class ReferenceData:
    """What one reading of Sage found; `tax_scheme` is empty when the login may not see it."""

    accounts: list[LedgerAccount]
    rates: list[TaxRate]
    tax_scheme: str


def read_reference_data(sage: SageClient) -> ReferenceData:
    """Accounts, VAT rates and VAT scheme as Sage has them now; network only, raises `SageError`."""
    return ReferenceData(
        accounts=list(sage.ledger_accounts.list(visible_in="sales")),
        rates=list(sage.tax_rates.list()),
        tax_scheme=_tax_scheme(sage),
    )


def _tax_scheme(sage: SageClient) -> str:
    try:
        scheme = sage.financial_settings.get().get("tax_scheme")
    except AccessDenied:
        # Reading settings needs a role of its own (FACTS.md 2); posting does not.
        return ""
    return scheme["id"] if scheme else ""


def store_reference_data(data: ReferenceData) -> dict[str, int]:
    """Bring the copies here up to date; what Sage no longer offers is kept, and marked as not usable.

    Clears the trouble of a missing subscription, since Sage has just answered. Raises `NotConnected`.

    Returns how many accounts and rates can be used, and how many have gone since the last reading.
    """
    now = timezone.now()
    connection = locked_connection()
    connection.tax_scheme = data.tax_scheme[:40]
    connection.save(update_fields=["tax_scheme"])
    clear_trouble(SubscriptionInactive)
    accounts = [
        _account(account, now) for account in data.accounts if account.get("nominal_code") is not None
    ]
    rates = [_rate(rate, now) for rate in data.rates]
    gone = _store(SageLedgerAccount, accounts) + _store(SageTaxRate, rates)
    return {
        "accounts": sum(account.is_usable for account in accounts),
        "rates": sum(rate.is_usable for rate in rates),
        "gone": gone,
    }


def _account(account: LedgerAccount, now: datetime) -> SageLedgerAccount:
    kind = account.get("ledger_account_type")
    return SageLedgerAccount(
        sage_id=account["id"],
        nominal_code=account["nominal_code"] or 0,
        name=(account.get("name") or account["displayed_as"])[:200],
        is_usable=account.get("visible_in_sales") is not False
        and account.get("is_control_account") is not True
        and (kind is None or kind["id"] in SALES_TYPES),
        seen_at=now,
    )


def _rate(rate: TaxRate, now: datetime) -> SageTaxRate:
    percentage = rate.get("percentage")
    if percentage is None:
        open_ended = [
            part["percentage"] for part in rate.get("percentages", []) if part.get("to_date") is None
        ]
        percentage = open_ended[-1] if open_ended else None
    return SageTaxRate(
        sage_id=rate["id"],
        name=rate["displayed_as"][:100],
        percentage=percentage if percentage is not None else Decimal(0),
        # Without a percentage nothing can be compared, so it is not offered.
        is_usable=percentage is not None and rate.get("is_visible") is not False,
        seen_at=now,
    )


def _store(model: type[SageLedgerAccount] | type[SageTaxRate], rows: list[Any]) -> int:
    """Insert or update the rows by Sage's id; returns how many others stopped being usable."""
    names = {field.name for field in model._meta.fields} - {"id", "practice", "sage_id"}
    model.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["practice", "sage_id"], update_fields=sorted(names)
    )
    missing = model.objects.exclude(sage_id__in=[row.sage_id for row in rows])
    return int(missing.filter(is_usable=True).update(is_usable=False))


def request_sync() -> SyncRun | None:
    """A run to be done by a worker; None while one is under way or has only just ended (F59)."""
    locked_connection()
    now = timezone.now()
    runs = SyncRun.objects.filter(kind=SyncRun.Kind.REFERENCE_DATA)
    if runs.filter(finished_at=None, started_at__gt=now - RUN_LIMIT).exists():
        return None
    if runs.filter(finished_at__gt=now - RUN_PAUSE).exists():
        return None
    run: SyncRun = SyncRun.objects.create(kind=SyncRun.Kind.REFERENCE_DATA)
    return run


def sync_reference_data() -> SyncRun | None:
    """Read the connected company and record how it went; None when there is no company to read.

    Opens transactions of its own; what goes wrong with Sage is kept on the run, not raised.
    """
    with practice_transaction():
        connection = current_connection()
        if connection is None or not connection.business_id:
            return None
        run = _run_to_do()
    try:
        with open_sage(connection) as sage:
            data = read_reference_data(sage)
    except SageError as error:
        log.warning("reading accounts and rates failed", error=type(error).__name__, detail=error.detail)
        with practice_transaction():
            _finish(run, problem=str(error))
        return run
    with practice_transaction():
        _keep(connection, data, run)
    return run


def _run_to_do() -> SyncRun:
    asked_for = SyncRun.objects.filter(kind=SyncRun.Kind.REFERENCE_DATA, finished_at=None)
    run: SyncRun = asked_for.filter(started_at__gt=timezone.now() - RUN_LIMIT).first() or (
        SyncRun.objects.create(kind=SyncRun.Kind.REFERENCE_DATA)
    )
    return run


def _keep(read_for: SageConnection, data: ReferenceData, run: SyncRun) -> None:
    """Store what was read, unless the company was changed or disconnected meanwhile."""
    connection = current_connection()
    if connection is None or connection.business_id != read_for.business_id:
        _finish(run, problem="The company was changed while it was being read.")
        return
    _finish(run, counts=store_reference_data(data))


def _finish(run: SyncRun, *, counts: dict[str, int] | None = None, problem: str = "") -> None:
    run.finished_at, run.counts, run.problem = timezone.now(), counts or {}, problem
    run.save(update_fields=["finished_at", "counts", "problem"])
