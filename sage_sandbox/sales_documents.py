"""What sales invoices and sales credit notes have in common: create, change, release, void (FACTS.md 9, 10)."""

from datetime import date
from decimal import Decimal
from typing import Any

from sage_sandbox import addresses, contacts, transactions
from sage_sandbox.books import Books, new_id, short
from sage_sandbox.clock import days_after
from sage_sandbox.decimals import parse_decimal
from sage_sandbox.document_lines import SOURCE, build_line, build_lines, totals
from sage_sandbox.document_shape import DocumentKind, add_up, artefact_addresses, blank
from sage_sandbox.errors import REQUIRED, Problems, invalid
from sage_sandbox.numbering import take_number
from sage_sandbox.reference_data import CURRENCIES, link
from sage_sandbox.settlements import settle
from sage_sandbox.store import Doc

UNPOSTED = ("DRAFT", "PRO_FORMA")
EDITABLE = ("DRAFT", "PRO_FORMA", "UNPAID")


def create(books: Books, kind: DocumentKind, attributes: Doc) -> Doc:
    """A new document, posted unless its status says otherwise; 422 names what is wrong."""
    problems = Problems()
    day = books.open_date(attributes.get("date"), problems)
    status = attributes.get("status_id") or _default_status(books, kind)
    if status not in ("DRAFT", "PRO_FORMA", "UNPAID"):
        problems.add("status_id", "is not valid")
    problems.too_long(attributes, kind.limits())
    if not attributes.get("contact_id"):
        problems.add("contact_id")
    lines = build_lines(books, attributes.get(kind.lines), problems, kind.lines)
    for name in ("main_address", "delivery_address"):
        addresses.check_address(attributes.get(name), problems, f"{name}.")
    problems.refuse_if_any()
    contact = contacts.customer(books, attributes["contact_id"])
    _check_currency(attributes, contact, problems)
    _check_totals(books, attributes, lines, problems)
    main_address = _main_address(books, attributes, contact, problems)
    due_day = _due_date(books, attributes, contact, day, problems)
    problems.refuse_if_any()

    key = new_id()
    doc = blank(books, kind, key, contact)
    doc |= {
        "contact_name": attributes.get("contact_name") or contact["name"],
        "contact_reference": attributes.get("contact_reference") or contact["reference"] or "",
        "date": str(day),
        "notes": attributes.get("notes") or "",
        "reference": attributes.get("reference") or "",
        "terms_and_conditions": attributes.get("terms_and_conditions") or "",
        "sent": bool(attributes.get("sent")),
        "status": link("artefact_statuses", status),
        kind.lines: lines,
    }
    if kind.kind == "sales_invoices":
        doc["due_date"] = str(due_day)
    else:
        doc["original_invoice_date"] = attributes.get("original_invoice_date")
    doc |= artefact_addresses(main_address, attributes.get("delivery_address"))
    add_up(doc, kind)
    if status in UNPOSTED:
        doc[kind.number] = doc["displayed_as"] = f"{doc[kind.number_prefix]}DRAFT"
    else:
        _post(books, kind, doc, attributes)
    settle(doc, [])
    books.add(kind.kind, doc, searched(doc))
    transactions.record(books, doc)
    contacts.mark_used(books, contact)
    return doc


def update(books: Books, kind: DocumentKind, doc: Doc, attributes: Doc) -> Doc:
    """The document with what the attributes name changed; refused once money is set against it."""
    status = doc["status"]["id"]
    if status not in EDITABLE or doc["tax_reconciled"] or not doc["editable"]:
        raise invalid("base", f"This {kind.noun} can no longer be edited.")
    if status not in UNPOSTED:
        books.refuse_closed(doc["date"])
    lines = _check_changes(books, kind, doc, attributes)
    doc[kind.lines] = lines
    _overwrite(doc, attributes)
    if attributes.get("contact_id"):
        contact = contacts.customer(books, attributes["contact_id"])
        doc["contact"] = short(contact)
        doc["contact_name"], doc["contact_reference"] = contact["name"], contact["reference"] or ""
        contacts.mark_used(books, contact)
    if attributes.get(kind.number) and status not in UNPOSTED:
        take_number(books, kind, doc, attributes)
    add_up(doc, kind)
    settle(doc, [])
    books.change(kind.kind, doc, searched(doc))
    transactions.record(books, doc)
    return doc


def _check_changes(books: Books, kind: DocumentKind, doc: Doc, attributes: Doc) -> list[Doc]:
    """The lines the document will have; 422 names what is wrong with the attributes."""
    problems = Problems()
    if "date" in attributes:
        books.open_date(attributes["date"], problems)
    if attributes.get("due_date"):
        _due_date(books, attributes, {}, None, problems)
    problems.too_long(attributes, kind.limits())
    for name in ("main_address", "delivery_address"):
        addresses.check_address(attributes.get(name), problems, f"{name}.")
    lines: list[Doc] = doc[kind.lines]
    if kind.lines in attributes:
        lines = _changed_lines(books, kind, doc, attributes[kind.lines], problems)
    problems.refuse_if_any()
    _check_totals(books, attributes, lines, problems)
    problems.refuse_if_any()
    return lines


def _overwrite(doc: Doc, attributes: Doc) -> None:
    for name in ("date", "due_date", "original_invoice_date"):
        if attributes.get(name) and name in doc:
            doc[name] = attributes[name]
    for name in ("reference", "notes", "terms_and_conditions", "contact_name", "contact_reference"):
        if name in attributes:
            doc[name] = attributes[name] or ""
    if "sent" in attributes:
        doc["sent"] = bool(attributes["sent"])
    if attributes.get("main_address") or attributes.get("delivery_address"):
        main = attributes.get("main_address") or _as_attributes(doc["main_address"])
        doc |= artefact_addresses(main, attributes.get("delivery_address"))


