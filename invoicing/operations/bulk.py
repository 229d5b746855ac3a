"""Issuing many invoices at once: a handful of statements, whatever their number.

What the billing run makes is what `draft_invoice` and `issue_invoice` make one by one: the same amounts (money/),
due dates, numbers, postings and audit entries, in the caller's transaction. The order of the statements matters:

1. The periods, with ON CONFLICT DO NOTHING: the constraint `period_is_billed_once` decides what is billed. In the same
   statement the numbers, for invoices that have a period left: none is taken for what somebody else has billed.
2. Invoices and lines, postings, audit entries and the schedules' next steps, each a part of one statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from django.db import connection
from django.utils import timezone

from invoicing.models import Invoice
from ledger.models import Posting
from ledger.outbox import NewDocument, request_postings
from money.amounts import ZERO, Amounts, total
from practices import audit
from practices.arrays import array
from practices.statements import Change
from practices.tenancy import acting_practice_id

#: A period by its schedule and first day.
Claim: TypeAlias = tuple[int, date]


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

    @property
    def period(self) -> Claim:
        """The period it bills."""
        return self.schedule_id, self.starts_on


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
    #: The sum of the lines, each rounded by itself.
    amounts: Amounts = field(init=False)
    pk: int = 0
    number: int = 0

    def __post_init__(self) -> None:
        self.bill(self.lines)

    def bill(self, lines: list[NewLine]) -> None:
        """Have these lines and no others, and their sum."""
        self.lines, self.amounts = lines, total([line.amounts for line in lines])


def issue_invoices(
    invoices: Sequence[NewInvoice], *, not_before: datetime | None = None, moving: Change | None = None
) -> list[NewInvoice]:
    """Those that were issued, numbered in their order; lines whose period is settled already are left out.

    ``not_before`` is when they may leave for the ledger; None means at once. ``moving`` is what moves their schedules
    on, made with them and also where none is issued.
    """
    issued = _claimed(invoices) if invoices else []
    if issued:
        _record(issued, not_before, moving)
    elif moving:
        moving.run()
    return issued


def _claimed(invoices: Sequence[NewInvoice]) -> list[NewInvoice]:
    """Those with something left to bill, with their ids and numbers."""
    billed, number = _claim_periods_and_numbers(invoices)
    claimed: list[NewInvoice] = []
    for invoice in invoices:
        if left := [line for line in invoice.lines if line.period in billed]:
            if len(left) < len(invoice.lines):
                invoice.bill(left)
            invoice.pk, invoice.number = billed[invoice.lines[0].period], number + len(claimed)
            claimed.append(invoice)
    return claimed


def _claim_periods_and_numbers(invoices: Sequence[NewInvoice]) -> tuple[dict[Claim, int], int]:
    """Of the periods that are ours, because nobody billed or skipped them before, the ids of their invoices.

    And the first number of those invoices: the counter stays locked until the transaction ends.
    """
    lines = [(place, line) for place, invoice in enumerate(invoices) for line in invoice.lines]
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "practice": acting_practice_id(),
                "invoices": len(invoices),
                "schedules": array(line.schedule_id for _, line in lines),
                "starts": array(line.starts_on for _, line in lines),
                "places": array(place for place, _ in lines),
            },
        )
        rows = cursor.fetchall()
    return {(schedule, starts_on): pk for schedule, starts_on, pk, _ in rows}, rows[0][3] if rows else 0


#: Ids in the order of the invoices, wherever some of them turn out to have nothing left to bill. Their sequence is
#: looked up once: for each invoice it would cost ten times what the id does.
_CLAIM = """
    WITH invoice AS MATERIALIZED (
        SELECT place, nextval((SELECT pg_get_serial_sequence('invoicing_invoice', 'id')::regclass)) AS id
        FROM generate_series(0, %(invoices)s - 1) AS place
    ), claimed AS (
        INSERT INTO invoicing_billedperiod (practice_id, skip_reason, schedule_id, starts_on, invoice_id)
        SELECT %(practice)s, '', period.schedule_id, period.starts_on, invoice.id
        FROM unnest(%(schedules)s::bigint[], %(starts)s::date[], %(places)s::integer[])
            AS period(schedule_id, starts_on, place)
        JOIN invoice USING (place)
        ON CONFLICT DO NOTHING
        RETURNING schedule_id, starts_on, invoice_id
    ), taken AS (
        INSERT INTO invoicing_invoicenumbering AS numbering (practice_id, next_number)
        SELECT %(practice)s, 1 + count(DISTINCT invoice_id) FROM claimed HAVING count(*) > 0
        ON CONFLICT (practice_id) DO UPDATE SET next_number = numbering.next_number + EXCLUDED.next_number - 1
        RETURNING next_number
    )
    SELECT schedule_id, starts_on, invoice_id,
           (SELECT next_number FROM taken) - (SELECT count(DISTINCT invoice_id) FROM claimed)
    FROM claimed
