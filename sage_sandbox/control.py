"""The control endpoint under `/_control/`: for tests and benchmarks, in JSON, without tokens (see handle.py)."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sage_sandbox import catalogue, contact_allocations, contact_payments, contacts, sales_documents
from sage_sandbox.accounting import edit_payment, pay_invoice
from sage_sandbox.books import Books
from sage_sandbox.businesses import change_settings
from sage_sandbox.errors import bad_request, invalid, not_found
from sage_sandbox.exchange import Answer, Call, json_answer
from sage_sandbox.sales_credit_notes import CREDIT_NOTE
from sage_sandbox.sales_invoices import INVOICE
from sage_sandbox.store import Doc

if TYPE_CHECKING:
    from sage_sandbox.application import PretendSage

MAKERS: dict[str, Callable[[Books, Doc], Doc]] = {
    "contacts": contacts.create,
    "sales_invoices": lambda books, attributes: sales_documents.create(books, INVOICE, attributes),
    "sales_credit_notes": lambda books, attributes: sales_documents.create(books, CREDIT_NOTE, attributes),
    "contact_payments": contact_payments.create,
    "contact_allocations": contact_allocations.create,
    "products": lambda books, attributes: catalogue.create(books, catalogue.PRODUCT, attributes),
    "services": lambda books, attributes: catalogue.create(books, catalogue.SERVICE, attributes),
}
TOWN = {"address_line_1": "1 Test Street", "city": "Leeds", "postal_code": "LS1 1AA", "country_id": "GB"}


def answer(sage: "PretendSage", call: Call) -> Answer:
    """The answer of one control request; 400, 404 or 422 with a sentence when it cannot be done."""
    parts = call.path.removeprefix("/_control/").strip("/").split("/")
    body = call.json() if call.body else {}
    try:
        with sage.store.transaction():
            payload = _route(sage, call, parts, body)
    except ValueError as error:
        raise bad_request(str(error)) from error
    return json_answer(200, payload)


def _route(sage: "PretendSage", call: Call, parts: list[str], body: Doc) -> Any:
    match parts[0]:
        case "health":
            return {"ok": True}
        case "faults" | "release" | "requests" | "summary":
            return _faults_and_requests(sage, call, parts, body)
        case "reset" | "clock" | "switches" | "tokens" | "revoke_grants" | "expire_access_tokens":
            return _instruments(sage, call, parts, body)
        case "businesses":
            return _businesses(sage, call, parts, body)
        case "records":
            return _records(sage, call, parts, body)
    return _accountant(sage, call, parts, body)


def _instruments(sage: "PretendSage", call: Call, parts: list[str], body: Doc) -> Any:
    match (call.method, *parts):
        case ("POST", "reset"):
            sage.reset()
            return {}
        case (_, "clock"):
            sage.advance_clock(float(body.get("advance", 0)))
            return {"now": sage.clock.timestamp(), "offset": sage.clock.offset}
        case ("POST", "tokens"):
            grant = sage.tokens.new_grant(
                body.get("client_id", "test-client"), body.get("scope", "full_access")
            )
            return sage.tokens.issue(grant)
        case ("POST", "revoke_grants"):
            return {"count": sage.tokens.revoke_grants()}
        case ("POST", "expire_access_tokens"):
            return {"count": sage.tokens.expire_access_tokens()}
        case (_, "switches"):
            for name, value in body.items():
                sage.switches.set(name, value)
            return sage.switches.listing()
    raise not_found()


def _faults_and_requests(sage: "PretendSage", call: Call, parts: list[str], body: Doc) -> Any:
    match (call.method, *parts):
        case ("GET", "faults"):
            return {"items": sage.faults.listing()}
        case ("POST", "faults"):
            fault = sage.faults.arm(body.pop("fault"), body.pop("on", None), _plain_numbers(body))
            return {"id": fault.id}
        case ("DELETE", "faults", *rest):
            sage.faults.disarm(int(rest[0]) if rest else None)
        case ("POST", "release"):
            sage.faults.release()
        case ("GET", "requests"):
            since = int(call.query.get("since", 0))
            return {"items": sage.log.entries(call.query.get("method"), call.query.get("path"), since)}
        case ("DELETE", "requests"):
            sage.log.clear()
        case ("GET", "summary"):
            return {**sage.log.summary(), "held": sage.faults.held, "used_today": sage.limits.used()}
        case _:
            raise not_found()
    return {}


def _businesses(sage: "PretendSage", call: Call, parts: list[str], body: Doc) -> Any:
    match (call.method, *parts):
        case ("GET", "businesses"):
            return {"items": list(sage.store.businesses.values())}
        case ("POST", "businesses"):
            country, plan = body.get("country", "GB"), body.get("plan", "P")
            return {"ids": [sage.add_business(name, country, plan)["id"] for name in body["names"]]}
        case ("PUT", "businesses", key) if key in sage.store.businesses:
            return _change_business(sage, sage.store.businesses[key], body)
    raise not_found()


def _change_business(sage: "PretendSage", business: Doc, body: Doc) -> Doc:
    books = sage.books(business)
    for name in ("plan", "accessible", "missing_roles"):
        if name in body:
            business[name] = body[name]
    if "active" in body:
        for subscription in business["answer"]["subscriptions"]:
            subscription["active"] = bool(body["active"])
    if "country" in body:
        business["answer"]["country"] = {"id": body["country"], "displayed_as": body["country"]}
    for name in ("invoice_settings", "financial_settings"):
        if name in body:
            change_settings(books, name, body[name])
    books.save_business()
    return business


def _records(sage: "PretendSage", call: Call, parts: list[str], body: Doc) -> Any:
    match (call.method, *parts):
        case ("GET", "records", kind):
            return {"items": _stored(sage, kind, call.query.get("business"), deleted=call.flag("deleted"))}
        case ("POST", "records", kind) if kind in MAKERS:
            return MAKERS[kind](_books(sage, body.get("business")), body["attributes"])
        case ("PUT", "records", kind, key):
            books = _books_of(sage, kind, key)
            doc = stored_record(books, kind, key) | body
            books.change(kind, doc, _searched(doc))
            return doc
        case ("DELETE", "records", kind, key):
            books = _books_of(sage, kind, key)
            doc = stored_record(books, kind, key)
            books.remove(kind, doc, _searched(doc))
            return {}
    raise not_found()


def _accountant(sage: "PretendSage", call: Call, parts: list[str], body: Doc) -> Any:
    match (call.method, *parts):
        case ("POST", "contacts"):
            books = _books(sage, body.pop("business", None))
            defaults = {"contact_type_ids": ["CUSTOMER"], "main_address": dict(TOWN)}
            return contacts.create(books, defaults | body)
        case ("POST", "seed_contacts"):
            return {"contacts": _seed_contacts(_books(sage, body.get("business")), int(body["count"]))}
        case ("PUT", "invoices", key):
            books = _books_of(sage, "sales_invoices", key)
            return sales_documents.update(books, INVOICE, stored_record(books, "sales_invoices", key), body)
        case ("POST", "invoices", key, "void"):
            books = _books_of(sage, "sales_invoices", key)
            doc = stored_record(books, "sales_invoices", key)
            return sales_documents.void(books, INVOICE, doc, body.get("reason"))
        case ("POST", "invoices", key, "payments"):
            books = _books_of(sage, "sales_invoices", key)
            return pay_invoice(books, stored_record(books, "sales_invoices", key), body)
        case ("PUT", "payments", key):
            books = _books_of(sage, "contact_payments", key)
            return edit_payment(books, stored_record(books, "contact_payments", key), body)
        case ("DELETE", "allocations", key):
            books = _books_of(sage, "contact_allocations", key)
            contact_allocations.delete(books, stored_record(books, "contact_allocations", key))
            return {}
        case ("DELETE", "payments", key):
            books = _books_of(sage, "contact_payments", key)
            contact_payments.delete(books, stored_record(books, "contact_payments", key))
            return {}
    raise not_found()


def stored_record(books: Books, kind: str, key: str) -> Doc:
    """The record, or 404."""
    doc = books.find(kind, key)
    if doc is None:
        raise not_found()
    return doc


def _books(sage: "PretendSage", business: str | None) -> Books:
    found = sage.store.businesses.get(business) if business else next(iter(sage.store.businesses.values()))
    if found is None:
        raise invalid("business", "is not the id of a business")
    return sage.books(found)


def _books_of(sage: "PretendSage", kind: str, key: str) -> Books:
    found = sage.store.row("SELECT business FROM records WHERE kind = ? AND id = ?", (kind, key))
    if found is None:
        raise not_found()
    return sage.books(sage.store.businesses[found[0]])


def _stored(sage: "PretendSage", kind: str, business: str | None, *, deleted: bool) -> list[Doc]:
    conditions, parameters = ["kind = ?"], [kind]
    if business:
        conditions.append("business = ?")
        parameters.append(business)
    if not deleted:
        conditions.append("deleted_at IS NULL")
    sql = f"SELECT business, body FROM records WHERE {' AND '.join(conditions)} ORDER BY seq"  # noqa: S608 - own words
    return [
        {**json.loads(body), "business_id": owner} for owner, body in sage.store.rows(sql, tuple(parameters))
    ]


def _seed_contacts(books: Books, count: int) -> int:
    present = len(books.all("contacts"))
    for number in range(present + 1, present + count + 1):
        attributes: Doc = {
            "name": f"Seeded Customer {number:05}",
            "reference": f"SEED{number:05}",
            "contact_type_ids": ["CUSTOMER"],
            "main_address": dict(TOWN),
            "main_contact_person": {"name": "Pat Seed", "email": f"customer{number}@seed.invalid"},
        }
        contacts.create(books, attributes)
    return present + count


def _searched(doc: Doc) -> tuple[str | None, ...]:
    if "contact_types" in doc:
        return doc["name"], doc["reference"]
    return doc.get("reference"), doc.get("contact_name")


def _plain_numbers(options: Doc) -> Doc:
    return {name: float(value) if hasattr(value, "as_tuple") else value for name, value in options.items()}
