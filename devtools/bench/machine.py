"""The machine a measurement ran on, and what its processes used of it; figures of processes need Linux."""

import os
import platform
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from django.db import connection

_TICK = os.sysconf("SC_CLK_TCK")


def calibration_ms() -> float:
    """Milliseconds for a fixed amount of Python: two runs compare only where these agree within 10 %."""
    return round(min(_fixed_loop(time.perf_counter) for _ in range(5)), 2)


def calibration_cpu_ms() -> float:
    """CPU milliseconds for the same, on average over some time: what neighbours take meanwhile is left out."""
    return round(sum(_fixed_loop(time.process_time) for _ in range(40)) / 40, 2)


def _fixed_loop(clock: Callable[[], float]) -> float:
    started = clock()
    total = 0
    for number in range(200_000):
        total += number % 7
    return (clock() - started) * 1000


def facts() -> str:
    """Cores, load and versions, for people who compare two results."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = cursor.fetchone()[0]
        cursor.execute("SHOW fsync")
        fsync = cursor.fetchone()[0]
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} cores, load {load}, {platform.system()} {platform.release()}, "
        f"Python {sys.version.split()[0]}, PostgreSQL {postgres} with fsync {fsync}"
    )


def is_durable() -> bool:
    """Whether the server answers a commit only once it is on disk."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') = 'on'"
        )
        return bool(cursor.fetchone()[0])


def peak_rss_mib(pid: int) -> int | None:
    """The most memory a process has held, in MiB."""
    peak = _status_mib(pid, "VmHWM:")
    return None if peak is None else int(peak)


def rss_mib(pid: int | str = "self") -> float | None:
    """The memory a process holds now, in MiB."""
    return _status_mib(pid, "VmRSS:")


def forget_peak() -> None:
    """Let the peak of this process begin anew from what it holds now."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _status_mib(pid: int | str, name: str) -> float | None:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def cpu_seconds(pid: int) -> float | None:
    """CPU seconds of a process and of its children that have ended."""
    times = _stat(pid)
    return None if times is None else sum(times[11:15]) / _TICK


def postgres_cpu_seconds(*, of_others: bool = False) -> float | None:
    """CPU seconds of the whole PostgreSQL server, if it runs on this machine.

    Those ``of_others`` leave out this process' own session, where it only starts and watches what is measured.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        session = cursor.fetchone()[0]
    ours = _stat(session)
    if ours is None:
        return None
    server = ours[1]
    own = cpu_seconds(server) or 0.0
    return own + sum(
        sum(times[11:13]) / _TICK
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit()
        and not (of_others and int(entry.name) == session)
        and (times := _stat(int(entry.name)))
        and times[1] == server
    )


def _stat(pid: int) -> list[int] | None:
    """The numbers of /proc/<pid>/stat after the name: state (as 0), parent, …, CPU times from the 12th on."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return [int(word) if word.lstrip("-").isdigit() else 0 for word in text.rpartition(")")[2].split()]
