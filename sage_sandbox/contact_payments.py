"""Receipts and refunds, and what they are set against (FACTS.md 11)."""

from decimal import Decimal

from sage_sandbox import contacts, transactions
from sage_sandbox.books import Books, new_id, short
from sage_sandbox.decimals import ZERO, parse_decimal, sage_string, to_pennies
from sage_sandbox.errors import Problems, Refusal, entry, invalid
from sage_sandbox.reference_data import NAMES, link
from sage_sandbox.settlements import Settlement, replace_settlements, settle
from sage_sandbox.store import Doc

KIND = "contact_payments"
REQUIRED_NAMES = ("transaction_type_id", "contact_id", "bank_account_id", "date", "total_amount")
TYPES = ("CUSTOMER_RECEIPT", "CUSTOMER_REFUND", "VENDOR_PAYMENT", "VENDOR_REFUND")
PAYABLE = {
    "CUSTOMER_RECEIPT": ("sales_invoices",),
    "CUSTOMER_REFUND": ("sales_credit_notes", "payments_on_account"),
    "VENDOR_PAYMENT": (),
    "VENDOR_REFUND": (),
}
NOT_PAYABLE = "Only unpaid or part-paid invoices can be paid."


def create(books: Books, attributes: Doc) -> Doc:
    """A new payment, set against its artefacts; what is left becomes a payment on account."""
    key = new_id()
    transaction = new_id()
    payment: Doc = {
        "id": key,
        "displayed_as": "",
        "$path": f"/contact_payments/{key}",
        "created_at": "",
        "updated_at": "",
        "links": [],
        "transaction": {"id": transaction, "displayed_as": "", "$path": f"/transactions/{transaction}"},
    }
    payment = _fill(books, payment, attributes, payment_on_account=None)
    books.add(KIND, payment)
    transactions.record(books, payment)
    return payment


def update(books: Books, payment: Doc, attributes: Doc) -> Doc:
    """The payment with any field changed; its allocations are taken off and set again (FACTS.md 11.2)."""
    _refuse_locked(books, payment)
    current = {
        "transaction_type_id": payment["transaction_type"]["id"],
        "contact_id": payment["contact"]["id"],
        "bank_account_id": payment["bank_account"]["id"],
        "payment_method_id": payment["payment_method"]["id"],
        "date": payment["date"],
        "total_amount": payment["total_amount"],
        "reference": payment["reference"],
        "allocated_artefacts": [
            {"artefact_id": item["artefact"]["id"], "amount": item["amount"], "discount": item["discount"]}
            for item in payment["allocated_artefacts"]
        ],
    }
    replace_settlements(books, payment["id"], [])
    on_account = payment["payment_on_account"]
    if on_account and attributes.get("allocated_artefacts") == []:
        _remove_on_account(books, on_account)
        on_account = None
    payment = _fill(books, payment, current | attributes, payment_on_account=on_account)
    books.change(KIND, payment)
    transactions.record(books, payment)
    return payment


def delete(books: Books, payment: Doc) -> None:
    """Delete the payment; its invoices fall back to part paid or unpaid (FACTS.md 11.2)."""
    _refuse_locked(books, payment)
    replace_settlements(books, payment["id"], [])
    if payment["payment_on_account"]:
        _remove_on_account(books, payment["payment_on_account"])
    books.remove(KIND, payment)
    transactions.record(books, payment, deleted=True)


def _refuse_locked(books: Books, payment: Doc) -> None:
    if not payment["editable"]:
        raise invalid("base", "Bank reconciled payments cannot be changed.")
    books.refuse_closed(payment["date"])
    on_account = payment["payment_on_account"]
    found = books.find_artefact(on_account["id"]) if on_account else None
    if found and found[1]["outstanding_amount"] != found[1]["total_amount"]:
        raise invalid(
            "base", "The payment on account of this payment is allocated; remove the allocation first."
        )


def _fill(books: Books, payment: Doc, attributes: Doc, payment_on_account: Doc | None) -> Doc:
    problems = Problems()
    for name in REQUIRED_NAMES:
        if attributes.get(name) in (None, "", []):
            problems.add(name)
    problems.refuse_if_any()
    day = books.open_date(attributes["date"], problems)
    problems.too_long(attributes, {"reference": 25})
    type_id = attributes["transaction_type_id"]
    if type_id not in TYPES:
        problems.add("transaction_type_id", "is not valid")
    bank_account = books.find("bank_accounts", attributes["bank_account_id"])
    if bank_account is None:
        raise invalid("bank_account_id", "is not valid")
    method = attributes.get("payment_method_id")
    if method and method not in NAMES["payment_methods"]:
        problems.add("payment_method_id", "is not valid")
    total = _amount(attributes["total_amount"], "total_amount", problems)
    if total <= 0:
        problems.add("total_amount", "must be greater than 0")
    problems.refuse_if_any()
    contact = _contact(books, attributes["contact_id"], type_id)
    settlements, allocated = _allocations(books, payment, attributes, contact, total)
    rest = total - sum((item.amount for item in settlements), ZERO)
    reference = attributes.get("reference") or ""
    payment["displayed_as"] = reference
    payment["transaction"]["displayed_as"] = reference
    payment |= {
        "transaction_type": link("transaction_types", type_id),
        "payment_method": link("payment_methods", method)
        if method
        else bank_account["default_payment_method"],
        "contact": short(contact),
        "bank_account": short(bank_account),
        "date": str(day),
        "net_amount": sage_string(total),
        "tax_amount": "0.0",
        "total_amount": sage_string(total),
        "currency": contact["currency"],
        "exchange_rate": "1.0",
        "base_currency_net_amount": sage_string(total),
        "base_currency_tax_amount": "0.0",
        "base_currency_total_amount": sage_string(total),
        "base_currency_currency_charge": "0.0",
        "reference": reference,
        "allocated_artefacts": allocated,
        "tax_rate": None,
        "payment_on_account": None,
        "editable": True,
    }
    replace_settlements(books, payment["id"], settlements)
    payment["payment_on_account"] = _on_account(books, payment, contact, rest, payment_on_account)
    contacts.mark_used(books, contact)
    return payment


