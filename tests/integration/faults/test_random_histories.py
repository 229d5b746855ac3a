"""`./dev faults` in small: histories from a seed, with every promise audited at the end."""

import random

import pytest

from devtools.faults.rounds import BELTS, history_of
from devtools.faults.steps import STEPS
from devtools.faults.world import World


def test_a_seed_is_always_the_same_history():
    assert history_of(7) == history_of(7) != history_of(8)
    assert {name for seed in range(50) for name, _ in history_of(seed)} == set(STEPS)


@pytest.mark.parametrize("seed", [2, 3])
def test_a_random_history_keeps_every_promise(db, sage, clock, settings, seed):
    settings.SAGE_REQUESTS_PER_MINUTE = 100_000
    settings.SAGE_TIMEOUT = (5, 1)
    world = World(sage, clock, "Round")
    for switch, value in BELTS[seed].items():
        sage.switch(switch, value)
    for name, own_seed in history_of(seed, 15):
        STEPS[name][1](world, random.Random(own_seed))
    assert world.come_to_rest() == []
