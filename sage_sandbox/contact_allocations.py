"""Setting credit notes and payments on account against invoices (FACTS.md 10)."""

from decimal import Decimal

from sage_sandbox import contacts, transactions
from sage_sandbox.books import Books, new_id, short
from sage_sandbox.decimals import ZERO, parse_decimal, sage_string, to_pennies
from sage_sandbox.errors import Problems, invalid
from sage_sandbox.reference_data import link
from sage_sandbox.settlements import Settlement, replace_settlements
from sage_sandbox.store import Doc

KIND = "contact_allocations"


def create(books: Books, attributes: Doc) -> Doc:
    """A new allocation; both sides' outstanding amounts fall by what is allocated."""
    key, transaction = new_id(), new_id()
    allocation: Doc = {
        "id": key,
        "displayed_as": "",
        "$path": f"/contact_allocations/{key}",
        "created_at": "",
        "updated_at": "",
        "links": [],
        "transaction": {"id": transaction, "displayed_as": "", "$path": f"/transactions/{transaction}"},
    }
    allocation = _fill(books, allocation, attributes)
    books.add(KIND, allocation)
    transactions.record(books, allocation)
    return allocation


def update(books: Books, allocation: Doc, attributes: Doc) -> Doc:
    """The allocation with any field changed."""
    books.refuse_closed(allocation["date"])
    current = {
        "transaction_type_id": allocation["transaction_type"]["id"],
        "contact_id": allocation["contact"]["id"],
        "date": allocation["date"],
        "allocated_artefacts": [
            {"artefact_id": item["artefact"]["id"], "amount": item["amount"]}
            for item in allocation["allocated_artefacts"]
        ],
    }
    replace_settlements(books, allocation["id"], [])
    allocation = _fill(books, allocation, current | attributes)
    books.change(KIND, allocation)
    transactions.record(books, allocation)
    return allocation


def delete(books: Books, allocation: Doc) -> None:
    """Delete the allocation; both sides are open again by its amount."""
    books.refuse_closed(allocation["date"])
    replace_settlements(books, allocation["id"], [])
    books.remove(KIND, allocation)
    transactions.record(books, allocation, deleted=True)


def _fill(books: Books, allocation: Doc, attributes: Doc) -> Doc:
    problems = Problems()
    if attributes.get("transaction_type_id") != "CUSTOMER_ALLOCATION":
        problems.add("transaction_type_id", "is not valid")
    for name in ("contact_id", "allocated_artefacts"):
        if not attributes.get(name):
            problems.add(name)
    day = books.open_date(attributes.get("date") or str(books.clock.today()), problems)
    problems.refuse_if_any()
    contact = contacts.customer(books, attributes["contact_id"])
    settlements, allocated = _allocations(
        books, allocation, attributes["allocated_artefacts"], contact, str(day)
    )
    allocation |= {
        "transaction_type": link("transaction_types", "CUSTOMER_ALLOCATION"),
        "date": str(day),
        "contact": short(contact),
        "allocated_artefacts": allocated,
    }
    replace_settlements(books, allocation["id"], settlements)
    return allocation


def _allocations(
    books: Books, allocation: Doc, given: object, contact: Doc, day: str
) -> tuple[list[Settlement], list[Doc]]:
    problems = Problems()
    settlements: list[Settlement] = []
    allocated: list[Doc] = []
    balance = ZERO
    for item in given if isinstance(given, list) else []:
        found = books.find_artefact(item.get("artefact_id")) if isinstance(item, dict) else None
        if found is None or found[1]["contact"]["id"] != contact["id"]:
            problems.add("allocated_artefacts.artefact_id", "is not valid")
            continue
        kind, doc = found
        try:
            amount = to_pennies(parse_decimal(item.get("amount")))
        except ValueError:
            problems.add("allocated_artefacts.amount", "is not a number")
            continue
        # Invoices take a positive amount, what pays them a negative one.
        signed = amount if kind == "sales_invoices" else -amount
        if signed <= 0 or doc["status"]["id"] not in ("UNPAID", "PART_PAID"):
            problems.add("allocated_artefacts.amount", "is not valid")
        elif signed > Decimal(doc["outstanding_amount"]):
            problems.add("allocated_artefacts.amount", "is more than the outstanding amount")
        balance += amount
        line = new_id()
        settlements.append(Settlement(KIND, allocation["id"], line, doc["id"], signed, ZERO, day))
        allocated.append({"id": line, "artefact": short(doc), "amount": sage_string(amount)})
    problems.refuse_if_any()
    if balance or len({item.artefact for item in settlements}) != len(settlements):
        raise invalid("allocated_artefacts", "The amounts must add up to 0, each artefact once.")
    return settlements, allocated
