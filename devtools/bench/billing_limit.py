"""The limit a billing run is compared with: the same rows, by Django's `bulk_create`, and nothing else."""

import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.utils import timezone

from devtools.bench import machine
from devtools.bench.billing_population import PRICES, TODAY, Practice, as_owner
from invoicing.models import BilledPeriod, BillingSchedule, Invoice, InvoiceLine
from ledger.models import Posting
from practices.models import AuditEntry
from practices.tenancy import practice_scope

BATCH = 1000
WRITTEN: tuple[type[Any], ...] = (AuditEntry, Posting, BilledPeriod, InvoiceLine, Invoice)
VAT = (Decimal("24.00"), Decimal("9.11"))
NET_TOTAL, VAT_TOTAL = Decimal("165.53"), Decimal("33.11")
Objects = dict[type[Any], list[Any]]


def measure_limit(practices: list[Practice]) -> dict[str, Any]:
    """Invoices a second and CPU milliseconds an invoice; the tables are empty again afterwards."""
    seconds = cpu = 0.0
    invoices = 0
    for objects in _batches(practices):
        postgres, own = machine.postgres_cpu_seconds() or 0.0, time.process_time()
        started = time.perf_counter()
        _write(objects)
        seconds += time.perf_counter() - started
        cpu += time.process_time() - own + (machine.postgres_cpu_seconds() or 0.0) - postgres
        invoices += len(objects[Invoice])
    _empty()
    return {
        "bulk_create_per_second": round(invoices / seconds, 1),
        "bulk_create_cpu_ms_per_invoice": round(cpu / invoices * 1000, 3),
    }


def _batches(practices: list[Practice]) -> Iterator[Objects]:
    waiting: list[tuple[Any, ...]] = []
    number = 0
    for practice in practices:
        waiting.extend(_pairs(practice))
        while len(waiting) >= BATCH:
            yield _objects(waiting[:BATCH], number)
            number, waiting = number + BATCH, waiting[BATCH:]
    if waiting:
        yield _objects(waiting, number)


def _pairs(practice: Practice) -> list[tuple[Any, ...]]:
    """Each client's schedules: (practice, client, proposal, service, rate, kind, schedule, other schedule)."""
    with practice_scope(practice.pk):
        rows = BillingSchedule.objects.order_by("client_id", "id").values_list(
            "client_id", "proposal_line__proposal_id", "service_id", "tax_rate_id", "billing", "id"
        )
        found = list(rows)
    return [(practice.pk, *found[at], found[at + 1][-1]) for at in range(0, len(found), 2)]


def _objects(pairs: list[tuple[Any, ...]], number: int) -> Objects:
    now = timezone.now()
    objects: Objects = {model: [] for model in WRITTEN}
    for offset, (practice, client, proposal, service, rate, kind, *schedules) in enumerate(pairs, 1):
        invoice = Invoice(
            practice_id=practice,
            client_id=client,
            proposal_id=proposal,
            source=kind,
            status=Invoice.Status.ISSUED,
            number=number + offset,
            tax_point=TODAY,
            due_on=TODAY + timedelta(days=14),
            net=NET_TOTAL,
            vat=VAT_TOTAL,
            outstanding=NET_TOTAL + VAT_TOTAL,
            created_at=now,
            issued_at=now,
        )
        objects[Invoice].append(invoice)
        for position, schedule in enumerate(schedules):
            objects[InvoiceLine].append(_line(practice, invoice, position, service, rate))
            objects[BilledPeriod].append(
                BilledPeriod(practice_id=practice, schedule_id=schedule, starts_on=TODAY, invoice=invoice)
            )
        objects[Posting].append(_posting(practice, invoice))
        objects[AuditEntry].append(_entry(practice, invoice))
    return objects


def _line(practice: int, invoice: Invoice, position: int, service: int, rate: int) -> InvoiceLine:
    return InvoiceLine(
        practice_id=practice,
        invoice=invoice,
        position=position,
        service_id=service,
        name=f"Bookkeeping {position + 1}, 1 Jun 2027 to 30 Jun 2027",
        description="As agreed.",
        quantity=Decimal(1),
        unit_price=PRICES[position],
        tax_rate_id=rate,
        vat_code="standard",
        vat_percent=Decimal("20.00"),
        net=PRICES[position],
        vat=VAT[position],
    )


def _posting(practice: int, invoice: Invoice) -> Posting:
    mark = uuid4().hex
    return Posting(
        practice_id=practice,
        kind=Posting.Kind.INVOICE_CREATE,
        reference=f"{invoice.number_label}-{mark[:6].upper()}",
        idempotency_id=mark,
        status=Posting.Status.PENDING,
    )


def _entry(practice: int, invoice: Invoice) -> AuditEntry:
    return AuditEntry(
        practice_id=practice,
        action="invoice.issued",
        subject_type="invoicing.invoice",
        data={"number": invoice.number_label, "gross": str(invoice.gross)},
    )


def _write(objects: Objects) -> None:
    """One batch, committed. The ids of the invoices are only known once those are there."""
    with practice_scope(objects[Invoice][0].practice_id):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {settings.OWNER_ROLE}")
        invoices = Invoice.objects.bulk_create(objects[Invoice])
        for model in WRITTEN[:2]:
            for row, invoice in zip(objects[model], invoices, strict=True):
                row.subject_id = invoice.pk
        for model in WRITTEN[2:4]:
            for row in objects[model]:
                row.invoice_id = row.invoice.pk
        for model in WRITTEN[:4]:
            model.objects.bulk_create(objects[model])


def _empty() -> None:
    tables = ", ".join(f'"{model._meta.db_table}"' for model in WRITTEN)
    with as_owner() as cursor:
        cursor.execute(f"TRUNCATE {tables} CASCADE")
