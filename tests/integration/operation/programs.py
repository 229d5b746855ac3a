"""Real worker and web processes on the test's own database, as production starts them."""

import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from devtools.paths import PYTHON, ROOT
from devtools.ports import free_port
from devtools.processes import die_with_parent
from devtools.stack import QUEUES
from tests.racing import wait_until

SAGE = (
    *("SAGE_API_URL", "SAGE_AUTHORIZE_URL", "SAGE_TOKEN_URL", "SAGE_REVOKE_URL"),
    *("SAGE_CLIENT_ID", "SAGE_CLIENT_SECRET"),
)
#: How long a process has to end in order, in seconds.
GRACE = 40


def environment() -> dict[str, str]:
    """What a process needs to work on what this test sees."""
    given = connection.settings_dict
    password = quote(given["PASSWORD"], safe="")
    database = f"postgres://{given['USER']}:{password}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
    sage = {name: str(getattr(settings, name)) for name in SAGE}
    return {
        **os.environ,
        **sage,
        "DATABASE_URL": database,
        "REDIS_URL": settings.REDIS_URL,
        "STATIC_FROM_FOLDERS": "1",
    }


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program, killed at the end of the block unless it has ended by itself."""
    program = subprocess.Popen(
        [str(PYTHON), "-m", *command],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(),  # noqa: PLW1509 - one call of prctl
    )
    try:
        yield program
    finally:
        program.terminate()  # so that a web server takes its workers along
        with suppress(subprocess.TimeoutExpired):
            program.wait(10)
        program.kill()
        program.wait(10)


@contextmanager
def a_worker(name: str = "celery", *, threads: int = 4) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker for every queue."""
    celery = ("celery", "--quiet", "-A", "ignition", "worker", "--queues", QUEUES, "--pool", "threads")
    named = ("--hostname", f"{name}@%h", "--concurrency", str(threads))
    with running(*celery, *named, "--without-gossip", "--without-mingle") as program:
        yield program


@contextmanager
def a_web_server() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Granian with two threads, answering, and its address."""
    port = free_port()
    granian = ("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1")
    with running(*granian, "--blocking-threads", "2", "--no-ws", "ignition.wsgi:application") as program:
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), seconds=60)
        yield program, f"http://127.0.0.1:{port}"


def _answers(url: str) -> bool:
    with suppress(OSError):
        request = urllib.request.Request(url, headers={"Host": "127.0.0.1"})
        with urllib.request.urlopen(request, timeout=2) as answer:
            return answer.status == 200
    return False
