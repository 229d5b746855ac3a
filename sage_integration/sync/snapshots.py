"""A document of Sage as plain values: kept as it was copied and as it was seen, and told apart field by field.

Pure. Only what somebody may change and we care about is in it; texts, so that JSON gives back what it was given.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from money.amounts import to_pence
from sage_integration.sage.resources.documents import SalesDocument
from sage_integration.sync.documents import fingerprint

Snapshot = dict[str, Any]
#: What is compared of a document, and of a line; names of contacts and the numbers are only shown.
FIELDS = ("contact", "date", "due_date", "net", "vat")
WORDS = {
    "contact": "the customer",
    "date": "the date",
    "due_date": "the due date",
    "net": "the net amount",
    "vat": "the VAT",
    "lines": "a line",
}
LINE_FIELDS = ("description", "account", "rate", "quantity", "unit_price", "net", "vat")


def snapshot_of(stored: SalesDocument) -> Snapshot:
    """A stored document; one of a list has no lines, which is kept apart from having none."""
    raw: Mapping[str, Any] = stored
    contact = raw.get("contact") or {}
    found: Snapshot = {
        "contact": contact.get("id", ""),
        "contact_name": contact.get("displayed_as", ""),
        "number": raw.get("invoice_number") or raw.get("credit_note_number") or "",
        "date": raw.get("date") or "",
        "due_date": raw.get("due_date") or "",
        "net": _pounds(raw.get("net_amount")),
        "vat": _pounds(raw.get("tax_amount")),
        # By Sage's clock: a row of a list that is newer may speak of other lines, which it does not show.
        "updated_at": raw.get("updated_at") or "",
    }
    lines = raw.get("invoice_lines", raw.get("credit_note_lines"))
    if lines is not None:
        found["lines"] = [_stored_line(line) for line in lines]
    return found


def snapshot_of_payload(payload: Mapping[str, Any]) -> Snapshot:
    """What is, or would be, sent, in the same form; a line's net as Sage computes it (FACTS.md 8.3)."""
    lines = [_sent_line(line) for line in payload.get("invoice_lines", payload.get("credit_note_lines", ()))]
    return {
        "contact": payload.get("contact_id", ""),
        "contact_name": "",
        "number": payload.get("invoice_number", ""),
        "date": payload["date"],
        "due_date": payload.get("due_date", ""),
        "net": _pounds(sum((Decimal(line["net"]) for line in lines), Decimal(0))),
        "vat": _pounds(sum((Decimal(line["vat"]) for line in lines), Decimal(0))),
        "lines": lines,
    }


def same(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots say the same, as far as both go: lines count where both have them."""
    return changed_fields(one, other) == []


def changed_fields(one: Snapshot, other: Snapshot) -> list[str]:
    """What differs: names of `FIELDS`, and `lines`."""
    found = [name for name in FIELDS if one.get(name, "") != other.get(name, "")]
    if "lines" in one and "lines" in other and _bare(one["lines"]) != _bare(other["lines"]):
        found.append("lines")
    return found


def changes_in_words(one: Snapshot, other: Snapshot) -> str:
    """What differs, as a person calls it: `the date, a line`."""
    return ", ".join(WORDS[name] for name in changed_fields(one, other))


def fingerprint_of_snapshot(snapshot: Snapshot) -> str:
    """A stand-in for what a person saw of a document, for `Posting.basis`; empty for nothing."""
    if not snapshot:
        return ""
    return fingerprint(
        {name: snapshot.get(name, "") for name in FIELDS} | {"lines": _bare(snapshot.get("lines", []))}
    )


def _bare(lines: list[Snapshot]) -> list[list[str]]:
    """Lines without Sage's ids, which tell nothing about what a line says."""
    return [[line.get(name, "") for name in LINE_FIELDS] for line in lines]


def _stored_line(line: Mapping[str, Any]) -> Snapshot:
    return {
        "id": line.get("id", ""),
        "description": line.get("description") or "",
        "account": (line.get("ledger_account") or {}).get("id", ""),
        "rate": (line.get("tax_rate") or {}).get("id", ""),
        "quantity": _plain(line.get("quantity")),
        "unit_price": _plain(line.get("unit_price")),
        "net": _pounds(line.get("net_amount")),
        "vat": _pounds(line.get("tax_amount")),
        "item": ((line.get("product") or line.get("service")) or {}).get("id", ""),
    }


def _sent_line(line: Mapping[str, Any]) -> Snapshot:
    quantity, price = Decimal(line["quantity"]), Decimal(line["unit_price"])
    return {
        "description": line["description"],
        "account": line["ledger_account_id"],
        "rate": line["tax_rate_id"],
        "quantity": _plain(quantity),
        "unit_price": _plain(price),
        "net": _pounds(to_pence(quantity * price)),
        "vat": _pounds(Decimal(line["tax_amount"])),
        "item": line.get("product_id") or line.get("service_id") or "",
    }


def _pounds(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}"


def _plain(value: Decimal | None) -> str:
    """Without trailing zeros: Sage cuts them to one place (FACTS.md 3)."""
    if value is None:
        return ""
    text = f"{Decimal(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
