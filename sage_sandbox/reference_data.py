"""Lists that are the same for every business of a country: ids are words (FACTS.md 2, 8.1, 9.2, 11.1)."""

from decimal import Decimal
from typing import Any

from sage_sandbox.decimals import sage_string

Doc = dict[str, Any]

COUNTRIES = {
    "GB": "United Kingdom (GB)",
    "IE": "Ireland (IE)",
    "US": "United States (US)",
    "CA": "Canada (CA)",
    "FR": "France (FR)",
    "DE": "Germany (DE)",
    "ES": "Spain (ES)",
    "NL": "Netherlands (NL)",
    "AU": "Australia (AU)",
}
CURRENCIES = {"GBP": "Pound Sterling (GBP)", "EUR": "Euro (EUR)", "USD": "US Dollar (USD)"}
NAMES: dict[str, dict[str, str]] = {
    "countries": COUNTRIES,
    "currencies": CURRENCIES,
    "country_groups": {"GBIE": "UK & Ireland", "EU": "European Union", "ALL": "Other"},
    "contact_types": {"CUSTOMER": "Customer", "VENDOR": "Supplier"},
    "contact_person_types": {"ACCOUNTS": "Accounts", "SALES": "Sales"},
    "address_types": {
        "ACCOUNTS": "Accounts",
        "SALES": "Sales",
        "DELIVERY": "Delivery",
        "PURCHASING": "Purchasing",
        "OTHER": "Other",
    },
    "bank_account_types": {
        "CHECKING": "Current",
        "SAVINGS": "Savings",
        "CREDIT_CARD": "Credit Card",
        "CASH_IN_HAND": "Cash in Hand",
    },
    "payment_methods": {
        "CASH": "Cash",
        "CHECK": "Cheque",
        "CREDIT_DEBIT": "Credit/Debit Card",
        "ELECTRONIC": "Electronic",
    },
    "artefact_statuses": {
        "DRAFT": "Draft",
        "PRO_FORMA": "Pro forma",
        "UNPAID": "Unpaid",
        "PART_PAID": "Part paid",
        "PAID": "Paid",
        "VOID": "Void",
        "DISPUTED": "Disputed",
    },
    "transaction_types": {
        "SALES_INVOICE": "Sales Invoice",
        "SALES_CREDIT_NOTE": "Sales Credit Note",
        "CUSTOMER_RECEIPT": "Customer Receipt",
        "CUSTOMER_REFUND": "Customer Refund",
        "CUSTOMER_ALLOCATION": "Customer Allocation",
        "VENDOR_PAYMENT": "Supplier Payment",
        "VENDOR_REFUND": "Supplier Refund",
    },
    "catalog_item_types": {"PRODUCT": "Non-stock", "STOCK_ITEM": "Stock", "SERVICE": "Service"},
    "ledger_account_types": {
        "SALES": "Sales",
        "OTHER_INCOME": "Other Income",
        "DIRECT_EXPENSES": "Direct Expenses",
        "OVERHEADS": "Overheads",
        "DEPRECIATION": "Depreciation",
        "CURRENT_ASSETS": "Current Assets",
        "FIXED_ASSETS": "Fixed Assets",
        "FUTURE_ASSETS": "Future Assets",
        "BANK": "Bank",
        "CURRENT_LIABILITY": "Current Liability",
        "FUTURE_LIABILITY": "Future Liability",
        "EQUITY": "Equity",
        "LINE_OF_CREDIT": "Line of Credit",
        "TAXES": "Taxes",
        "SPECIAL": "Special",
    },
    "ledger_account_groups": {
        "INCOME": "Income",
        "EXPENSE": "Expenditure",
        "ASSET": "Assets",
        "LIABILITY": "Liabilities",
        "EQUITY": "Equity",
    },
    "tax_schemes": {"VAT_STANDARD": "Standard", "VAT_CASH": "Cash", "NOT_REGISTERED": "Not Registered"},
    "tax_return_frequencies": {"MONTHLY": "Monthly", "QUARTERLY": "Quarterly", "ANNUAL": "Annual"},
    "eu_goods_services_types": {"GOODS": "Goods", "SERVICES": "Services"},
}
# id, displayed_as, name, percentage (FACTS.md 8.1); the Irish ones only have to be different.
TAX_RATES: dict[str, list[tuple[str, str, str, str]]] = {
    "GB": [
        ("GB_STANDARD", "Standard 20.00%", "STANDARD", "20"),
        ("GB_LOWER", "Lower Rate 5.00%", "LOWER", "5"),
        ("GB_ZERO", "Zero Rated 0.00%", "ZERO", "0"),
        ("GB_EXEMPT", "Exempt 0.00%", "EXEMPT", "0"),
        ("GB_NO_TAX", "No VAT", "NO_TAX", "0"),
    ],
    "IE": [
        ("IE_STANDARD", "Standard 23.00%", "STANDARD", "23"),
        ("IE_LOWER", "Reduced Rate 13.50%", "LOWER", "13.5"),
        ("IE_ZERO", "Zero Rated 0.00%", "ZERO", "0"),
        ("IE_EXEMPT", "Exempt 0.00%", "EXEMPT", "0"),
        ("IE_NO_TAX", "No VAT", "NO_TAX", "0"),
    ],
}


def link(kind: str, key: str) -> Doc:
    """The short form of a word-id row, as it stands inside other documents."""
    return {"id": key, "displayed_as": NAMES[kind][key], "$path": f"/{kind}/{key}"}


def rows(kind: str) -> list[Doc]:
    """Every row of one of the plain lists."""
    return [link(kind, key) for key in NAMES[kind]]


def tax_rates(country: str) -> list[Doc]:
    """The complete tax rates of a country (FACTS.md 8.1)."""
    return [_tax_rate(*rate) for rate in TAX_RATES[country]]


def tax_rate_link(country: str, key: str) -> Doc | None:
    """The short form of a tax rate, or None when the country has no such rate."""
    for known, displayed_as, _name, _percentage in TAX_RATES[country]:
        if known == key:
            return {"id": key, "displayed_as": displayed_as, "$path": f"/tax_rates/{key}"}
    return None


def tax_percentage(country: str, key: str) -> Decimal:
    """The percentage of a tax rate of that country; raises KeyError when there is none."""
    return {known: Decimal(percentage) for known, _shown, _name, percentage in TAX_RATES[country]}[key]


def country_group(country: str) -> Doc:
    """The country group an address of that country belongs to."""
    return link("country_groups", "GBIE" if country in ("GB", "IE") else "ALL")


def _tax_rate(key: str, displayed_as: str, name: str, percentage: str) -> Doc:
    stamp = "2013-07-03T10:38:09Z"
    shown = sage_string(Decimal(percentage))
    return {
        "id": key,
        "displayed_as": displayed_as,
        "$path": f"/tax_rates/{key}",
        "created_at": stamp,
        "updated_at": stamp,
        "name": name,
        "percentage": shown,
        "percentages": [{"percentage": shown, "from_date": "1900-01-01", "to_date": None}],
        "is_visible": True,
        "is_combined_rate": False,
        "editable": False,
        "deletable": False,
    }
