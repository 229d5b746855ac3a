"""Repeating a POST, or if so switched a PUT, with the same `idempotency_id` has one effect (FACTS.md 14)."""

import json
import re
from collections.abc import Callable

from sage_sandbox.books import Books
from sage_sandbox.errors import invalid
from sage_sandbox.store import Doc

GUID = re.compile(r"[0-9a-fA-F]{32}")


def once(books: Books, kind: str, attributes: Doc, make: Callable[[], Doc]) -> Doc:
    """The answer document of `make()`, or the first answer given for the same id; failures are not remembered."""
    key = attributes.get("idempotency_id")
    if key is None or not books.switches["idempotency"]:
        return make()
    if not isinstance(key, str) or not GUID.fullmatch(key):
        raise invalid("idempotency_id", "must be 32 hexadecimal characters")
    request = json.dumps(attributes, sort_keys=True, default=str)
    oldest = books.clock.now() - books.switches["idempotency_days"] * 86400
    first = books.store.row(
        "SELECT kind, request, answer FROM idempotency WHERE business = ? AND id = ? AND at >= ?",
        (books.key, key, oldest),
    )
    if first is not None:
        return _replay(books, kind, request, first)
    doc = make()
    books.store.execute(
        "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)",
        (books.key, key, kind, request, json.dumps(doc), books.clock.now()),
    )
    return doc


def change_once(books: Books, kind: str, key: str, attributes: Doc, change: Callable[[], Doc]) -> Doc:
    """The answer document of `change()`; the first one for the same id where a PUT is remembered (FACTS.md 17, 6).

    An id that created a record, or changed another one, serves no further change.
    """
    if not books.switches["idempotency_on_put"]:
        return change()
    return once(books, f"{kind}/{key}", attributes, change)


def _replay(books: Books, kind: str, request: str, first: tuple[str, ...]) -> Doc:
    first_kind, first_request, answer = first
    if first_kind != kind:
        raise invalid("idempotency_id", "has already been used for another resource")
    if first_request != request and books.switches["idempotency_changed_body"] == "reject":
        raise invalid("idempotency_id", "has already been used with another body")
    doc: Doc = json.loads(answer)
    return doc
