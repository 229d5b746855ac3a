"""What pages have to reach (PG1 to PG11 of the performance goals), beside what a run measured.

A ratio is held against a floor of the same run. Milliseconds of the reference machine are carried over by the plain
page that ours is held against: it was measured there too, and is Django asking the same database, as any page is. A
fixed loop of Python would not do: it knows nothing of the database's share, nor of memory that others crowd, and has
taken no longer on a machine where the plain page took four times as long.
"""

import re
import statistics
from collections.abc import Callable
from typing import Any

from devtools.bench.push_goals import Goal

LIST, DETAIL, SEARCH = (
    r"/p/[^/]+/invoices/(\?.*)?$",
    r"/p/[^/]+/invoices/\d+/$",
    r"/p/[^/]+/(search/\?q=harb.*|clients/\?q=.*)$",
)
HOME, EDITOR = r"/p/[^/]+/$", r"/p/[^/]+/proposals/\d+/edit/.*$"
#: What each may take of its plain page's time at p95, and any page in the largest practice of an ordinary one's.
MUST, GROWTH = {LIST: 2.0, DETAIL: 4.0, SEARCH: 2.0, HOME: 1.0}, 1.3
#: Milliseconds at p95 of the plain page that each is held against, on the reference machine.
PLAIN_THERE = {LIST: 12.53, DETAIL: 4.06, SEARCH: 11.54, HOME: 23.79}
#: The same of pretix's page, and the part of it that ours may take.
THEIRS = {LIST: (0.20, 141.8), DETAIL: (0.20, 83.7), SEARCH: (0.05, 594.6), HOME: (0.8, 30.6)}
#: Faster pages differ by what the machine does meanwhile.
TOO_FAST_TO_COMPARE = 5.0


class Run:
    """What a run measured, as its goals ask: in CPU time where others used the machine, else until the answer."""

    def __init__(self, figures: dict[str, Any]) -> None:
        self.figures, self.pages = figures, figures["pages"]
        self._form = "_cpu" if figures["form"] == "cpu" else ""

    def worst(self, pattern: str, name: str) -> float | None:
        """The largest figure of that name of the pages with such an address; None where none was measured."""
        found = [page[name] for page in self.pages if re.search(pattern, page["url"])]
        return max((each for each in found if each is not None), default=None)

    def against_floor(self, pattern: str) -> float | None:
        """The worst of these pages against its plain page."""
        return self.worst(pattern, f"floor{self._form}_ratio")

    def carried(self, pattern: str) -> float | None:
        """Milliseconds at p95 that the worst of these pages would take on the reference machine."""
        ratio = self.against_floor(pattern)
        return None if ratio is None else round(ratio * PLAIN_THERE[pattern], 1)

    @property
    def stretch(self) -> float:
        """How many times as long as there the plain list of invoices takes here; 1 where it was not measured."""
        found = [page[f"floor{self._form}_ms"] for page in self.pages if re.search(LIST, page["url"])]
        known = [each for each in found if each is not None]
        return statistics.median(known) / PLAIN_THERE[LIST] if known else 1.0

    def as_there(self, pattern: str) -> float | None:
        """The same of pages without a plain page of their own, by that of the list."""
        found = self.worst(pattern, f"p95{self._form}_ms")
        return None if found is None else round(found / self.stretch, 1)

    def is_missed(self) -> bool:
        """Whether one of these pages misses what is asked of it beside its plain page or an ordinary practice."""
        beside = ((self.against_floor(pattern), must) for pattern, must in MUST.items())
        return any(ratio is not None and ratio > must for ratio, must in [*beside, (self.growth(), GROWTH)])

    def growth(self) -> float | None:
        """The worst p95 of a page in the largest practice against an ordinary one."""
        p95, ratio = f"p95{self._form}_ms", f"p95{self._form}_ratio"
        slow = [page[ratio] for page in self.pages if ratio in page and page[p95] > TOO_FAST_TO_COMPARE]
        return max(slow, default=None)


def verdicts(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Every goal beside what was measured; `met` is None for what another bench measures, or does not count here."""
    run = Run(figures)
    file, retry = figures["csv"], figures["retry"]
    goals = [
        _goal("PG1", "invoice list, worst choice, p95 against bare rows", run.against_floor(LIST), MUST[LIST]),
        _beside_theirs("PG1", run, LIST),
        _goal("PG1", "queries", run.worst(LIST, "queries"), 10),
        _goal("PG2", "invoice with history, p95 against bare rows", run.against_floor(DETAIL), MUST[DETAIL]),
        _beside_theirs("PG2", run, DETAIL),
        _goal("PG2", "queries", run.worst(DETAIL, "queries"), 12),
        _goal("PG3", "client search, p95 against ILIKE", run.against_floor(SEARCH), MUST[SEARCH]),
        _beside_theirs("PG3", run, SEARCH),
        _goal("PG3", "queries while typing", run.worst(r"/search/\?q=harb", "queries"), 8),
        _goal("PG4", "home, p95 against live sums", run.against_floor(HOME), MUST[HOME]),
        _beside_theirs("PG4", run, HOME),
        _goal("PG4", "queries", run.worst(HOME, "queries"), 10),
        _goal("PG5", "proposal editor, p95 in ms of the reference machine", run.as_there(EDITOR), 60),
        _goal("PG5", "queries", run.worst(EDITOR, "queries"), 15),
        _goal("PG5", "client's page and acceptance: ./dev bench proposals", None, 30),
        _goal("PG6", "p95 in the largest practice against an ordinary one, worst page", run.growth(), GROWTH),
        _goal("PG7", "list requests a second: ./dev bench http", None, 0.5),
        _goal("PG8", "p95 beside billing and pushing: ./dev bench http", None, 2.0),
        _goal("PG9", "CSV of all invoices, seconds against an iterator", _ratio(file), 4.0),
        _goal("PG9", "MiB the file's making kept", file["grown_mib"], 16),
        _goal("PG10", "try again of 5,000, seconds of the reference machine", retry["seconds"] / run.stretch, 1.0),
        _goal("PG10", "queries", retry["queries"], 10),
        _goal("PG11", "bytes of the heaviest first visit", figures["heaviest_first_visit_bytes"], 60_000),
    ]  # fmt: skip
    return [goal.verdict({}) for goal in goals]


def _beside_theirs(key: str, run: Run, pattern: str) -> Goal:
    """Ours in ms of the reference machine beside pretix's page there."""
    part, theirs = THEIRS[pattern]
    words = "the same in ms of the reference machine against pretix"
    return _goal(key, words, run.carried(pattern), part * theirs)


def _goal(key: str, what: str, value: float | None, must: float) -> Goal:
    return Goal(key, what, _known(None if value is None else round(value, 2)), must)


def _known(value: float | None) -> Callable[[Any], float | None]:
    return lambda _: value


def _ratio(file: dict[str, float]) -> float:
    return round(file["seconds"] / max(file["floor_seconds"], 0.001), 2)
