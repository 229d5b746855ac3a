"""Tables and forms of the accountant's pages, and what their fields mean."""

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

from sage_sandbox.books import Books
from sage_sandbox.decimals import parse_decimal, sage_string, to_pennies
from sage_sandbox.document_shape import DocumentKind
from sage_sandbox.errors import invalid
from sage_sandbox.reference_data import tax_percentage
from sage_sandbox.sales_invoices import INVOICE
from sage_sandbox.settlements import settlements_of
from sage_sandbox.store import Doc

if TYPE_CHECKING:
    from sage_sandbox.application import PretendSage

EDITABLE_LINE = ("description", "quantity", "unit_price")


def business_table(sage: "PretendSage") -> str:
    """Every business with links to its documents and contacts."""
    rows = [
        (
            _link(f"/businesses/{business['id']}", business["answer"]["name"]),
            escape(business["country"]),
            escape(business["answer"]["subscriptions"][0]["displayed_as"]),
            _link(f"/businesses/{business['id']}/contacts", "Contacts"),
        )
        for business in sage.store.businesses.values()
    ]
    return _table(("Business", "Country", "Plan", ""), rows)


def document_tables(books: Books, most: int) -> str:
    """The newest invoices and credit notes of a business."""
    contacts_page = _link(f"/businesses/{books.key}/contacts", "Contacts")
    body = f"<p>{contacts_page}</p>"
    for kind, title in (("sales_invoices", "Invoices"), ("sales_credit_notes", "Credit notes")):
        docs = books.all(kind)[-most:][::-1]
        rows = [
            (
                _link(f"/invoicing/{kind}/{doc['id']}", doc["displayed_as"]),
                escape(doc["date"]),
                escape(doc["contact_name"]),
                escape(doc["reference"]),
                _amount(doc["total_amount"]),
                _amount(doc["outstanding_amount"]),
                escape(doc["status"]["displayed_as"]),
            )
            for doc in docs
        ]
        heads = ("Number", "Date", "Contact", "Reference", "Total", "Outstanding", "Status")
        body += f"<h2>{title}</h2>" + (_table(heads, rows) if rows else "<p>None yet.</p>")
    return body


def contact_table(books: Books) -> str:
    """The contacts of a business and a form to add one."""
    rows = [
        (
            _link(contact["links"][0]["href"], contact["name"]),
            escape(contact["reference"] or ""),
            escape(contact["contact_types"][0]["displayed_as"]),
            escape(contact["email"] or ""),
        )
        for contact in books.all("contacts")
    ]
    fields = [("name", "Name", "text"), ("reference", "Reference", "text"), ("email", "E-mail", "email")]
    fields += [
        ("address_line_1", "Address", "text"),
        ("city", "Town", "text"),
        ("postal_code", "Postcode", "text"),
    ]
    form = _form(f"/businesses/{books.key}/contacts", fields, {}, "Add customer", required=("name",))
    return f"<h2>Add a customer</h2>{form}" + _table(("Name", "Reference", "Type", "E-mail"), rows)


def contact_body(books: Books, contact: Doc) -> str:
    """One contact with its documents."""
    docs = books.all("sales_invoices", "contact = ?", (contact["id"],))
    items = "".join(
        f"<li>{_link(_path(doc), doc['displayed_as'])} {doc['outstanding_amount']}</li>" for doc in docs
    )
    address = books.find("addresses", contact["main_address"]["id"]) or {}
    lines = escape(address.get("displayed_as") or "No address").replace("\n", "<br>")
    return f"<p>{lines}</p><h2>Invoices</h2><ul>{items or '<li>None</li>'}</ul>"


def contact_attributes(form: dict[str, str]) -> Doc:
    """The attributes of a new customer from the form."""
    address = {name: form.get(name, "") for name in ("address_line_1", "city", "postal_code")}
    return {
        "name": form.get("name", "").strip(),
        "reference": form.get("reference", "").strip() or None,
        "contact_type_ids": ["CUSTOMER"],
        "main_address": address | {"country_id": "GB"},
        "main_contact_person": {"name": "Main Contact", "email": form.get("email", "").strip() or None},
    }


