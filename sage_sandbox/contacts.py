"""Customers and suppliers (FACTS.md 6)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sage_sandbox import addresses
from sage_sandbox.books import Books, new_id, short
from sage_sandbox.decimals import ZERO, parse_decimal, sage_string
from sage_sandbox.errors import Problems, Refusal, entry, invalid
from sage_sandbox.reference_data import CURRENCIES, link
from sage_sandbox.store import Doc

LIMITS = {
    "name": 100,
    "reference": 10,
    "notes": 4000,
    "tax_number": 255,
    "locale": 10,
    "credit_terms_and_conditions": 2000,
    "source_guid": 255,
    "registered_number": 25,
}
CREDIT_TERMS = (
    "month_end_invoice",
    "date_from_invoice",
    "immediate_invoice",
    "month_end_payment",
    "date_from_payment",
    "immediate_payment",
)
BANK_DETAILS = ("account_name", "account_number", "sort_code", "bic", "iban")
TREATMENTS = ("home_tax", "eu_tax_registered", "eu_not_tax_registered", "rest_of_world_tax", "is_importer")


def create(books: Books, attributes: Doc, *, key: str | None = None, system: bool = False) -> Doc:
    """A new contact with its address and person; 422 names what is wrong."""
    problems = Problems()
    if not attributes.get("name"):
        problems.add("name")
    types = attributes.get("contact_type_ids")
    if not types:
        problems.add("contact_type_ids")
    elif types not in (["CUSTOMER"], ["VENDOR"]):
        problems.add("contact_type_ids", "must be exactly one of CUSTOMER and VENDOR")
    type_id = types[0] if types in (["CUSTOMER"], ["VENDOR"]) else "CUSTOMER"
    _check(books, attributes, type_id, problems, None)
    problems.refuse_if_any()

    key = key or new_id()
    owner = {"id": key, "displayed_as": "", "$path": f"/contacts/{key}"}
    owner["displayed_as"] = _displayed_as(attributes["name"], attributes.get("reference"))
    build = _customer if type_id == "CUSTOMER" else _supplier
    contact = build(books, owner, attributes) | {"system": system}
    books.add("contacts", contact, _searched(contact))
    return contact


def _customer(books: Books, owner: Doc, attributes: Doc) -> Doc:
    """A customer in the order of the recordings."""
    main, person = _first_address_and_person(books, owner, attributes, "SALES")
    account = books.find("ledger_accounts", attributes.get("default_sales_ledger_account_id"))
    delivery = None
    if attributes.get("delivery_address"):
        delivery = addresses.add_address(
            books, owner, attributes["delivery_address"], main=False, default_type="DELIVERY"
        )
    head = _head(owner, attributes, "CUSTOMER", "customers")
    return head | {
        "default_sales_ledger_account": short(account or _first_sales_account(books)),
        "default_sales_tax_rate": books.tax_rate(attributes.get("default_sales_tax_rate_id")),
        **_texts(attributes),
        "main_address": short(main),
        "preferred_address": short(main),
        "delivery_address": short(delivery) if delivery else None,
        "main_contact_person": short(person),
        "preferred_contact_person": short(person),
        **_terms(attributes),
        "credit_terms_and_conditions": attributes.get("credit_terms_and_conditions"),
        "product_sales_price_type": short(books.all("product_sales_price_types")[0]),
        **_rest(books, attributes, main, person, is_importer=None),
        "send_statements": True,
        "statement_run": {"id": "statement_delivery_method_email", "name": "Sent by email"},
    }


def _supplier(books: Books, owner: Doc, attributes: Doc) -> Doc:
    """A supplier in the order of the recordings."""
    main, person = _first_address_and_person(books, owner, attributes, "PURCHASING")
    account = books.find("ledger_accounts", attributes.get("default_purchase_ledger_account_id"))
    return _head(owner, attributes, "VENDOR", "suppliers") | {
        "default_purchase_ledger_account": short(account) if account else None,
        **_texts(attributes),
        "main_address": short(main),
        "main_contact_person": short(person),
        **_terms(attributes),
        **_rest(books, attributes, main, person, is_importer=False),
    }


def _first_address_and_person(
    books: Books, owner: Doc, attributes: Doc, address_type: str
) -> tuple[Doc, Doc]:
    main = addresses.add_address(
        books,
        owner,
        attributes.get("main_address") or {},
        main=True,
        default_type=address_type,
        default_name="Main Address",
    )
    return main, addresses.add_person(
        books, owner, main, attributes.get("main_contact_person") or {}, main=True
    )


def _head(owner: Doc, attributes: Doc, type_id: str, folder: str) -> Doc:
    page = {"href": f"/contacts/{folder}/{owner['id']}", "rel": "alternate", "type": "text/html"}
    return {
        **owner,
        "created_at": "",
        "updated_at": "",
        "links": [page],
        "contact_types": [link("contact_types", type_id)],
        "name": attributes["name"],
        "reference": attributes.get("reference") or None,
    }


def _texts(attributes: Doc) -> Doc:
    return {
        "tax_number": attributes.get("tax_number"),
        "notes": attributes.get("notes"),
        "locale": attributes.get("locale") or "en",
    }


def _terms(attributes: Doc) -> Doc:
    return {
        "bank_account_details": _pick(attributes.get("bank_account_details"), BANK_DETAILS),
        "credit_limit": _number(attributes.get("credit_limit")),
        "credit_days": attributes.get("credit_days"),
        "credit_terms": attributes.get("credit_terms"),
    }


def _rest(books: Books, attributes: Doc, main: Doc, person: Doc, *, is_importer: bool | None) -> Doc:
    treatment = dict.fromkeys(TREATMENTS, False) | {"home_tax": True, "is_importer": is_importer}
    return {
        "source_guid": attributes.get("source_guid"),
        "currency": link("currencies", attributes.get("currency_id") or books.business["currency"]),
        "registered_number": attributes.get("registered_number"),
        "deletable": True,
        "tax_treatment": treatment | _given(attributes.get("tax_treatment"), TREATMENTS),
        "email": person["email"],
        "tax_calculation": "",
        "gdpr_obfuscated": False,
        "system": False,
        "has_unfinished_recurring_invoices": False,
        "cis_registered": False,
        "ni_based": False,
        "is_active": True,
        "gb_based": main["country"]["id"] == "GB",
        "cis_settings": None,
        "destination_vat_blocking": False,
        "mandate_active": False,
    }


def update(books: Books, contact: Doc, attributes: Doc) -> Doc:
    """The contact with what the attributes name changed; 422 names what is wrong."""
    if books.switches["put_contact"] == "reject_used" and not contact["deletable"]:
        raise invalid("base", "This contact has transactions and cannot be changed.")
    problems = Problems()
    if "name" in attributes and not attributes["name"]:
        problems.add("name")
    type_id = contact["contact_types"][0]["id"]
    if attributes.get("contact_type_ids") not in (None, [type_id]):
        problems.add("contact_type_ids", "cannot be changed")
    _check(books, attributes, type_id, problems, contact)
    problems.refuse_if_any()
    for name in (*LIMITS, "credit_days", "credit_terms"):
        if name in attributes and name in contact:
            contact[name] = attributes[name]
    if "credit_limit" in attributes:
        contact["credit_limit"] = _number(attributes["credit_limit"])
    if "default_sales_ledger_account_id" in attributes and type_id == "CUSTOMER":
        account = books.find("ledger_accounts", attributes["default_sales_ledger_account_id"])
        contact["default_sales_ledger_account"] = short(account or _first_sales_account(books))
    if "default_sales_tax_rate_id" in attributes and type_id == "CUSTOMER":
        contact["default_sales_tax_rate"] = books.tax_rate(attributes["default_sales_tax_rate_id"])
    if isinstance(attributes.get("bank_account_details"), dict):
        contact["bank_account_details"] |= _given(attributes["bank_account_details"], BANK_DETAILS)
    contact["tax_treatment"] |= _given(attributes.get("tax_treatment"), TREATMENTS)
    contact["displayed_as"] = _displayed_as(contact["name"], contact["reference"])
    _update_address(books, contact, attributes)
    _update_person(books, contact, attributes)
    books.change("contacts", contact, _searched(contact))
    return contact


def delete(books: Books, contact: Doc) -> None:
    """Delete the contact; 422 when it has transactions or belongs to Sage. Its reference stays taken."""
    if not contact["deletable"] or contact["system"]:
        raise invalid("base", "This contact has transactions and cannot be deleted.")
    books.remove("contacts", contact, _searched(contact))


def mark_used(books: Books, contact: Doc) -> None:
    """The contact has a transaction from now on and can no longer be deleted."""
    if contact["deletable"]:
        contact["deletable"] = False
        books.change("contacts", contact, _searched(contact), stamp=False)


def customer(books: Books, key: object) -> Doc:
    """The customer of that id; 422 in Sage's vague words for anything else (FACTS.md 5)."""
    contact = books.find("contacts", key)
    if contact is None or contact["contact_types"][0]["id"] != "CUSTOMER" or contact["gdpr_obfuscated"]:
        raise Refusal(422, [entry("Couldn't find Customer.", "")])
    return contact


