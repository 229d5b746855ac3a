"""The practice's current mappings to Sage, loaded once for a batch."""

from sage_integration.mappers import Mappings
from sage_integration.models import (
    AccountMapping,
    SageConnection,
    SageLedgerAccount,
    SageTaxRate,
    TaxRateMapping,
)


def load_mappings(connection: SageConnection) -> Mappings:
    """Accounts and VAT rates as they are mapped now; what Sage no longer offers is not usable."""
    return Mappings(
        default_account=connection.default_account_id,
        accounts=dict(AccountMapping.objects.values_list("service_id", "ledger_account_id")),
        tax_rates=dict(TaxRateMapping.objects.values_list("tax_rate_id", "sage_tax_rate_id")),
        usable_accounts=frozenset(
            SageLedgerAccount.objects.filter(is_usable=True).values_list("sage_id", flat=True)
        ),
        usable_tax_rates=frozenset(
            SageTaxRate.objects.filter(is_usable=True).values_list("sage_id", flat=True)
        ),
    )
