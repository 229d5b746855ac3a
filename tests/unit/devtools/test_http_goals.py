"""What `./dev bench http` says of each goal."""

from devtools.bench.http_goals import verdicts

LIST = {"url": "/p/practice-1/invoices/", "rps": 100.0, "p50_ms": 20.0, "p99_ms": 60.0}
OTHER = {"url": "/p/practice-1/", "rps": 1.0, "p50_ms": 1.0, "p99_ms": 99.0}
ALL = {
    "pages": [OTHER, LIST],
    "floor": {"rps": 200.0},
    "beside": {"idle_p95_ms": 30.0, "busy_p95_ms": 60.0},
    "soak": {"growth_mib_of_a_worker": 8.0, "errors": 0},
}


def test_me2_pg7_and_pg8_are_met_by_reaching_their_bounds():
    said = verdicts(ALL)
    assert [verdict["id"] for verdict in said] == ["PG7", "PG7", "PG8", "ME2", "soak"]
    assert [verdict["met"] for verdict in said] == [True] * 5


def test_each_figure_beyond_its_bound_misses_its_goal_alone():
    slow = LIST | {"rps": 99.0, "p99_ms": 61.0}
    assert [each["met"] for each in verdicts(ALL | {"pages": [slow]})] == [False, False, True, True, True]
    grown = {"growth_mib_of_a_worker": 8.1, "errors": 1}
    busy = {"idle_p95_ms": 30.0, "busy_p95_ms": 61.0}
    assert [each["met"] for each in verdicts(ALL | {"soak": grown, "beside": busy})] == [
        *(True, True, False, False, False)
    ]


def test_what_was_not_measured_is_neither_met_nor_missed():
    short = {"pages": [LIST], "floor": {"rps": 200.0}}
    assert [verdict["met"] for verdict in verdicts(short)] == [True, True, None, None, None]
