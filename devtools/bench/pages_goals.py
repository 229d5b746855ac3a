"""What pages have to reach (PG1 to PG11 of the performance goals), beside what a run measured.

A ratio is held against a floor of the same run. Milliseconds of another product were measured on a machine whose fixed
loop takes ten of them: they are stretched by what the loop takes here.
"""

import re
from collections.abc import Callable
from typing import Any

from devtools.bench.push_goals import Goal

#: What `calibration_ms` was where the others were measured.
REFERENCE = 10.0
LIST, DETAIL, SEARCH = (
    r"/p/[^/]+/invoices/(\?.*)?$",
    r"/p/[^/]+/invoices/\d+/$",
    r"/p/[^/]+/(search/\?q=harb.*|clients/\?q=.*)$",
)
HOME, EDITOR = r"/p/[^/]+/$", r"/p/[^/]+/proposals/\d+/edit/.*$"
#: Faster pages differ by what the machine does meanwhile.
TOO_FAST_TO_COMPARE = 5.0


def verdicts(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Every goal beside what was measured; `met` is None for what another bench measures.

    Told in CPU time where others used the machine, which `form` says, else in time until the answer.
    """
    stretch = figures["calibration_ms"][0] / REFERENCE
    pages, form = figures["pages"], "_cpu" if figures["form"] == "cpu" else ""

    def worst(pattern: str, name: str) -> float | None:
        found = [page[name] for page in pages if re.search(pattern, page["url"])]
        return max((each for each in found if each is not None), default=None)

    def against_floor(pattern: str) -> float | None:
        return worst(pattern, f"floor{form}_ratio")

    def stretched(pattern: str) -> float | None:
        found = worst(pattern, f"p95{form}_ms")
        return None if found is None else round(found / stretch, 1)

    ratios = [
        page[f"p95{form}_ratio"]
        for page in pages
        if page[f"p95{form}_ms"] > TOO_FAST_TO_COMPARE and f"p95{form}_ratio" in page
    ]
    file, retry = figures["csv"], figures["retry"]
    rows: list[tuple[str, str, float | None, float]] = [
        ("PG1", "invoice list, worst choice, p95 against bare rows", against_floor(LIST), 2.0),
        ("PG1", "the same in ms of the reference machine against pretix", stretched(LIST), 0.20 * 141.8),
        ("PG1", "queries", worst(LIST, "queries"), 10),
        ("PG2", "invoice with history, p95 against bare rows", against_floor(DETAIL), 4.0),
        ("PG2", "the same in ms of the reference machine against pretix", stretched(DETAIL), 0.20 * 83.7),
        ("PG2", "queries", worst(DETAIL, "queries"), 12),
        ("PG3", "client search, p95 against ILIKE", against_floor(SEARCH), 2.0),
        ("PG3", "the same in ms of the reference machine against pretix", stretched(SEARCH), 0.05 * 594.6),
        ("PG3", "queries while typing", worst(r"/search/\?q=harb", "queries"), 8),
        ("PG4", "home, p95 against live sums", against_floor(HOME), 1.0),
        ("PG4", "the same in ms of the reference machine against pretix", stretched(HOME), 0.8 * 30.6),
        ("PG4", "queries", worst(HOME, "queries"), 10),
        ("PG5", "proposal editor, p95 in ms of the reference machine", stretched(EDITOR), 60),
        ("PG5", "queries", worst(EDITOR, "queries"), 15),
        ("PG5", "client's page and acceptance: ./dev bench proposals", None, 30),
        ("PG6", "p95 in the largest practice against an ordinary one, worst page", max(ratios, default=None), 1.3),
        ("PG7", "list requests a second: ./dev bench http", None, 0.5),
        ("PG8", "p95 beside billing and pushing: ./dev bench http", None, 2.0),
        ("PG9", "CSV of all invoices, seconds against an iterator", _ratio(file), 4.0),
        ("PG9", "MiB the file's making kept", file["grown_mib"], 16),
        ("PG10", "try again of 5,000, seconds on the reference machine", round(retry["seconds"] / stretch, 2), 1.0),
        ("PG10", "queries", retry["queries"], 10),
        ("PG11", "bytes of the heaviest first visit", figures["heaviest_first_visit_bytes"], 60_000),
    ]  # fmt: skip
    return [Goal(key, what, _known(value), must).verdict({}) for key, what, value, must in rows]


def _known(value: float | None) -> Callable[[Any], float | None]:
    return lambda _: value


def _ratio(file: dict[str, float]) -> float:
    return round(file["seconds"] / max(file["floor_seconds"], 0.001), 2)
