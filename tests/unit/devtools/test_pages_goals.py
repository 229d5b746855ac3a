"""What `./dev bench pages` says of each goal, and how it asks for pages."""

import pytest

from devtools.bench.pages_asking import Cost, Costs, in_turn
from devtools.bench.pages_floors import plain_page_for
from devtools.bench.pages_goals import Run, verdicts

LIST = {
    "url": "/p/practice/invoices/?view=unpaid",
    "queries": 9,
    "p95_ms": 90.0,
    "p95_cpu_ms": 30.0,
    "p95_ratio": 2.0,
    "p95_cpu_ratio": 1.1,
    "floor_ms": 12.53,
    "floor_cpu_ms": 12.53,
    "floor_ratio": 3.0,
    "floor_cpu_ratio": 1.5,
}
FIGURES = {
    "pages": [LIST],
    "form": "wall",
    "calibration_ms": [20.0, 20.0],
    "csv": {"seconds": 1.0, "floor_seconds": 1.0, "grown_mib": 0.0},
    "retry": {"seconds": 1.0, "queries": 3},
    "heaviest_first_visit_bytes": 1,
}


def of_the_list(figures):
    said = [verdict["value"] for verdict in verdicts(figures) if verdict["id"] in ("PG1", "PG6")]
    return dict(zip(("floor", "pretix", "queries", "growth"), said, strict=True))


def test_pages_are_held_against_bare_rows_and_an_ordinary_practice_by_the_form_that_counts():
    assert of_the_list(FIGURES) == {
        "floor": 3.0,
        "pretix": 37.6,
        "queries": 9,
        "growth": 2.0,
    }
    assert of_the_list(FIGURES | {"form": "cpu"}) == {
        "floor": 1.5,
        "pretix": 18.8,
        "queries": 9,
        "growth": 1.1,
    }


def test_a_page_without_a_plain_one_is_carried_over_by_that_of_the_list():
    editor = {"url": "/p/practice/proposals/1/edit/", "queries": 15, "p95_ms": 100.0}
    pages = [LIST | {"floor_ms": 25.06}, editor]
    said = [each["value"] for each in verdicts(FIGURES | {"pages": pages}) if each["id"] == "PG5"]
    assert said[:2] == [50.0, 15]


@pytest.mark.parametrize(
    ("page", "missed"),
    [
        (LIST | {"p95_ratio": 1.3, "floor_ratio": 2.0}, False),
        (LIST | {"p95_ratio": 1.31, "floor_ratio": 2.0}, True),
        (LIST | {"p95_ratio": 1.3, "floor_ratio": 2.01}, True),
        ({"url": "/p/practice/services/", "p95_ms": 90.0, "p95_ratio": 1.2}, False),
    ],
)
def test_a_page_is_measured_again_where_it_misses_a_goal_by_itself(page, missed):
    assert Run({"pages": [page], "form": "wall"}).is_missed() is missed


def test_a_page_that_is_over_at_once_is_not_compared():
    fast = LIST | {"p95_ms": 4.9, "p95_cpu_ms": 4.9}
    assert of_the_list(FIGURES | {"pages": [fast]})["growth"] is None


def test_each_page_with_a_goal_is_held_against_its_plain_page():
    pages = ["invoices/?q=1", "invoices/7/", "search/?q=harb", "clients/?q=harb", "", "clients/"]
    assert [plain_page_for(f"/p/brook/{page}") for page in pages] == [
        *("list", "detail", "search", "search", "dashboard", "")
    ]


class Asked:
    """What is asked for, written down in its order."""

    def __init__(self, name, order):
        self.name, self.order = name, order

    def cost(self):
        self.order.append(self.name)
        return Cost(wall=float(len(self.order)), cpu=None)


def test_addresses_are_asked_in_turn_so_that_what_the_machine_does_falls_on_all():
    order = []
    costs = in_turn({name: Asked(name, order) for name in ("ours", "theirs")}, rounds=2)
    assert order == ["ours", "theirs"] * 6
    assert [[cost.wall for cost in repeat] for repeat in costs["ours"].repeats] == [[1, 3], [5, 7], [9, 11]]


def test_a_figure_is_the_median_of_three_repeats_so_that_one_hiccup_says_nothing():
    calm = [Cost(wall=10.0, cpu=1.0)] * 7
    costs = Costs([calm, [*calm[:-1], Cost(wall=500.0, cpu=50.0)], calm])
    assert (costs.p95("wall"), costs.p95("cpu"), costs.median("wall")) == (10.0, 1.0, 10.0)


def test_cpu_that_the_kernel_does_not_tell_is_left_out():
    costs = Costs([[Cost(wall=10.0, cpu=None)]])
    assert (costs.p95("cpu"), costs.median("cpu")) == (None, None)
