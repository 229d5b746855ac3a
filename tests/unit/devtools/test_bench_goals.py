"""What `./dev bench push` says of each goal."""

from devtools.bench.push_goals import GOALS, PARTS, verdicts

WANTED = [*(f"PU{number}" for number in range(1, 11)), "ME1"]


def test_every_goal_of_pushing_is_named():
    assert {goal.id for goal in GOALS} == set(WANTED)


def test_what_was_not_measured_is_neither_met_nor_missed():
    assert {verdict["met"] for verdict in verdicts({})} == {None}


def test_a_bound_is_met_by_reaching_it():
    fair = {"share_of_allowed_rate": 0.95, "rejected_429": 2, "requests": 1000, "single_p95_seconds": 0.5}
    met = {verdict["id"]: (verdict["met"], verdict["best_met"]) for verdict in verdicts({"fair": fair})}
    assert met["PU1"] == (True, False)
    assert met["PU2"] == (False, False)
    assert met["PU10"] == (True, True)


def test_trouble_of_others_is_told_as_a_share_of_the_pace_without_it():
    parts = {"fair": {"seconds": 57.0}, "trouble": {"seconds": 60.0}}
    assert [verdict["value"] for verdict in verdicts(parts) if verdict["id"] == "PU9"] == [0.95]


def test_every_part_has_a_shape_of_its_own():
    assert len({tuple(options) for options in PARTS.values()}) == len(PARTS)


def test_cpu_is_told_in_milliseconds_and_beside_the_bare_loop_of_the_same_run():
    parts = {"throughput": {"cpu_ms_per_push": 2.1, "cpu_times_ceiling": 4.2}}
    told = [(verdict["value"], verdict["met"]) for verdict in verdicts(parts) if verdict["id"] == "PU6"]
    assert told == [(2.1, False), (4.2, True), (None, None)]
