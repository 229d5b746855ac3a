"""The chart of accounts (FACTS.md 7)."""

from typing import Any

from sage_sandbox.books import Books, new_id
from sage_sandbox.errors import Problems
from sage_sandbox.reference_data import NAMES, link
from sage_sandbox.store import Doc

AREAS = ("banking", "expenses", "journals", "other_payments", "other_receipts", "reporting", "sales")
SCOPE_NAMES = {
    "banking": "banking",
    "expenses": "purchasing",
    "journals": "journals",
    "other_payments": "other_payment",
    "other_receipts": "other_receipt",
    "reporting": "reporting",
    "sales": "sales",
}
GROUPS = {
    "SALES": "INCOME",
    "OTHER_INCOME": "INCOME",
    "DIRECT_EXPENSES": "EXPENSE",
    "OVERHEADS": "EXPENSE",
    "DEPRECIATION": "EXPENSE",
    "CURRENT_ASSETS": "ASSET",
    "FIXED_ASSETS": "ASSET",
    "FUTURE_ASSETS": "ASSET",
    "BANK": "ASSET",
    "EQUITY": "EQUITY",
}
INCOME = {"journals", "other_receipts", "reporting", "sales"}
COSTS = {"expenses", "journals", "other_payments", "reporting"}
# nominal code, name, type, areas it is visible in, control name
CHART: list[tuple[int, str, str, set[str], str | None]] = [
    (1000, "Stock", "CURRENT_ASSETS", {"journals", "reporting"}, None),
    (1100, "Trade Debtors", "CURRENT_ASSETS", {"reporting"}, "CUSTOMER"),
    (1200, "Bank Current", "BANK", {"banking", "journals", "reporting"}, None),
    (1220, "Cash", "BANK", {"banking", "journals", "reporting"}, None),
    (2200, "VAT on Sales", "CURRENT_LIABILITY", {"journals", "reporting"}, "SALES_TAX"),
    (2201, "VAT on Purchases", "CURRENT_LIABILITY", {"journals", "reporting"}, "PURCHASE_TAX"),
    (2204, "VAT Holding on Sales", "CURRENT_LIABILITY", {"reporting"}, "SALES_TAX_HOLDING"),
    (2205, "VAT Holding on Purchases", "CURRENT_LIABILITY", {"reporting"}, "PURCHASE_TAX_HOLDING"),
    (4000, "Sales - Products", "SALES", INCOME, None),
    (4010, "Sales - Services", "SALES", INCOME, None),
    (4020, "Sales Discounts", "SALES", INCOME, None),
    (4200, "Sale of Assets", "OTHER_INCOME", INCOME, None),
    (4900, "Other income", "OTHER_INCOME", INCOME, None),
    (4910, "Carriage on Sales", "OTHER_INCOME", INCOME, None),
    (5000, "Cost of Sales - Goods", "DIRECT_EXPENSES", COSTS, None),
    (5020, "Materials", "DIRECT_EXPENSES", COSTS, None),
    (5030, "Delivery", "DIRECT_EXPENSES", COSTS, None),
    (5040, "Labour", "DIRECT_EXPENSES", COSTS, None),
    (5050, "Sub-Contractors", "DIRECT_EXPENSES", COSTS, None),
    (5100, "Carriage on Purchases", "DIRECT_EXPENSES", COSTS, None),
    (7300, "Vehicle Fuel", "OVERHEADS", COSTS, None),
    (7400, "Travelling", "OVERHEADS", COSTS, None),
    (7500, "Office Costs", "OVERHEADS", COSTS, None),
    (7630, "Business Insurance", "OVERHEADS", COSTS, None),
    (7900, "Bank Charges", "OVERHEADS", COSTS, None),
]


def add_chart(books: Books, key_for: Any) -> dict[int, Doc]:
    """The default chart, stored, by nominal code; `key_for(name)` gives each account its id."""
    chart = {}
    for code, name, type_id, areas, control in CHART:
        rate = (
            f"{books.country}_STANDARD" if type_id in ("SALES", "OTHER_INCOME", "DIRECT_EXPENSES") else None
        )
        account = build(
            books,
            key_for(str(code)),
            code=code,
            name=name,
            display_name=name,
            type_id=type_id,
            areas=areas,
            tax_rate_id=rate,
            control=control,
        )
        books.add("ledger_accounts", account, (name, str(code)))
        chart[code] = account
    return chart


