"""One measurement of `./dev bench billing`, with Django set up: populate, measure the limit, bill, check."""

import argparse
import os
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from django.db import connection, connections
from django.db.models import Count, Max, Min, Sum

from devtools.bench import machine
from devtools.bench.billing_limit import measure_limit
from devtools.bench.billing_population import GROSS, TODAY, Practice, add_old_invoices, populate
from devtools.terminal import say
from invoicing.billing_run import run_billing
from invoicing.coming import coming_total
from invoicing.models import BilledPeriod, Invoice, InvoiceLine
from invoicing.tasks import CHUNKS_A_TURN
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
    if options.old:
        say(f"adding {options.old} invoices of earlier months")
        add_old_invoices(practices, options.old)
    figures = _run(practices, options.processes)
    correct = _is_correct(practices)
    after = machine.calibration_ms()
    per_second = figures["invoices_per_second"]
    return {
        "schedules": options.schedules,
        "old": options.old,
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


@dataclass(slots=True)
class Work:
    """What one process did: invoices, statements, the longest turn of a practice, peak memory and CPU seconds."""

    invoices: int = 0
    statements: int = 0
    longest_turn: float = 0.0
    cpu: float = 0.0
    peak: float | None = None


def _run(practices: list[Practice], processes: int) -> dict[str, Any]:
    idle = machine.rss_mib() or 0.0
    postgres = machine.postgres_cpu_seconds() or 0.0
    started = time.perf_counter()
    if processes == 1:
        works = [_work([practice.pk for practice in practices])]
    else:
        works = _side_by_side(practices, processes)
    seconds = time.perf_counter() - started
    cpu = sum(work.cpu for work in works) + (machine.postgres_cpu_seconds() or 0.0) - postgres
    invoices, statements = sum(work.invoices for work in works), sum(work.statements for work in works)
    peak = max((work.peak for work in works if work.peak is not None), default=None)
    return {
        "invoices": invoices,
        "processes": processes,
        "seconds": round(seconds, 2),
        "invoices_per_second": round(invoices / seconds, 1),
        "cpu_ms_per_invoice": round(cpu / invoices * 1000, 3),
        "peak_rss_mib": peak,
        "rss_over_idle_mib": None if peak is None else round(peak - idle, 1),
        "sql_statements": statements,
        "sql_per_invoice": round(statements / invoices, 4),
        "longest_turn_seconds": round(max(work.longest_turn for work in works), 3),
        "second_run_invoices": _second_run(practices),
    }


def _side_by_side(practices: list[Practice], processes: int) -> list[Work]:
    """The practices dealt out to processes of their own, the largest first, as workers take them."""
    connections.close_all()  # a connection belongs to one process
    hands = [[practice.pk for practice in practices[number::processes]] for number in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        return list(pool.map(_work, hands))


def _work(ids: list[int]) -> Work:
    """Bill these practices as the daily task does: a few chunks, and then behind all others again."""
    work, counter, queue = Work(), Counter(), deque(ids)
    machine.forget_peak()
    began = time.process_time()
    with connection.execute_wrapper(counter):
        while queue:
            practice, started = queue.popleft(), time.perf_counter()
            with acting_for(practice):
                outcome = run_billing(TODAY, chunks=CHUNKS_A_TURN)
            work.invoices += outcome.invoices
            work.longest_turn = max(work.longest_turn, time.perf_counter() - started)
            if not outcome.is_complete:
                queue.append(practice)
    work.cpu, work.statements = time.process_time() - began, counter.statements
    work.peak = machine.peak_rss_mib(os.getpid())
    return work


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
        old = Invoice.objects.filter(tax_point__lt=TODAY).count()
        new = Invoice.objects.issued().filter(tax_point=TODAY)
        found = new.aggregate(
            count=Count("pk"),
            first=Min("number"),
            last=Max("number"),
            least=Min("outstanding"),
            most=Max("outstanding"),
        )
        lines = InvoiceLine.objects.filter(invoice__tax_point=TODAY).aggregate(
            count=Count("pk"), net=Sum("net"), vat=Sum("vat")
        )
        return (
            found
            == {
                "count": practice.bills,
                "first": old + 1,
                "last": old + practice.bills,
                "least": GROSS,
                "most": GROSS,
            }
            and lines["count"] == BilledPeriod.objects.count() == 2 * practice.bills
            and lines["net"] + lines["vat"] == practice.bills * GROSS
            and Posting.objects.count() == old + practice.bills
            and AuditEntry.objects.filter(action="invoice.issued").count() == practice.bills
        )
