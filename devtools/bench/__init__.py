"""./dev bench: what the application costs, measured on a fresh database against peers and limits of the machine."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql

from devtools import roles, services
from devtools.environment import application_environment
from devtools.paths import PYTHON, ROOT
from devtools.processes import die_with_parent
from devtools.stack import migrate
from devtools.terminal import Problem, say

#: What can be measured; each is a module of this package.
BENCHES = {
    "clients": "a CSV file of clients brought in, and matching beside it",
    "billing": "a billing run over due schedules, beside Django's bulk_create",
    "pages": "every page on a large database: server time, questions to the database, bytes",
    "operations": "idle memory, locks of migrations, sweeps, policies and bloat",
    "http": "sustained requests on the busiest pages and API calls, beside a trivial view",
    "poll": "a sweep over idle practices that have been paid, beside the bare requests it consists of",
    "proposals": "a saved row of the proposal editor, the client's page and a PDF",
    "totals": "random invoices in the pretend Sage's books, to the penny",
    "push": "postings through real workers to the pretend Sage",
}


def bench(arguments: list[str]) -> int:
    """Run one measurement on servers and data of its own; its exit code."""
    if not arguments or arguments[0] not in BENCHES:
        known = "\n".join(f"  ./dev bench {name:<10} {what}" for name, what in BENCHES.items())
        raise Problem(f"Say what to measure; --help after it lists its options:\n{known}")
    name, *rest = arguments
    command = [str(PYTHON), "-m", f"devtools.bench.{name}", *rest]
    if {"-h", "--help"} & set(rest):
        return subprocess.call(command, cwd=ROOT, env=os.environ | _OF_A_BENCH)
    with (
        tempfile.TemporaryDirectory(prefix="ignition-bench-", ignore_cleanup_errors=True) as folder,
        _fresh_servers(Path(folder)) as environment,
    ):
        migrate(environment)
        measuring = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment, "BENCH_FOLDER": folder},
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - we have one thread
        )
        try:
            return measuring.wait()
        except KeyboardInterrupt:
            measuring.terminate()
            measuring.wait()
            raise


@contextmanager
def _fresh_servers(state: Path) -> Iterator[dict[str, str]]:
    """The application's environment with an empty database and a Valkey that nobody else uses."""
    os.environ.pop("REDIS_URL", None)  # workers of another installation would take our messages
    given = os.environ.pop("DATABASE_URL", "")
    try:
        with _database_on(given) as url:
            if url:
                os.environ["DATABASE_URL"] = url
            with services.servers(state, durable=True) as servers:
                yield application_environment(servers, state=state) | _OF_A_BENCH
    finally:
        if given:
            os.environ["DATABASE_URL"] = given


#: As in production, whatever the person's own environment says; nothing is polled beside what is measured.
_OF_A_BENCH = {
    "DEBUG": "0",
    "LOG_LEVEL": "WARNING",
    "POLL_SECONDS": "86400",
    "DJANGO_SETTINGS_MODULE": "ignition.settings",
}


@contextmanager
def _database_on(given: str) -> Iterator[str]:
    """The address of a new database on the given server, dropped afterwards; empty for the embedded server."""
    if not given:
        yield ""
        return
    roles.prepare_given(given, for_tests=True)
    name = f"ignition_bench_{os.getpid()}"
    connection = psycopg2.connect(given)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {roles.OWNER}")
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        say(f"measuring in the new database {name}")
        yield urlunsplit(urlsplit(given)._replace(path=f"/{name}"))
    finally:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.close()
