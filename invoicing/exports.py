"""Invoices, their lines, credit notes, payments and aged debt as files: CSV for programs, XLSX for people.

Rows are read from the database as they are written, so their number costs time and no memory.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, QuerySet

from clients.models.search import is_among
from invoicing.aged_debt import BUCKETS, aged_debt, as_cells
from invoicing.models import Allocation, CreditNote, Invoice, InvoiceLine, InvoiceQuerySet, Payment
from ledger.models import Posting

AT_ONCE = 2000
STATUSES, SOURCES = dict(Invoice.Status.choices), dict(Invoice.Source.choices)
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is exported: invoices of the list, and the day it is made."""

    invoices: InvoiceQuerySet
    on: date
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """One kind of file: its name, its heads, and its rows."""

    name: str
    what: str
    heads: Sequence[str]
    rows: Callable[[Choice], Iterable[Row]]


#: What is read of an invoice.
COLUMNS = (
    "pk", "number", "status", "source", "client_id", "client__name", "tax_point", "due_on", "net", "vat", "outstanding",
)  # fmt: skip
INVOICE_HEADS = (
    "Number", "State", "Source", "Client id", "Client", "Invoice date", "Due", "Net", "VAT", "Gross",
    "Outstanding", "Number in Sage", "Reference", "Sent to Sage", "Link", "Credit note",
)  # fmt: skip


def _batches(rows: "QuerySet[Any, Any]") -> Iterator[list[Any]]:
    """The rows a batch at a time, so that what belongs to them is read a batch at a time too."""
    batch: list[Any] = []
    for row in rows.iterator(chunk_size=AT_ONCE):
        batch.append(row)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _invoices(choice: Choice) -> Iterator[Row]:
    for batch in _batches(choice.invoices.order_by("pk").values(*COLUMNS)):
        yield from invoice_rows(batch)


def invoice_rows(invoices: Sequence[dict[str, Any]]) -> Iterator[Row]:
    """Rows of a file under `INVOICE_HEADS`, of invoices read as dictionaries of `COLUMNS`."""
    ids = [each["pk"] for each in invoices]
    copies, notes = _copies(ids), _notes(ids)
    for each in invoices:
        yield [
            Invoice.label_of(each["number"]) if each["number"] else "",
            STATUSES[each["status"]],
            SOURCES[each["source"]],
            each["client_id"],
            each["client__name"],
            each["tax_point"],
            each["due_on"],
            each["net"],
            each["vat"],
            each["net"] + each["vat"],
            each["outstanding"],
            *copies.get(each["pk"], NO_COPY),
            notes.get(each["pk"], ""),
        ]


#: Number in the ledger, reference, state and address of an invoice's copy.
Copy = tuple[str, str, str, str]
NO_COPY: Copy = ("", "", "", "")


def _copies(invoices: Sequence[int]) -> dict[int, Copy]:
    """The newest copy of each invoice, as `latest_postings` chooses it, without an object of each."""
    postings = Posting.objects.filter(is_among("subject_id", invoices), kind=Posting.Kind.INVOICE_CREATE)
    latest: dict[int, Copy] = {}
    rows = postings.order_by("copy", "id").values_list(
        "subject_id", "status", "standing", "external_number", "reference", "external_url"
    )
    for pk, status, standing, number, reference, url in rows:
        if status != Posting.Status.CANCELLED or pk not in latest:
            latest[pk] = (number, reference, Posting.standing_in_words(status, standing), url)
    return latest


def _notes(invoices: Sequence[int]) -> dict[int, str]:
    """The number of the credit note of each invoice that is taken back."""
    notes = CreditNote.objects.filter(is_among("invoice_id", invoices))
    return {pk: CreditNote.label_of(number) for pk, number in notes.values_list("invoice", "number")}


_LINE = (
    "invoice__status", "invoice__number", "invoice__tax_point", "invoice__client__name", "position",
    "service__name", "name", "description", "quantity", "unit_price", "tax_rate__name", "vat_percent", "net", "vat",
)  # fmt: skip
LINE_HEADS = (
    "Invoice", "Invoice date", "Client", "Line", "Service", "Name", "Description", "Quantity", "Unit price",
    "VAT rate", "VAT percent", "Net", "VAT", "Gross", "State",
)  # fmt: skip


