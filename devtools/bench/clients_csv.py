"""The CSV half of `./dev bench clients`: a file from upload to the last row, and searching what came in."""

import csv
import io
import random
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import IO, Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients.models import Client, ClientImport, ContactPerson
from clients.operations import add_client
from clients.operations.imports import IMPORT, begin_import, choose_columns, start_import
from devtools.bench import machine
from devtools.terminal import say
from practices.job_models import Job
from practices.models import Practice, User
from practices.operations import open_practice
from practices.tasks import run_jobs
from practices.tenancy import practice_scope

#: Clients that are in the practice before, and in the file too.
KNOWN = 1000
HEADER = (
    "Name",
    "Type",
    "E-mail",
    "Contact name",
    "Address",
    "Town",
    "Postcode",
    "Company number",
    "Phone",
    "Tags",
)
PLACES = ("Harbour", "Riverside", "Northgate", "Millbrook", "Oakwood", "Ashford", "Castleton", "Fairview")
TRADES = ("Bakery", "Joinery", "Roofing", "Plumbing", "Consulting", "Dental", "Transport", "Landscapes")
SEARCHES = 200


def measure(rows: int) -> dict[str, Any]:
    """Seconds of the upload, the dry run and the import, memory, and how quickly the list is searched afterwards."""
    say(machine.facts())
    practice = open_practice(User.objects.create_user("bench@brook.example", name="Bench"), "Bench")
    names = _names(rows)
    with practice_scope(practice.pk):
        for name in names[:KNOWN]:
            add_client(Client(name=name), [ContactPerson(name="Mina", email="mina@known.example")])
    before = _peak()
    with tempfile.TemporaryFile() as file:
        size = _write(file, names)
        say(f"a file of {rows:,} rows, {size / 1e6:.1f} MB")
        seconds, cpu = {}, time.process_time()
        seconds["upload"] = _timed(lambda: _upload(file, practice))
        seconds["check"] = _timed(lambda: run_jobs(practice.pk))
        seconds["import"] = _timed(lambda: _import(practice))
        cpu = time.process_time() - cpu
    with practice_scope(practice.pk):
        job = Job.objects.get(kind=IMPORT)
        is_correct = Client.objects.count() == rows and job.succeeded == rows
        search, queries = _search(names)
    return {
        "csv_rows": rows,
        "csv_seconds": round(sum(seconds.values()), 1),
        "csv_cpu_seconds": round(cpu, 1),
        "csv_postgres_cpu_seconds": machine.postgres_cpu_seconds(),
        **{f"csv_{name}_seconds": round(value, 1) for name, value in seconds.items()},
        "csv_correct": is_correct,
        "search_p95_ms": round(search, 2),
        "search_queries": queries,
        "peak_rss_before_mib": before,
        "peak_rss_mib": _peak(),
    }


def _names(rows: int) -> list[str]:
    chance = random.Random(50_000)  # noqa: S311 - made up, not secret
    return [f"{chance.choice(PLACES)} {chance.choice(TRADES)} {number} Ltd" for number in range(rows)]


def _write(file: IO[bytes], names: list[str]) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for number, name in enumerate(names):
        writer.writerow(_row(number, name))
    text.detach()
    return file.tell()


def _row(number: int, name: str) -> tuple[str, ...]:
    """One client as another program writes it; every third without a number of its own."""
    company = f"{number + 1_000_000:08d}" if number % 3 else ""
    phone = f"0117 496 {number % 10_000:04d}"
    person = f"Mina Okafor {number}"
    address = f"mina{number}@client{number}.example"
    return (
        name,
        "Limited company",
        address,
        person,
        f"{number} Quay Street",
        "Bristol",
        "BS1 4AA",
        company,
        phone,
        "",
    )


def _upload(file: IO[bytes], practice: Practice) -> None:
    with practice_scope(practice.pk):
        source = begin_import(file, "clients.csv", now=timezone.now())  # type: ignore[arg-type]  # an open file
        choose_columns(source, {int(number): field for number, field in source.mapping.items()})


def _import(practice: Practice) -> None:
    with practice_scope(practice.pk):
        start_import(ClientImport.objects.get(), on_match=ClientImport.OnMatch.UPDATE, now=timezone.now())
    run_jobs(practice.pk)


def _search(names: list[str]) -> tuple[float, int]:
    """Milliseconds within which 95 of 100 searches for beginnings of words end, and statements of one."""
    chance = random.Random(7)  # noqa: S311 - made up, not secret
    words = [" ".join(word[:5] for word in chance.choice(names).split()[:3]) for _ in range(SEARCHES)]

    def found(word: str) -> list[Client]:
        return list(Client.objects.matching(word)[:50])

    taken = [_timed(partial(found, word)) * 1000 for word in words]
    with CaptureQueriesContext(connection) as captured:
        found(words[0])
    return sorted(taken)[int(len(taken) * 0.95)], len(captured)


def _timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
