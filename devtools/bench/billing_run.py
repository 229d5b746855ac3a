"""One measurement of `./dev bench billing`, with Django set up: populate, measure the limit, bill, check."""

import argparse
import os
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from celery import current_app
from django.db import connection, connections
from django.db.models import Count, Max, Min, Sum

from devtools.bench import machine
from devtools.bench.billing_limit import measure_limit
from devtools.bench.billing_population import (
    GROSS,
    TODAY,
    Practice,
    add_old_invoices,
    as_owner,
    populate,
    shares,
)
from devtools.terminal import say
from invoicing.billing_run import BILLING, run_billing
from invoicing.coming import coming_total
from invoicing.errors import AlreadyRunning
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
    before = machine.calibration_ms(), machine.calibration_cpu_ms()
    say("adding practices with accepted work")
    bills = _shares_of(options)
    practices = populate(bills)
    say(f"{len(practices)} practices have {sum(bills)} bills due; first the limit")
    limit = measure_limit(practices)
    say(f"bulk_create writes {limit['bulk_create_per_second']} invoices a second; now the run")
    dry = _dry_run(practices[0])
    _get_ready_as_a_worker()
    if options.old:
        say(f"adding {options.old} invoices of earlier months")
        add_old_invoices(practices, options.old)
    figures = _run(practices, options)
    correct = _is_correct(practices)
    after = machine.calibration_ms(), machine.calibration_cpu_ms()
    per_second = figures["invoices_per_second"]
    return {
        "schedules": sum(bills),
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
        "calibration_ms": [before[0], after[0]],
        "calibration_cpu_ms": [before[1], after[1]],
    }


def _shares_of(options: argparse.Namespace) -> list[int]:
    """How many bills each practice has due."""
    if options.shares:
        return [int(share) for share in options.shares.split(",")]
    return shares(options.schedules, options.practices)


def _dry_run(practice: Practice) -> float:
    """Seconds to say what the largest practice will bill, to the penny."""
    with practice_scope(practice.pk):
        started = time.perf_counter()
        coming = coming_total(TODAY)
        seconds = time.perf_counter() - started
    assert coming.bills == practice.bills * 2  # noqa: S101 - a measurement of something else
    return round(seconds, 3)


def _get_ready_as_a_worker() -> None:
    """Have Celery do what it does before the first message of a process: a worker has done so before its first run.

    The connection is not kept: processes that are forked from this one must not share it.
    """
    current_app.finalize()
    _ = current_app.amqp.send_task_message
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1)


@dataclass(slots=True)
class Work:
    """What one process did: invoices, statements, the longest turn of a practice, peak memory and CPU seconds."""

    invoices: int = 0
    statements: int = 0
    longest_turn: float = 0.0
    cpu: float = 0.0
    peak: float | None = None
    errors: int = 0
    #: Seconds from the start until the last practice of the queue had all its bills made.
    last_ready: float = 0.0


def _run(practices: list[Practice], options: argparse.Namespace) -> dict[str, Any]:
    processes = options.processes
    killed = _kill_one_half_way(practices) if options.kill else 0
    idle = machine.rss_mib() or 0.0
    postgres = machine.postgres_cpu_seconds() or 0.0
    started = time.perf_counter()
    everybody = [practice.pk for practice in practices]
    if options.rivals > 1:
        works = _side_by_side([everybody] * options.rivals)
    elif processes > 1:
        works = _side_by_side([everybody[number::processes] for number in range(processes)])
    else:
        works = [_work(everybody)]
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
        "last_practice_ready": round(max(work.last_ready for work in works), 3),
        "errors": sum(work.errors for work in works),
        "extra_invoices": invoices + killed - sum(practice.bills for practice in practices),
        **(_redone(practices) if options.kill else {}),
        "second_run_invoices": _second_run(practices),
    }


def _side_by_side(hands: list[list[int]]) -> list[Work]:
    """The ids of practices billed by processes of their own, a hand for each."""
    connections.close_all()  # a connection belongs to one process
    with ProcessPoolExecutor(len(hands), mp_context=get_context("fork")) as pool:
        return list(pool.map(_work, hands))


def _kill_one_half_way(practices: list[Practice]) -> int:
    """How many invoices a run has left behind that was killed with SIGKILL once half of them were there."""
    connections.close_all()
    victim = get_context("fork").Process(target=_work, args=([practice.pk for practice in practices],))
    victim.start()
    wanted = sum(practice.bills for practice in practices) // 2
    while _invoices_there() < wanted and victim.is_alive():
        time.sleep(0.005)
    victim.kill()
    victim.join()
    # What the server still does for the dead goes on until it notices; the next run waits for nothing else.
    while _is_somebody_at_work():
        time.sleep(0.01)
    return _invoices_there()


def _invoices_there() -> int:
    with as_owner() as cursor:
        cursor.execute("SELECT count(*) FROM invoicing_invoice")
        return int(cursor.fetchone()[0])


def _is_somebody_at_work() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = %s)", [BILLING]
        )
        return bool(cursor.fetchone()[0])


def _redone(practices: list[Practice]) -> dict[str, Any]:
    """What was worked out for nothing: ids that were taken and are no invoice's, as a share of all."""
    with as_owner() as cursor:
        cursor.execute("SELECT max(id) - min(id) + 1 - count(*) FROM invoicing_invoice")
        lost = int(cursor.fetchone()[0])
    return {"redone": lost, "redone_share": round(lost / sum(practice.bills for practice in practices), 5)}


def _work(ids: list[int]) -> Work:
    """Bill these practices as the daily task does: a few chunks, and then behind all others again."""
    work, counter, queue = Work(), Counter(), deque(ids)
    machine.forget_peak()
    began, beginning = time.process_time(), time.perf_counter()
    with connection.execute_wrapper(counter):
        while queue:
            practice, started = queue.popleft(), time.perf_counter()
            try:
                with acting_for(practice):
                    outcome = run_billing(TODAY, chunks=CHUNKS_A_TURN)
            except AlreadyRunning:
                continue  # another run sees to it, as the daily task leaves it then
            except Exception as error:  # noqa: BLE001 - counted: that there is none is what is measured
                say(f"{type(error).__name__}: {error}")
                work.errors += 1
                continue
            work.invoices += outcome.invoices
            work.longest_turn = max(work.longest_turn, time.perf_counter() - started)
            if not outcome.is_complete:
                queue.append(practice)
            elif practice == ids[-1]:
                work.last_ready = time.perf_counter() - beginning
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
