"""The accountant's pages: look at businesses, invoices and contacts; record, edit and delete payments; void."""

import json
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sage_sandbox import accountant_forms as forms
from sage_sandbox import contact_allocations, contact_payments, contacts, sales_documents
from sage_sandbox.accounting import edit_payment, pay_invoice
from sage_sandbox.books import Books
from sage_sandbox.document_shape import DocumentKind
from sage_sandbox.errors import Refusal
from sage_sandbox.exchange import Answer, Call, html_answer, redirect
from sage_sandbox.pages import page
from sage_sandbox.sales_credit_notes import CREDIT_NOTE
from sage_sandbox.sales_invoices import INVOICE
from sage_sandbox.store import Doc

if TYPE_CHECKING:
    from sage_sandbox.application import PretendSage

MOST_SHOWN = 500
DOCUMENTS = {"sales_invoices": INVOICE, "sales_credit_notes": CREDIT_NOTE}


def answer(sage: "PretendSage", call: Call) -> Answer:
    """The page of that path, or the change a form asks for."""
    parts = [part for part in call.path.split("/") if part]
    try:
        if call.method == "POST":
            return _change(sage, call, parts)
        return _show(sage, parts, "")
    except Refusal as refusal:
        sentences = "; ".join(
            f"{item['$source']}: {item['$message']}".strip(": ") for item in refusal.entries
        )
        if call.method == "POST" and refusal.status == 422:
            return _show(sage, _page_of(call), sentences, status=422)
        return html_answer(refusal.status, page("Not found", f"<p>{escape(sentences)}</p>"))


def _show(sage: "PretendSage", parts: list[str], error: str, status: int = 200) -> Answer:
    alert = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    match parts:
        case []:
            return html_answer(status, page("Businesses", alert + forms.business_table(sage)))
        case ["businesses", key] if key in sage.store.businesses:
            books = sage.books(sage.store.businesses[key])
            return html_answer(status, page(_name(books), alert + forms.document_tables(books, MOST_SHOWN)))
        case ["businesses", key, "contacts"] if key in sage.store.businesses:
            books = sage.books(sage.store.businesses[key])
            return html_answer(
                status, page(f"Contacts of {_name(books)}", alert + forms.contact_table(books))
            )
        case ["invoicing", kind, key] if kind in DOCUMENTS:
            books, doc = _find(sage, kind, key)
            body = forms.document_body(books, DOCUMENTS[kind], doc)
            return html_answer(
                status, page(f"{DOCUMENTS[kind].noun.title()} {doc['displayed_as']}", alert + body)
            )
        case ["contacts", "customers" | "suppliers", key]:
            books, doc = _find(sage, "contacts", key)
            return html_answer(status, page(doc["displayed_as"], alert + forms.contact_body(books, doc)))
        case ["products_services", key]:
            _books, doc = _find(sage, "products", key, "services")
            return html_answer(
                status, page(doc["displayed_as"], f"<p>Item code {escape(doc['item_code'] or '–')}</p>")
            )
        case ["online_payment", _token]:
            return html_answer(
                status, page("Pay online", "<p>A real Sage would take a payment here.</p>", menu=False)
            )
    return html_answer(404, page("Not found", "<p>There is no such page in the Sage sandbox.</p>"))


def _change(sage: "PretendSage", call: Call, parts: list[str]) -> Answer:
    form = call.form()
    with sage.store.transaction():
        match parts:
            case ["businesses", key, "contacts"] if key in sage.store.businesses:
                contacts.create(sage.books(sage.store.businesses[key]), forms.contact_attributes(form))
                return redirect(f"/businesses/{key}/contacts")
            case ["invoicing", kind, key, action] if kind in DOCUMENTS:
                books, doc = _find(sage, kind, key)
                _document_action(books, DOCUMENTS[kind], doc, action, form)
                return redirect(
                    f"/businesses/{books.key}" if doc.get("deleted_at") else f"/invoicing/{kind}/{key}"
                )
            case ["payments", key, "edit" | "delete" as action]:
                books, doc = _find(sage, "contact_payments", key)
                if action == "delete":
                    contact_payments.delete(books, doc)
                else:
                    edit_payment(
                        books, doc, {name: form[name] for name in ("amount", "date") if form.get(name)}
                    )
                return redirect(_back(call, books))
            case ["allocations", key, "delete"]:
                books, doc = _find(sage, "contact_allocations", key)
                contact_allocations.delete(books, doc)
                return redirect(_back(call, books))
    return html_answer(404, page("Not found", "<p>There is no such action in the Sage sandbox.</p>"))


def _document_action(books: Books, kind: DocumentKind, doc: Doc, action: str, form: dict[str, str]) -> None:
    actions: dict[str, Callable[[], object]] = {
        "pay": lambda: pay_invoice(books, doc, dict(form)),
        "edit": lambda: sales_documents.update(
            books, kind, doc, forms.edit_attributes(books, kind, doc, form)
        ),
        "void": lambda: sales_documents.void(books, kind, doc, form.get("void_reason")),
        "release": lambda: sales_documents.release(books, kind, doc),
        "allocate": lambda: contact_allocations.create(books, forms.allocation_attributes(books, doc, form)),
    }
    if action not in actions or (action in ("pay", "allocate") and kind is not INVOICE):
        raise Refusal(404, [{"$source": "", "$message": "There is no such action."}])
    try:
        actions[action]()
    except ValueError as error:
        raise Refusal(422, [{"$source": "", "$message": str(error)}]) from error


def _find(sage: "PretendSage", kind: str, key: str, other: str = "") -> tuple[Books, Doc]:
    found = sage.store.row(
        "SELECT business, body FROM records WHERE kind IN (?, ?) AND id = ? AND deleted_at IS NULL",
        (kind, other, key),
    )
    if found is None:
        raise Refusal(404, [{"$source": "", "$message": "This record does not exist, or was deleted."}])
    return sage.books(sage.store.businesses[found[0]]), json.loads(found[1])


def _page_of(call: Call) -> list[str]:
    """The page a refused form stood on."""
    path = call.path
    if path.startswith(("/payments/", "/allocations/")):
        path = urlsplit(call.header("Referer")).path
    path = re.sub(r"(/invoicing/[^/]+/[^/]+)/[^/]+$", r"\1", path)
    return [part for part in path.split("/") if part]


def _back(call: Call, books: Books) -> str:
    path = urlsplit(call.header("Referer")).path
    return path if path.startswith("/invoicing/") else f"/businesses/{books.key}"


def _name(books: Books) -> str:
    return str(books.business["answer"]["name"])