def balance(books: Books, contact: Doc) -> str:
    """What the contact owes: open invoices less open credit notes and payments on account."""
    owed = ZERO
    for kind, sign in (("sales_invoices", 1), ("sales_credit_notes", -1), ("payments_on_account", -1)):
        for doc in books.all(kind, "contact = ?", (contact["id"],)):
            owed += sign * Decimal(doc["outstanding_amount"])
    return sage_string(owed)


def _check(books: Books, attributes: Doc, type_id: str, problems: Problems, current: Doc | None) -> None:
    problems.too_long(attributes, LIMITS)
    _check_reference(books, attributes.get("reference"), type_id, problems, current)
    _check_currency(books, attributes.get("currency_id"), problems, current)
    days = attributes.get("credit_days")
    if days is not None and (type(days) is not int or not 0 <= days <= 365):
        problems.add("credit_days", "must be a whole number from 0 to 365")
    if attributes.get("credit_terms") not in (None, *CREDIT_TERMS):
        problems.add("credit_terms", "is not valid")
    for name in ("default_sales_ledger_account_id", "default_purchase_ledger_account_id"):
        if attributes.get(name) and not books.find("ledger_accounts", attributes[name]):
            problems.add(name, "is not valid")
    rate = attributes.get("default_sales_tax_rate_id")
    if rate and not books.tax_rate(rate):
        problems.add("default_sales_tax_rate_id", "is not valid")
    try:
        _number(attributes.get("credit_limit"))
    except ValueError:
        problems.add("credit_limit", "is not a number")
    addresses.check_address(attributes.get("main_address"), problems, "main_address.")
    addresses.check_address(attributes.get("delivery_address"), problems, "delivery_address.")
    addresses.check_person(attributes.get("main_contact_person"), problems, "main_contact_person.")


