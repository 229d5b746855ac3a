"""The feed of everything that touches the ledger (FACTS.md 3, last but four)."""

from sage_sandbox.books import Books, short
from sage_sandbox.store import Doc


def record(books: Books, origin: Doc, *, deleted: bool = False) -> None:
    """Write or rewrite the transaction of a posted document."""
    transaction = origin.get("transaction")
    if not transaction:
        return
    status = origin.get("status")
    doc: Doc = {
        **transaction,
        "created_at": origin["created_at"],
        "updated_at": "",
        "date": origin["date"],
        "deleted": deleted or (status is not None and status["id"] == "VOID"),
        "reference": origin.get("reference") or "",
        "total": origin.get("total_amount", "0.0"),
        "contact": origin["contact"],
        "transaction_type": origin["transaction_type"],
        "origin": short(origin),
        "audit_trail_id": transaction["id"][:8],
        "number_of_attachments": "0",
    }
    books.change("transactions", doc)
