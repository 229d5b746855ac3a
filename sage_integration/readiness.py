"""What has to be settled before invoices may leave, and whether it still is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from practices.remembered import remembered
from sage_integration.models import (
    AccountMapping,
    SageConnection,
    SageLedgerAccount,
    SageTaxRate,
    TaxRateMapping,
)
from services.models import Service, TaxRate, TaxRateQuerySet


@dataclass(frozen=True)
class Check:
    """One thing that posting needs; `problem` says what is missing, `page` is the URL name where it is mended."""

    label: str
    page: str
    problem: str = ""


def readiness(connection: SageConnection) -> list[Check]:
    """Everything that posting needs, in the order it is set up."""
    return [
        Check("Signed in to Sage", "sage:connection-detail", _sign_in_problem(connection)),
        Check("Company chosen", "sage:business-choose", _business_problem(connection)),
        Check("Default sales account", "sage:settings-edit", _account_problem(connection)),
        Check("Every VAT rate mapped", "sage:tax-rate-map", " ".join(_rate_problems())),
        Check("Accounts of services", "sage:account-map", " ".join(_service_problems())),
    ]


def rates_to_map() -> TaxRateQuerySet:
    """The practice's active VAT rates that no usable rate of Sage stands for (F28, F31)."""
    usable = SageTaxRate.objects.filter(is_usable=True).values("sage_id")
    mapped = TaxRateMapping.objects.filter(sage_tax_rate_id__in=usable).values("tax_rate")
    rates: TaxRateQuerySet = TaxRate.objects.offered().exclude(pk__in=mapped)
    return rates


def unmapped_rates() -> list[TaxRate]:
    """Those rates, read once while a page is drawn."""
    return remembered("unmapped rates", lambda: list(rates_to_map()))


def services_without_usable_account() -> list[Service]:
    """Active services whose own account is no sales account of the company any more."""
    usable = SageLedgerAccount.objects.filter(is_usable=True).values("sage_id")
    stale = AccountMapping.objects.exclude(ledger_account_id__in=usable).values("service")
    return list(Service.objects.offered().filter(pk__in=stale))


def service_problems(services: Sequence[Service], connection: SageConnection | None) -> dict[int, list[str]]:
    """Why Sage would refuse the next line of each service, by its key; services that are well are left out.

    Nothing is a problem while no company is connected. Services come with their VAT rates.
    """
    if connection is None or not connection.business_id:
        return {}
    accounts = {account.sage_id: account for account in SageLedgerAccount.objects.all()}
    own = dict(AccountMapping.objects.values_list("service", "ledger_account_id"))
    unmapped = {rate.pk for rate in unmapped_rates()}
    found: dict[int, list[str]] = {}
    for service in services:
        if service.billing_basis == Service.BillingBasis.INCLUDED:
            continue
        problems = []
        account = accounts.get(own.get(service.pk, connection.default_account_id))
        if account is None or not account.is_usable:
            which = str(account) if account else "Its account"
            problems.append(f"{which} is no longer a sales account in Sage.")
        if service.tax_rate_id in unmapped:
            problems.append(f"Its VAT rate “{service.tax_rate.name}” stands for no rate of Sage.")
        if problems:
            found[service.pk] = problems
    return found


def _sign_in_problem(connection: SageConnection) -> str:
    refused = connection.status == SageConnection.Status.NEEDS_REAUTHORISATION
    return "Sage has ended the authorisation: sign in again." if refused else ""


def _business_problem(connection: SageConnection) -> str:
    return "" if connection.business_id else "No company is chosen."


def default_account_of(connection: SageConnection) -> SageLedgerAccount | None:
    """The account that services have which have none of their own, as Sage has it; None once it is gone there."""

    def read() -> SageLedgerAccount | None:
        found: SageLedgerAccount | None = SageLedgerAccount.objects.filter(
            sage_id=connection.default_account_id
        ).first()
        return found

    return remembered(f"account {connection.default_account_id}", read)


def _account_problem(connection: SageConnection) -> str:
    if not connection.default_account_id:
        return "No default sales account is chosen."
    account = default_account_of(connection)
    if account is None:
        return "The default sales account is not in Sage any more: choose another one."
    return "" if account.is_usable else f"{account} is no longer a sales account in Sage: choose another one."


def _rate_problems() -> Iterator[str]:
    for rate in unmapped_rates():
        yield f"The VAT rate “{rate.name}” is not mapped to a rate of Sage."


def _service_problems() -> Iterator[str]:
    for service in services_without_usable_account():
        yield f"The account of “{service.name}” is no longer a sales account in Sage."