def _check_reference(
    books: Books, reference: object, type_id: str, problems: Problems, current: Doc | None
) -> None:
    if not isinstance(reference, str) or not reference:
        return
    if books.switches["contact_reference_clash"] == "accept":
        return
    # A deleted contact keeps its reference (FACTS.md 6).
    taken = books.store.row(
        "SELECT 1 FROM records WHERE business = ? AND kind = 'contacts' AND reference = ? AND type = ?"
        " AND id <> ?",
        (books.key, reference, type_id, current["id"] if current else ""),
    )
    if taken:
        problems.add("reference", "has already been taken")


def _check_currency(books: Books, currency: object, problems: Problems, current: Doc | None) -> None:
    if not currency:
        return
    if currency not in CURRENCIES or (current and current["currency"]["id"] != currency):
        problems.add("currency_id", "is not valid")
    elif currency != books.business["currency"] and not _many_currencies(books):
        problems.add("currency_id", "multi-currency is not enabled for this business")


def _many_currencies(books: Books) -> bool:
    return bool(books.business["financial_settings"]["multi_currency_enabled"])


def _update_address(books: Books, contact: Doc, attributes: Doc) -> None:
    for name, main in (("main_address", True), ("delivery_address", False)):
        given = attributes.get(name)
        if not isinstance(given, dict) or name not in contact:
            continue
        if contact[name] is None:
            address = addresses.add_address(books, short(contact), given, main=main, default_type="DELIVERY")
        else:
            address = books.find("addresses", contact[name]["id"]) or {}
            addresses.fill_address(address, _whole(books, given, addresses.ADDRESS_LIMITS))
            books.change("addresses", address)
        contact[name] = short(address)
        if main and "preferred_address" in contact:
            contact["preferred_address"] = short(address)
            contact["gb_based"] = address["country"]["id"] == "GB"


def _update_person(books: Books, contact: Doc, attributes: Doc) -> None:
    given = attributes.get("main_contact_person")
    person = books.find("contact_persons", contact["main_contact_person"]["id"])
    if not isinstance(given, dict) or person is None:
        return
    addresses.fill_person(person, _whole(books, given, addresses.PERSON_LIMITS))
    books.change("contact_persons", person)
    contact["main_contact_person"] = short(person)
    if "preferred_contact_person" in contact:
        contact["preferred_contact_person"] = short(person)
    contact["email"] = person["email"]


def _whole(books: Books, given: Doc, names: Iterable[str]) -> Doc:
    """The attributes as they count: where a PUT replaces, those it leaves out are empty."""
    return dict.fromkeys(names) | given if books.switches["put_contact"] == "replace" else given


def _displayed_as(name: str, reference: str | None) -> str:
    return f"{name} ({reference})" if reference else name


def _searched(contact: Doc) -> tuple[str | None, ...]:
    return contact["name"], contact["reference"]


def _first_sales_account(books: Books) -> Doc:
    return books.all("ledger_accounts", "type = 'SALES'")[0]


def _number(value: object) -> str | None:
    return None if value is None else sage_string(parse_decimal(value))


def _pick(given: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: given.get(name) if isinstance(given, dict) else None for name in names}


def _given(given: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given} if isinstance(given, dict) else {}