def _contact(books: Books, key: object, type_id: str) -> Doc:
    if type_id.startswith("CUSTOMER"):
        return contacts.customer(books, key)
    contact = books.find("contacts", key)
    if contact is None or contact["contact_types"][0]["id"] != "VENDOR":
        raise Refusal(422, [entry("Couldn't find Supplier.", "")])
    return contact


def _amount(value: object, source: str, problems: Problems) -> Decimal:
    try:
        return to_pennies(parse_decimal(value))
    except ValueError:
        problems.add(source, "is not a number")
        return Decimal(1)


def _allocations(
    books: Books, payment: Doc, attributes: Doc, contact: Doc, total: Decimal
) -> tuple[list[Settlement], list[Doc]]:
    problems = Problems()
    settlements: list[Settlement] = []
    allocated: list[Doc] = []
    left: dict[str, Decimal] = {}
    payable = PAYABLE[attributes["transaction_type_id"]]
    for item in attributes.get("allocated_artefacts") or []:
        if not isinstance(item, dict) or not item.get("artefact_id"):
            problems.add("allocated_artefacts.artefact_id")
            continue
        found = books.find_artefact(item["artefact_id"])
        if found is None or found[0] not in payable or found[1]["contact"]["id"] != contact["id"]:
            problems.add("allocated_artefacts.artefact_id", "is not valid")
            continue
        doc = found[1]
        amount = _amount(item.get("amount"), "allocated_artefacts.amount", problems)
        discount = _amount(item.get("discount") or 0, "allocated_artefacts.discount", problems)
        open_amount = left.setdefault(doc["id"], Decimal(doc["outstanding_amount"]))
        # Sage does not say which invoice it means (FACTS.md 11.1).
        if doc["status"]["id"] not in ("UNPAID", "PART_PAID") or amount + discount > open_amount:
            problems.add("base", NOT_PAYABLE)
            continue
        if amount < 0 or discount < 0 or amount + discount == 0:
            problems.add("allocated_artefacts.amount", "must be greater than 0")
            continue
        left[doc["id"]] = open_amount - amount - discount
        line = new_id()
        settlements.append(
            Settlement(KIND, payment["id"], line, doc["id"], amount, discount, str(attributes["date"]))
        )
        allocated.append(
            {
                "id": line,
                "artefact": short(doc),
                "amount": sage_string(amount),
                "discount": sage_string(discount),
            }
        )
    if sum((item.amount for item in settlements), ZERO) > total:
        problems.add("total_amount", "must not be less than the amounts allocated")
    problems.refuse_if_any()
    return settlements, allocated


def _on_account(books: Books, payment: Doc, contact: Doc, rest: Decimal, current: Doc | None) -> Doc | None:
    if rest <= 0:
        if current:
            _remove_on_account(books, current)
        return None
    if books.business["plan"] == "T":
        raise invalid("allocated_artefacts", "The whole amount must be allocated on this plan.")
    key = current["id"] if current else new_id()
    doc: Doc = {
        "id": key,
        "displayed_as": payment["displayed_as"],
        "$path": f"/payments_on_account/{key}",
        "created_at": payment["created_at"] or books.clock.timestamp(),
        "updated_at": "",
        "contact_name": contact["name"],
        "contact_reference": contact["reference"] or "",
        "contact": short(contact),
        "date": payment["date"],
        "reference": payment["reference"],
        "net_amount": sage_string(rest),
        "tax_amount": "0.0",
        "total_amount": sage_string(rest),
        "outstanding_amount": sage_string(rest),
        "currency": payment["currency"],
        "exchange_rate": "1.0",
        "base_currency_net_amount": sage_string(rest),
        "base_currency_tax_amount": "0.0",
        "base_currency_total_amount": sage_string(rest),
        "base_currency_outstanding_amount": sage_string(rest),
        "status": link("artefact_statuses", "UNPAID"),
    }
    settle(doc, [])
    books.change("payments_on_account", doc)
    return doc


def _remove_on_account(books: Books, current: Doc) -> None:
    stored = books.find("payments_on_account", current["id"])
    if stored is not None:
        books.remove("payments_on_account", stored)
