"""The parts of the measurement of operation, each on the same large practice."""

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import psycopg2
from django.conf import settings
from django.db import DatabaseError, connection, models
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from psycopg2.sql import SQL, Identifier

from clients.models import Client
from devtools.bench import machine
from devtools.bench.http_run import children_of, wait_until_it_answers
from devtools.bench.population import issued_invoice, line_of
from devtools.bench.programs import Programs, start_workers
from devtools.ports import free_port
from ignition.demo import seed
from invoicing.models import Invoice, InvoiceLine
from ledger.leases import lease_due_postings, mark_attempted
from ledger.models import LedgerSettings, Posting
from ledger.outbox import mark_posted, request_posting
from practices.models import Practice
from practices.tenancy import practice_scope
from services.models import Service

#: Each goal: what it says, its bound, and where its figure is.
GOALS = (
    ("ME3", "MiB of two web processes, a worker and beat, idle", "idle", "total_mib", 500),
    ("ME4", "seconds a migration locks invoices", "locks", "longest_seconds", 1),
    ("ME5", "ms of a sweep over finished rows", "sweep", "p50_ms", 20),
    ("ME6", "list with policies beside without", "policies", "ratio", 1.1),
    ("ME7", "size of the outbox beside freshly written", "bloat", "ratio", 2),
)
REPEATS = 15
BLOCKING = "('AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock')"


def measure(options: argparse.Namespace, running: Programs) -> dict[str, Any]:
    """The parts asked for and the goals they show; progress to standard error."""
    seed()
    practice = Practice.objects.get(slug="brook-co")
    wanted = options.only or list(_parts(options, running, practice))
    if set(wanted) - {"idle"}:
        populate(practice, options.rows)
    print(machine.facts(), file=sys.stderr)
    parts: dict[str, dict[str, Any]] = {}
    for name, part in _parts(options, running, practice).items():
        if name in wanted:
            parts[name] = part()
            print(f"{name:<10}{parts[name]}", file=sys.stderr, flush=True)
    goals = [_verdict(goal, parts) for goal in GOALS]
    return {"rows": options.rows, "parts": parts, "goals": goals, "calibration_ms": machine.calibration_ms()}


