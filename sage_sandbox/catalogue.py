"""Products and services (FACTS.md 12)."""

from dataclasses import dataclass

from sage_sandbox.books import Books, new_id, short
from sage_sandbox.decimals import parse_decimal, sage_string
from sage_sandbox.errors import Problems, invalid
from sage_sandbox.reference_data import link
from sage_sandbox.store import Doc

LIMITS = {"item_code": 255, "description": 255, "notes": 500, "source_guid": 255, "purchase_description": 250}


@dataclass(frozen=True, slots=True)
class ItemKind:
    """The names in which products and services differ."""

    kind: str
    root: str
    required: tuple[str, ...]
    prices: str
    price_name: str
    price: str
    price_types: str
    price_type: str


PRODUCT = ItemKind(
    kind="products",
    root="product",
    required=("description", "sales_ledger_account_id", "purchase_ledger_account_id"),
    prices="sales_prices",
    price_name="price_name",
    price="price",
    price_types="product_sales_price_types",
    price_type="product_sales_price_type",
)
SERVICE = ItemKind(
    kind="services",
    root="service",
    required=("description", "sales_ledger_account_id"),
    prices="sales_rates",
    price_name="rate_name",
    price="rate",
    price_types="service_rate_types",
    price_type="service_rate_type",
)


def create(books: Books, kind: ItemKind, attributes: Doc) -> Doc:
    """A new product or service; 422 names what is wrong."""
    problems = Problems()
    for name in kind.required:
        if not attributes.get(name):
            problems.add(name)
    _check(books, kind, attributes, problems)
    problems.refuse_if_any()
    key = new_id()
    item: Doc = {
        "id": key,
        "displayed_as": "",
        "$path": f"/{kind.kind}/{key}",
        "created_at": "",
        "updated_at": "",
        "links": [{"href": f"/products_services/{key}", "rel": "alternate", "type": "text/html"}],
        "deletable": True,
        "deactivatable": True,
        "used_on_recurring_invoice": False,
        "item_code": "",
        "description": "",
        "notes": "",
        "sales_ledger_account": None,
        "sales_tax_rate": None,
        "purchase_ledger_account": None,
        "usual_supplier": None,
        "purchase_tax_rate": None,
        "cost_price": "0.0",
        kind.prices: [],
        "source_guid": None,
        "purchase_description": "",
        "active": None,
    }
    if kind is PRODUCT:
        item["catalog_item_type"] = link("catalog_item_types", "PRODUCT")
    _fill(books, kind, item, {kind.prices: []} | attributes)
    books.add(kind.kind, item, (item["item_code"], item["description"]))
    return item


def update(books: Books, kind: ItemKind, item: Doc, attributes: Doc) -> Doc:
    """The item with what the attributes name changed."""
    problems = Problems()
    for name in kind.required:
        if name in attributes and not attributes[name]:
            problems.add(name)
    _check(books, kind, attributes, problems)
    problems.refuse_if_any()
    _fill(books, kind, item, attributes)
    books.change(kind.kind, item, (item["item_code"], item["description"]))
    return item


def delete(books: Books, kind: ItemKind, item: Doc) -> None:
    """Delete the item; 422 when it stands on a document."""
    used = books.store.row(
        "SELECT 1 FROM records WHERE business = ? AND kind IN ('sales_invoices', 'sales_credit_notes')"
        " AND instr(body, ?) LIMIT 1",
        (books.key, f'"{item["$path"]}"'),
    )
    if used:
        raise invalid("base", "This item has been used and cannot be deleted.")
    books.remove(kind.kind, item, (item["item_code"], item["description"]))


def create_price_type(books: Books, kind: str, attributes: Doc) -> Doc:
    """A new kind of sales price or rate."""
    problems = Problems()
    if not attributes.get("name"):
        problems.add("name")
    problems.too_long(attributes, {"name": 255})
    problems.refuse_if_any()
    return add_price_type(books, kind, new_id(), attributes["name"])


def add_price_type(books: Books, kind: str, key: str, name: str) -> Doc:
    """A stored kind of sales price or rate with that id."""
    doc: Doc = {
        "id": key,
        "displayed_as": name,
        "$path": f"/{kind}/{key}",
        "created_at": "",
        "updated_at": "",
        "name": name,
        "active": True,
    }
    books.add(kind, doc, (name,))
    return doc


def _check(books: Books, kind: ItemKind, attributes: Doc, problems: Problems) -> None:
    problems.too_long(attributes, LIMITS)
    for name in ("sales_ledger_account_id", "purchase_ledger_account_id"):
        if attributes.get(name) and not books.find("ledger_accounts", attributes[name]):
            problems.add(name, "is not valid")
    for name in ("sales_tax_rate_id", "purchase_tax_rate_id"):
        if attributes.get(name) and not books.tax_rate(attributes[name]):
            problems.add(name, "is not valid")
    prices = attributes.get(kind.prices) or []
    if not isinstance(prices, list) or not all(isinstance(price, dict) for price in prices):
        problems.add(kind.prices, "is not valid")
        prices = []
    for value in (attributes.get("cost_price"), *(price.get(kind.price) for price in prices)):
        try:
            parse_decimal(0 if value is None else value)
        except ValueError:
            problems.add(kind.price, "is not a number")


def _fill(books: Books, kind: ItemKind, item: Doc, attributes: Doc) -> None:
    for name in ("item_code", "description", "notes", "source_guid", "purchase_description", "active"):
        if name in attributes:
            item[name] = attributes[name]
    item["displayed_as"] = item["description"]
    for name in ("sales_ledger_account", "purchase_ledger_account"):
        if f"{name}_id" in attributes:
            account = books.find("ledger_accounts", attributes[f"{name}_id"])
            item[name] = short(account) if account else None
    for name in ("sales_tax_rate", "purchase_tax_rate"):
        if f"{name}_id" in attributes:
            item[name] = books.tax_rate(attributes[f"{name}_id"])
    if attributes.get("cost_price") is not None:
        item["cost_price"] = sage_string(parse_decimal(attributes["cost_price"]))
    if kind.prices in attributes:
        item[kind.prices] = _prices(books, kind, attributes[kind.prices] or [])


def _prices(books: Books, kind: ItemKind, given: list[Doc]) -> list[Doc]:
    """One price of each type: the one sent for that type, or nothing (FACTS.md 12)."""
    stamp = books.clock.timestamp()
    prices = []
    for position, type_doc in enumerate(books.all(kind.price_types)):
        sent = next((price for price in given if price.get(f"{kind.price_type}_id") == type_doc["id"]), None)
        if sent is None and position == 0:
            sent = next((price for price in given if not price.get(f"{kind.price_type}_id")), None)
        sent = sent or {}
        prices.append(
            {
                "id": new_id(),
                "displayed_as": type_doc["name"],
                "created_at": stamp,
                "updated_at": stamp,
                kind.price_name: sent.get(kind.price_name) or type_doc["name"],
                kind.price: sage_string(parse_decimal(sent.get(kind.price) or 0)),
                f"{kind.price}_includes_tax": bool(sent.get(f"{kind.price}_includes_tax")),
                kind.price_type: short(type_doc),
            }
        )
    return prices