def release(books: Books, kind: DocumentKind, doc: Doc) -> Doc:
    """A draft or pro forma becomes an unpaid, numbered document (FACTS.md 9.2)."""
    if doc["status"]["id"] not in UNPOSTED:
        raise invalid("base", f"Only a draft {kind.noun} can be released.")
    books.refuse_closed(doc["date"])
    doc["status"] = link("artefact_statuses", "UNPAID")
    _post(books, kind, doc, {})
    settle(doc, [])
    books.change(kind.kind, doc, searched(doc))
    transactions.record(books, doc)
    return doc


def void(books: Books, kind: DocumentKind, doc: Doc, reason: object) -> Doc:
    """A draft is deleted; a posted document becomes VOID with nothing outstanding (FACTS.md 9.6)."""
    status = doc["status"]["id"]
    if status in UNPOSTED:
        books.remove(kind.kind, doc, searched(doc))
        return doc
    if not isinstance(reason, str) or not reason.strip():
        raise invalid("void_reason")
    if len(reason) > 200:
        raise invalid("void_reason", "is too long (maximum is 200 characters)")
    if status == "VOID":
        raise invalid("base", f"This {kind.noun} is already void.")
    if Decimal(doc["total_paid"]):
        raise invalid("base", "Payments or allocations must be deleted before this can be voided.")
    if doc["tax_reconciled"]:
        raise invalid("base", "VAT reconciled transactions cannot be edited.")
    books.refuse_closed(doc["date"])
    doc["status"] = link("artefact_statuses", "VOID")
    doc["void_reason"] = reason
    doc["outstanding_amount"] = doc["base_currency_outstanding_amount"] = "0.0"
    doc["editable"] = False
    books.change(kind.kind, doc, searched(doc))
    transactions.record(books, doc)
    return doc


def searched(doc: Doc) -> tuple[str | None, ...]:
    """What `search` looks at: the reference and the contact's name (FACTS.md 14)."""
    return doc["reference"], doc["contact_name"]


def _default_status(books: Books, kind: DocumentKind) -> str:
    return (
        str(books.switches["credit_note_default_status"]) if kind.kind == "sales_credit_notes" else "UNPAID"
    )


def _check_currency(attributes: Doc, contact: Doc, problems: Problems) -> None:
    currency = attributes.get("currency_id")
    if currency and (currency not in CURRENCIES or currency != contact["currency"]["id"]):
        problems.add("currency_id", "must be the currency of the contact")


def _check_totals(books: Books, attributes: Doc, lines: list[Doc], problems: Problems) -> None:
    if books.switches["mismatched_totals"] == "ignore":
        return
    sums = totals(lines)
    for name, sum_name in (("net_amount", "net"), ("tax_amount", "tax"), ("total_amount", "total")):
        given = attributes.get(name)
        try:
            differs = given is not None and parse_decimal(given) != sums[sum_name]
        except ValueError:
            differs = True
        if differs:
            # Sage's catch-all: the message names neither the field nor the fault (FACTS.md 5).
            problems.add(f"{SOURCE}description", REQUIRED)
            return


def _main_address(books: Books, attributes: Doc, contact: Doc, problems: Problems) -> Doc:
    given = attributes.get("main_address")
    if given:
        return dict(given)
    stored = books.find("addresses", contact["main_address"]["id"]) or {}
    if books.switches["main_address_required"] and not addresses.is_filled(stored):
        problems.add("main_address")
    return _as_attributes(stored)


def _as_attributes(address: Doc) -> Doc:
    country = address.get("country") or {}
    return {name: address.get(name) for name in addresses.LINES} | {"country_id": country.get("id")}


def _due_date(
    books: Books, attributes: Doc, contact: Doc, day: date | None, problems: Problems
) -> date | None:
    given = attributes.get("due_date")
    if given:
        try:
            return date.fromisoformat(given)
        except (ValueError, TypeError):
            problems.add("due_date", "is not a valid date")
            return None
    days = contact.get("credit_days")
    if days is None:
        days = books.business["invoice_settings"]["customer_credit_days"]
    return days_after(day, days) if day else None


def _post(books: Books, kind: DocumentKind, doc: Doc, attributes: Doc) -> None:
    take_number(books, kind, doc, attributes)
    key = new_id()
    doc["transaction"] = {"id": key, "displayed_as": doc["reference"], "$path": f"/transactions/{key}"}


def _changed_lines(books: Books, kind: DocumentKind, doc: Doc, given: Any, problems: Problems) -> list[Doc]:
    if not isinstance(given, list):
        problems.add(kind.lines, "is not valid")
        return []
    old = {line["id"]: line for line in doc[kind.lines]}
    changed: dict[str, Doc] = {} if books.switches["put_lines"] == "replace" else dict(old)
    for attributes in given:
        if not isinstance(attributes, dict):
            problems.add(kind.lines, "is not valid")
            continue
        line_id = attributes.get("id")
        if line_id and line_id not in old:
            raise invalid(f"{SOURCE}id", "is not valid")
        merged = {**_line_attributes(old[line_id]), **attributes} if line_id else attributes
        line = build_line(books, merged, problems, line_id)
        if line is not None:
            changed[line["id"]] = line
    if not changed:
        problems.add(kind.lines)
    return list(changed.values())


def _line_attributes(line: Doc) -> Doc:
    """A stored line as if it had been sent, so that a PUT may name only what changes."""
    names = ("description", "quantity", "unit_price", "tax_amount", "discount_amount", "trade_of_asset")
    links = ("ledger_account", "tax_rate", "product", "service", "eu_goods_services_type")
    return {name: line[name] for name in names} | {
        f"{name}_id": line[name]["id"] if line[name] else None for name in links
    }