def build(
    books: Books,
    key: str,
    *,
    code: int,
    name: str,
    display_name: str,
    type_id: str,
    areas: set[str],
    tax_rate_id: str | None,
    control: str | None = None,
) -> Doc:
    """A ledger account in the shape of the recordings."""
    group = GROUPS.get(type_id, "LIABILITY")
    return {
        "id": key,
        "displayed_as": f"{display_name} ({code})",
        "$path": f"/ledger_accounts/{key}",
        "created_at": "",
        "updated_at": "",
        "ledger_account_group": {"id": group, "displayed_as": NAMES["ledger_account_groups"][group]},
        "name": name,
        "display_name": display_name,
        "visible_scopes": sorted(SCOPE_NAMES[area] for area in areas),
        "included_in_chart": True,
        "nominal_code": code,
        "ledger_account_type": link("ledger_account_types", type_id),
        "ledger_account_classification": None,
        "tax_rate": books.tax_rate(tax_rate_id),
        "fixed_tax_rate": tax_rate_id is not None,
        **{f"visible_in_{area}": area in areas for area in AREAS},
        "balance_details": None,
        "is_control_account": control is not None,
        "control_name": control,
        "display_formatted": f"{code} - {display_name}",
        "tax_recoverable": None,
        "recoverable_percentage": None,
        "non_recoverable_ledger_account": None,
        "cis_materials": False,
        "tax_instalment": False,
        "cis_labour": False,
        "gifi_code": None,
    }


def create(books: Books, attributes: Doc) -> Doc:
    """A new ledger account; 422 names what is wrong."""
    problems = Problems()
    for name in ("ledger_account_type_id", "included_in_chart", "name", "display_name", "nominal_code"):
        if attributes.get(name) in (None, ""):
            problems.add(name)
    problems.too_long(attributes, {"name": 200, "display_name": 200})
    code, type_id = attributes.get("nominal_code"), attributes.get("ledger_account_type_id")
    if type_id and type_id not in NAMES["ledger_account_types"]:
        problems.add("ledger_account_type_id", "is not valid")
    if code is not None and (type(code) is not int or not 1 <= code <= 99_999_999):
        problems.add("nominal_code", "is not valid")
    elif code is not None and books.all(
        "ledger_accounts", "json_extract(body, '$.nominal_code') = ?", (code,)
    ):
        problems.add("nominal_code", "has already been taken")
    rate = attributes.get("tax_rate_id")
    if rate and not books.tax_rate(rate):
        problems.add("tax_rate_id", "is not valid")
    problems.refuse_if_any()
    areas = {area for area in AREAS if attributes.get(f"visible_in_{area}")}
    account = build(
        books,
        new_id(),
        code=int(str(code)),
        name=attributes["name"],
        display_name=attributes["display_name"],
        type_id=str(type_id),
        areas=areas,
        tax_rate_id=rate,
        control=attributes.get("control_name"),
    )
    books.add("ledger_accounts", account, (account["name"], str(code)))
    return account


def update(books: Books, account: Doc, attributes: Doc) -> Doc:
    """The account with its name, tax rate or visibility changed."""
    problems = Problems()
    problems.too_long(attributes, {"name": 200, "display_name": 200})
    rate = attributes.get("tax_rate_id")
    if rate and not books.tax_rate(rate):
        problems.add("tax_rate_id", "is not valid")
    problems.refuse_if_any()
    for name in ("name", "display_name", "included_in_chart"):
        if attributes.get(name) is not None:
            account[name] = attributes[name]
    if "tax_rate_id" in attributes:
        account["tax_rate"] = books.tax_rate(rate)
    for area in AREAS:
        if f"visible_in_{area}" in attributes:
            account[f"visible_in_{area}"] = bool(attributes[f"visible_in_{area}"])
    account["visible_scopes"] = sorted(SCOPE_NAMES[area] for area in AREAS if account[f"visible_in_{area}"])
    account["displayed_as"] = f"{account['display_name']} ({account['nominal_code']})"
    account["display_formatted"] = f"{account['nominal_code']} - {account['display_name']}"
    books.change("ledger_accounts", account, (account["name"], str(account["nominal_code"])))
    return account


def usable_in_sales(account: Doc | None) -> bool:
    """True when a sales line may use the account: visible in sales and no control account."""
    return account is not None and bool(account["visible_in_sales"]) and not account["is_control_account"]
