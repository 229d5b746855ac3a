"""Whose turn it is: fairness and pace, proved by order and by counts, never by a clock."""

from datetime import timedelta
from queue import Empty
from unittest.mock import patch

import pytest
from django.utils import timezone

from ignition.celery import app
from ledger.errors import LeaseLost
from ledger.leases import lease_due_postings
from ledger.models import Posting
from practices.tasks import wake
from practices.tenancy import acting_for, practice_scope
from sage_integration.connections import current_connection
from sage_integration.models import SageLink
from sage_integration.sage.errors import OutcomeUnknown
from sage_integration.sage.wire import Headers, Response, Wire, kept_wire
from sage_integration.sessions import forget_everything, room_for, shortest_rest
from sage_integration.sync import push
from sage_integration.tasks import push_due_postings, sweep_postings
from tests.integration.sage_integration.posting import (
    empty_valkey,
    issued_invoice,
    posting_of,
    push_once,
    push_until_settled,
)
from tests.integration.sage_integration.turns import issue_many, open_batch, take_over, two_of_a_known_client
from tests.sage import connected

Status = Posting.Status
CREATE = ("POST", "/sales_invoices")


def messages(queue: str = "posting", *, most: int = 1000) -> list[tuple[int, bool]]:
    """What workers would find in a queue, in order and taken out: the practice, and whether it is for later."""
    found = []
    with app.connection_for_read() as broker, broker.SimpleQueue(queue) as waiting:
        while len(found) < most:
            try:
                message = waiting.get(block=False)
            except Empty:
                break
            message.ack()
            found.append((message.payload[0][0], message.headers["eta"] is not None))
    return found


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
    issue_many(brook, sage, 55)
    issue_many(cedar, sage, 2)
    order = []
    while found := messages(most=1):
        [(practice_id, _)] = found
        order.append(practice_id)
        push_due_postings(practice_id)
    assert order == [brook.pk, cedar.pk, brook.pk]
    assert len(sage.sales_invoices()) == 57


def test_a_practice_goes_on_while_nobody_else_waits(brook, sage, monkeypatch):
    """A message costs as much as some documents, and there is nobody to give way to."""
    monkeypatch.setattr("sage_integration.tasks.GOES_ON_FOR", 600.0)
    connected(brook, sage)
    issue_many(brook, sage, 105)
    messages()
    push_due_postings(brook.pk)
    assert len(sage.sales_invoices()) == 105
    assert messages() == [], "it has found the end by itself"


def test_a_practice_that_took_long_queues_again_though_nobody_waits(brook, sage, monkeypatch):
    """A worker that is to end waits for its tasks."""
    monkeypatch.setattr("sage_integration.tasks.GOES_ON_FOR", 0.0)
    connected(brook, sage)
    issue_many(brook, sage, 55)
    messages()
    push_due_postings(brook.pk)
    assert len(sage.sales_invoices()) == push.TURN
    assert messages() == [(brook.pk, False)]


def test_a_turn_is_fifty_postings_oldest_first(brook, sage):
    connected(brook, sage)
    invoices = issue_many(brook, sage, 52)
    with acting_for(brook.pk):
        assert push.take_turn() == push.Turn(taken=50, next_in=0.0)
    assert [posting_of(invoice).status for invoice in invoices[49:]] == [Status.POSTED, *[Status.PENDING] * 2]
    with acting_for(brook.pk):
        assert push.take_turn() == push.Turn(taken=2)


@pytest.mark.parametrize("is_calm", [False, True])
def test_where_sage_answers_slowly_fewer_make_a_turn_and_the_rest_keeps_its_place(
    brook, sage, monkeypatch, is_calm
):
    """Also where all were announced together: what was not sent is as if it had never been leased."""
    connected(brook, sage)
    issue_many(brook, sage, 1)
    if is_calm:
        push_once(brook)
    invoices = issue_many(brook, sage, 4)
    before = len(sage.sales_invoices())
    monkeypatch.setattr(push, "LASTS_FOR", 0.0)
    with acting_for(brook.pk):
        assert push.take_turn().next_in == 0.0
    assert len(sage.sales_invoices()) == before + 1
    waiting = [posting for posting in map(posting_of, invoices) if posting.status == Status.PENDING]
    assert len(waiting) >= 3
    assert {(posting.attempts, posting.attempted_at, posting.times_lost) for posting in waiting} == {
        (0, None, 0)
    }
    monkeypatch.undo()
    asked = len(sage.requests())
    push_once(brook)
    assert not [each for each in sage.requests()[asked:] if each["method"] == "GET"], "nothing is looked for"


def test_a_practice_stands_in_the_queue_once_however_often_it_is_hinted_at(both, sage):
    brook, cedar = both
    issue_many(brook, sage, 3)
    for _ in range(3):
        wake(push_due_postings, brook.pk)
        sweep_postings()
    wake(push_due_postings, cedar.pk)
    assert messages() == [(brook.pk, False), (cedar.pk, False)]


def test_the_sweep_leaves_a_practice_alone_while_its_turn_is_in_progress(both, sage):
    """It would find everything taken, and it goes on by itself."""
    brook, cedar = both
    issue_many(brook, sage, 3)
    issue_many(cedar, sage, 1)
    messages()
    empty_valkey()
    with practice_scope(brook.pk):
        leased = lease_due_postings(2)
    sweep_postings()
    assert messages() == [(cedar.pk, False)]
    with practice_scope(brook.pk):
        Posting.objects.filter(pk__in=[each.pk for each in leased]).update(lease_expires_at=timezone.now())
    sweep_postings()
    assert messages() == [(brook.pk, False)], "whose worker was lost is found once its lease has run out"


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
