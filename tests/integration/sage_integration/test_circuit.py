"""A business in trouble is left alone for a while, and no other business notices."""

from django.conf import settings
from redis import Redis

from ledger.models import Posting
from practices.tenancy import practice_scope
from sage_integration.sessions import limiter, room_for
from sage_integration.sync.outcomes import BETWEEN_PROBES, STRIKES_TO_OPEN
from tests.integration.sage_integration.posting import (
    empty_valkey,
    issued_invoice,
    posting_of,
    push_once,
    push_until_settled,
)


def end_pause(connection) -> None:
    """As if the pause were over; what is remembered of failures stays."""
    with Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.delete(f"sage-budget:{{{connection.business_id}}}:pause")


def make_due(practice) -> None:
    with practice_scope(practice.pk):
        Posting.objects.filter(status="pending").update(not_before="2027-01-01T00:00Z")


def test_in_a_storm_of_429_one_probe_goes_out_in_five_minutes(brook, enabled, sage):
    """Fault 7: and the page says that Sage takes no more."""
    invoices = [issued_invoice(brook, f"Client {n}") for n in range(4)]
    sage.arm("too_many_requests", times=None)
    for _ in range(STRIKES_TO_OPEN):
        end_pause(enabled)
        make_due(brook)
        push_once(brook)
    end_pause(enabled)
    make_due(brook)
    sage.forget_requests()
    push_once(brook)
    probes = len(sage.requests())
    assert probes == 1
    assert room_for(enabled).wait > BETWEEN_PROBES - 10
    make_due(brook)
    for _ in range(5):
        push_once(brook)
    assert len(sage.requests()) == probes
    assert {posting_of(invoice).failure for invoice in invoices} == {"SageRateLimited"}


def test_a_burst_of_5xx_ends_and_everything_is_in_sage_once(brook, enabled, sage, clock):
    """Fault 10."""
    sage.arm("status", on="POST /sales_invoices", status=503, times=STRIKES_TO_OPEN)
    invoices = [issued_invoice(brook, f"Client {n}") for n in range(6)]
    push_once(brook)
    assert len(sage.requests("POST", "/sales_invoices")) == STRIKES_TO_OPEN
    assert room_for(enabled).wait > 60
    empty_valkey()
    push_until_settled(brook, clock, tries=12)
    assert {posting_of(invoice).status for invoice in invoices} == {Posting.Status.POSTED}
    assert len(sage.sales_invoices()) == 6


def test_one_document_that_sage_cannot_take_opens_no_circuit(brook, enabled, sage):
    """Fault 81: failures in a row count, not failures."""
    for n in range(STRIKES_TO_OPEN):
        sage.arm("status", on="POST /sales_invoices", status=500, times=1)
        issued_invoice(brook, f"Bad {n}")
        push_once(brook)
        issued_invoice(brook, f"Good {n}")
        push_once(brook)
    assert room_for(enabled).wait == 0


def test_each_business_has_its_own_circuit(brook, enabled, sage):
    """Fault 83."""
    sage.arm("too_many_requests", times=None)
    issued_invoice(brook)
    push_once(brook)
    assert room_for(enabled).wait > 0
    assert limiter().room("another business").wait == 0
