"""Accounts and VAT rates of the connected company, as pages and mappings here know them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import structlog
from django.utils import timezone

from practices.tenancy import practice_transaction
from sage_integration.businesses import plan_id_of, plan_of
from sage_integration.connections import clear_trouble, current_connection, locked_connection
from sage_integration.models import (
    SageBankAccount,
    SageConnection,
    SageItem,
    SageLedgerAccount,
    SageTaxRate,
    SyncRun,
)
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import (
    AccessDenied,
    NotInSage,
    SageError,
    SageUnavailable,
    SubscriptionInactive,
    UnexpectedAnswer,
)
from sage_integration.sage.resources.bank_accounts import BankAccount
from sage_integration.sage.resources.catalogue import CatalogueItem
from sage_integration.sage.resources.ledger_accounts import LedgerAccount
from sage_integration.sage.resources.settings import FinancialSettings
from sage_integration.sage.resources.tax_rates import TaxRate
from sage_integration.sessions import open_sage
from sage_integration.sync.looks import Look, facts_of, look_at
from sage_integration.sync.runs import finish_run, run_to_do

log = structlog.get_logger(__name__)

#: Types of accounts an invoice line may name (FACTS.md 7).
SALES_TYPES = {"SALES", "OTHER_INCOME"}
#: What a role or a plan may hide (FACTS.md 2 and 16); posting needs none of what is read under it.
NOT_TO_BE_HAD = (AccessDenied, NotInSage)


@dataclass(frozen=True)
class ReferenceData:
    """What one reading of Sage found; what the login may not see is empty, bank accounts are None then.

    `look` is None when only the look at the company failed: accounts and rates matter more.
    """

    accounts: list[LedgerAccount]
    rates: list[TaxRate]
    financial: FinancialSettings
    items: dict[str, list[CatalogueItem]]
    bank_accounts: list[BankAccount] | None
    look: Look | None


def read_reference_data(sage: SageClient, business_id: str) -> ReferenceData:
    """Accounts, VAT rates, settings, catalogue and bank accounts as Sage has them now, and a look at the company.

    Network only, raises `SageError`.
    """
    return ReferenceData(
        accounts=list(sage.ledger_accounts.list(visible_in="sales")),
        rates=list(sage.tax_rates.list()),
        financial=_financial_settings(sage),
        items=_items(sage),
        bank_accounts=_bank_accounts(sage),
        look=_look(sage, business_id),
    )


def _financial_settings(sage: SageClient) -> FinancialSettings:
    try:
        return sage.financial_settings.get()
    except NOT_TO_BE_HAD:
        # Reading settings needs a role of its own (FACTS.md 2); posting does not.
        return {}


def _items(sage: SageClient) -> dict[str, list[CatalogueItem]]:
    try:
        return {
            SageItem.Kind.PRODUCT: list(sage.products.list()),
            SageItem.Kind.SERVICE: list(sage.services.list()),
        }
    except NOT_TO_BE_HAD:
        # Linking items is optional, and reading them needs a role as well.
        return {}


def _look(sage: SageClient, business_id: str) -> Look | None:
    try:
        return look_at(sage, business_id)
    except (*NOT_TO_BE_HAD, SageUnavailable, UnexpectedAnswer) as error:
        # Long lists are what Sage fails at first (FACTS.md 15, 19); the last look stays until the next one.
        log.warning("looking at the company failed", error=type(error).__name__, status=error.status)
        return None


def _bank_accounts(sage: SageClient) -> list[BankAccount] | None:
    try:
        return list(sage.bank_accounts.list())
    except NOT_TO_BE_HAD:
        # Only payments need the role for banking; posting does not.
        return None


def store_reference_data(data: ReferenceData) -> dict[str, int]:
    """Bring the copies here up to date; what Sage no longer offers is kept, and marked as not usable.

    Clears the trouble of a missing subscription, since Sage has just answered. Raises `NotConnected`.

    Returns how many of each can be used, and how many have gone since the last reading.
    """
    now = timezone.now()
    connection = locked_connection()
    keep_financial_settings(connection, data.financial)
    _keep_health(connection, data, now)
    clear_trouble(SubscriptionInactive)
    accounts = [
        _account(account, now) for account in data.accounts if account.get("nominal_code") is not None
    ]
    rates = [_rate(rate, now) for rate in data.rates]
    items = [_item(kind, item, now) for kind, found in data.items.items() for item in found]
    banks = [_bank_account(account, now) for account in data.bank_accounts or []]
    gone = _store(SageLedgerAccount, accounts) + _store(SageTaxRate, rates)
    # What may not be read any more has not gone: it stays as it was read last.
    gone += _store(SageItem, items) if data.items else 0
    gone += _store(SageBankAccount, banks) if data.bank_accounts is not None else 0
    return {
        "accounts": sum(account.is_usable for account in accounts),
        "rates": sum(rate.is_usable for rate in rates),
        "items": sum(item.is_usable for item in items),
        "bank_accounts": sum(account.is_usable for account in banks),
        "gone": gone,
    }


def keep_financial_settings(connection: SageConnection, financial: FinancialSettings) -> None:
    """Keep what decides whether a document is taken: VAT scheme, currency, first and locked days (FACTS.md 2)."""
    scheme, currency = financial.get("tax_scheme"), financial.get("base_currency")
    connection.tax_scheme = scheme["id"][:40] if scheme else ""
    connection.base_currency = currency["id"][:3] if currency else ""
    connection.accounts_start_on = _day(financial.get("accounts_start_date"))
    connection.locked_until = _day(financial.get("year_end_lockdown_date"))
    connection.save(update_fields=["tax_scheme", "base_currency", "accounts_start_on", "locked_until"])


def _keep_health(connection: SageConnection, data: ReferenceData, now: datetime) -> None:
    if data.look is None:
        return
    access = {
        "settings": bool(data.financial),
        "catalogue": bool(data.items),
        "bank": data.bank_accounts is not None,
    }
    connection.health, connection.health_read_at = facts_of(data.look, access), now
    connection.plan = plan_of(data.look.business)[:40]
    connection.plan_id = plan_id_of(data.look.business)[:40]
    connection.save(update_fields=["health", "health_read_at", "plan", "plan_id"])


def _day(text: str | None) -> date | None:
    """A civil date; Sage writes an absent one as null or as an empty string (FACTS.md 2)."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _item(kind: str, item: CatalogueItem, now: datetime) -> SageItem:
    return SageItem(
        kind=kind,
        sage_id=item["id"],
        name=item["displayed_as"][:255],
        # Null means active (FACTS.md 12).
        is_usable=item.get("active") is not False,
        seen_at=now,
    )


