"""The bounds of polling beside what was measured."""

from devtools.bench.poll_goals import goals_of

GOOD = {
    "requests_a_day_per_idle_practice": 276,
    "cpu_of_floor": 2.1,
    "seconds_of_floor": 1.4,
    "payment_shown_worst_seconds": 290.0,
    "payments_not_shown": 0,
    "growth_with_practices": 1.0,
    "growth_with_invoices": 0.02,
}


def test_each_goal_is_met_by_figures_within_its_bounds():
    assert {goal: said["met"] for goal, said in goals_of(GOOD).items()} == dict.fromkeys(
        ("PO1", "PO2", "PO3", "PO4", "PO5"), True
    )


def test_one_figure_beyond_its_bound_or_not_measured_misses_its_goal_alone():
    missed = {**GOOD, "requests_a_day_per_idle_practice": 301, "growth_with_invoices": None}
    assert [goal for goal, said in goals_of(missed).items() if not said["met"]] == ["PO1", "PO5"]