def _lines(choice: Choice) -> Iterator[Row]:
    lines = InvoiceLine.objects.filter(invoice__in=choice.invoices.order_by().values("pk"))
    rows = lines.order_by("invoice_id", "position", "pk").values_list(*_LINE)
    for status, number, tax_point, client, position, *rest, net, vat in rows.iterator(chunk_size=AT_ONCE):
        label = Invoice.label_of(number) if number else ""
        state = STATUSES[status]
        yield [label, tax_point, client, position + 1, *rest, net, vat, net + vat, state]


CREDIT_NOTE_HEADS = ("Number", "Date", "Client id", "Client", "Invoice", "Reason", "Net", "VAT", "Gross")


def _credit_notes(choice: Choice) -> Iterator[Row]:
    """Amounts below zero: together with those of issued invoices they are what was billed in the end."""
    notes = CreditNote.objects.order_by("issued_on", "pk")
    if choice.since:
        notes = notes.filter(issued_on__gte=choice.since)
    if choice.until:
        notes = notes.filter(issued_on__lte=choice.until)
    read = ("number", "issued_on", "client_id", "client__name", "invoice__number", "reason", "net", "vat")
    for number, on, pk, name, invoice, reason, net, vat in notes.values_list(*read).iterator(AT_ONCE):
        label, of = CreditNote.label_of(number), Invoice.label_of(invoice)
        yield [label, on, pk, name, of, reason, -net, -vat, -(net + vat)]


PAYMENT_HEADS = (
    "Received", "Client", "Kind", "Entered in", "Reference", "Amount", "Invoice", "On this invoice", "On account",
    "Taken back", "Id in Sage",
)  # fmt: skip


def _payments(choice: Choice) -> Iterator[Row]:
    """A row for each invoice a payment is set against, and one for a payment that is set against none."""
    payments = Payment.objects.select_related("client").order_by("received_on", "pk")
    if choice.since:
        payments = payments.filter(received_on__gte=choice.since)
    if choice.until:
        payments = payments.filter(received_on__lte=choice.until)
    for batch in _batches(payments):
        placed: dict[int, list[tuple[Any, Any]]] = {}
        allocations = Allocation.objects.filter(payment__in=[payment.pk for payment in batch])
        of_payments = allocations.order_by("pk").annotate(number=F("invoice__number"))
        for pk, invoice_number, part in of_payments.values_list("payment", "number", "amount"):
            placed.setdefault(pk, []).append((invoice_number, part))
        for payment in batch:
            for number, amount in placed.get(payment.pk, [(None, None)]):
                yield _payment(payment, number, amount)


def _payment(payment: Payment, number: int | None, amount: Any) -> Row:
    return [
        payment.received_on,
        payment.client.name,
        payment.get_kind_display(),
        payment.get_source_display(),
        payment.reference,
        payment.amount,
        Invoice.label_of(number) if number else "",
        amount,
        payment.on_account,
        payment.reversed_at,
        payment.external_id,
    ]


def _debt(by: str) -> Callable[[Choice], Iterable[Row]]:
    return lambda choice: as_cells(aged_debt(by, choice.on))


def _debt_heads(what: str) -> tuple[str, ...]:
    return (what, *BUCKETS, "Total", "Open invoices", "Oldest due")


EXPORTS: dict[str, Export] = {
    "invoices": Export(
        "Invoices",
        "Each invoice with its amounts, its state and its number in Sage.",
        INVOICE_HEADS,
        _invoices,
    ),
    "lines": Export("Invoice lines", "Each line with service, price and VAT.", LINE_HEADS, _lines),
    "credit-notes": Export(
        "Credit notes",
        "What was taken back, below zero, with its invoice and the reason.",
        CREDIT_NOTE_HEADS,
        _credit_notes,
    ),
    "payments": Export(
        "Payments", "What was received, and which invoices it paid.", PAYMENT_HEADS, _payments
    ),
    "aged-debt": Export(
        "Aged debt by client",
        "What each client owes today, and since when.",
        _debt_heads("Client"),
        _debt("client"),
    ),
    "aged-debt-by-manager": Export(
        "Aged debt by manager",
        "The same by who looks after the client.",
        _debt_heads("Manager"),
        _debt("manager"),
    ),
    "aged-debt-by-service": Export(
        "Aged debt by service", "The same by what was sold.", _debt_heads("Service"), _debt("service")
    ),
}
