"""Businesses, their settings and the user (FACTS.md 2)."""

from typing import Any

from sage_sandbox.books import Books
from sage_sandbox.clock import parse_date
from sage_sandbox.decimals import parse_decimal, sage_string
from sage_sandbox.errors import Problems, not_found
from sage_sandbox.exchange import Answer, Call, json_answer
from sage_sandbox.reference_data import NAMES, link
from sage_sandbox.store import Doc

EVERY_ROW = 2147483647
BUSINESS_FIELDS = (
    "name",
    "address_line_1",
    "address_line_2",
    "city",
    "region",
    "postal_code",
    "telephone",
    "mobile",
    "website",
)
USER_FIELDS = ("first_name", "last_name", "initials", "locale")
SETTINGS = ("invoice_settings", "financial_settings", "business_settings")
LENGTHS = {"sales_invoice_number_prefix": 6, "sales_credit_note_number_prefix": 6, "quote_number_prefix": 6}
DATES = ("year_end_date", "year_end_lockdown_date", "accounts_start_date")
WHOLE_NUMBERS = {
    "next_invoice_number": (1, 999_999_999),
    "next_credit_note_number": (1, 999_999_999),
    "customer_credit_days": (0, 365),
    "vendor_credit_days": (0, 365),
}
# attribute in a PUT, field it sets, list its id comes from
LINKED = (("tax_scheme_id", "tax_scheme", "tax_schemes"), ("base_currency_id", "base_currency", "currencies"))


def open_businesses(call: Call) -> list[Doc]:
    """The businesses this login can open, in the order of the switch."""
    opened = [business for business in call.sage.store.businesses.values() if business["accessible"]]
    order = call.sage.switches["business_order"]
    if order == "name":
        return sorted(opened, key=lambda business: str(business["answer"]["name"]))
    return opened[::-1] if order == "reversed" else opened


def list_businesses(call: Call) -> Answer:
    """Every business on one page, in the envelope that alone says `$items_per_page`."""
    items = [
        {
            "displayed_as": business["answer"]["name"],
            "id": business["id"],
            "$path": f"/businesses/{business['id']}",
        }
        for business in open_businesses(call)
    ]
    total = {"$total": len(items), "$page": 1, "$next": None, "$back": None}
    return json_answer(200, {**total, "$items_per_page": EVERY_ROW, "$items": items})


def lead_business(call: Call) -> Doc:
    """The business used when no X-Business is sent; raises 404 when the login opens none."""
    for business in call.sage.store.businesses.values():
        if business["accessible"]:
            return business
    raise not_found()


def _business(call: Call) -> Doc:
    if call.key == "lead":
        return lead_business(call)
    business = call.sage.store.businesses.get(call.key)
    if business is None or not business["accessible"]:
        raise not_found()
    return business


def get_business(call: Call) -> Answer:
    """One business, or the lead business, with its country and subscriptions."""
    return json_answer(200, _business(call)["answer"])


def put_business(call: Call) -> Answer:
    """The business with its name or address changed."""
    business = _business(call)
    _overwrite(business["answer"], call.attributes("business"), BUSINESS_FIELDS)
    business["answer"]["displayed_as"] = business["answer"]["name"]
    business["answer"]["updated_at"] = call.sage.clock.timestamp()
    call.sage.store.save_business(business)
    return json_answer(200, business["answer"])


def get_user(call: Call) -> Answer:
    """The person who gave consent."""
    return json_answer(200, call.sage.user)


def put_user(call: Call) -> Answer:
    """The user with a name or the locale changed."""
    user = call.sage.user
    _overwrite(user, call.attributes("user"), USER_FIELDS)
    user["displayed_as"] = f"{user['first_name']} {user['last_name']}"
    user["updated_at"] = call.sage.clock.timestamp()
    call.sage.save_user(user)
    return json_answer(200, user)


def get_settings(name: str) -> Any:
    """The handler that answers one of the three settings."""

    def handler(call: Call) -> Answer:
        return json_answer(200, call.books.business[name])

    return handler


def put_settings(name: str) -> Any:
    """The handler that changes one of the three settings."""

    def handler(call: Call) -> Answer:
        change_settings(call.books, name, call.attributes(name))
        return json_answer(200, call.books.business[name])

    return handler


def change_settings(books: Books, name: str, attributes: Doc) -> None:
    """Change the known settings that the attributes name; 422 names what is wrong."""
    settings = books.business[name]
    problems = Problems()
    problems.too_long(attributes, LENGTHS)
    changes: Doc = {}
    for field, value in attributes.items():
        if field not in settings or field in ("$path", "updated_at"):
            continue
        changes[field] = _setting(field, value, settings[field], problems)
    for attribute, field, kind in LINKED:
        key = attributes.get(attribute)
        if key is not None and field in settings:
            if key in NAMES[kind]:
                changes[field] = link(kind, key)
            else:
                problems.add(attribute, "is not valid")
    problems.refuse_if_any()
    settings |= changes
    settings["updated_at"] = books.clock.timestamp()
    books.save_business()


def _setting(field: str, value: object, current: object, problems: Problems) -> object:
    if field in WHOLE_NUMBERS:
        low, high = WHOLE_NUMBERS[field]
        if type(value) is not int or not low <= value <= high:
            problems.add(field, f"must be a whole number from {low} to {high}")
    elif field in DATES and value:
        try:
            return parse_date(value).isoformat()
        except ValueError:
            problems.add(field, "is not a valid date")
    elif isinstance(current, dict) and isinstance(value, dict):
        return current | value
    elif isinstance(value, str) or value is None or isinstance(value, bool):
        return value
    else:
        try:
            return sage_string(parse_decimal(value)) if type(value) is not int else value
        except ValueError:
            problems.add(field, "is not valid")
    return value


def _overwrite(doc: Doc, attributes: Doc, names: tuple[str, ...]) -> None:
    problems = Problems()
    problems.too_long(attributes, dict.fromkeys(names, 255))
    problems.refuse_if_any()
    doc |= {name: attributes[name] for name in names if name in attributes}
