"""What a billing run has to reach (BR1 to BR12 of the performance goals), beside what was measured.

BR2 compares with peers that ran elsewhere, and nothing carries their pace over to another machine exactly. As measured,
a machine quicker than theirs flatters us. Carried over by `bulk_create`, which writes more for an invoice here than it
did there, the machine is taken for slower than it is, and that flatters us too. A loop of Python says even less, as
theirs is not known. So both are shown and both have to meet the goal: where they differ, the smaller one errs the least
in our favour.
"""

import math
from collections.abc import Callable
from typing import Any

from devtools.bench.push_goals import Goal, Parts

Reading = Callable[[Parts], float | None]

#: The parts of a whole measurement and their options; "ten" is the run that is also measured by itself.
PARTS: dict[str, list[str]] = {
    "thousand": ["--schedules", "1000"],
    "thousand_of_one": ["--schedules", "1000", "--practices", "1"],
    "ten": ["--schedules", "{ten}"],
    "ten_of_one": ["--schedules", "{ten}", "--practices", "1"],
    "many": ["--schedules", "{many}"],
    "old": ["--schedules", "{ten}", "--old", "{old}"],
    "killed": ["--schedules", "{ten}", "--kill"],
    "rivals": ["--schedules", "{ten}", "--rivals", "2"],
    "two": ["--schedules", "{ten}", "--processes", "2"],
    "beside": ["--shares", "{beside},10"],
}
#: What the peers billed a second on the reference machine, alone and quiet: Tryton at 1,000, django-silver at 10,000.
TRYTON, SILVER = 12.6, 63.9
#: The invoices `bulk_create` wrote there a second, of three rows in two tables; here it writes seven rows in five.
BULK_CREATE = 6798


def verdicts(parts: Parts) -> list[dict[str, Any]]:
    """Every goal beside what was measured."""
    return [goal.verdict(parts) for goal in GOALS]


def _of(part: str, name: str, times: float = 1) -> Reading:
    def value(parts: Parts) -> float | None:
        found = parts.get(part, {}).get(name)
        return None if found is None else round(found * times, 4)

    return value


def _ratio(above: Reading, below: Reading) -> Reading:
    def ratio(parts: Parts) -> float | None:
        over, under = above(parts), below(parts)
        return round(over / under, 3) if over is not None and under else None

    return ratio


def _times_the_pace(part: str, peer: float) -> Reading:
    """How many times a peer's pace the run had here, as the clock has it."""

    def times(parts: Parts) -> float | None:
        found = parts.get(part, {})
        return round(float(found[RATE]) / peer, 1) if found.get(RATE) else None

    return times


def _times_by_bulk_create(part: str, peer: float) -> Reading:
    """How many times a peer's pace, were this machine as quick as the peer's: as `bulk_create` in the same run says."""

    def times(parts: Parts) -> float | None:
        share = _of(part, SHARE)(parts)
        return None if share is None else round(share * BULK_CREATE / peer, 1)

    return times


def _times(words: str, part: str, peer: float, *, must: float, best: float) -> list[Goal]:
    """A peer's pace both as measured and by `bulk_create`; both have to be met, so that the smaller one decides."""
    return [
        Goal("BR2", f"{words}, as measured", _times_the_pace(part, peer), must, best, at_least=True),
        Goal("BR2", f"{words}, by bulk_create", _times_by_bulk_create(part, peer), must, best, at_least=True),
    ]


def _growth(parts: Parts) -> float | None:
    """The exponent of the cost in CPU seconds: the slope of its logarithm over that of the number of bills."""
    points = []
    for part in ("thousand", "ten", "many"):
        count, each = _of(part, "invoices")(parts), _of(part, "cpu_ms_per_invoice")(parts)
        if not count or not each:
            return None
        points.append((math.log(count), math.log(count * each)))
    mean_x, mean_y = (sum(point[axis] for point in points) / len(points) for axis in (0, 1))
    above = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return round(above / sum((x - mean_x) ** 2 for x, _ in points), 3)


SHARE, RATE, CPU = "share_of_bulk_create", "invoices_per_second", "cpu_ms_per_invoice"
GOALS = (
    Goal("BR1", "share of bulk_create, 1,000 bills", _of("thousand", SHARE), 0.35, 0.7, at_least=True),
    Goal("BR1", "share of bulk_create, 10,000 bills", _of("ten", SHARE), 0.35, 0.7, at_least=True),
    Goal("BR1", "share of bulk_create, most bills", _of("many", SHARE), 0.35, 0.7, at_least=True),
    *_times(
        "times Tryton's pace, 1,000 bills of one practice", "thousand_of_one", TRYTON, must=190, best=380
    ),
    *_times("times django-silver's, 10,000 of one practice", "ten_of_one", SILVER, must=37, best=75),
    # The goal is the ratio: 0.6 ms is what it came to on the reference machine, where bulk_create took 0.147 ms.
    Goal("BR3", "times the CPU of bulk_create, most bills", _of("many", "cpu_share_of_bulk_create"), 4, 2),
    Goal("BR4", "statements an invoice, most bills", _of("many", "sql_per_invoice"), 0.05, 0.02),
    Goal("BR5", "exponent of growth of the CPU, 1,000 to most bills", _growth, 1.05, 1),
    Goal("BR6", "CPU with old invoices against none", _ratio(_of("old", CPU), _of("ten", CPU)), 1.1, 1.03),
    Goal("BR7", "MiB over idle, most bills", _of("many", "rss_over_idle_mib"), 64, 32),
    Goal(
        "BR7",
        "peak memory, most bills against 10,000",
        _ratio(_of("many", "peak_rss_mib"), _of("ten", "peak_rss_mib")),
        1.1,
        1.02,
    ),
    # A chunk is at most a thousand schedules, here of two lines an invoice.
    Goal("BR8", "chunks worked out again after SIGKILL", _of("killed", "redone", 1 / 500), 1),
    Goal("BR8", "the same as a share of all bills", _of("killed", "redone_share"), 0.05, 0.001),
    Goal("BR9", "bills made twice by two runs at once", _of("rivals", "extra_invoices"), 0, 0),
    Goal("BR9", "errors of two runs at once", _of("rivals", "errors"), 0, 0),
    Goal(
        "BR10",
        "two processes against one",
        _ratio(_of("two", RATE), _of("ten", RATE)),
        1.5,
        1.8,
        at_least=True,
    ),
    Goal(
        "BR11",
        "seconds until 10 bills are made beside a large practice",
        _of("beside", "last_practice_ready"),
        5,
        1,
    ),
    Goal(
        "BR12", "seconds of a dry run, one practice of 10,000", _of("ten_of_one", "dry_run_seconds"), 2, 0.5
    ),
)
