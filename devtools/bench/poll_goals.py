"""What `./dev bench poll` measured beside the bounds it has to stay within."""

from typing import Any

#: Each goal: the figures it is about, and the most each may be.
MOST: dict[str, dict[str, float]] = {
    "PO1": {"requests_a_day_per_idle_practice": 300},
    "PO2": {"cpu_of_floor": 3},
    "PO3": {"seconds_of_floor": 3},
    "PO4": {"payment_shown_worst_seconds": 300, "payments_not_shown": 0},
    "PO5": {"growth_with_practices": 1.05, "growth_with_invoices": 0.1},
}


def goals_of(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each goal with its figures, their bounds and whether all are met; a figure that was not measured meets none."""
    return {
        goal: {
            **{name: result.get(name) for name in bounds},
            "at_most": bounds,
            "met": all(_is_met(result.get(name), most) for name, most in bounds.items()),
        }
        for goal, bounds in MOST.items()
    }


def _is_met(figure: float | None, most: float) -> bool:
    return figure is not None and figure <= most
