"""The practice's current mappings to Sage and its rules of posting, loaded once for a batch."""

from collections.abc import Iterable, Iterator

from invoicing.operations.settings import invoicing_settings
from practices.models import Practice
from practices.tenancy import acting_practice_id
from sage_integration.mappers import ItemField, Mappings, Rules
from sage_integration.models import (
    AccountMapping,
    ClientAccount,
    ItemMapping,
    SageConnection,
    SageItem,
    SageLedgerAccount,
    SageTaxRate,
    TaxRateMapping,
)
from sage_integration.sage.resources.settings import NOT_REGISTERED

#: Plans without quantities on lines: Start, and its partner edition (FACTS.md 2; 15, 27).
PLANS_WITHOUT_QUANTITIES = {"START", "MICRO"}
ITEM_FIELDS: dict[str, ItemField] = {SageItem.Kind.PRODUCT: "product_id", SageItem.Kind.SERVICE: "service_id"}


def load_rules(connection: SageConnection) -> Rules:
    """What decides how documents go to this connection's business, as it is now."""
    return Rules(
        mappings=load_mappings(connection),
        with_descriptions=invoicing_settings().includes_descriptions,
        numbers_are_ours=connection.number_owner == SageConnection.NumberOwner.PRACTICE,
        arrives_as_draft=connection.arrives_as == SageConnection.ArrivesAs.DRAFT,
        has_quantities=connection.plan_id not in PLANS_WITHOUT_QUANTITIES,
        is_vat_registered=connection.tax_scheme != NOT_REGISTERED,
        currency=Practice.objects.values_list("currency", flat=True).get(pk=acting_practice_id()),
        base_currency=connection.base_currency,
        accounts_start_on=connection.accounts_start_on,
        locked_until=connection.locked_until,
    )


def load_mappings(connection: SageConnection) -> Mappings:
    """Accounts, VAT rates and items as they are mapped now; what Sage no longer offers is not usable."""
    accounts = list(SageLedgerAccount.objects.all())
    rates = list(SageTaxRate.objects.all())
    linked = dict(ItemMapping.objects.values_list("service_id", "sage_item_id"))
    known = SageItem.objects.filter(is_usable=True, sage_id__in=linked.values())
    items = {item.sage_id: item for item in known}
    return Mappings(
        default_account=connection.default_account_id,
        accounts=dict(AccountMapping.objects.values_list("service_id", "ledger_account_id")),
        tax_rates=dict(TaxRateMapping.objects.values_list("tax_rate_id", "sage_tax_rate_id")),
        usable_accounts=frozenset(account.sage_id for account in accounts if account.is_usable),
        usable_tax_rates=frozenset(rate.sage_id for rate in rates if rate.is_usable),
        # An item that is gone is left out: a line needs none, and its account is named anyway (FACTS.md 12).
        items={
            service_id: (ITEM_FIELDS[items[item_id].kind], item_id)
            for service_id, item_id in linked.items()
            if item_id in items
        },
        names={sage_id: name for rows in (accounts, rates, items.values()) for sage_id, name in named(rows)},
        percentages={rate.sage_id: rate.percentage for rate in rates},
        client_accounts=dict(
            ClientAccount.objects.filter(business_id=connection.business_id).values_list(
                "client_id", "ledger_account_id"
            )
        ),
    )


def named(rows: Iterable[SageLedgerAccount | SageTaxRate | SageItem]) -> Iterator[tuple[str, str]]:
    """Sage's id of each row, and how people know it."""
    for row in rows:
        yield row.sage_id, str(row)
