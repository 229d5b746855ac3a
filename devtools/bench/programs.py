"""The programs a measurement runs beside itself: the pretend Sage, a worker, beat. Their words go to files."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devtools.paths import PYTHON, ROOT
from devtools.ports import free_port
from devtools.processes import die_with_parent, tail_of
from devtools.terminal import Problem


class Programs:
    """Started one by one, ended together, the last one first."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str) -> int:
        """Start a Python module of ours; its process id."""
        with self._log(name).open("wb") as log:
            program = subprocess.Popen(
                [str(PYTHON), "-m", *arguments],
                cwd=ROOT,
                env=os.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - we have one thread
            )
        self._running[name] = program
        return program.pid

    def pid(self, name: str) -> int:
        """The process id of a program that was started."""
        return self._running[name].pid

    def wait_for_words(self, name: str, words: str, *, seconds: float = 60) -> None:
        """Return once a program has said something. Raises Problem with its last lines if it does not."""
        deadline = time.monotonic() + seconds
        while words not in self._log(name).read_text(errors="replace"):
            if self._running[name].poll() is not None or time.monotonic() > deadline:
                raise Problem(f"{name} did not start. Its last lines:\n{tail_of(self._log(name), 30)}")
            time.sleep(0.05)

    def require_alive(self) -> None:
        """Raise Problem with the last lines of a program that has ended by itself."""
        for name, program in self._running.items():
            if program.poll() is not None:
                raise Problem(f"{name} ended by itself. Its last lines:\n{tail_of(self._log(name), 30)}")

    def has_ended(self, name: str) -> bool:
        """Whether a program that was started is over."""
        return self._running[name].poll() is not None

    def complaints(self, name: str) -> int:
        """How many errors a program has logged."""
        lines = self._log(name).read_text(errors="replace").splitlines()
        return sum("level='error'" in line or ("] Task " in line and "raised" in line) for line in lines)

    def stop(self) -> None:
        """End all of them, by force after ten seconds."""
        for program in reversed(self._running.values()):
            program.terminate()
            try:
                program.wait(10)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
        self._running.clear()

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"


@contextmanager
def programs() -> Iterator[Programs]:
    """Programs that end with the block."""
    folder = Path(os.environ["BENCH_FOLDER"]) / "logs"
    folder.mkdir(exist_ok=True)
    started = Programs(folder)
    try:
        yield started
    finally:
        started.stop()


def start_sandbox(running: Programs) -> str:
    """The address of a pretend Sage with empty books, and the application's settings pointed at it."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    running.start("sandbox", "sage_sandbox", "--port", str(port))
    running.wait_for_words("sandbox", "Sage sandbox at")
    with urllib.request.urlopen(f"{url}/_control/health", timeout=10):
        pass
    return url


def start_lean_remote(running: Programs) -> str:
    """The address of a remote that takes invoices at next to no cost."""
    port = free_port()
    running.start("lean remote", "devtools.bench.lean_remote", str(port))
    running.wait_for_words("lean remote", "Lean remote at")
    return f"http://127.0.0.1:{port}"


def start_workers(running: Programs, *, number: int, threads: int) -> list[int]:
    """The process ids of workers for postings that are ready, beat beside them."""
    names = ["worker", *(f"worker {each}" for each in range(2, number + 1))]
    pids = [
        running.start(
            name,
            *("celery", "-A", "ignition", "worker", "--loglevel", "INFO", "--hostname", f"{position}@bench"),
            *("--queues", "default,posting", "--without-gossip", "--without-mingle"),
            *("--pool", "threads", "--concurrency", str(threads)),
        )
        for position, name in enumerate(names)
    ]
    for name in names:
        running.wait_for_words(name, "ready.")
    schedule = Path(os.environ["BENCH_FOLDER"]) / "beat-schedule"
    running.start(
        "beat",
        *("celery", "--quiet", "-A", "ignition", "beat", "--schedule", str(schedule), "--pidfile="),
    )
    return pids
