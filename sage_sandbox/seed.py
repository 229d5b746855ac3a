"""The businesses a fresh sandbox starts with; ids are the same on every start."""

import hashlib
from typing import Any

from sage_sandbox import catalogue, contacts, ledger_accounts
from sage_sandbox.books import Books, short
from sage_sandbox.reference_data import link
from sage_sandbox.store import Doc
from sage_sandbox.tokens import USER_ID

STARTED = "2023-09-21T10:50:20Z"
PLANS = {
    "P": ("ACCOUNTING", "Accounting Plus"),
    "S": ("ACCOUNTING_10", "Accounting"),
    "T": ("START", "Accounting Start"),
}
SEED_BUSINESSES = (
    ("Harbour & Pine Ltd", "GB", "P"),
    ("Liffey Books Ltd", "IE", "P"),
    ("Quayside Advisory Ltd", "GB", "S"),
)
USER = {
    "created_at": STARTED,
    "updated_at": STARTED,
    "displayed_as": "Sandy Accountant",
    "id": USER_ID,
    "first_name": "Sandy",
    "last_name": "Accountant",
    "initials": "SA",
    "email": "sandy@sage-sandbox.invalid",
    "locale": "en-GB",
}
SALES_DEFAULTS = ("sales_ledger_account", "product_sales_ledger_account")


def stable_id(*parts: str) -> str:
    """The same 32 hexadecimal characters for the same words."""
    return hashlib.md5("/".join(parts).encode(), usedforsecurity=False).hexdigest()


def business_document(name: str, country: str, plan: str) -> Doc:
    """A business before its books are opened: its public answer, plan, roles and settings."""
    key = stable_id("business", name)
    currency = "GBP" if country == "GB" else "EUR"
    subscription, shown = PLANS[plan]
    return {
        "id": key,
        "country": country,
        "currency": currency,
        "plan": plan,
        "accessible": True,
        "missing_roles": [],
        "answer": {
            "created_at": STARTED,
            "updated_at": STARTED,
            "displayed_as": name,
            "id": key,
            "name": name,
            "address_line_1": "1 Quay Street",
            "address_line_2": "",
            "city": "Newcastle upon Tyne" if country == "GB" else "Dublin",
            "postal_code": "NE1 3DX" if country == "GB" else "D01 F5P2",
            "country": {name: link("countries", country)[name] for name in ("id", "displayed_as")},
            "region": "",
            "telephone": "",
            "mobile": "",
            "website": "",
            "is_demo": False,
            "ni_based": False,
            "subscriptions": [
                {
                    "id": subscription,
                    "displayed_as": shown,
                    "created_at": STARTED,
                    "updated_at": STARTED,
                    "active": True,
                    "status": "paying",
                }
            ],
        },
        "invoice_settings": _invoice_settings(),
        "financial_settings": _financial_settings(currency),
        "business_settings": {},
    }


def open_business(books: Books) -> None:
    """Fill the books of a new business: chart, bank accounts, price types, Sage's own contacts."""

    def key_for(name: str) -> str:
        return stable_id(books.key, name)

    books.save_business()
    chart = ledger_accounts.add_chart(books, key_for)
    books.business["business_settings"] = _business_settings(books, chart)
    for name in ("Sales Price", "Trade", "Wholesale"):
        catalogue.add_price_type(books, "product_sales_price_types", key_for(f"price {name}"), name)
    catalogue.add_price_type(books, "service_rate_types", key_for("rate Rate"), "Rate")
    current = _bank_account(books, key_for("bank"), "Current", chart[1200], type_id="CHECKING")
    _bank_account(books, key_for("cash"), "Cash", chart[1220], type_id="CASH_IN_HAND")
    books.business["invoice_settings"]["payment_bank_account"] = short(current)
    books.save_business()
    for name, reference, type_id in (
        ("HMRC Payments", "HMRC Pay", "VENDOR"),
        ("HMRC Reclaimed", "HMRC Rec", "CUSTOMER"),
    ):
        attributes: Doc = {"name": name, "reference": reference, "contact_type_ids": [type_id]}
        contacts.create(books, attributes, key=key_for(name), system=True)


def _bank_account(books: Books, key: str, name: str, account: Doc, *, type_id: str) -> Doc:
    shown = f"{name} ({account['nominal_code']})"
    address, person = stable_id(key, "address"), stable_id(key, "person")
    bank = type_id == "CHECKING"
    doc: Doc = {
        "id": key,
        "displayed_as": shown,
        "$path": f"/bank_accounts/{key}",
        "created_at": "",
        "updated_at": "",
        "bank_account_details": {
            "account_name": name,
            "account_number": "00000000" if bank else None,
            "sort_code": "000000" if bank else None,
            "bic": None,
            "iban": None,
        },
        "ledger_account": short(account),
        "bank_account_type": link("bank_account_types", type_id),
        "balance": "0.0",
        "main_address": {"id": address, "displayed_as": "United Kingdom", "$path": f"/addresses/{address}"},
        "main_contact_person": {
            "id": person,
            "displayed_as": "Main Contact",
            "$path": f"/contact_persons/{person}",
        },
        "nominal_code": None,
        "editable": True,
        "deletable": False,
        "journal_code": None,
        "default_payment_method": link("payment_methods", "ELECTRONIC" if bank else "CASH"),
        "gifi_code": None,
        "is_active": True,
    }
    books.add("bank_accounts", doc, (name,))
    return doc


