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
    full = {part: dict.fromkeys(NAMES, 1) | {"calibration_cpu_ms": [10, 10]} for part in (*PARTS, "silver")}
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


def peers(parts):
    return [verdict for verdict in verdicts(parts) if verdict["id"] == "BR2"]


@pytest.mark.parametrize(
    ("loop", "met"), [(10.9, True), (9.1, True), (11.1, None), (5.0, None), (48.0, None)]
)
def test_a_peers_pace_by_the_clock_counts_on_a_machine_as_quick_as_the_peers(loop, met):
    parts = {"thousand_of_one": {"invoices_per_second": 2520.0, "calibration_ms": [10.0, loop]}}
    by_clock, *others = peers(parts)
    assert (by_clock["value"], by_clock["met"]) == (200.0, met)
    assert [other["value"] for other in others] == [None] * 5


@pytest.mark.parametrize(("loops", "met"), [([4.9, 5.1], False), ([4.0, 6.0], None)])
def test_elsewhere_a_peers_cpu_stretched_by_the_loop_decides_where_the_machine_was_steady(loops, met):
    parts = {"ten_of_one": {"cpu_ms_per_invoice": 0.2, "calibration_cpu_ms": loops}}
    by_loop = peers(parts)[5]
    assert (by_loop["value"], by_loop["met"], by_loop["best_met"]) == (36.5, met, met)


def test_a_peer_that_ran_here_decides_and_the_loop_does_not():
    ours = {"cpu_ms_per_invoice": 0.5, "calibration_cpu_ms": [5.0, 5.0]}
    parts = {"thousand_of_one": ours, "ten_of_one": ours, "silver": {"cpu_ms_per_invoice": 29.2}}
    found = [(each["value"], each["met"], each["best_met"]) for each in peers(parts)]
    _, beside_tryton, by_loop_tryton, _, beside_silver, by_loop_silver = found
    assert beside_tryton == (316.8, True, False)
    assert beside_silver == (58.4, True, False)
    assert by_loop_tryton[1:] == by_loop_silver[1:] == (None, None)
