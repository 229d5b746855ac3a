"""How a stored record becomes an answer: links, `attributes`, `nested_attributes`, the `show_…` parameters."""

from sage_sandbox import contacts
from sage_sandbox.exchange import Call, chosen
from sage_sandbox.settlements import payments_allocations
from sage_sandbox.store import Doc

BASE = ("id", "displayed_as", "$path")
ALWAYS = (*BASE, "created_at")  # a recorded row asked with attributes=date also had created_at
NESTED = (
    "ledger_accounts",
    "addresses",
    "contact_persons",
    "contacts",
    "products",
    "services",
    "bank_accounts",
)


def present(call: Call, kind: str, doc: Doc, *, single: bool, legacy_id: int | None = None) -> Doc:
    """The record as asked for: a list row is short unless `attributes` says otherwise, a single answer is whole."""
    wanted = call.query.get("attributes")
    if not single and wanted is None:
        return _with_legacy_id(call, {name: doc[name] for name in BASE if name in doc}, legacy_id)
    doc = _public(call, doc)
    _adapt(call, kind, doc, single=single)
    names = chosen(wanted)
    if names is not None:
        kept = (*ALWAYS, *names)
        doc = {name: value for name, value in doc.items() if name in kept}
    if "nested_attributes" in call.query:
        _open_nested(call, doc)
    return _with_legacy_id(call, doc, legacy_id)


def _public(call: Call, doc: Doc) -> Doc:
    """The record without our own notes, its web links pointing at this sandbox's pages."""
    for link in doc.get("links") or ():
        link["href"] = call.base_url + link["href"]
    return {name: value for name, value in doc.items() if name[0] != "_"}


def _adapt(call: Call, kind: str, doc: Doc, *, single: bool) -> None:
    if kind == "contacts":
        if not single and not call.flag("show_unfinished_recurring_invoices_status"):
            doc.pop("has_unfinished_recurring_invoices", None)
        if call.flag("show_balance"):
            doc["balance"] = contacts.balance(call.books, doc)
    elif kind in ("sales_invoices", "sales_credit_notes") and call.flag("show_payments_allocations"):
        doc["payments_allocations"] = payments_allocations(call.books, doc["id"])
    elif doc.get("deleted_at") and "allocated_artefacts" in doc and not _lists_artefacts(call):
        doc["allocated_artefacts"] = []


def _lists_artefacts(call: Call) -> bool:
    return bool(call.books.switches["deleted_payment_lists_artefacts"])


def _open_nested(call: Call, doc: Doc) -> None:
    names = chosen(call.query["nested_attributes"])
    for name, value in doc.items():
        if not isinstance(value, dict) or (names is not None and name not in names):
            continue
        kind, _, key = str(value.get("$path", "")).strip("/").partition("/")
        record = call.books.find(kind, key) if kind in NESTED else None
        if record is not None:
            doc[name] = _public(call, record)


def _with_legacy_id(call: Call, doc: Doc, legacy_id: int | None) -> Doc:
    return {"legacy_id": legacy_id, **doc} if legacy_id is not None and call.flag("show_legacy_id") else doc
