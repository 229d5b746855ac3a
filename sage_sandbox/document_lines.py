"""Lines of sales documents: what is required, how amounts are rounded, how they add up (FACTS.md 8, 9)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sage_sandbox.books import Books, new_id, short
from sage_sandbox.decimals import ZERO, parse_decimal, sage_string, to_pennies, to_places
from sage_sandbox.errors import REQUIRED, Problems
from sage_sandbox.ledger_accounts import usable_in_sales
from sage_sandbox.reference_data import NAMES, link, tax_percentage
from sage_sandbox.store import Doc

ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
NUMBERS = ("unit_price", "quantity", "tax_amount", "discount_amount", "discount_percentage")
# Errors of lines are reported under `line_items`, whatever the lines are called (FACTS.md 5).
SOURCE = "line_items."


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """The rounded amounts of one line."""

    unit_price: Decimal
    net: Decimal
    tax: Decimal
    discount: Decimal
    discount_percentage: Decimal


def build_lines(books: Books, given: object, problems: Problems, source: str) -> list[Doc]:
    """The lines as Sage would answer them; faults are noted in `problems`."""
    if not isinstance(given, list) or not given:
        problems.add(source)
        return []
    lines = []
    for attributes in given:
        if not isinstance(attributes, dict):
            problems.add(source, "is not valid")
            continue
        line = build_line(books, attributes, problems)
        if line is not None:
            lines.append(line)
    kinds = {line["eu_goods_services_type"]["id"] for line in lines if line["eu_goods_services_type"]}
    if len(kinds) > 1:
        problems.add(f"{SOURCE}eu_goods_services_type_id", "must be the same on all lines")
    return lines


def build_line(books: Books, attributes: Doc, problems: Problems, line_id: str | None = None) -> Doc | None:
    """One line as Sage would answer it, or None when its faults were noted."""
    before = len(problems.entries)
    description = attributes.get("description")
    if not description:
        problems.add(f"{SOURCE}description")
    else:
        problems.too_long(attributes, {"description": books.switches["description_max"]}, SOURCE)
        if books.switches["html_entities"] == "reject" and ENTITY.search(str(description)):
            # Sage's catch-all: the message does not name the entity (FACTS.md 5).
            problems.add(f"{SOURCE}description", REQUIRED)
    account = books.find("ledger_accounts", attributes.get("ledger_account_id"))
    if not attributes.get("ledger_account_id"):
        problems.add(f"{SOURCE}ledger_account_id")
    elif not usable_in_sales(account):
        problems.add(f"{SOURCE}ledger_account_id", "is not valid for sales")
    rate = _tax_rate(books, attributes, problems)
    numbers = _numbers(attributes, problems)
    links = _catalogue_links(books, attributes, problems)
    if attributes.get("eu_goods_services_type_id") not in (None, *NAMES["eu_goods_services_types"]):
        problems.add(f"{SOURCE}eu_goods_services_type_id", "is not valid")
    negative = numbers["unit_price"] is not None and numbers["unit_price"] < 0
    if negative and books.switches["negative_lines"] == "reject":
        problems.add(f"{SOURCE}unit_price", "must not be negative")
    if _lacks_quantities(books) and numbers["quantity"] not in (None, 1):
        problems.add(f"{SOURCE}quantity", "is not available on this plan")
    percentage = tax_percentage(books.country, rate["id"]) if rate else ZERO
    if numbers["tax_amount"] is None and percentage and books.switches["tax_when_omitted"] == "reject":
        problems.add(f"{SOURCE}tax_amount")
    if len(problems.entries) > before or account is None:
        return None
    amounts = _amounts(books, attributes, numbers, percentage)
    line = _answer(
        attributes,
        line_id or new_id(),
        account=short(account),
        rate=rate,
        percentage=percentage,
        quantity=numbers["quantity"],
        amounts=amounts,
    )
    return line | links


def _lacks_quantities(books: Books) -> bool:
    return bool(books.business["plan"] == "T" and books.switches["quantities_on_start"] == "reject")


def totals(lines: Iterable[Doc]) -> dict[str, Decimal]:
    """The sums of line values: net, tax, total, quantity and discount (FACTS.md 8.3)."""
    names = {"net": "net_amount", "tax": "tax_amount", "quantity": "quantity", "discount": "discount_amount"}
    lines = list(lines)
    sums = {name: sum((Decimal(line[field]) for line in lines), ZERO) for name, field in names.items()}
    return sums | {"total": sums["net"] + sums["tax"]}


def tax_analysis(lines: Iterable[Doc]) -> list[Doc]:
    """Net, tax and total for each tax rate."""
    by_rate: dict[str, list[Doc]] = {}
    for line in lines:
        if line["tax_rate"]:
            by_rate.setdefault(line["tax_rate"]["id"], []).append(line)
    analysis = []
    for members in by_rate.values():
        sums = totals(members)
        analysis.append(
            {
                "tax_rate": members[0]["tax_rate"],
                "net_amount": sage_string(sums["net"]),
                "tax_amount": sage_string(sums["tax"]),
                "total_amount": sage_string(sums["total"]),
                "goods_amount": sage_string(sums["net"]),
                "service_amount": "0.0",
            }
        )
    return analysis


def _tax_rate(books: Books, attributes: Doc, problems: Problems) -> Doc | None:
    key = attributes.get("tax_rate_id")
    if not key:
        if books.switches["tax_rate_required"] or attributes.get("tax_amount") is not None:
            problems.add(f"{SOURCE}tax_rate_id")
        return None
    rate = books.tax_rate(key)
    if rate is None:
        problems.add(f"{SOURCE}tax_rate_id", "is not valid")
        return None
    scheme = books.business["financial_settings"]["tax_scheme"]["id"]
    if scheme == "NOT_REGISTERED" and tax_percentage(books.country, rate["id"]):
        problems.add(f"{SOURCE}tax_rate_id", "is not valid for a business that is not registered for VAT")
        return None
    return rate


def _numbers(attributes: Doc, problems: Problems) -> dict[str, Decimal | None]:
    numbers: dict[str, Decimal | None] = {}
    for name in NUMBERS:
        value = attributes.get(name)
        numbers[name] = None
        if value is None:
            if name == "unit_price":
                problems.add(f"{SOURCE}unit_price")
            continue
        try:
            numbers[name] = parse_decimal(value)
        except ValueError:
            problems.add(SOURCE + name, "is not a number")
    return numbers


def _catalogue_links(books: Books, attributes: Doc, problems: Problems) -> dict[str, Any]:
    links: dict[str, Any] = {"product": None, "service": None}
    for name in links:
        key = attributes.get(f"{name}_id")
        if key:
            item = books.find(f"{name}s", key)
            if item is None:
                problems.add(f"{SOURCE}{name}_id", "is not valid")
            else:
                links[name] = short(item)
    return links


def _amounts(
    books: Books, attributes: Doc, numbers: dict[str, Decimal | None], percentage: Decimal
) -> LineAmounts:
    mode = books.switches["rounding"]
    quantity = Decimal(1) if numbers["quantity"] is None else numbers["quantity"]
    price = to_places(numbers["unit_price"] or ZERO, books.switches["unit_price_places"], mode)
    if attributes.get("unit_price_includes_tax"):
        # Net comes from unrounded figures, the price shown is rounded (FACTS.md 8.3).
        price = price * 100 / (100 + percentage)
    full = to_pennies(quantity * price, mode)
    discount = to_pennies(numbers["discount_amount"] or ZERO, mode)
    discount_percentage = numbers["discount_percentage"] or ZERO
    if numbers["discount_amount"] is None and discount_percentage:
        discount = to_pennies(full * discount_percentage / 100, mode)
    elif discount and full:
        discount_percentage = to_pennies(discount * 100 / full, mode)
    net = full - discount
    if numbers["tax_amount"] is not None:
        tax = to_pennies(numbers["tax_amount"], mode)
    elif books.switches["tax_when_omitted"] == "compute":
        tax = to_pennies(net * percentage / 100, mode)
    else:
        tax = ZERO
    return LineAmounts(to_places(price, 2, mode), net, tax, discount, discount_percentage)


def _answer(
    attributes: Doc,
    line_id: str,
    *,
    account: Doc,
    rate: Doc | None,
    percentage: Decimal,
    quantity: Decimal | None,
    amounts: LineAmounts,
) -> Doc:
    net, tax = sage_string(amounts.net), sage_string(amounts.tax)
    price, discount = sage_string(amounts.unit_price), sage_string(amounts.discount)
    total = sage_string(amounts.net + amounts.tax)
    breakdown = [{"tax_rate": rate, "percentage": sage_string(percentage), "amount": tax}] if rate else []
    goods = attributes.get("eu_goods_services_type_id")
    return {
        "id": line_id,
        "displayed_as": attributes["description"],
        "description": attributes["description"],
        "product": None,
        "service": None,
        "ledger_account": account,
        "trade_of_asset": bool(attributes.get("trade_of_asset")),
        "quantity": sage_string(Decimal(1) if quantity is None else quantity),
        "unit_price": price,
        "net_amount": net,
        "tax_rate": rate,
        "tax_amount": tax,
        "tax_breakdown": breakdown,
        "total_amount": total,
        "base_currency_unit_price": price,
        "unit_price_includes_tax": bool(attributes.get("unit_price_includes_tax")),
        "base_currency_net_amount": net,
        "base_currency_tax_amount": tax,
        "base_currency_tax_breakdown": breakdown,
        "base_currency_total_amount": total,
        "eu_goods_services_type": link("eu_goods_services_types", goods) if goods else None,
        "discount_amount": discount,
        "base_currency_discount_amount": discount,
        "discount_percentage": sage_string(amounts.discount_percentage),
        "eu_sales_description": None,
    }
