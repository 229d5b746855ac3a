"""Whose turn it is: fairness and pace, proved by order and by counts, never by a clock."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from queue import Empty
from unittest.mock import patch

import pytest

from devtools.faults.interference import Moment, at
from ignition.celery import app
from invoicing.models import Invoice
from ledger import leases
from ledger.errors import LeaseLost
from ledger.models import Posting
from ledger.outbox import request_posting
from practices.tasks import wake
from practices.tenancy import acting_for, practice_scope, practice_transaction
from sage_integration.connections import current_connection
from sage_integration.models import ContactLink, SageLink
from sage_integration.sage.errors import OutcomeUnknown, SageRejected
from sage_integration.sage.network import NeverSent
from sage_integration.sage.wire import Headers, Response, Wire, kept_wire
from sage_integration.sessions import all_went_well, forget_everything, open_sage, room_for, shortest_rest
from sage_integration.sync import push
from sage_integration.sync.dispatch import Dispatch
from sage_integration.tasks import push_due_postings, sweep_postings
from tests.integration.sage_integration.posting import (
    add_client,
    empty_valkey,
    issue,
    issued_invoice,
    line,
    posting_of,
    push_once,
    push_until_settled,
)
from tests.sage import connected

Status = Posting.Status
CREATE = ("POST", "/sales_invoices")


def issue_many(practice, sage, count: int) -> list:
    """So many invoices of one client whose contact is linked."""
    with practice_scope(practice.pk):
        business, client = current_connection().business_id, add_client()
        theirs = sage.add_contact(client.name, business)
        ContactLink.objects.create(
            client=client, business_id=business, sage_contact_id=theirs["id"], origin="by_name"
        )
        return [issue(client, line(), on=datetime.now(UTC).date()) for _ in range(count)]


def messages(queue: str = "posting") -> list[tuple[int, bool]]:
    """What workers would find in a queue, in order and taken out: the practice, and whether it is for later."""
    found = []
    with app.connection_for_read() as broker, broker.SimpleQueue(queue) as waiting:
        while True:
            try:
                message = waiting.get(block=False)
            except Empty:
                return found
            message.ack()
            found.append((message.payload[0][0], message.headers["eta"] is not None))


@contextmanager
def open_batch():
    """The due postings leased, and their dispatch: a turn, but step by step."""
    with practice_transaction():
        connection, batch = current_connection(), leases.lease_due_postings()
    with open_sage(connection) as sage, Dispatch(batch, connection, sage) as dispatch:
        yield batch, dispatch


def two_of_a_known_client(practice):
    """Two invoices waiting, of a client whose contact is linked."""
    issued_invoice(practice)
    push_once(practice)
    return issued_invoice(practice), issued_invoice(practice)


def take_over(invoice) -> None:
    """Another worker has the invoice's posting now."""
    with practice_transaction():
        Posting.objects.filter(subject_id=invoice.pk, status=Status.LEASED).update(lease="somebody else")


@pytest.fixture
def both(brook, cedar, sage):
    """Both practices connected, each to a company of its own, and no message anywhere."""
    sage.add_business("Cedar's company")
    connected(brook, sage)
    connected(cedar, sage, company="Cedar's company")
    messages()
    return brook, cedar


def test_a_long_queue_stands_behind_everybody_else_after_each_turn(both, sage):
    brook, cedar = both
    issue_many(brook, sage, 30)
    issue_many(cedar, sage, 2)
    order, queue = [], [practice_id for practice_id, _ in messages()]
    while queue:
        practice_id = queue.pop(0)
        order.append(practice_id)
        push_due_postings(practice_id)
        queue += [practice_id for practice_id, _ in messages()]
    assert order == [brook.pk, cedar.pk, brook.pk]
    assert len(sage.sales_invoices()) == 32


def test_a_turn_is_twenty_five_postings_oldest_first(brook, sage):
    connected(brook, sage)
    invoices = issue_many(brook, sage, 27)
    with acting_for(brook.pk):
        assert push.take_turn(25) == push.Turn(taken=25, next_in=0.0)
    assert [posting_of(invoice).status for invoice in invoices[24:]] == [Status.POSTED, *[Status.PENDING] * 2]
    with acting_for(brook.pk):
        assert push.take_turn(25) == push.Turn(taken=2)


def test_a_practice_stands_in_the_queue_once_however_often_it_is_hinted_at(both, sage):
    brook, cedar = both
    issue_many(brook, sage, 3)
    for _ in range(3):
        wake(push_due_postings, brook.pk)
        sweep_postings()
    wake(push_due_postings, cedar.pk)
    assert messages() == [(brook.pk, False), (cedar.pk, False)]


def test_work_that_comes_up_during_a_turn_gets_a_hint_of_its_own(both):
    brook, _ = both
    wake(push_due_postings, brook.pk)
    push_due_postings(brook.pk)
    wake(push_due_postings, brook.pk)
    assert messages() == [(brook.pk, False)] * 2


