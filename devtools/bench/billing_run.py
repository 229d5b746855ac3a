"""One measurement of `./dev bench billing`, with Django set up: populate, measure the limit, bill, check."""

import argparse
import os
import time
from contextlib import ExitStack
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, Sum

from devtools.bench import machine
from devtools.bench.billing_limit import measure_limit
from devtools.bench.billing_population import GROSS, TODAY, Practice, populate
from devtools.terminal import say
from invoicing.billing_run import run_billing
from invoicing.coming import coming_total
from invoicing.models import BilledPeriod, Invoice, InvoiceLine
from ledger.models import Posting
from practices.models import AuditEntry
from practices.tenancy import acting_for, practice_scope


class Counter:
    """Counts the statements that Django sends."""

    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        self.statements += 1
        return execute(sql, params, many, context)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one run."""
    say(machine.facts())
    before = machine.calibration_ms()
    say("adding practices with accepted work")
    practices = populate(options.schedules, options.practices)
    say(f"{len(practices)} practices have {options.schedules} bills due; first the limit")
    limit = measure_limit(practices)
    say(f"bulk_create writes {limit['bulk_create_per_second']} invoices a second; now the run")
    dry = _dry_run(practices[0])
    figures = _run(practices)
    correct = _is_correct(practices)
    after = machine.calibration_ms()
    per_second = figures["invoices_per_second"]
    return {
        "schedules": options.schedules,
        "practices": len(practices),
        **figures,
        **limit,
        "share_of_bulk_create": round(per_second / limit["bulk_create_per_second"], 3),
        "cpu_share_of_bulk_create": round(
            figures["cpu_ms_per_invoice"] / limit["bulk_create_cpu_ms_per_invoice"], 2
        ),
        "dry_run_seconds": dry,
        "durable": machine.is_durable(),
        "correct": correct,
        "calibration_ms": [before, after],
    }


def _dry_run(practice: Practice) -> float:
    """Seconds to say what the largest practice will bill, to the penny."""
    with practice_scope(practice.pk):
        started = time.perf_counter()
        coming = coming_total(TODAY)
        seconds = time.perf_counter() - started
    assert coming.bills == practice.bills * 2  # noqa: S101 - a measurement of something else
    return round(seconds, 3)


def _run(practices: list[Practice]) -> dict[str, Any]:
    idle = machine.rss_mib() or 0.0
    machine.forget_peak()
    counter = Counter()
    postgres, own = machine.postgres_cpu_seconds() or 0.0, time.process_time()
    invoices = 0
    started = time.perf_counter()
    with ExitStack() as stack:
        stack.enter_context(connection.execute_wrapper(counter))
        for practice in practices:
            with acting_for(practice.pk):
                invoices += run_billing(TODAY).invoices
    seconds = time.perf_counter() - started
    cpu = time.process_time() - own + (machine.postgres_cpu_seconds() or 0.0) - postgres
    peak = machine.peak_rss_mib(os.getpid())
    return {
        "invoices": invoices,
        "seconds": round(seconds, 2),
        "invoices_per_second": round(invoices / seconds, 1),
        "cpu_ms_per_invoice": round(cpu / invoices * 1000, 3),
        "peak_rss_mib": peak,
        "rss_over_idle_mib": None if peak is None else round(peak - idle, 1),
        "sql_statements": counter.statements,
        "sql_per_invoice": round(counter.statements / invoices, 4),
        "second_run_invoices": _second_run(practices),
    }


def _second_run(practices: list[Practice]) -> int:
    """What a run after the run still bills: nothing."""
    invoices = 0
    for practice in practices[:3]:
        with acting_for(practice.pk):
            invoices += run_billing(TODAY).invoices
    return invoices


def _is_correct(practices: list[Practice]) -> bool:
    """Whether each bill is one invoice, to the penny, numbered without a gap, with all that belongs to it."""
    return all(map(_is_billed, practices))


def _is_billed(practice: Practice) -> bool:
    with practice_scope(practice.pk):
        found = Invoice.objects.issued().aggregate(
            count=Count("pk"),
            first=Min("number"),
            last=Max("number"),
            least=Min("outstanding"),
            most=Max("outstanding"),
        )
        lines = InvoiceLine.objects.aggregate(count=Count("pk"), net=Sum("net"), vat=Sum("vat"))
        return (
            found
            == {"count": practice.bills, "first": 1, "last": practice.bills, "least": GROSS, "most": GROSS}
            and lines["count"] == BilledPeriod.objects.count() == 2 * practice.bills
            and lines["net"] + lines["vat"] == practice.bills * GROSS
            and Posting.objects.count() == practice.bills
            and AuditEntry.objects.filter(action="invoice.issued").count() == practice.bills
        )
