"""A clock that tests move, and Brook & Co connected to the pretend Sage."""

import pytest
import time_machine

from invoicing.operations import copy_again
from practices.tenancy import practice_scope
from tests.integration.sage_integration.earlier import later
from tests.integration.sage_integration.posting import MORNING, posted, posting_of, push_until_settled
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


@pytest.fixture
def twice(brook, enabled, sage, acme, clock):
    """Acme's invoice, in Sage a second time on purpose: the newer document, everything read and known."""
    with practice_scope(brook.pk):
        copy_again(acme.invoice, reason="The client lost the first one")
    push_until_settled(brook, clock)
    later(brook, clock)
    [newer] = sage.sales_invoices(reference=posting_of(acme.invoice).reference)
    return newer
