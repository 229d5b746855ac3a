"""Intents are committed before anything leaves, together where that is safe, and taken back where nothing left."""

from datetime import UTC, datetime, timedelta

import pytest

from devtools.faults.interference import Moment, at
from invoicing.models import Invoice
from ledger import leases
from ledger.errors import LeaseLost
from ledger.models import Posting
from ledger.outbox import request_posting
from practices.tenancy import acting_for, practice_scope, practice_transaction
from sage_integration.connections import current_connection
from sage_integration.sage.errors import SageRejected
from sage_integration.sage.network import NeverSent
from sage_integration.sessions import all_went_well, open_sage
from sage_integration.sync.dispatch import Dispatch
from tests.integration.sage_integration.posting import (
    empty_valkey,
    issued_invoice,
    posting_of,
    push_once,
    push_until_settled,
)
from tests.integration.sage_integration.turns import (
    announced,
    issue_many,
    open_batch,
    take_over,
    two_of_a_known_client,
)
from tests.sage import connected

Status = Posting.Status
CREATE = ("POST", "/sales_invoices")


def test_invoices_are_announced_together_once_one_went_through(brook, sage):
    connected(brook, sage)
    invoices = issue_many(brook, sage, 9)
    with acting_for(brook.pk), open_batch() as (batch, dispatch):
        assert announced(invoices) == 0
        dispatch.push(batch[0])
        assert announced(invoices) == 1, "the first goes alone"
        dispatch.push(batch[1])
        assert announced(invoices) == 9
        assert len(sage.requests(*CREATE)) == 2, "an intent is committed before anything is sent for it"
        for posting in batch[2:]:
            dispatch.push(posting)
    assert [posting_of(invoice).status for invoice in invoices] == [Status.POSTED] * 9
    assert len(sage.sales_invoices()) == 9


def test_a_business_that_took_the_last_document_is_sent_a_whole_batch_at_once(brook, sage):
    connected(brook, sage)
    issue_many(brook, sage, 1)
    push_once(brook)
    invoices = issue_many(brook, sage, 3)
    with acting_for(brook.pk), open_batch() as (batch, dispatch):
        dispatch.push(batch[0])
        assert announced(invoices) == 3
        assert len(sage.requests(*CREATE)) == 2, "an intent is committed before anything is sent for it"
        sage.arm("status", on="POST /sales_invoices", status=422)
        with pytest.raises(SageRejected):
            dispatch.push(batch[1])
        assert announced(invoices) == 2, "after trouble those behind it wait for their turn again"
    with acting_for(brook.pk), practice_transaction():
        connection = current_connection()
    assert not all_went_well(connection.business_id)


def lease_announced(practice) -> list[Posting]:
    """The due postings as a worker has them whose last document for that business went through."""
    with acting_for(practice.pk), practice_transaction():
        return leases.lease_due_postings(announced=True)


def test_a_business_that_took_the_last_document_is_announced_the_next_with_their_lease(brook, sage):
    connected(brook, sage)
    issue_many(brook, sage, 1)
    push_once(brook)
    invoices = issue_many(brook, sage, 3)
    seen = []
    with at(Moment("request", words="POST /v3.1/sales_invoices"), lambda: seen.append(announced(invoices))):
        assert push_once(brook) == 3
    assert seen == [3], "all intents are committed before anything is sent"
    assert [posting_of(invoice).status for invoice in invoices] == [Status.POSTED] * 3
    assert len(sage.sales_invoices()) == 4


def test_announced_with_the_lease_and_lost_before_anything_left_it_is_looked_for_and_sent_once(
    brook, enabled, sage, clock
):
    invoices = two_of_a_known_client(brook)
    lost = lease_announced(brook)
    assert [leases.was_announced(posting) for posting in lost] == [True, True]
    sage.forget_requests()
    assert push_once(brook) == 0, "the lease still holds"
    push_until_settled(brook, clock)
    assert [posting_of(invoice).status for invoice in invoices] == [Status.POSTED] * 2
    assert len(sage.requests("GET", "/sales_invoices")) == 4, "two looks for each"
    assert len(sage.sales_invoices()) == 3


def test_what_cannot_be_sent_as_it_is_was_never_announced_once_its_turn_comes(brook, enabled, sage):
    """It may be withdrawn, and is not looked for: the intent that came with the lease is taken back first."""
    ready, mistaken = two_of_a_known_client(brook)
    stranger = issued_invoice(brook, "Bolt Ltd")
    with practice_scope(brook.pk):
        Posting.objects.filter(subject_id=mistaken.pk).update(subject_id=10**9)
    batch = lease_announced(brook)
    with acting_for(brook.pk):
        with practice_transaction():
            connection = current_connection()
        with open_sage(connection) as sending, Dispatch(batch, connection, sending) as dispatch:
            with practice_scope(brook.pk):
                tried = Posting.objects.filter(pk__in=[each.pk for each in batch], attempted_at__isnull=False)
                assert list(tried.values_list("subject_id", flat=True)) == [ready.pk]
            dispatch.push(batch[0])
            with pytest.raises(Invoice.DoesNotExist):
                dispatch.push(batch[1])
            sage.forget_requests()
            dispatch.push(batch[2])
    assert [posting_of(each).status for each in (ready, stranger)] == [Status.POSTED] * 2
    assert sage.requests("GET", "/sales_invoices") == []


