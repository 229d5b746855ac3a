"""Issuing many invoices at once: a handful of statements, whatever their number.

What the billing run makes is what `draft_invoice` and `issue_invoice` make one by one: the same amounts (money/),
due dates, numbers, postings and audit entries, in the caller's transaction. The order of the statements matters:

1. The periods, with ON CONFLICT DO NOTHING: the constraint `period_is_billed_once` decides what is billed.
2. The numbers, for invoices that have a period left: none is taken for what somebody else has billed.
3. Invoices and lines, postings, audit entries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from invoicing.models import Invoice
from ledger.models import Posting
from ledger.outbox import NewDocument, request_postings
from money.amounts import ZERO, Amounts, total
from practices import audit
from practices.arrays import array
from practices.tenancy import acting_practice_id


@dataclass(slots=True)
class NewLine:
    """One period of a schedule as it stands on an invoice, priced; service and description stay the schedule's."""

    schedule_id: int
    starts_on: date
    name: str
    quantity: Decimal
    unit_price: Decimal
    vat_code: str
    vat_percent: Decimal
    amounts: Amounts


@dataclass(slots=True)
class NewInvoice:
    """An invoice that is to be issued, with its lines in their order."""

    client_id: int
    source: str
    tax_point: date
    due_on: date
    leaves: bool
    proposal_id: int | None = None
    lines: list[NewLine] = field(default_factory=list)
    pk: int = 0
    number: int = 0

    @property
    def amounts(self) -> Amounts:
        """The sum of the lines, each rounded by itself."""
        return total(line.amounts for line in self.lines)


def issue_invoices(invoices: Sequence[NewInvoice], *, not_before: datetime | None = None) -> list[NewInvoice]:
    """Those that were issued, numbered in their order; lines whose period is settled already are left out.

    ``not_before`` is when they may leave for the ledger; None means at once.
    """
    if not invoices:
        return []
    for invoice, pk in zip(invoices, _new_ids(len(invoices)), strict=True):
        invoice.pk = pk
    billed = _claim_periods(invoices)
    issued = []
    for invoice in invoices:
        invoice.lines = [line for line in invoice.lines if (line.schedule_id, line.starts_on) in billed]
        if invoice.lines:
            issued.append(invoice)
    if issued:
        for number, invoice in enumerate(issued, _take_numbers(len(issued))):
            invoice.number = number
        _record(issued, not_before)
    return issued


def _new_ids(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('invoicing_invoice', 'id')) FROM generate_series(1, %s)",
            [count],
        )
        return sorted(row[0] for row in cursor.fetchall())


def _claim_periods(invoices: Iterable[NewInvoice]) -> set[tuple[int, date]]:
    """The (schedule, start) of the periods that are ours: nobody billed or skipped them before."""
    lines = [(line, invoice.pk) for invoice in invoices for line in invoice.lines]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO invoicing_billedperiod (practice_id, skip_reason, schedule_id, starts_on, invoice_id)"
            " SELECT %s, '', schedule_id, starts_on, invoice_id"
            " FROM unnest(%s::bigint[], %s::date[], %s::bigint[])"
            " AS period(schedule_id, starts_on, invoice_id)"
            " ON CONFLICT DO NOTHING"
            " RETURNING schedule_id, starts_on",
            [
                acting_practice_id(),
                array(line.schedule_id for line, _ in lines),
                array(line.starts_on for line, _ in lines),
                array(pk for _, pk in lines),
            ],
        )
        return set(cursor.fetchall())


def _take_numbers(count: int) -> int:
    """The first of so many consecutive invoice numbers; the counter stays locked until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO invoicing_invoicenumbering AS numbering (practice_id, next_number) VALUES (%s, 1 + %s)"
            " ON CONFLICT (practice_id) DO UPDATE SET next_number = numbering.next_number + %s"
            " RETURNING next_number - %s",
            [acting_practice_id(), count, count, count],
        )
        first: int = cursor.fetchone()[0]
        return first


def _record(issued: Sequence[NewInvoice], not_before: datetime | None) -> None:
    amounts = [invoice.amounts for invoice in issued]
    labels = [Invoice.label_of(invoice.number) for invoice in issued]
    _insert(issued, amounts)
    # F64: billed here either way. An invoice over nothing has no business in the ledger unless somebody says so.
    request_postings(
        Posting.Kind.INVOICE_CREATE,
        [
            NewDocument(invoice.pk, label, invoice.leaves and each.gross > ZERO)
            for invoice, label, each in zip(issued, labels, amounts, strict=True)
        ],
        not_before=not_before,
    )
    audit.record_many(
        "invoice.issued",
        Invoice,
        (
            (invoice.pk, {"number": label, "gross": str(each.gross)})
            for invoice, label, each in zip(issued, labels, amounts, strict=True)
        ),
    )


def _insert(issued: Sequence[NewInvoice], amounts: Sequence[Amounts]) -> None:
    lines = [
        (invoice.pk, position, line) for invoice in issued for position, line in enumerate(invoice.lines)
    ]
    practice_id, now = acting_practice_id(), timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            _INVOICES_AND_LINES,
            [
                practice_id,
                now,
                now,
                array(invoice.pk for invoice in issued),
                array(invoice.client_id for invoice in issued),
                array(invoice.proposal_id for invoice in issued),
                array(invoice.source for invoice in issued),
                array(invoice.number for invoice in issued),
                array(invoice.tax_point for invoice in issued),
                array(invoice.due_on for invoice in issued),
                array(each.net for each in amounts),
                array(each.vat for each in amounts),
                practice_id,
                array(pk for pk, _, _ in lines),
                array(position for _, position, _ in lines),
                array(line.schedule_id for _, _, line in lines),
                array(line.name for _, _, line in lines),
                array(line.quantity for _, _, line in lines),
                array(line.unit_price for _, _, line in lines),
                array(line.vat_code for _, _, line in lines),
                array(line.vat_percent for _, _, line in lines),
                array(line.amounts.net for _, _, line in lines),
                array(line.amounts.vat for _, _, line in lines),
                practice_id,
            ],
        )


_INVOICES_AND_LINES = """
    WITH invoices AS (
        INSERT INTO invoicing_invoice
            (practice_id, status, created_at, issued_at, id, client_id, proposal_id, source, number,
             tax_point, due_on, net, vat, outstanding)
        SELECT %s, 'issued', %s, %s, id, client_id, proposal_id, source, number,
               tax_point, due_on, net, vat, net + vat
        FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::integer[],
                    %s::date[], %s::date[], %s::numeric[], %s::numeric[])
            AS invoice(id, client_id, proposal_id, source, number, tax_point, due_on, net, vat)
    )
    INSERT INTO invoicing_invoiceline
        (practice_id, invoice_id, position, service_id, name, description, quantity, unit_price,
         tax_rate_id, vat_code, vat_percent, net, vat)
    SELECT %s, line.invoice_id, line.position, schedule.service_id, line.name, schedule.description,
           line.quantity, line.unit_price, schedule.tax_rate_id, line.vat_code, line.vat_percent,
           line.net, line.vat
    FROM unnest(%s::bigint[], %s::smallint[], %s::bigint[], %s::text[], %s::numeric[], %s::numeric[],
                %s::text[], %s::numeric[], %s::numeric[], %s::numeric[])
        AS line(invoice_id, position, schedule_id, name, quantity, unit_price, vat_code, vat_percent, net, vat)
    JOIN invoicing_billingschedule AS schedule
        ON schedule.practice_id = %s AND schedule.id = line.schedule_id
"""