def document_body(books: Books, kind: DocumentKind, doc: Doc) -> str:
    """One document with its lines, what is set against it, and the forms its status allows."""
    status = doc["status"]["id"]
    contact = _link(f"/contacts/customers/{doc['contact']['id']}", doc["contact_name"])
    facts = (
        f"<p>{contact} · {escape(doc['date'])}"
        f" · reference {escape(doc['reference'] or '–')} · <strong>{escape(doc['status']['displayed_as'])}</strong>"
        f" · outstanding <strong>{doc['outstanding_amount']}</strong></p>"
    )
    rows = [
        (
            escape(line["description"]).replace("\n", "<br>"),
            _amount(line["quantity"]),
            _amount(line["unit_price"]),
            _amount(line["net_amount"]),
            _amount(line["tax_amount"]),
        )
        for line in doc[kind.lines]
    ]
    rows.append(("<strong>Total</strong>", "", "", _amount(doc["net_amount"]), _amount(doc["tax_amount"])))
    body = facts + _table(("Description", "Quantity", "Price", "Net", "VAT"), rows)
    body += f"<p>Total <strong>{doc['total_amount']}</strong> {escape(doc['currency']['id'])}</p>"
    body += _settlements(books, doc)
    action = f"/invoicing/{kind.kind}/{doc['id']}"
    if kind is INVOICE and status in ("UNPAID", "PART_PAID"):
        body += "<h2>Record a payment</h2>" + _payment_form(books, f"{action}/pay", doc["outstanding_amount"])
        body += _allocation_form(books, doc, f"{action}/allocate")
    if status in ("DRAFT", "PRO_FORMA"):
        body += _form(f"{action}/release", [], {}, "Release")
    if doc["editable"]:
        body += "<h2>Edit</h2>" + _edit_form(kind, doc, f"{action}/edit")
        verb = "Delete draft" if status in ("DRAFT", "PRO_FORMA") else "Void"
        body += f"<h2>{verb}</h2>" + _form(
            f"{action}/void", [("void_reason", "Reason", "text")], {}, verb, quiet=True
        )
    return body


def edit_attributes(books: Books, kind: DocumentKind, doc: Doc, form: dict[str, str]) -> Doc:
    """The attributes of a changed document; VAT is worked out again on lines whose amount changes."""
    attributes: Doc = {name: form[name] for name in ("date", "due_date", "reference") if name in form}
    lines = []
    for line in doc[kind.lines]:
        sent = {name: _sent(form, f"{line['id']}.{name}", line[name]) for name in EDITABLE_LINE}
        changed: Doc = {"id": line["id"], **sent}
        if any(sent[name] != line[name] for name in ("quantity", "unit_price")):
            net = parse_decimal(sent["quantity"]) * parse_decimal(sent["unit_price"]) - Decimal(
                line["discount_amount"]
            )
            rate = tax_percentage(books.country, line["tax_rate"]["id"]) if line["tax_rate"] else Decimal(0)
            changed["tax_amount"] = sage_string(to_pennies(to_pennies(net) * rate / 100))
        lines.append(changed)
    return attributes | {kind.lines: lines}


def _sent(form: dict[str, str], name: str, stored: str) -> str:
    """What was typed; a browser ends each line of it in its own way, which is no change of what is stored."""
    typed = form.get(name, stored).replace("\r\n", "\n")
    return stored if typed == stored.replace("\r\n", "\n") else typed


def allocation_attributes(books: Books, invoice: Doc, form: dict[str, str]) -> Doc:
    """The attributes of an allocation of one credit note or payment on account to the invoice."""
    found = books.find_artefact(form.get("artefact_id"))
    if found is None:
        raise invalid("artefact_id")
    amount = min(Decimal(found[1]["outstanding_amount"]), Decimal(invoice["outstanding_amount"]))
    return {
        "transaction_type_id": "CUSTOMER_ALLOCATION",
        "contact_id": invoice["contact"]["id"],
        "date": str(books.clock.today()),
        "allocated_artefacts": [
            {"artefact_id": invoice["id"], "amount": sage_string(amount)},
            {"artefact_id": found[1]["id"], "amount": sage_string(-amount)},
        ],
    }