def _verdict(goal: tuple[str, str, str, str, float], parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    name, words, part, figure, bound = goal
    value = parts[part].get(figure) if part in parts else None
    met = None if value is None else value <= bound
    return {"id": name, "words": words, "value": value, "must": bound, "met": met}


def _parts(
    options: argparse.Namespace, running: Programs, practice: Practice
) -> dict[str, Callable[[], dict[str, Any]]]:
    return {
        "idle": lambda: idle(running),
        "sweep": lambda: sweep(practice),
        "policies": lambda: policies(practice),
        "bloat": lambda: bloat(practice, options.pushes),
        "locks": locks,
    }


def populate(practice: Practice, rows: int) -> None:
    """So many invoices of a line, each with a posting that is in Sage; by copying rows inside the database."""
    with practice_scope(practice.pk):
        LedgerSettings.objects.update(accepts_postings=True)
        invoice, line = add_invoice()
        posting = request_posting(Posting.Kind.INVOICE_CREATE, invoice.pk, label="INV-000001")
        Posting.objects.filter(pk=posting.pk).update(
            status=Posting.Status.POSTED, external_id="x", attempted_at=posting.requested_at
        )
        multiply(Invoice, invoice.pk, rows, number="1000 + n")
        multiply(InvoiceLine, line.pk, rows, invoice_id=f"{invoice.pk} + n")
        multiply(
            Posting,
            posting.pk,
            rows,
            reference="'R' || n",
            idempotency_id="md5(n::text)",
            subject_id=f"{invoice.pk} + n",
            copy="1",
        )
    analyse()


def add_invoice() -> tuple[Invoice, InvoiceLine]:
    """An issued invoice and its one line."""
    service = Service.objects.select_related("tax_rate").earliest("pk")
    invoice = issued_invoice(Client.objects.earliest("pk"), number=1000)
    line = line_of(invoice, 0, service)
    line.save()
    return invoice, line


def multiply(model: type[models.Model], pk: int, count: int, **changed: str) -> None:
    """So many copies of a row, with some columns as SQL says (``n`` counts from 1)."""
    names = [
        field.column for field in model._meta.concrete_fields if not field.primary_key and not field.generated
    ]
    columns = SQL(", ").join(map(Identifier, names))
    values = SQL(", ").join(
        SQL(changed[name]) if name in changed else Identifier("t", name) for name in names
    )
    with connection.cursor() as cursor:
        cursor.execute(
            SQL(
                "INSERT INTO {table} ({columns}) SELECT {values} FROM {table} t, generate_series(1, %s) n WHERE id = %s"
            ).format(table=Identifier(model._meta.db_table), columns=columns, values=values),
            [count, pk],
        )


def analyse() -> None:
    """Statistics as autovacuum would have gathered them."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE invoicing_invoice")
        cursor.execute("VACUUM ANALYZE invoicing_invoiceline")
        cursor.execute("VACUUM ANALYZE ledger_posting")


@contextmanager
def as_owner() -> Iterator[None]:
    """Connections take the role of the tables' owner inside."""
    options = connection.settings_dict["OPTIONS"]
    before, options["assume_role"] = options["assume_role"], settings.OWNER_ROLE
    connection.close()
    try:
        yield
    finally:
        connection.close()
        options["assume_role"] = before


def idle(running: Programs) -> dict[str, Any]:
    """The memory of two web processes, one worker and beat that have nothing to do."""
    port = free_port()
    web = running.start(
        *(
            "web",
            "granian",
            "--interface",
            "wsgi",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--workers",
            "2",
        ),
        *("--blocking-threads", "8", "--no-ws", "--log-level", "error", "ignition.wsgi:application"),
    )
    wait_until_it_answers(port, running)
    workers = start_workers(running, number=1, threads=8)
    beat = running.pid("beat")
    time.sleep(5)  # beat and the second web process are still loading
    total = {
        name: round(sum(machine.rss_mib(each) or 0.0 for each in [pid, *children_of(pid)]), 1)
        for name, pid in (("web", web), ("worker", workers[0]), ("beat", beat))
    }
    running.stop()
    return {**{f"{name}_mib": mib for name, mib in total.items()}, "total_mib": round(sum(total.values()), 1)}


def sweep(practice: Practice) -> dict[str, Any]:
    """The slowest of what looks for work, over rows of which none is due."""

    def due() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT ledger_practices_due()")
            cursor.fetchall()

    def lease() -> None:
        with practice_scope(practice.pk):
            lease_due_postings()

    found = {"practices due": _p50_ms(due), "lease": _p50_ms(lease)}
    return {"p50_ms": max(found.values()), **found}


def policies(practice: Practice) -> dict[str, Any]:
    """The list of invoices as the application reads it, beside the same question of the owner, whom no policy binds."""
    with practice_scope(practice.pk):
        with_policies = _p50_ms(lambda: list(Invoice.objects.order_by("-id")[:50]), REPEATS * 4)
    with as_owner(), practice_scope(practice.pk):
        mine = Invoice.objects.filter(practice=practice.pk)
        without = _p50_ms(lambda: list(mine.order_by("-id")[:50]), REPEATS * 4)
    return {"with_ms": with_policies, "without_ms": without, "ratio": round(with_policies / without, 3)}


def bloat(practice: Practice, pushes: int) -> dict[str, Any]:
    """The outbox after postings went their whole way through it, beside the same rows written once."""
    with practice_scope(practice.pk):
        invoice = Invoice.objects.latest("pk")
        posting = request_posting(Posting.Kind.INVOICE_CREATE, invoice.pk, label="INV-000002")
        multiply(
            Posting,
            posting.pk,
            pushes,
            reference="'P' || n",
            idempotency_id="md5('p' || n)",
            subject_id="-1000000000 - n",
        )
    done = 0
    while True:
        with practice_scope(practice.pk):
            leased = lease_due_postings()
        if not leased:
            break
        for each in leased:
            with practice_scope(practice.pk):
                mark_attempted(each)
            with practice_scope(practice.pk):
                mark_posted(each, external_id=f"s-{each.pk}", number=f"SI-{each.pk}")
        done += len(leased)
    before = _size()
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("VACUUM FULL ledger_posting")
    after = _size()
    return {"pushes": done, "mib": round(before / 2**20, 1), "ratio": round(before / after, 2)}


def _size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size('ledger_posting')")
        return int(cursor.fetchone()[0])


def locks() -> dict[str, Any]:
    """How long each migration that can be taken back and made again keeps others from writing invoices, in seconds."""
    found: dict[str, float] = {}
    with as_owner():
        names = sorted(
            name for app, name in MigrationLoader(connection).disk_migrations if app == "invoicing"
        )
        for before, name in reversed(list(pairwise(names))):
            try:
                _migrate(before)
                with watched() as longest:
                    _migrate(name)
                _migrate(before)
            except (IrreversibleError, DatabaseError):
                break
            found[name] = round(longest[0], 3)
    return {"longest_seconds": max(found.values(), default=None), "migrations": found}


def _migrate(name: str) -> None:
    """Go to a migration of invoicing, without what follows every `migrate`: the models are those of the newest one."""
    MigrationExecutor(connection).migrate([("invoicing", name)])


@contextmanager
def watched() -> Iterator[list[float]]:
    """One number: the longest stretch in which somebody held invoices against writers, looked at every few ms."""
    given = connection.settings_dict
    watcher = psycopg2.connect(
        host=given["HOST"],
        port=given["PORT"],
        user=given["USER"],
        password=given["PASSWORD"],
        dbname=given["NAME"],
    )
    watcher.autocommit = True
    longest, ended = [0.0], threading.Event()

    def look() -> None:
        since: float | None = None
        with watcher.cursor() as cursor:
            while not ended.wait(0.004):
                cursor.execute(
                    "SELECT count(*) FROM pg_locks WHERE relation = 'invoicing_invoice'::regclass AND granted"  # noqa: S608 - a constant
                    f" AND mode IN {BLOCKING}"
                )
                now, is_held = time.monotonic(), cursor.fetchone()[0] > 0
                since = (since or now) if is_held else None
                if since:
                    longest[0] = max(longest[0], now - since)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield longest
    finally:
        ended.set()
        thread.join()
        watcher.close()


def _p50_ms(act: Callable[[], object], repeats: int = REPEATS) -> float:
    act()
    took = []
    for _ in range(repeats):
        started = time.perf_counter()
        act()
        took.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(took), 2)
