"""Numbers of sales documents (FACTS.md 9.3)."""

from sage_sandbox.books import Books
from sage_sandbox.document_shape import DocumentKind
from sage_sandbox.errors import invalid
from sage_sandbox.store import Doc


def take_number(books: Books, kind: DocumentKind, doc: Doc, attributes: Doc) -> None:
    """Give the document its own number if one is sent, otherwise the next of its sequence."""
    settings = books.business["invoice_settings"]
    prefix = attributes.get(kind.number_prefix) or settings[kind.prefix_setting]
    own = attributes.get(kind.number)
    sequence = (
        kind.next_number if settings["separate_invoice_credit_note_numbering"] else "next_invoice_number"
    )
    if own:
        number = (
            str(own)
            if str(own).startswith(prefix) or kind.number_prefix not in attributes
            else f"{prefix}{own}"
        )
        if books.switches["duplicate_invoice_number"] == "reject" and _number_taken(books, kind, doc, number):
            raise invalid(kind.number, "has already been taken")
        digits = number.removeprefix(prefix)
        if digits.isascii() and digits.isdigit() and int(digits) >= settings[sequence]:
            settings[sequence] = int(digits) + 1
    else:
        number = f"{prefix}{settings[sequence]}"
        settings[sequence] += 1
    if not settings["separate_invoice_credit_note_numbering"]:
        settings["next_credit_note_number"] = settings["next_invoice_number"]
    books.save_business()
    doc[kind.number_prefix], doc[kind.number], doc["displayed_as"] = prefix, number, number


def _number_taken(books: Books, kind: DocumentKind, doc: Doc, number: str) -> bool:
    taken = books.store.row(
        "SELECT 1 FROM records WHERE business = ? AND kind = ? AND number = ? AND id <> ? AND deleted_at IS NULL",
        (books.key, kind.kind, number, doc["id"]),
    )
    return taken is not None