"""


def _record(issued: Sequence[NewInvoice], not_before: datetime | None, moving: Change | None) -> None:
    """Write the invoices with all that belongs to them."""
    labels = [Invoice.label_of(invoice.number) for invoice in issued]
    entries = audit.entries_of(
        "invoice.issued",
        Invoice,
        (
            (invoice.pk, {"number": label, "gross": str(invoice.amounts.gross)})
            for invoice, label in zip(issued, labels, strict=True)
        ),
    )
    beside = {"invoices": _invoices(issued), "lines": _lines(issued), "entries": entries}
    # F64: billed here either way. An invoice over nothing has no business in the ledger unless somebody says so.
    request_postings(
        Posting.Kind.INVOICE_CREATE,
        [
            NewDocument(invoice.pk, label, invoice.leaves and invoice.amounts.gross > ZERO)
            for invoice, label in zip(issued, labels, strict=True)
        ],
        not_before=not_before,
        beside=beside | {"steps": moving} if moving else beside,
    )


def _invoices(issued: Sequence[NewInvoice]) -> Change:
    now = timezone.now()
    return Change(
        _INVOICES,
        [
            acting_practice_id(),
            now,
            now,
            array(invoice.pk for invoice in issued),
            array(invoice.client_id for invoice in issued),
            array(invoice.proposal_id for invoice in issued),
            array(invoice.source for invoice in issued),
            array(invoice.number for invoice in issued),
            array(invoice.tax_point for invoice in issued),
            array(invoice.due_on for invoice in issued),
            array(invoice.amounts.net for invoice in issued),
            array(invoice.amounts.vat for invoice in issued),
        ],
    )


_INVOICES = """
    INSERT INTO invoicing_invoice
        (practice_id, status, created_at, issued_at, id, client_id, proposal_id, source, number,
         tax_point, due_on, net, vat, outstanding)
    SELECT %s, 'issued', %s, %s, id, client_id, proposal_id, source, number,
           tax_point, due_on, net, vat, net + vat
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::integer[],
                %s::date[], %s::date[], %s::numeric[], %s::numeric[])
        AS invoice(id, client_id, proposal_id, source, number, tax_point, due_on, net, vat)
"""


def _lines(issued: Sequence[NewInvoice]) -> Change:
    """The lines of invoices; service, description and VAT rate are those of their schedules."""
    placed = [
        (invoice.pk, position, line) for invoice in issued for position, line in enumerate(invoice.lines)
    ]
    lines = [line for _, _, line in placed]
    return Change(
        _LINES,
        [
            acting_practice_id(),
            array(pk for pk, _, _ in placed),
            array(position for _, position, _ in placed),
            array(line.schedule_id for line in lines),
            array(line.name for line in lines),
            array(line.quantity for line in lines),
            array(line.unit_price for line in lines),
            array(line.vat_code for line in lines),
            array(line.vat_percent for line in lines),
            array(line.amounts.net for line in lines),
            array(line.amounts.vat for line in lines),
            acting_practice_id(),
        ],
    )


_LINES = """
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
