"""The choices that decide how invoices arrive in Sage; each is recorded, and none touches what was posted (F26)."""

from dataclasses import dataclass

from invoicing.operations.settings import set_invoicing_settings
from ledger.models import LedgerSettings
from ledger.outbox import ledger_settings
from practices import audit
from sage_integration.connections import locked_connection
from sage_integration.errors import AccountNotUsable, RateNotUsable
from sage_integration.models import (
    AccountMapping,
    SageConnection,
    SageLedgerAccount,
    SageTaxRate,
    TaxRateMapping,
)
from services.models import Service, TaxRate

#: Sales of services, then sales of goods, in the UK chart of accounts (FACTS.md 7).
USUAL_ACCOUNTS = (4010, 4000)


@dataclass(frozen=True)
class Settings:
    """What the settings page decides; terms are days from 0 to 365."""

    default_account_id: str
    pulls_payments: bool
    posts_new_clients: bool
    includes_descriptions: bool
    manual_terms_days: int
    automatic_terms_days: int


def usable_accounts() -> list[SageLedgerAccount]:
    """The sales accounts that can be chosen, by nominal code (F13)."""
    return list(SageLedgerAccount.objects.filter(is_usable=True))


def usable_rates() -> list[SageTaxRate]:
    """The VAT rates of Sage that can be chosen."""
    return list(SageTaxRate.objects.filter(is_usable=True))


def suggested_account(accounts: list[SageLedgerAccount]) -> str:
    """Sage's id of the account most practices post fees to; empty when none of them exists."""
    by_code = {account.nominal_code: account.sage_id for account in accounts}
    return next((by_code[code] for code in USUAL_ACCOUNTS if code in by_code), "")


def save_settings(wanted: Settings) -> SageConnection:
    """The connection with these settings, for invoices made from now on; raises `AccountNotUsable`."""
    connection = locked_connection()
    _require_account(wanted.default_account_id)
    changes = {
        name: [getattr(connection, name), getattr(wanted, name)]
        for name in ("default_account_id", "pulls_payments")
        if getattr(connection, name) != getattr(wanted, name)
    }
    connection.default_account_id, connection.pulls_payments = (
        wanted.default_account_id,
        wanted.pulls_payments,
    )
    connection.save(update_fields=["default_account_id", "pulls_payments"])
    ledger = ledger_settings()
    if ledger.posts_new_clients != wanted.posts_new_clients:
        changes["posts_new_clients"] = [ledger.posts_new_clients, wanted.posts_new_clients]
        LedgerSettings.objects.filter(pk=ledger.pk).update(posts_new_clients=wanted.posts_new_clients)
    set_invoicing_settings(
        manual_terms_days=wanted.manual_terms_days,
        automatic_terms_days=wanted.automatic_terms_days,
        includes_descriptions=wanted.includes_descriptions,
    )
    if changes:
        audit.record("sage.settings_changed", connection, changes=changes)
    return connection


def map_tax_rate(tax_rate: TaxRate, sage_tax_rate_id: str) -> None:
    """Let a rate of Sage stand for one of ours; an empty id takes the mapping away. Raises `RateNotUsable`."""
    connection = locked_connection()
    mapping = TaxRateMapping.objects.filter(tax_rate=tax_rate).first()
    before = mapping.sage_tax_rate_id if mapping else ""
    if sage_tax_rate_id == before:
        return
    if not sage_tax_rate_id:
        TaxRateMapping.objects.filter(tax_rate=tax_rate).delete()
    else:
        if not SageTaxRate.objects.filter(sage_id=sage_tax_rate_id, is_usable=True).exists():
            raise RateNotUsable(tax_rate)
        TaxRateMapping.objects.update_or_create(
            tax_rate=tax_rate, defaults={"sage_tax_rate_id": sage_tax_rate_id}
        )
    audit.record(
        "sage.tax_rate_mapped",
        connection,
        tax_rate=tax_rate.name,
        changes={"rate": [before, sage_tax_rate_id]},
    )


def map_account(service: Service, ledger_account_id: str) -> None:
    """Let a service have an account of its own; an empty id means the default one (F14, F16).

    Raises `AccountNotUsable`.
    """
    connection = locked_connection()
    mapping = AccountMapping.objects.filter(service=service).first()
    before = mapping.ledger_account_id if mapping else ""
    if ledger_account_id == before:
        return
    if not ledger_account_id:
        AccountMapping.objects.filter(service=service).delete()
    else:
        _require_account(ledger_account_id)
        AccountMapping.objects.update_or_create(
            service=service, defaults={"ledger_account_id": ledger_account_id}
        )
    audit.record(
        "sage.account_mapped",
        connection,
        service=service.name,
        changes={"account": [before, ledger_account_id]},
    )


def _require_account(ledger_account_id: str) -> None:
    if not SageLedgerAccount.objects.filter(sage_id=ledger_account_id, is_usable=True).exists():
        raise AccountNotUsable(ledger_account_id)