def _invoice_settings() -> Doc:
    texts = [
        "invoice_terms_and_conditions",
        "default_note_on_invoice",
        "default_note_on_credit_note",
        "default_note_on_estimate",
        "default_note_on_quote",
        "quote_terms_and_conditions",
        "estimate_terms_and_conditions",
        "delivery_note_terms_and_conditions",
    ]
    return {
        "$path": "/invoice_settings",
        "next_invoice_number": 1,
        "next_credit_note_number": 1,
        "separate_invoice_credit_note_numbering": False,
        "sales_invoice_number_prefix": "SI-",
        "sales_credit_note_number_prefix": "SCN-",
        **dict.fromkeys(texts, ""),
        "next_quote_number": 1,
        "quote_number_prefix": "SQ-",
        "estimate_number_prefix": "SE-",
        "quote_default_days_to_expiry": 30,
        "estimate_default_days_to_expiry": 30,
        "delivery_note_show_signature": True,
        "delivery_note_show_picked": True,
        "delivery_note_show_notes": True,
        "delivery_note_show_contact_details": True,
        "quick_entry_prefix": "QE-",
        "late_payment_percentage": None,
        "prompt_payment_percentage": None,
        "payment_bank_account": None,
        "document_headings": {
            "sales_invoice": "Invoice",
            "sales_credit_note": "Credit Note",
            "sales_quote": "Quote",
            "sales_estimate": "Estimate",
            "pro_forma": "Pro Forma Invoice",
            "statement": "Statement",
            "delivery_note": "Delivery Note",
        },
        "line_item_titles": {
            "description": "Description",
            "unit_price": "Price/Rate",
            "quantity": "Qty/Hrs",
            "discount": "Discount",
        },
        "footer_details": {"column_1": "", "column_2": "", "column_3": ""},
        "customer_credit_days": 30,
        "vendor_credit_days": 30,
        "customer_credit_terms": "date_from_invoice",
        "vendor_credit_terms": "date_from_payment",
        "updated_at": STARTED,
    }


def _financial_settings(currency: str) -> Doc:
    return {
        "$path": "/financial_settings",
        "year_end_date": "2026-03-31",
        "year_end_lockdown_date": None,
        "accounting_type": "accrual",
        "accounts_start_date": None,
        "base_currency": link("currencies", currency),
        "multi_currency_enabled": False,
        "use_live_exchange_rates": True,
        "mtd_activation_status": "mtd_unavailable",
        "mtd_connected": False,
        "mtd_authenticated_date": "",
        "tax_scheme": link("tax_schemes", "VAT_STANDARD"),
        "tax_return_frequency": link("tax_return_frequencies", "QUARTERLY"),
        "tax_number": "GB123456789" if currency == "GBP" else "IE1234567A",
        "general_tax_number": "",
        "tax_office": None,
        "default_irpf_rate": "0.0",
        "flat_rate_tax_percentage": None,
        "recoverable_percentage": None,
        "sales_tax_calculation": "invoice",
        "purchase_tax_calculation": "invoice",
        "updated_at": STARTED,
        "postponed_accounting": False,
        "destination_vat": False,
    }


def _business_settings(books: Books, chart: dict[int, Doc]) -> Doc:
    accounts: dict[str, Any] = {f"{name}": short(chart[4000]) for name in SALES_DEFAULTS}
    accounts["service_sales_ledger_account"] = short(chart[4010])
    accounts["sales_discount_ledger_account"] = short(chart[4020])
    accounts["other_receipt_ledger_account"] = short(chart[4900])
    accounts["carriage_ledger_account"] = short(chart[4910])
    accounts["purchase_ledger_account"] = short(chart[5000])
    accounts["product_purchase_ledger_account"] = short(chart[5000])
    accounts["bank_charges_ledger_account"] = short(chart[7900])
    return {
        "$path": "/business_settings",
        "siret": None,
        "management_centre_member": False,
        "rcs_number": None,
        "share_capital": None,
        "default_ledger_accounts": accounts,
        "country_of_registration": link("countries", books.country),
        "business_created_at": STARTED,
        "updated_at": STARTED,
        "wizard_complete": True,
    }