def test_a_used_up_budget_costs_no_lease_and_comes_back_by_itself(brook, sage, settings):
    connected(brook, sage)
    settings.SAGE_REQUESTS_PER_MINUTE = 12
    invoices = issue_many(brook, sage, 20)
    messages()
    push_due_postings(brook.pk)
    assert messages() == [(brook.pk, True)], "it comes back in the moment there is budget again"
    waiting = [posting for posting in map(posting_of, invoices) if posting.status == Status.PENDING]
    assert waiting
    assert {(posting.attempts, posting.attempted_at, posting.failure) for posting in waiting} == {
        (0, None, "")
    }
    asked = len(sage.requests())
    push_due_postings(brook.pk)
    sweep_postings()
    assert messages() == [(brook.pk, True)], "the sweep adds nothing to a practice that is coming back"
    assert len(sage.requests()) == asked
    assert not [each for each in sage.requests() if each["status"] == 429]


def test_no_more_is_leased_than_may_leave(brook, sage, settings):
    """What stays behind costs nothing: it is neither leased nor read, and is due as before."""
    connected(brook, sage)
    settings.SAGE_REQUESTS_PER_MINUTE = 12
    issue_many(brook, sage, 20)
    with acting_for(brook.pk):
        room = room_for(current(brook)).requests
        turn = push.take_turn(25)
    assert 0 < turn.taken == room < 20
    assert len(sage.requests(*CREATE)) == room
    assert 0 < turn.next_in <= 60 + shortest_rest(), "it comes back as soon as there is room again"


def current(practice):
    """The practice's connection."""
    with practice_scope(practice.pk):
        return current_connection()


def test_what_is_confirmed_is_recorded_before_the_next_is_sent(brook, enabled, sage):
    first, second = two_of_a_known_client(brook)
    forget_everything()
    with acting_for(brook.pk), open_batch() as (batch, dispatch):
        dispatch.push(batch[0])
        assert posting_of(first).status == Status.LEASED
        dispatch.push(batch[1])
        assert posting_of(first).status == Status.POSTED
        assert posting_of(second).status == Status.LEASED
    assert posting_of(second).status == Status.POSTED


def test_a_posting_taken_over_meanwhile_is_not_sent_and_the_one_before_is_recorded(brook, enabled, sage):
    first, second = two_of_a_known_client(brook)
    forget_everything()
    sent = len(sage.requests(*CREATE))
    with acting_for(brook.pk), open_batch() as (batch, dispatch):
        dispatch.push(batch[0])
        take_over(second)
        with pytest.raises(LeaseLost):
            dispatch.push(batch[1])
    assert posting_of(first).status == Status.POSTED
    assert posting_of(second).lease == "somebody else"
    assert len(sage.requests(*CREATE)) == sent + 1


def test_a_confirmed_posting_taken_over_meanwhile_holds_up_nobody(brook, enabled, sage):
    first, second = two_of_a_known_client(brook)
    with acting_for(brook.pk), open_batch() as (batch, dispatch):
        dispatch.push(batch[0])
        take_over(first)
        dispatch.push(batch[1])
    assert posting_of(first).lease == "somebody else"
    assert posting_of(second).status == Status.POSTED
    with practice_scope(brook.pk):
        assert not SageLink.objects.filter(posting__subject_id=first.pk).exists()


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


def one_too_late(request=Wire.request):
    """`Wire.request` as behind a stray interim answer: each new invoice is given the answer to the one before."""
    answers = [Response(103, Headers(), b"")]

    def late(wire: Wire, method: str, url: str, **options) -> Response:
        answer = request(wire, method, url, **options)
        if method != "POST" or not url.endswith("/sales_invoices"):
            return answer
        answers.append(answer)
        return answers[-2]

    return late


def test_answers_out_of_step_never_swap_two_invoices_of_one_amount(brook, enabled, sage, clock):
    first, second = two_of_a_known_client(brook)
    with (
        patch.object(Wire, "request", one_too_late()),
        acting_for(brook.pk),
        open_batch() as (batch, dispatch),
    ):
        for posting in batch:
            with pytest.raises(OutcomeUnknown):
                dispatch.push(posting)
            assert kept_wire()._kept == {}, "nothing more is read from a connection that is out of step"
    assert len(sage.sales_invoices()) == 3
    clock.shift(timedelta(minutes=6))
    push_until_settled(brook, clock)
    for posting in (posting_of(first), posting_of(second)):
        [theirs] = sage.sales_invoices(reference=posting.reference)
        assert (posting.status, posting.external_id) == (Status.POSTED, theirs["id"])


def announced(invoices) -> int:
    """How many of these invoices are announced or were sent."""
    return len([each for each in invoices if posting_of(each).attempted_at is not None])


def test_several_new_clients_are_looked_up_by_one_question_f51_f56(brook, enabled, sage):
    theirs = sage.add_contact("Known Ltd", enabled.business_id)
    names = ["Known Ltd", "Acme Ltd", "Bolt Ltd", "Coil Ltd", "Acme Ltd"]
    for name in names:
        issued_invoice(brook, name)
    sage.forget_requests()
    assert push_once(brook) == len(names)
    assert len(sage.requests("GET", "/contacts")) == 1
    assert len(sage.requests("POST", "/contacts")) == 3
    assert len(sage.requests(*CREATE)) == len(names)
    assert [contact["id"] for contact in sage.contacts(name="Known Ltd")] == [theirs["id"]]


def test_more_contacts_than_a_page_are_looked_up_one_by_one(brook, enabled, sage):
    sage.seed_contacts(201, enabled.business_id)
    for name in ("Acme Ltd", "Bolt Ltd", "Coil Ltd"):
        issued_invoice(brook, name)
    assert push_once(brook) == 3
    assert len([each for each in sage.requests("GET", "/contacts") if "search=" in each["query"]]) == 3
