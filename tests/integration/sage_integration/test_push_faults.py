"""Whatever goes wrong between us and Sage, it ends with one document there (and one contact)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from ledger.models import Posting
from practices.tenancy import practice_scope
from sage_integration.models import ContactLink, SageLink
from sage_integration.sage.errors import SageError
from sage_integration.sessions import open_sage
from tests.integration.sage_integration.posting import (
    empty_valkey,
    issued_invoice,
    posting_of,
    push_once,
    push_until_settled,
)
from tests.invariants import assert_sound
from tests.racing import wait_until

CREATE = "POST /sales_invoices"
CONTACT = "POST /contacts"
LOST = [
    ("drop_answer_after_saving", {}),
    ("half_answer", {}),
    ("truncated_json", {}),
    ("empty_answer", {}),
    ("not_json", {}),
    ("status_after_saving", {"status": 500}),
    ("status_after_saving", {"status": 502}),
    ("status_after_saving", {"status": 503}),
    ("status_after_saving", {"status": 504}),
]
NEVER_STORED = [
    ("reset_before_saving", {}),
    ("status", {"status": 500}),
    ("html_error", {}),
    ("too_many_requests", {"retry_after": 1}),
    ("too_many_requests", {"retry_after": None}),
    ("unauthorised", {}),
]


def assert_one_document(invoice, sage) -> None:
    """Sage holds the invoice once, under one contact, and we know it by the id it has there."""
    posting = posting_of(invoice)
    assert posting.status == Posting.Status.POSTED, (posting.failure, posting.failure_detail)
    [stored] = sage.sales_invoices()
    assert stored["reference"] == posting.reference
    assert stored["id"] == posting.external_id
    assert Decimal(stored["total_amount"]) == invoice.gross
    [contact] = sage.contacts(name="Acme Ltd")
    assert stored["contact"]["id"] == contact["id"]
    with practice_scope(invoice.practice_id):
        assert SageLink.objects.get(posting=posting).sage_id == stored["id"]
        assert ContactLink.objects.get().sage_contact_id == contact["id"]
    assert_sound(sage)


@pytest.mark.parametrize(("fault", "options"), LOST + NEVER_STORED)
@pytest.mark.parametrize("on", [CREATE, CONTACT])
def test_a_fault_on_the_way_leaves_one_invoice_and_one_contact(
    brook, enabled, sage, clock, fault, options, on
):
    invoice = issued_invoice(brook)
    sage.arm(fault, on=on, **options)
    push_once(brook)
    empty_valkey()
    push_until_settled(brook, clock)
    assert_one_document(invoice, sage)


@pytest.mark.parametrize("belt_off", ["idempotency", "search"])
@pytest.mark.parametrize(("fault", "options"), LOST)
def test_either_belt_alone_is_enough(brook, enabled, sage, clock, fault, options, belt_off):
    """Without idempotency ids the look-up finds it; while the search shows nothing the id keeps it single."""
    issued = issued_invoice(brook, "Somebody Else")
    push_once(brook)
    invoice = issued_invoice(brook)
    if belt_off == "idempotency":
        sage.switch("idempotency", False)
    else:
        sage.switch("index_delay_seconds", 3600)
    sage.arm(fault, on=CREATE, **options)
    push_until_settled(brook, clock)
    posting = posting_of(invoice)
    assert posting.status == Posting.Status.POSTED, (posting.failure, posting.failure_detail)
    references = [stored["reference"] for stored in sage.sales_invoices()]
    assert sorted(references) == sorted([posting_of(issued).reference, posting.reference])
    with practice_scope(brook.pk):
        assert SageLink.objects.get(posting=posting).was_adopted == (belt_off == "idempotency")


def test_nothing_is_sent_again_before_two_looks_a_minute_apart(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    sage.arm("status", on=CREATE, status=500)
    push_once(brook)
    assert posting_of(invoice).failure == "OutcomeUnknown"
    assert posting_of(invoice).state_in_words == "Checking with Sage"
    assert push_once(brook) == 0
    clock.shift(121)
    push_once(brook)
    assert posting_of(invoice).failure == "NotSeenYet"
    assert sage.sales_invoices() == []
    clock.shift(30)
    assert push_once(brook) == 0
    clock.shift(31)
    push_once(brook)
    assert_one_document(invoice, sage)
    assert len(sage.requests("POST", "/sales_invoices")) == 2


def test_every_repeat_carries_the_same_idempotency_id(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    sage.arm("status", on=CREATE, status=500, times=2)
    push_until_settled(brook, clock, tries=20)
    assert_one_document(invoice, sage)
    sent = sage.requests("POST", "/sales_invoices")
    assert len(sent) == 3
    assert {posting_of(invoice).idempotency_id in str(request) for request in sent} == {True}


def test_a_write_that_lands_after_its_deadline_is_adopted(brook, enabled, sage, clock, settings):
    invoice = issued_invoice(brook)
    settings.SAGE_TIMEOUT = (1, 0.3)
    sage.arm("hold", on=CREATE, when="before", seconds=20)
    push_once(brook)
    settings.SAGE_TIMEOUT = (5, 30)
    clock.shift(121)
    push_once(brook)
    assert posting_of(invoice).failure == "NotSeenYet"
    sage.release()
    wait_until(sage.sales_invoices)
    push_until_settled(brook, clock)
    assert_one_document(invoice, sage)
    with practice_scope(brook.pk):
        assert SageLink.objects.get().was_adopted


def test_a_worker_whose_lease_was_taken_over_changes_nothing(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    sage.arm("hold", on=CREATE, when="before", seconds=30)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(push_and_close, brook)
        wait_until(lambda: sage.summary()["held"])
        clock.shift(timedelta(minutes=6))
        push_once(brook)
        assert posting_of(invoice).failure == "NotSeenYet"
        sage.release()
        assert slow.result(timeout=30) >= 1
    assert posting_of(invoice).status == Posting.Status.PENDING
    push_until_settled(brook, clock)
    assert_one_document(invoice, sage)


def test_eight_workers_at_once_make_one_document_each(brook, enabled, sage, clock):
    invoices = [issued_invoice(brook, name) for name in ("Acme Ltd", "Bolt Ltd", "Cog Ltd") * 2]
    barrier = threading.Barrier(8)

    def work(_: int) -> None:
        barrier.wait(timeout=10)
        push_and_close(brook)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    push_until_settled(brook, clock)
    references = sorted(stored["reference"] for stored in sage.sales_invoices())
    assert references == sorted(posting_of(invoice).reference for invoice in invoices)
    assert (
        len(
            [contact for contact in sage.contacts() if contact["name"] in ("Acme Ltd", "Bolt Ltd", "Cog Ltd")]
        )
        == 3
    )
    assert sage.summary()["most_in_flight"] == 1


def test_retry_after_is_obeyed_and_holds_back_the_whole_business(brook, enabled, sage, clock):
    first, second = issued_invoice(brook), issued_invoice(brook, "Bolt Ltd")
    sage.arm("too_many_requests", on=CREATE, retry_after=40)
    push_once(brook)
    assert posting_of(first).failure == "SageRateLimited"
    assert posting_of(second).attempts == 0
    assert len(sage.requests("POST", "/sales_invoices")) == 1
    clock.shift(41)
    asked = len(sage.requests())
    push_once(brook)
    assert len(sage.requests()) == asked, "the pause is kept by the budget too"


def test_our_own_budget_postpones_without_a_try(brook, enabled, sage, clock, settings):
    settings.SAGE_REQUESTS_PER_MINUTE = 5
    empty_valkey()
    invoices = [issued_invoice(brook, name) for name in ("Acme Ltd", "Bolt Ltd")]
    push_once(brook)
    waiting = [p for p in map(posting_of, invoices) if p.status == Posting.Status.PENDING]
    assert waiting
    for posting in waiting:
        assert (posting.attempts, posting.attempted_at, posting.failure) == (0, None, "")
        assert posting.not_before <= datetime.now(UTC), "it keeps its place in the queue"
    settings.SAGE_REQUESTS_PER_MINUTE = 150
    push_until_settled(brook, clock)
    assert len(sage.sales_invoices()) == 2


def test_a_missing_subscription_leaves_postings_waiting(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    sage.arm("no_subscription", on="*", times=None)
    push_once(brook)
    assert posting_of(invoice).failure == "SubscriptionInactive"
    sage.disarm()
    push_until_settled(brook, clock)
    assert_one_document(invoice, sage)


def test_a_refusal_by_role_needs_a_person(brook, enabled, sage):
    invoice = issued_invoice(brook)
    sage.arm("forbidden", on=CREATE)
    push_once(brook)
    posting = posting_of(invoice)
    assert (posting.status, posting.failure) == (Posting.Status.FAILED, "AccessDenied")
    assert "role" in posting.failure_detail


def test_an_answer_for_another_company_stops_the_posting(brook, enabled, sage):
    invoice = issued_invoice(brook)
    sage.arm("wrong_business_echo", on="GET /contacts")
    push_once(brook)
    assert posting_of(invoice).failure == "WrongBusiness"
    assert sage.sales_invoices() == []


@pytest.mark.parametrize("by", ["0.01", "-0.01"])
def test_a_total_that_is_off_by_a_penny_is_linked_and_needs_a_person(brook, enabled, sage, by):
    invoice = issued_invoice(brook)
    sage.arm("wrong_totals", on=CREATE, by=by)
    push_once(brook)
    posting = posting_of(invoice)
    assert (posting.status, posting.failure) == (Posting.Status.FAILED, "TotalsDiffer")
    assert f"£{invoice.gross}" in posting.failure_detail
    assert f"£{invoice.gross + Decimal(by)}" in posting.failure_detail
    with practice_scope(brook.pk):
        assert SageLink.objects.get(posting=posting).sage_id == sage.sales_invoices()[0]["id"]


def test_nothing_is_asked_of_sage_inside_a_transaction(brook, enabled, sage):
    sage.forget_requests()
    with practice_scope(brook.pk), open_sage(enabled) as client, pytest.raises(RuntimeError):
        client.contacts.find_by_name("Acme Ltd")
    assert sage.requests() == []


def test_a_mistake_of_ours_is_parked_after_three_tries_and_others_go_on(brook, enabled, sage, clock):
    good = issued_invoice(brook)
    with practice_scope(brook.pk):
        lost = Posting.objects.create(
            kind=Posting.Kind.INVOICE_CREATE, subject_id=0, reference="INV-0-LOST", idempotency_id="0" * 32
        )
    for _ in range(3):
        with pytest.raises(ExceptionGroup):
            push_once(brook)
        clock.shift(timedelta(minutes=16))
    assert push_once(brook) == 0
    assert_one_document(good, sage)
    with practice_scope(brook.pk):
        lost.refresh_from_db()
        assert (lost.status, lost.failure, lost.attempts) == (Posting.Status.FAILED, "Unexpected", 3)


def push_and_close(practice) -> int:
    """A worker's turn in a thread of its own."""
    try:
        return push_once(practice)
    except SageError:
        return 0
    finally:
        connection.close()
