"""What `./dev bench billing` says of each goal."""

import pytest

from devtools.bench.billing_goals import GOALS, PARTS, verdicts


def values(parts, name):
    return [verdict["value"] for verdict in verdicts(parts) if verdict["id"] == name]


def test_every_goal_of_billing_is_named():
    assert {goal.id for goal in GOALS} == {f"BR{number}" for number in range(1, 13)}


def test_what_was_not_measured_is_neither_met_nor_missed():
    assert {verdict["met"] for verdict in verdicts({})} == {None}


def test_every_part_has_a_shape_of_its_own_and_no_goal_reads_another():
    assert len({tuple(options) for options in PARTS.values()}) == len(PARTS)
    full = {part: dict.fromkeys(NAMES, 1) for part in PARTS}
    assert all(verdict["value"] is not None for verdict in verdicts(full) if verdict["id"] != "BR5")


NAMES = (
    "share_of_bulk_create", "invoices_per_second", "cpu_ms_per_invoice", "cpu_share_of_bulk_create",
    "sql_per_invoice", "rss_over_idle_mib", "peak_rss_mib", "redone", "redone_share", "extra_invoices", "errors",
    "last_practice_ready", "dry_run_seconds",
)  # fmt: skip


@pytest.mark.parametrize(("each", "exponent"), [((0.4, 0.4, 0.4), 1.0), ((0.1, 1.0, 10.0), 2.0)])
def test_the_growth_is_the_exponent_of_the_cost(each, exponent):
    parts = {
        part: {"invoices": count, "cpu_ms_per_invoice": cost}
        for part, count, cost in zip(("thousand", "ten", "many"), (1_000, 10_000, 100_000), each, strict=True)
    }
    assert values(parts, "BR5") == [exponent]


def test_old_invoices_may_cost_a_tenth():
    parts = {"ten": {"cpu_ms_per_invoice": 0.5}, "old": {"cpu_ms_per_invoice": 0.55}}
    [verdict] = [verdict for verdict in verdicts(parts) if verdict["id"] == "BR6"]
    assert (verdict["value"], verdict["met"], verdict["best_met"]) == (1.1, True, False)


def test_a_peers_pace_has_to_be_met_both_as_measured_and_by_bulk_create():
    parts = {"thousand_of_one": {"invoices_per_second": 2520.0, "share_of_bulk_create": 0.35}}
    measured, carried, *others = [verdict for verdict in verdicts(parts) if verdict["id"] == "BR2"]
    assert (measured["value"], measured["met"]) == (200.0, True)
    assert (carried["value"], carried["met"]) == (188.8, False)
    assert [other["value"] for other in others] == [None, None]
