"""The whole application on this machine: a prepared database, then web, worker, beat and sandbox."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devtools.environment import for_manage, uses_sandbox
from devtools.paths import PYTHON, ROOT
from devtools.processes import Supervisor
from devtools.terminal import Problem, say

# Stopped in this order: no new requests, no new tasks, tasks finished, then what they talk to.
STOP_ORDER = {"web": 10.0, "demo": 5.0, "beat": 5.0, "worker": 30.0, "sandbox": 5.0}
WEB_THREADS = "8"
WORKER_THREADS = "8"  # the work is waiting for Sage, so threads do
QUEUES = "default,posting,polling"
SEED = "demo"  # puts the demo practices there, then ends


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the web pages and the sandbox listen, on 127.0.0.1."""

    web: int
    sandbox: int


def migrate(environment: Mapping[str, str]) -> None:
    """Bring the database up to date, as the owner of its tables. Raises Problem with what went wrong."""
    arguments = ["migrate", "--verbosity", "0"]
    ran = subprocess.run(
        [str(PYTHON), "manage.py", *arguments],
        cwd=ROOT,
        env=for_manage(environment, arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise Problem(f"manage.py migrate failed:\n{ran.stdout[-4000:]}")
    say("the database is up to date")


@contextmanager
def running_stack(
    environment: Mapping[str, str], ports: Ports, *, state: Path, write: Callable[[str, str], None]
) -> Iterator[Supervisor]:
    """All processes, until the end of the block; the demo is there and the pages answer when it begins."""
    with Supervisor(environment, write) as supervisor:
        try:
            _start(supervisor, ports, state)
            _wait_until_ready(supervisor, f"http://127.0.0.1:{ports.web}/healthz")
            yield supervisor
        finally:
            say("stopping")
            for name, grace in STOP_ORDER.items():
                if name in supervisor.programs:
                    supervisor.stop(name, grace=grace)


def _start(supervisor: Supervisor, ports: Ports, state: Path) -> None:
    python = str(PYTHON)
    if uses_sandbox():
        database = str(state / "sandbox.sqlite3")
        supervisor.start(
            *("sandbox", python, "-m", "sage_sandbox", "--port", str(ports.sandbox), "--db", database),
            "--demo-customers",
        )
    supervisor.start(
        *("web", python, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
        *("--port", str(ports.web), "--workers", "1"),
        *("--blocking-threads", WEB_THREADS, "--no-ws", "--log-level", "error"),
        "ignition.wsgi:application",
    )
    supervisor.start(SEED, python, "manage.py", "seed_demo")  # beside the others: they take as long to start
    celery = (python, "-m", "celery", "--quiet", "-A", "ignition")
    supervisor.start(
        *("worker", *celery, "worker", "--loglevel", "INFO", "--queues", QUEUES),
        *("--pool", "threads", "--concurrency", WORKER_THREADS, "--without-gossip", "--without-mingle"),
    )
    schedule = str(state / "beat-schedule")
    supervisor.start("beat", *celery, "beat", "--loglevel", "WARNING", "--schedule", schedule, "--pidfile=")


def _wait_until_ready(supervisor: Supervisor, url: str, *, seconds: float = 90) -> None:
    """Return once the demo is there and the page answers. Raises Problem, or KeyboardInterrupt on Ctrl-C."""
    deadline = time.monotonic() + seconds
    while SEED in supervisor.programs or not _answers(url):
        if supervisor.stop_requests:
            raise KeyboardInterrupt
        for name, code in supervisor.ended().items():
            supervisor.stop(name, grace=0)
            if name != SEED or code != 0:
                raise Problem(f"{name} ended with exit code {code} while starting; its last lines are above.")
        if time.monotonic() > deadline:
            raise Problem(f"{url} does not answer after {seconds:.0f} s; the lines above say why.")
        supervisor.pump()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


COLOURS = {"web": 36, "worker": 33, "beat": 35, "sandbox": 32}


def write_to_terminal(name: str, line: str) -> None:
    """Print a process's line behind its name, in colour where there is any."""
    head = f"{name:>7} |"
    if sys.stdout.isatty():
        head = f"\x1b[{COLOURS.get(name, 34)}m{head}\x1b[0m"
    print(head, line, flush=True)


def write_to_file(path: Path) -> Callable[[str, str], None]:
    """A writer for commands whose standard output has to stay clean."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = path.open("w", buffering=1)

    def write(name: str, line: str) -> None:
        log.write(f"{name:>7} | {line}\n")

    return write
