"""Customers and suppliers (FACTS.md 6)."""

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
    customer = type_id == "CUSTOMER"
    owner = {"id": key, "displayed_as": "", "$path": f"/contacts/{key}"}
    owner["displayed_as"] = _displayed_as(attributes["name"], attributes.get("reference"))
    main = addresses.add_address(
        books,
        owner,
        attributes.get("main_address") or {},
        main=True,
        default_type="SALES" if customer else "PURCHASING",
        default_name="Main Address",
    )
    person = addresses.add_person(books, owner, main, attributes.get("main_contact_person") or {}, main=True)
    contact: Doc = {
        **owner,
        "created_at": "",
        "updated_at": "",
        "links": [
            {
                "href": f"/contacts/{'customers' if customer else 'suppliers'}/{key}",
                "rel": "alternate",
                "type": "text/html",
            }
        ],
        "contact_types": [link("contact_types", type_id)],
        "name": attributes["name"],
        "reference": attributes.get("reference") or None,
    }
    if customer:
        account = books.find("ledger_accounts", attributes.get("default_sales_ledger_account_id"))
        contact["default_sales_ledger_account"] = short(account or _first_sales_account(books))
        contact["default_sales_tax_rate"] = books.tax_rate(attributes.get("default_sales_tax_rate_id"))
    else:
        account = books.find("ledger_accounts", attributes.get("default_purchase_ledger_account_id"))
        contact["default_purchase_ledger_account"] = short(account) if account else None
    contact["tax_number"] = attributes.get("tax_number")
    contact["notes"] = attributes.get("notes")
    contact["locale"] = attributes.get("locale") or "en"
    contact["main_address"] = short(main)
    if customer:
        contact["preferred_address"] = short(main)
        contact["delivery_address"] = None
    contact["main_contact_person"] = short(person)
    if customer:
        contact["preferred_contact_person"] = short(person)
    contact["bank_account_details"] = _pick(attributes.get("bank_account_details"), BANK_DETAILS)
    contact["credit_limit"] = _number(attributes.get("credit_limit"))
    contact["credit_days"] = attributes.get("credit_days")
    contact["credit_terms"] = attributes.get("credit_terms")
    if customer:
        contact["credit_terms_and_conditions"] = attributes.get("credit_terms_and_conditions")
        contact["product_sales_price_type"] = short(books.all("product_sales_price_types")[0])
    contact["source_guid"] = attributes.get("source_guid")
    contact["currency"] = link("currencies", attributes.get("currency_id") or books.business["currency"])
    contact["registered_number"] = attributes.get("registered_number")
    contact["deletable"] = True
    treatment = {"home_tax": True, "eu_tax_registered": False, "eu_not_tax_registered": False}
    treatment |= {"rest_of_world_tax": False, "is_importer": None if customer else False}
    contact["tax_treatment"] = treatment | _given(attributes.get("tax_treatment"), TREATMENTS)
    contact["email"] = person["email"]
    contact["tax_calculation"] = ""
    contact["gdpr_obfuscated"] = False
    contact["system"] = system
    contact["has_unfinished_recurring_invoices"] = False
    contact["cis_registered"] = False
    contact["ni_based"] = False
    contact["is_active"] = True
    contact["gb_based"] = main["country"]["id"] == "GB"
    contact["cis_settings"] = None
    contact["destination_vat_blocking"] = False
    contact["mandate_active"] = False
    if customer:
        contact["send_statements"] = True
        contact["statement_run"] = {"id": "statement_delivery_method_email", "name": "Sent by email"}
        if attributes.get("delivery_address"):
            delivery = addresses.add_address(
                books, owner, attributes["delivery_address"], main=False, default_type="DELIVERY"
            )
            contact["delivery_address"] = short(delivery)
    books.add("contacts", contact, _searched(contact))
    return contact


def update(books: Books, contact: Doc, attributes: Doc) -> Doc:
    """The contact with what the attributes name changed; 422 names what is wrong."""
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
    reference = attributes.get("reference")
    if isinstance(reference, str) and reference and books.switches["contact_reference_clash"] == "reject":
        taken = books.store.row(
            "SELECT 1 FROM records WHERE business = ? AND kind = 'contacts' AND reference = ? AND type = ?"
            " AND id <> ?",
            (books.key, reference, type_id, current["id"] if current else ""),
        )
        if taken:
            problems.add("reference", "has already been taken")
    days = attributes.get("credit_days")
    if days is not None and (type(days) is not int or not 0 <= days <= 365):
        problems.add("credit_days", "must be a whole number from 0 to 365")
    if attributes.get("credit_terms") not in (None, *CREDIT_TERMS):
        problems.add("credit_terms", "is not valid")
    currency = attributes.get("currency_id")
    if currency and (currency not in CURRENCIES or (current and current["currency"]["id"] != currency)):
        problems.add("currency_id", "is not valid")
    elif currency and currency != books.business["currency"]:
        if not books.business["financial_settings"]["multi_currency_enabled"]:
            problems.add("currency_id", "multi-currency is not enabled for this business")
    for name in ("default_sales_ledger_account_id", "default_purchase_ledger_account_id"):
        if attributes.get(name) and not books.find("ledger_accounts", attributes[name]):
            problems.add(name, "is not valid")
    rate = attributes.get("default_sales_tax_rate_id")
    if rate and not books.tax_rate(rate):
        problems.add("default_sales_tax_rate_id", "is not valid")
    if attributes.get("credit_limit") is not None:
        try:
            parse_decimal(attributes["credit_limit"])
        except ValueError:
            problems.add("credit_limit", "is not a number")
    addresses.check_address(attributes.get("main_address"), problems, "main_address.")
    addresses.check_address(attributes.get("delivery_address"), problems, "delivery_address.")
    addresses.check_person(attributes.get("main_contact_person"), problems, "main_contact_person.")


def _update_address(books: Books, contact: Doc, attributes: Doc) -> None:
    for name, main in (("main_address", True), ("delivery_address", False)):
        given = attributes.get(name)
        if not isinstance(given, dict) or name not in contact:
            continue
        if contact[name] is None:
            address = addresses.add_address(books, short(contact), given, main=main, default_type="DELIVERY")
        else:
            address = books.find("addresses", contact[name]["id"]) or {}
            addresses.fill_address(address, given)
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
    addresses.fill_person(person, given)
    books.change("contact_persons", person)
    contact["main_contact_person"] = short(person)
    if "preferred_contact_person" in contact:
        contact["preferred_contact_person"] = short(person)
    contact["email"] = person["email"]


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
