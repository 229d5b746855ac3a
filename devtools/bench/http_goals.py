"""What a server has to sustain (PG7, PG8, ME2 of the performance goals, and the soak), beside what a run measured."""

from collections.abc import Mapping
from typing import Any

from devtools.bench.push_goals import Goal, Parts

#: MiB that a web worker may keep of 48,000 requests.
FLAT = 8


def _beside(parts: Parts) -> float | None:
    beside = parts.get("beside") or {}
    return round(beside["busy_p95_ms"] / beside["idle_p95_ms"], 2) if beside.get("idle_p95_ms") else None


def _soaked(name: str) -> Any:
    return lambda parts: (parts.get("soak") or {}).get(name)


def _share(parts: Parts) -> float | None:
    list_, floor = parts["list"], parts["floor"]
    return round(list_["rps"] / floor["rps"], 3) if floor.get("rps") else None


def _tail(parts: Parts) -> float | None:
    list_ = parts["list"]
    return round(list_["p99_ms"] / list_["p50_ms"], 2) if list_.get("p50_ms") else None


GOALS = (
    Goal("PG7", "invoice list, requests a second against the bare list", _share, 0.5, at_least=True),
    Goal("PG7", "its p99 against its p50", _tail, 3.0),
    Goal("PG8", "p95 beside a billing run and pushing against p95 alone", _beside, 2.0),
    Goal("ME2", "MiB a web worker kept after its first 2,000 requests", _soaked("growth_mib_of_a_worker"), FLAT),
    Goal("soak", "wrong answers", _soaked("errors"), 0),
)  # fmt: skip


def verdicts(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every goal beside what was measured; `met` is None for what was not."""
    listed: dict[str, Any] = next(
        (page for page in figures["pages"] if page["url"].endswith("/invoices/")), {}
    )
    parts = {
        "list": listed,
        "floor": figures["floor"],
        **{k: figures.get(k) or {} for k in ("beside", "soak")},
    }
    return [goal.verdict(parts) for goal in GOALS]
