"""What is set against a document: payments, allocations, discounts, and the status that follows (FACTS.md 9.2, 11)."""

from dataclasses import dataclass
from decimal import Decimal

from sage_sandbox.books import Books
from sage_sandbox.decimals import ZERO, sage_string
from sage_sandbox.reference_data import link
from sage_sandbox.store import Doc


@dataclass(frozen=True, slots=True)
class Settlement:
    """An amount (and an early-payment discount) that a payment or allocation sets against one document."""

    source_kind: str
    source: str
    line: str
    artefact: str
    amount: Decimal
    discount: Decimal
    date: str


def settlements_of(books: Books, artefact: str) -> list[Settlement]:
    """Everything set against one document, oldest first."""
    rows = books.store.rows(
        "SELECT source_kind, source, line, artefact, amount, discount, date FROM settlements"
        " WHERE artefact = ? ORDER BY rowid",
        (artefact,),
    )
    return [
        Settlement(kind, source, line, paid, Decimal(amount), Decimal(discount), day)
        for kind, source, line, paid, amount, discount, day in rows
    ]


def replace_settlements(books: Books, source: str, settlements: list[Settlement]) -> None:
    """Take everything the source had set against documents off again, then set these, and restate all documents."""
    touched = [
        row[0] for row in books.store.rows("SELECT artefact FROM settlements WHERE source = ?", (source,))
    ]
    books.store.execute("DELETE FROM settlements WHERE source = ?", (source,))
    for item in settlements:
        books.store.execute(
            "INSERT INTO settlements VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                books.key,
                item.source_kind,
                item.source,
                item.line,
                item.artefact,
                str(item.amount),
                str(item.discount),
                item.date,
            ),
        )
        touched.append(item.artefact)
    for artefact in dict.fromkeys(touched):
        restate(books, artefact)


def restate(books: Books, artefact: str) -> None:
    """Bring a document's outstanding amount and status up to date with what is set against it."""
    found = books.find_artefact(artefact)
    if found is None:
        return
    kind, doc = found
    settle(doc, settlements_of(books, artefact))
    stamp = kind == "payments_on_account" or books.switches["payment_bumps_invoice_updated_at"]
    books.change(kind, doc, (doc.get("reference"), doc.get("contact_name")), stamp=stamp)


def settle(doc: Doc, settlements: list[Settlement]) -> None:
    """Set paid, outstanding, status and last_paid of a document from what is set against it."""
    amount = sum((item.amount for item in settlements), ZERO)
    discount = sum((item.discount for item in settlements), ZERO)
    total = Decimal(doc["total_amount"])
    outstanding = total - amount - discount
    status = doc["status"]["id"]
    if status in ("DRAFT", "PRO_FORMA", "VOID"):
        outstanding = ZERO
    elif outstanding == 0:
        status = "PAID"
    else:
        status = "PART_PAID" if settlements else "UNPAID"
    doc["status"] = link("artefact_statuses", status)
    doc["outstanding_amount"] = doc["base_currency_outstanding_amount"] = sage_string(outstanding)
    if "total_paid" in doc:
        doc["payments_allocations_total_amount"] = sage_string(amount)
        doc["payments_allocations_total_discount"] = sage_string(discount)
        doc["total_paid"] = sage_string(amount + discount)
        doc["last_paid"] = max((item.date for item in settlements), default="")
        doc["editable"] = not settlements and status != "VOID" and not doc["tax_reconciled"]


def payments_allocations(books: Books, artefact: str) -> list[Doc]:
    """What `show_payments_allocations=true` adds to a document (FACTS.md 11.3)."""
    entries = []
    for item in settlements_of(books, artefact):
        source = books.find(item.source_kind, item.source)
        if source is None:
            continue
        payment = item.source_kind == "contact_payments"
        linked = {"id": source["id"], "displayed_as": source["displayed_as"], "$path": source["$path"]}
        found = books.find_artefact(artefact)
        entries.append(
            {
                "links": [],
                "date": item.date,
                "type": source["transaction_type"]["displayed_as"],
                "reference": source.get("reference") or "",
                "amount": sage_string(item.amount),
                "discount": sage_string(item.discount),
                "contact_allocation": None if payment else linked,
                "artefact": None if found is None else {name: found[1][name] for name in linked},
                "contact_payment": linked if payment else None,
                "displayed_as": source["displayed_as"],
                "negative_payment": False,
            }
        )
    return entries
