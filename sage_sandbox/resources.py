"""The operations of `/v3.1`, resource by resource (FACTS.md 16)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sage_sandbox import (
    businesses,
    catalogue,
    contact_allocations,
    contact_payments,
    contacts,
    idempotency,
    ledger_accounts,
    reference_data,
    sales_documents,
)
from sage_sandbox.books import Books
from sage_sandbox.document_shape import DocumentKind
from sage_sandbox.errors import Refusal, entry, not_found
from sage_sandbox.exchange import Answer, Call, json_answer
from sage_sandbox.lists import Listing, list_records, list_rows
from sage_sandbox.pdf import document_pdf
from sage_sandbox.presentation import present
from sage_sandbox.router import Handler, Route, Router
from sage_sandbox.sales_credit_notes import CREDIT_NOTE
from sage_sandbox.sales_invoices import INVOICE
from sage_sandbox.store import Doc

CONTACTS, SALES, PURCHASES, BANK, SETTINGS = "Contacts", "Sales", "Purchases", "Bank", "Settings"
ITEMS, JOURNALS = "Products & Services", "Journals"
CHART_READERS = (SALES, PURCHASES, ITEMS, CONTACTS, BANK, JOURNALS, SETTINGS)
PERIOD = {"from_date": "date >= ?", "to_date": "date <= ?"}
DOCUMENT_FILTERS = {"contact_id": "contact = ?", "status_id": "status = ?", **PERIOD}
PAYMENT_FILTERS = {"contact_id": "contact = ?", "transaction_type_id": "type = ?"}
OPEN_LISTS = [
    "contact_types",
    "payment_methods",
    "transaction_types",
    "countries",
    "currencies",
    "country_groups",
    "catalog_item_types",
    "address_types",
    "contact_person_types",
    "bank_account_types",
    "ledger_account_types",
    "tax_schemes",
    "eu_goods_services_types",
]


def build_router() -> Router:
    """Every operation the sandbox knows."""
    router = Router()
    _add_businesses(router)
    _add_contacts(router)
    _add_reference_data(router)
    _add_documents(router, INVOICE, ("PST", "PST", "PST", "PST"))
    _add_documents(router, CREDIT_NOTE, ("PT", "P", "PT", "P"))
    _add_payments(router)
    _add_catalogue(router)
    return router


def listing(spec: Listing) -> Handler:
    """The handler that answers a stored list."""
    return lambda call: json_answer(200, list_records(call, spec))


def reading(kind: str) -> Handler:
    """The handler that answers one stored record."""
    return lambda call: json_answer(200, present(call, kind, stored(call, kind), single=True))


def creating(kind: str, root: str, make: Callable[[Books, Doc], Doc]) -> Handler:
    """The handler that makes a record from the body, once for each idempotency_id."""

    def handler(call: Call) -> Answer:
        attributes = call.attributes(root)
        doc = idempotency.once(call.books, kind, attributes, lambda: make(call.books, attributes))
        return json_answer(201, present(call, kind, doc, single=True))

    return handler


def changing(kind: str, root: str, change: Callable[[Books, Doc, Doc], Doc]) -> Handler:
    """The handler that changes a record by the body; an idempotency_id counts if so switched."""

    def handler(call: Call) -> Answer:
        doc, attributes = stored(call, kind), call.attributes(root)
        doc = idempotency.change_once(
            call.books, kind, doc["id"], attributes, lambda: change(call.books, doc, attributes)
        )
        return json_answer(200, present(call, kind, doc, single=True))

    return handler


def deleting(kind: str, delete: Callable[[Books, Doc], None]) -> Handler:
    """The handler that deletes a record and answers 204."""

    def handler(call: Call) -> Answer:
        delete(call.books, stored(call, kind))
        return Answer(204)

    return handler


def stored(call: Call, kind: str) -> Doc:
    """The record the path names; raises 404 when this business has no such record."""
    doc = call.books.find(kind, call.key)
    if doc is None:
        raise not_found()
    return doc


def _add_businesses(router: Router) -> None:
    for method, resource, shape, handler in (
        ("GET", "businesses", "list", businesses.list_businesses),
        ("GET", "businesses", "one", businesses.get_business),
        ("PUT", "businesses", "one", businesses.put_business),
        ("GET", "user", "list", businesses.get_user),
        ("PUT", "user", "list", businesses.put_user),
    ):
        router.add(method, resource, shape, Route(handler, about_business=False))
    for name in businesses.SETTINGS:
        router.add("GET", name, "list", Route(businesses.get_settings(name), (SETTINGS,)))
        router.add("PUT", name, "list", Route(businesses.put_settings(name), (SETTINGS,)))


def _add_contacts(router: Router) -> None:
    spec = Listing(
        "contacts",
        {"contact_type_id": "type = ?", "email": "email = lower(?)"},
        searchable=True,
        custom=_contact_conditions,
    )
    readers = (CONTACTS, SALES, PURCHASES)
    router.add("GET", "contacts", "list", Route(listing(spec), readers))
    router.add("GET", "contacts", "one", Route(reading("contacts"), (*readers, BANK)))
    router.add(
        "POST", "contacts", "list", Route(creating("contacts", "contact", contacts.create), (CONTACTS,))
    )
    router.add("PUT", "contacts", "one", Route(changing("contacts", "contact", contacts.update), (CONTACTS,)))
    router.add("DELETE", "contacts", "one", Route(deleting("contacts", contacts.delete), (CONTACTS,)))
    for kind in ("addresses", "contact_persons"):
        owned = Listing(kind, {"contact_id": "contact = ?"})
        router.add("GET", kind, "list", Route(listing(owned), readers))
        router.add("GET", kind, "one", Route(reading(kind), readers))


def _contact_conditions(call: Call) -> tuple[str, list[Any]]:
    parts = []
    if call.flag("exclude_system"):
        parts.append("NOT json_extract(body, '$.system')")
    if call.flag("filter_inactive_contacts"):
        parts.append("json_extract(body, '$.is_active')")
    return " AND ".join(parts), []


def _add_reference_data(router: Router) -> None:
    for kind in OPEN_LISTS:
        router.add("GET", kind, "list", Route(_row_list(kind, reference_data.rows)))
        router.add("GET", kind, "one", Route(_row(kind, reference_data.rows)))
    statuses = (SALES, PURCHASES)
    router.add(
        "GET",
        "artefact_statuses",
        "list",
        Route(_row_list("artefact_statuses", reference_data.rows), statuses),
    )
    router.add(
        "GET", "artefact_statuses", "one", Route(_row("artefact_statuses", reference_data.rows), statuses)
    )
    rate_readers = (SALES, PURCHASES, BANK, SETTINGS)
    router.add("GET", "tax_rates", "list", Route(_tax_rates, rate_readers))
    router.add("GET", "tax_rates", "one", Route(_tax_rate, rate_readers))
    for method, shape in (("POST", "list"), ("PUT", "one"), ("DELETE", "one")):
        router.add(method, "tax_rates", shape, Route(_tax_rates, (SETTINGS,), plans=""))
    chart = Listing(
        "ledger_accounts",
        {"ledger_account_type_id": "type = ?"},
        searchable=True,
        deleted_feed=False,
        custom=_chart_conditions,
    )
    kind = "ledger_accounts"
    router.add("GET", kind, "list", Route(listing(chart), CHART_READERS))
    router.add("GET", kind, "one", Route(reading(kind), CHART_READERS))
    router.add(
        "POST", kind, "list", Route(creating(kind, "ledger_account", ledger_accounts.create), (SETTINGS,))
    )
    router.add(
        "PUT", kind, "one", Route(changing(kind, "ledger_account", ledger_accounts.update), (SETTINGS,))
    )
    router.add("GET", "bank_accounts", "list", Route(listing(Listing("bank_accounts")), (BANK,)))
    router.add("GET", "bank_accounts", "one", Route(reading("bank_accounts"), (BANK,)))
    feed = Listing("transactions", {"transaction_type_id": "type = ?", **PERIOD}, deleted_feed=False)
    router.add("GET", "transactions", "list", Route(listing(feed), (JOURNALS,)))
    router.add("GET", "transactions", "one", Route(reading("transactions"), (JOURNALS,)))


def _row_list(kind: str, rows: Callable[[str], list[Doc]]) -> Handler:
    return lambda call: json_answer(200, list_rows(call, kind, rows(kind)))


def _row(kind: str, rows: Callable[[str], list[Doc]]) -> Handler:
    def handler(call: Call) -> Answer:
        for row in rows(kind):
            if row["id"] == call.key:
                return json_answer(200, present(call, kind, row, single=True))
        raise not_found()

    return handler


def _tax_rates(call: Call) -> Answer:
    rates = reference_data.tax_rates(call.books.country)
    if "updated_or_created_since" in call.query:
        since = call.query["updated_or_created_since"][:10]
        rates = [rate for rate in rates if rate["updated_at"][:10] >= since]
    return json_answer(200, list_rows(call, "tax_rates", rates))


def _tax_rate(call: Call) -> Answer:
    for rate in reference_data.tax_rates(call.books.country):
        if rate["id"] == call.key:
            return json_answer(200, present(call, "tax_rates", rate, single=True))
    raise not_found()


def _chart_conditions(call: Call) -> tuple[str, list[Any]]:
    parts = []
    for name, wanted in (("visible_in", "1"), ("not_visible_in", "0")):
        area = call.query.get(name)
        if area in ledger_accounts.AREAS:
            parts.append(f"json_extract(body, '$.visible_in_{area}') = {wanted}")
    for name, field in (
        ("show_control_accounts", "is_control_account"),
        ("show_included_in_chart", "included_in_chart"),
    ):
        if name in call.query:
            parts.append(f"json_extract(body, '$.{field}') = {int(call.flag(name))}")
    return " AND ".join(parts), []


def _add_documents(router: Router, kind: DocumentKind, plans: tuple[str, str, str, str]) -> None:
    spec = Listing(
        kind.kind,
        DOCUMENT_FILTERS,
        ("created_at", "updated_at", "date", "due_date")
        if kind is INVOICE
        else ("created_at", "updated_at", "date"),
        searchable=True,
    )
    create, update, void, release = plans
    router.add("GET", kind.kind, "list", Route(listing(spec), (SALES,)))
    router.add("GET", kind.kind, "one", Route(_document_reader(kind), (SALES,)))
    make = creating(
        kind.kind, kind.root, lambda books, attributes: sales_documents.create(books, kind, attributes)
    )
    router.add("POST", kind.kind, "list", Route(make, (SALES,), create))
    change = changing(
        kind.kind,
        kind.root,
        lambda books, doc, attributes: sales_documents.update(books, kind, doc, attributes),
    )
    router.add("PUT", kind.kind, "one", Route(change, (SALES,), update))
    router.add("DELETE", kind.kind, "one", Route(_voider(kind), (SALES,), void))
    router.add("POST", kind.kind, "release", Route(_releaser(kind), (SALES,), release))


def _document_reader(kind: DocumentKind) -> Handler:
    def handler(call: Call) -> Answer:
        doc = stored(call, kind.kind)
        as_pdf = "application/pdf" in call.header("Accept")
        marks = as_pdf or call.sage.switches["mark_as_sent_on"] == "any"
        if marks and call.flag("mark_as_sent", default=True) and not doc["sent"]:
            doc["sent"] = True
            with call.sage.store.transaction():
                call.books.change(kind.kind, doc, sales_documents.searched(doc))
        if as_pdf:
            body = document_pdf(call.books.business["answer"]["name"], kind, doc)
            return Answer(200, body, {"Content-Type": "application/pdf"})
        return json_answer(200, present(call, kind.kind, doc, single=True))

    return handler


def _voider(kind: DocumentKind) -> Handler:
    def handler(call: Call) -> Answer:
        where = call.sage.switches["void_reason_in"]
        reason: object = call.query.get("void_reason") if where != "body" else None
        if reason is None and where != "query" and call.body:
            body = call.json()
            wrapped = body.get(kind.root)
            reason = body.get("void_reason") or (
                wrapped.get("void_reason") if isinstance(wrapped, dict) else None
            )
        doc = sales_documents.void(call.books, kind, stored(call, kind.kind), reason)
        return json_answer(200, present(call, kind.kind, doc, single=True))

    return handler


def _releaser(kind: DocumentKind) -> Handler:
    def handler(call: Call) -> Answer:
        doc = sales_documents.release(call.books, kind, stored(call, kind.kind))
        return json_answer(201, present(call, kind.kind, doc, single=True))

    return handler


def _add_payments(router: Router) -> None:
    kind = contact_payments.KIND
    sorts = ("created_at", "updated_at", "date")
    bank = "json_extract(body, '$.bank_account.id') = ?"
    spec = Listing(kind, {**PAYMENT_FILTERS, **PERIOD, "bank_account_id": bank}, sorts)
    router.add("GET", kind, "list", Route(listing(spec), (BANK,)))
    router.add("GET", kind, "one", Route(reading(kind), (BANK,)))
    router.add(
        "POST", kind, "list", Route(creating(kind, "contact_payment", contact_payments.create), (BANK,))
    )
    router.add("PUT", kind, "one", Route(changing(kind, "contact_payment", contact_payments.update), (BANK,)))
    router.add("DELETE", kind, "one", Route(deleting(kind, contact_payments.delete), (BANK,)))
    kind = contact_allocations.KIND
    areas = (SALES, PURCHASES, CONTACTS)
    router.add("GET", kind, "list", Route(listing(Listing(kind, PAYMENT_FILTERS, sorts)), areas))
    router.add("GET", kind, "one", Route(reading(kind), areas))
    for method, shape, handler in (
        ("POST", "list", creating(kind, "contact_allocation", contact_allocations.create)),
        ("PUT", "one", changing(kind, "contact_allocation", contact_allocations.update)),
        ("DELETE", "one", deleting(kind, contact_allocations.delete)),
    ):
        router.add(method, kind, shape, Route(_with_every_role(areas, handler), areas, "PS"))
    router.add("GET", "unallocated_artefacts", "list", Route(_unallocated, (SALES, PURCHASES)))


def _with_every_role(areas: tuple[str, ...], handler: Handler) -> Handler:
    """Allocations want full access in all their areas, not in one of them (FACTS.md 10)."""

    def guarded(call: Call) -> Answer:
        if set(areas) & set(call.books.business["missing_roles"]):
            message = "The current user is not allowed to access that resource with that method."
            raise Refusal(403, [entry(message, "", "MultiUserAccessDenied")])
        return handler(call)

    return guarded


def _unallocated(call: Call) -> Answer:
    contact = call.query.get("contact_id")
    rows = []
    for kind in ("sales_invoices", "sales_credit_notes", "payments_on_account"):
        for doc in call.books.all(kind, "contact = ?", (contact,)) if contact else call.books.all(kind):
            if Decimal(doc["outstanding_amount"]):
                names = (
                    "id",
                    "displayed_as",
                    "$path",
                    "links",
                    "contact",
                    "date",
                    "outstanding_amount",
                    "status",
                )
                rows.append({name: doc[name] for name in names if name in doc})
    return json_answer(200, list_rows(call, "unallocated_artefacts", rows))


def _add_catalogue(router: Router) -> None:
    readers = (ITEMS, SALES, PURCHASES)
    active = "coalesce(json_extract(body, '$.active'), 1) = (lower(?) = 'true')"
    for kind in (catalogue.PRODUCT, catalogue.SERVICE):
        spec = Listing(kind.kind, {"active": active}, searchable=True)
        router.add("GET", kind.kind, "list", Route(listing(spec), readers))
        router.add("GET", kind.kind, "one", Route(reading(kind.kind), readers))
        _add_item_changes(router, kind)
        types = kind.price_types
        router.add("GET", types, "list", Route(listing(Listing(types, deleted_feed=False)), readers))
        router.add("GET", types, "one", Route(reading(types), readers))
        make = creating(types, kind.price_type, _price_type_maker(types))
        router.add("POST", types, "list", Route(make, (ITEMS,), "PS"))


def _add_item_changes(router: Router, kind: catalogue.ItemKind) -> None:
    make = creating(kind.kind, kind.root, lambda books, attributes: catalogue.create(books, kind, attributes))
    router.add("POST", kind.kind, "list", Route(make, (ITEMS,), "PS"))
    change = changing(
        kind.kind, kind.root, lambda books, item, attributes: catalogue.update(books, kind, item, attributes)
    )
    router.add("PUT", kind.kind, "one", Route(change, (ITEMS,), "PS"))
    remove = deleting(kind.kind, lambda books, item: catalogue.delete(books, kind, item))
    router.add("DELETE", kind.kind, "one", Route(remove, (ITEMS,), "PS"))


def _price_type_maker(types: str) -> Callable[[Books, Doc], Doc]:
    return lambda books, attributes: catalogue.create_price_type(books, types, attributes)