def test_a_lease_announces_no_document_that_was_tried_lost_or_is_no_new_invoice(brook, enabled, sage):
    tried, lost = two_of_a_known_client(brook)
    with practice_scope(brook.pk):
        long_ago = datetime(2027, 3, 1, tzinfo=UTC)
        Posting.objects.filter(subject_id=tried.pk).update(attempted_at=long_ago)
        Posting.objects.filter(subject_id=lost.pk).update(times_lost=1)
        request_posting(Posting.Kind.CONTACT_UPSERT, tried.client_id, label="Acme")
    batch = lease_announced(brook)
    assert len(batch) == 3
    assert not any(map(leases.was_announced, batch))
    assert [posting.attempted_at for posting in batch] == [long_ago, None, None]


def test_what_was_announced_and_not_sent_is_taken_back(brook, sage):
    """A used-up allowance at Sage: those behind it had no part in it, and are not looked up for nothing."""
    connected(brook, sage)
    invoices = issue_many(brook, sage, 8)
    sage.arm("too_many_requests", on="POST /sales_invoices", skip=3)
    push_once(brook)
    states = [(posting_of(each).status, posting_of(each).attempted_at is not None) for each in invoices]
    assert states == [(Status.POSTED, True)] * 3 + [(Status.PENDING, True)] + [(Status.PENDING, False)] * 4
    assert {posting_of(each).attempts for each in invoices[4:]} == {0}


def no_connection() -> None:
    """What the wire says when a server cannot be reached."""
    raise NeverSent("refused")


@pytest.mark.parametrize("tried_before", [False, True])
def test_a_try_that_may_have_landed_is_never_forgotten(brook, enabled, sage, clock, tried_before):
    """The intent that came to nothing is taken back; not so where an earlier try's end is unknown."""
    issued_invoice(brook)
    push_once(brook)
    invoice = issued_invoice(brook)
    if tried_before:
        sage.arm("status", on="POST /sales_invoices", status=500)
        for _ in range(2):
            push_once(brook)
            clock.move_to(posting_of(invoice).not_before + timedelta(seconds=1))
            empty_valkey()
        assert posting_of(invoice).failure == "NotSeenYet"
    with at(Moment("request", words="POST /v3.1/sales_invoices"), no_connection):
        push_once(brook)
    posting = posting_of(invoice)
    assert (posting.status, posting.failure) == (Status.PENDING, "SageUnavailable")
    assert posting.may_have_landed == tried_before
    push_until_settled(brook, clock)
    assert len(sage.sales_invoices()) == 2


def test_an_announcement_that_is_old_is_made_anew(brook, sage, monkeypatch):
    monkeypatch.setattr("sage_integration.sync.dispatch.HOLDS_FOR", 0.0)
    connected(brook, sage)
    first, second, third, _ = issue_many(brook, sage, 4)
    with acting_for(brook.pk), open_batch() as (batch, dispatch):
        dispatch.push(batch[0])
        dispatch.push(batch[1])
        assert posting_of(third).attempted_at is not None, "it was announced with the second"
        take_over(third)
        with pytest.raises(LeaseLost):
            dispatch.push(batch[2])
        dispatch.push(batch[3])
    assert posting_of(third).lease == "somebody else"
    assert {posting_of(each).status for each in (first, second)} == {Status.POSTED}
    assert len(sage.sales_invoices()) == 3


def test_an_announcement_that_grew_old_over_a_new_token_is_made_anew(brook, sage, monkeypatch):
    connected(brook, sage)
    _, _, third = issue_many(brook, sage, 3)
    with acting_for(brook.pk), open_batch() as (batch, dispatch):
        dispatch.push(batch[0])
        dispatch.push(batch[1])
        reserve = dispatch._sage.reserve

        def asks_for_a_token(count: int = 1) -> int:
            take_over(third)
            dispatch._until = 0.0
            return reserve(count)

        monkeypatch.setattr(dispatch._sage, "reserve", asks_for_a_token)
        with pytest.raises(LeaseLost):
            dispatch.push(batch[2])
    assert posting_of(third).lease == "somebody else"
    assert len(sage.sales_invoices()) == 2