def _settlements(books: Books, doc: Doc) -> str:
    rows = []
    for item in settlements_of(books, doc["id"]):
        path = "payments" if item.source_kind == "contact_payments" else "allocations"
        remove = _form(f"/{path}/{item.source}/delete", [], {}, "Delete", quiet=True)
        edit = _payment_form(
            books, f"/payments/{item.source}/edit", sage_string(item.amount), item.date, "Save"
        )
        shown = "Payment" if path == "payments" else "Allocation"
        rows.append(
            (
                shown,
                escape(item.date),
                _amount(sage_string(item.amount)),
                edit if shown == "Payment" else "",
                remove,
            )
        )
    return "<h2>Payments and allocations</h2>" + _table(("", "Date", "Amount", "", ""), rows) if rows else ""


def _payment_form(
    books: Books, action: str, amount: str, day: str = "", label: str = "Record payment"
) -> str:
    fields = [("amount", "Amount", "text"), ("date", "Date", "date")]
    if label == "Record payment":
        fields.append(("reference", "Reference", "text"))
    return _form(action, fields, {"amount": amount, "date": day or str(books.clock.today())}, label)


def _allocation_form(books: Books, invoice: Doc, action: str) -> str:
    options = "".join(
        f'<option value="{doc["id"]}">{escape(doc["displayed_as"] or "Payment on account")}'
        f" ({doc['outstanding_amount']})</option>"
        for kind in ("sales_credit_notes", "payments_on_account")
        for doc in books.all(kind, "contact = ?", (invoice["contact"]["id"],))
        if doc["status"]["id"] in ("UNPAID", "PART_PAID")
    )
    if not options:
        return ""
    return (
        f'<h2>Set a credit against it</h2><form class="row" method="post" action="{escape(action)}">'
        f'<label>Credit <select name="artefact_id">{options}</select></label>'
        '<button type="submit">Allocate</button></form>'
    )


def _edit_form(kind: DocumentKind, doc: Doc, action: str) -> str:
    fields = [("date", "Date", "date"), ("reference", "Reference", "text")]
    values = {"date": doc["date"], "reference": doc["reference"]}
    if "due_date" in doc:
        fields.append(("due_date", "Due date", "date"))
        values["due_date"] = doc["due_date"]
    for number, line in enumerate(doc[kind.lines], 1):
        for name in EDITABLE_LINE:
            key = f"{line['id']}.{name}"
            kind_of_field = "lines" if name == "description" else "text"
            fields.append((key, f"Line {number} {name.replace('_', ' ')}", kind_of_field))
            values[key] = line[name]
    return _form(action, fields, values, "Save changes")


def _form(
    action: str,
    fields: list[tuple[str, str, str]],
    values: dict[str, str],
    button: str,
    *,
    required: tuple[str, ...] = (),
    quiet: bool = False,
) -> str:
    inputs = "".join(
        f"<label>{escape(label)}<br>{_field(kind, name, values.get(name) or '', name in required)}</label>"
        for name, label, kind in fields
    )
    style = ' class="quiet"' if quiet else ""
    return (
        f'<form class="row" method="post" action="{escape(action)}">{inputs}'
        f'<button type="submit"{style}>{escape(button)}</button></form>'
    )


def _field(kind: str, name: str, value: str, is_required: bool) -> str:  # noqa: FBT001 - written once, above
    needed = " required" if is_required else ""
    if kind == "lines":
        # An input of one line drops line breaks. The one after the tag is not part of the text.
        return f'<textarea name="{escape(name)}" rows="2"{needed}>\n{escape(value)}</textarea>'
    return f'<input type="{kind}" name="{escape(name)}" value="{escape(value)}"{needed}>'


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _amount(text: str) -> str:
    return f'<span class="amount">{escape(text)}</span>'


def _link(path: str, text: str) -> str:
    return f'<a href="{escape(path)}">{escape(text)}</a>'


def _path(doc: Doc) -> str:
    return str(doc["links"][0]["href"])
