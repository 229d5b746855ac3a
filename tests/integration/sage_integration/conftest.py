"""A clock that tests move, and Brook & Co connected to the pretend Sage."""

import pytest
import time_machine

from tests.integration.sage_integration.posting import MORNING, posted
from tests.sage import connected


@pytest.fixture
def clock():
    """The time everybody reads, app and pretend Sage alike; it ticks on from a fixed morning."""
    with time_machine.travel(MORNING, tick=True) as traveller:
        yield traveller


@pytest.fixture
def enabled(clock, brook, sage):
    """Brook & Co's enabled connection."""
    return connected(brook, sage)


@pytest.fixture
def alice(client_of, sage):
    """Alice's browser, with Sage in reach."""
    return client_of("alice")


@pytest.fixture
def acme(brook, enabled, sage):
    """An invoice of £120 that is in Sage."""
    return posted(brook, sage)
