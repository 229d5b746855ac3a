"""What one request costs, and several addresses asked in turn, so that whatever else the machine does falls on all.

The cost is told twice: as time from the question to the answer, and as CPU time of this process and of its backend in
the database, which neighbours on the machine disturb less (the load of the machine says which of them counts).
"""

import os
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from devtools.bench.bulk_retry import NOT_COUNTED
from practices.change_marks import fold_marks
from practices.tenancy import practice_scope

#: A page is asked for in so many repeats; its figure is the median of theirs.
REPEATS = 3
#: Longest the addresses of one page are asked for, in seconds, however many rounds there are to go.
PATIENCE = 60.0
#: Above so many processes that want to run at once, CPU time is told first.
QUIET = 0.3
TYPING = {"HX-Request": "true"}


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of one request: until its answer was there, and of CPU; the latter None where it is not told."""

    wall: float
    cpu: float | None


@dataclass(frozen=True, slots=True)
class Ask:
    """An address, and as whom it is asked for."""

    browser: Browser
    address: str
    is_typed: bool = False
    #: The practice whose page it is; 0 for a plain page, which keeps no answers.
    practice_id: int = 0

    def answer(self) -> Any:
        """What comes back."""
        headers = TYPING if self.is_typed else {}
        return self.browser.get(self.address, headers=headers, secure=True)

    def is_a_page(self) -> bool:
        """Whether it answers with HTML."""
        answer = self.answer()
        return answer.status_code == 200 and "text/html" in answer.headers.get("Content-Type", "")

    def forget(self) -> None:
        """Let it be as if everything of the practice had just changed: no answer that was kept is good any more."""
        if self.practice_id:
            with practice_scope(self.practice_id):
                fold_marks()

    def questions(self) -> tuple[int, bytes]:
        """How many questions the page puts to the database at most, and the page."""
        self.forget()
        with CaptureQueriesContext(connection) as seen:
            html: bytes = self.answer().content
        # Counted at once: the next request begins a new record.
        return sum(not query["sql"].startswith(NOT_COUNTED) for query in seen), html

    def cost(self) -> Cost:
        """What one more request costs."""
        backend, own, started = _cpu_of_the_backend(), time.process_time(), time.perf_counter()
        self.answer()
        wall, own, after = time.perf_counter() - started, time.process_time() - own, _cpu_of_the_backend()
        known = backend is not None and after is not None
        return Cost(wall * 1000, (own + after - backend) * 1000 if known else None)  # type: ignore[operator]


@dataclass(slots=True)
class Costs:
    """Those of one address, repeat by repeat."""

    repeats: list[list[Cost]] = field(default_factory=list)

    def median(self, name: str) -> float | None:
        """The median of all requests: `wall` or `cpu`."""
        found = self._told(name)
        return round(statistics.median(cost for repeat in found for cost in repeat), 1) if found else None

    def p95(self, name: str) -> float | None:
        """What nineteen of twenty requests stay below: the median of what the repeats say."""
        found = self._told(name)
        return round(statistics.median(map(_p95, found)), 2) if found else None

    def _told(self, name: str) -> list[list[float]]:
        found = [[getattr(cost, name) for cost in repeat] for repeat in self.repeats]
        return [] if any(cost is None for repeat in found for cost in repeat) else found


def _p95(costs: Sequence[float]) -> float:
    return statistics.quantiles(costs, n=20, method="inclusive")[18] if len(costs) > 1 else costs[0]


def in_turn(asks: Mapping[str, Ask], rounds: int) -> dict[str, Costs]:
    """What each of these costs, asked one after another, so many times in each of three repeats."""
    found = {key: Costs() for key in asks}
    began = time.perf_counter()
    for _ in range(REPEATS):
        for costs in found.values():
            costs.repeats.append([])
        for each in range(rounds):
            if each > 2 and time.perf_counter() - began > PATIENCE:
                break
            for key, ask in asks.items():
                found[key].repeats[-1].append(ask.cost())
    return found


def form_that_counts() -> str:
    """`cpu` while others use the machine and the kernel tells CPU time, else `wall`."""
    is_told = _cpu_of_the_backend() is not None
    return "cpu" if is_told and os.getloadavg()[0] > QUIET else "wall"


def tell_all_cpu() -> None:
    """Let one process of the database do all of a question, so that its CPU time is all there is."""
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")


def _cpu_of_the_backend() -> float | None:
    """Seconds on the CPU of the process that answers our questions; None where the kernel does not tell."""
    connection.ensure_connection()
    try:
        told = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    except OSError:
        return None
    return int(told.split()[0]) / 1e9
