"""The settings of a business that are worth knowing when it is connected (FACTS.md 2)."""

from decimal import Decimal
from typing import TypedDict

from sage_integration.sage.resources.resource import Linked, Resource

NOT_REGISTERED = "NOT_REGISTERED"


class FinancialSettings(TypedDict, total=False):
    """Year end, lock dates and the VAT scheme; `tax_scheme` NOT_REGISTERED means no VAT (FACTS.md 8.4)."""

    year_end_date: str | None
    year_end_lockdown_date: str | None
    accounts_start_date: str | None
    accounting_type: str
    base_currency: Linked
    multi_currency_enabled: bool
    tax_scheme: Linked | None
    tax_number: str | None
    flat_rate_tax_percentage: Decimal | None
    updated_at: str


class InvoiceSettings(TypedDict, total=False):
    """Numbering, terms and credit days."""

    next_invoice_number: int
    next_credit_note_number: int
    separate_invoice_credit_note_numbering: bool
    sales_invoice_number_prefix: str | None
    sales_credit_note_number_prefix: str | None
    invoice_terms_and_conditions: str | None
    default_note_on_invoice: str | None
    customer_credit_days: int | None
    updated_at: str


class DefaultLedgerAccounts(TypedDict, total=False):
    """The accounts Sage's own pages suggest."""

    sales_ledger_account: Linked | None
    product_sales_ledger_account: Linked | None
    service_sales_ledger_account: Linked | None


class BusinessSettings(TypedDict, total=False):
    """Defaults of the business."""

    default_ledger_accounts: DefaultLedgerAccounts | None
    country_of_registration: Linked | None
    updated_at: str


class FinancialSettingsResource(Resource[FinancialSettings]):
    """Financial settings; there is one set a business."""

    path = "/financial_settings"
    decimals = ("default_irpf_rate", "flat_rate_tax_percentage", "recoverable_percentage")

    def get(self) -> FinancialSettings:
        """The set; raises `AccessDenied` without the role for settings."""
        return self._one(self.path)


class InvoiceSettingsResource(Resource[InvoiceSettings]):
    """Invoice settings; there is one set a business."""

    path = "/invoice_settings"
    decimals = ("late_payment_percentage", "prompt_payment_percentage")

    def get(self) -> InvoiceSettings:
        """The set; raises `AccessDenied` without the role for settings."""
        return self._one(self.path)


class BusinessSettingsResource(Resource[BusinessSettings]):
    """Business settings; there is one set a business."""

    path = "/business_settings"
    decimals = ("share_capital",)

    def get(self) -> BusinessSettings:
        """The set; raises `AccessDenied` without the role for settings."""
        return self._one(self.path)