def _bank_account(account: BankAccount, now: datetime) -> SageBankAccount:
    return SageBankAccount(
        sage_id=account["id"],
        name=account["displayed_as"][:255],
        is_usable=account.get("is_active") is not False,
        seen_at=now,
    )


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


Copy = type[SageLedgerAccount] | type[SageTaxRate] | type[SageItem] | type[SageBankAccount]


def _store(model: Copy, rows: list[Any]) -> int:
    """Insert or update the rows by Sage's id; returns how many others stopped being usable."""
    names = {field.name for field in model._meta.fields} - {"id", "practice", "sage_id"}
    model.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["practice", "sage_id"], update_fields=sorted(names)
    )
    missing = model.objects.exclude(sage_id__in=[row.sage_id for row in rows])
    return int(missing.filter(is_usable=True).update(is_usable=False))


def sync_reference_data() -> SyncRun | None:
    """Read the connected company and record how it went; None when there is no company to read.

    Opens transactions of its own; what goes wrong with Sage is kept on the run, not raised.
    """
    with practice_transaction():
        connection = current_connection()
        if connection is None or not connection.business_id:
            return None
        run = run_to_do(SyncRun.Kind.REFERENCE_DATA)
    try:
        with open_sage(connection) as sage:
            data = read_reference_data(sage, connection.business_id)
    except SageError as error:
        log.warning("reading accounts and rates failed", error=type(error).__name__, detail=error.detail)
        with practice_transaction():
            finish_run(run, problem=str(error))
        return run
    with practice_transaction():
        _keep(connection, data, run)
    return run


def _keep(read_for: SageConnection, data: ReferenceData, run: SyncRun) -> None:
    """Store what was read, unless the company was changed or disconnected meanwhile."""
    connection = current_connection()
    if connection is None or connection.business_id != read_for.business_id:
        finish_run(run, problem="The company was changed while it was being read.")
        return
    finish_run(run, counts=store_reference_data(data))
