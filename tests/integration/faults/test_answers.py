"""Faults 1–13 and 68: how Sage answers, or does not. It ends with one document, equal to the penny, and no storm."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.utils import timezone

from invoicing.billing_run import run_billing
from ledger.models import Posting
from ledger.outbox import retry_posting
from practices.models import OutgoingEmail
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import SageLink
from sage_integration.sessions import limiter
from tests.integration.invoicing.documents import MONTHLY, a_client, a_schedule
from tests.integration.sage_integration.posting import (
    empty_valkey,
    issued_invoice,
    posted,
    posting_of,
    push_once,
    push_until_settled,
)
from tests.invariants import assert_sound
from tests.racing import wait_until
from tests.sage import connected

CREATE, CONTACT = "POST /sales_invoices", "POST /contacts"
CHECKING = "Checking with Sage"


def settle(practice, sage, clock) -> None:
    """The fault is over; workers go on until nothing waits."""
    sage.disarm()
    empty_valkey()
    push_until_settled(practice, clock, tries=12)


def assert_there_once(invoice, sage) -> None:
    posting = posting_of(invoice)
    assert posting.status == Posting.Status.POSTED, (posting.failure, posting.failure_detail)
    assert len(sage.sales_invoices(reference=posting.reference)) == 1
    assert_sound(sage)


@pytest.fixture
def no_way_to_sage(settings):
    """Nobody listens where Sage should be."""

    @contextmanager
    def away():
        with closing(socket.socket()) as closed:
            closed.bind(("127.0.0.1", 0))
            before = settings.SAGE_API_URL
            settings.SAGE_API_URL = f"http://127.0.0.1:{closed.getsockname()[1]}/v3.1"
            yield
            settings.SAGE_API_URL = before

    return away


@pytest.mark.parametrize("on", [CREATE, CONTACT])
def test_fault_01_saved_and_then_our_read_times_out(brook, enabled, sage, clock, settings, on):
    invoice = issued_invoice(brook)
    settings.SAGE_TIMEOUT = (1, 0.3)
    sage.arm("hold", on=on, when="after", seconds=5)
    push_once(brook)
    settings.SAGE_TIMEOUT = (5, 30)
    if on == CREATE:
        assert posting_of(invoice).state_in_words == CHECKING
    assert_sound(sage, drained=False)
    settle(brook, sage, clock)
    assert_there_once(invoice, sage)
    assert len(sage.requests("POST", "/sales_invoices")) == 1


@pytest.mark.parametrize("on", [CREATE, CONTACT])
def test_fault_02_reset_while_the_answer_is_half_read(brook, enabled, sage, clock, on):
    invoice = issued_invoice(brook)
    sage.arm("half_answer", on=on)
    push_once(brook)
    settle(brook, sage, clock)
    assert_there_once(invoice, sage)
    assert len(sage.requests("POST", "/sales_invoices")) == 1


@pytest.mark.parametrize("address", ["refused", "http://sage.invalid/v3.1", "https"])
def test_fault_03_no_connection_no_name_no_tls(
    brook, enabled, sage, clock, settings, no_way_to_sage, address
):
    """Known not to be sent: tried again after a pause, without a look."""
    invoice = issued_invoice(brook)
    before = settings.SAGE_API_URL
    if address == "refused":
        with no_way_to_sage():
            push_once(brook)
    else:
        settings.SAGE_API_URL = before.replace("http:", "https:") if address == "https" else address
        push_once(brook)
        settings.SAGE_API_URL = before
    posting = posting_of(invoice)
    assert (posting.status, posting.failure, posting.attempted_at) == ("pending", "SageUnavailable", None)
    assert posting.not_before > timezone.now() + timedelta(seconds=50)
    settle(brook, sage, clock)
    assert_there_once(invoice, sage)


def test_fault_03_no_connection_for_the_document_itself(brook, enabled, sage, clock, no_way_to_sage):
    """Not a byte left, so nothing is looked for before the next try, and the document may be withdrawn."""
    posted(brook, sage)
    invoice = issued_invoice(brook)
    with no_way_to_sage():
        push_once(brook)
    posting = posting_of(invoice)
    assert (posting.status, posting.failure, posting.attempted_at) == ("pending", "SageUnavailable", None)
    sage.forget_requests()
    settle(brook, sage, clock)
    assert posting_of(invoice).status == Posting.Status.POSTED
    assert [request["method"] for request in sage.requests()] == ["POST"]


@pytest.mark.parametrize("fault", ["truncated_json", "not_json", "empty_answer"])
@pytest.mark.parametrize("on", [CREATE, CONTACT])
def test_fault_04_a_201_that_is_cut_or_not_json(brook, enabled, sage, clock, fault, on):
    invoice = issued_invoice(brook)
    sage.arm(fault, on=on)
    push_once(brook)
    settle(brook, sage, clock)
    assert_there_once(invoice, sage)
    assert len(sage.requests("POST", "/sales_invoices")) == 1


def test_fault_05_a_total_that_is_a_penny_off(brook, enabled, sage, clock):
    invoice = issued_invoice(brook, prices=("165.53",))
    sage.arm("wrong_totals", on=CREATE)
    push_once(brook)
    posting = posting_of(invoice)
    assert (posting.status, posting.failure) == (Posting.Status.FAILED, "TotalsDiffer")
    assert "£198.64" in posting.failure_detail
    assert "£198.65" in posting.failure_detail
    assert_sound(sage)
    with practice_scope(brook.pk):
        retry_posting(posting)
    settle(brook, sage, clock)
    assert_there_once(invoice, sage)


def test_fault_06_retry_after_pauses_that_company_exactly_so_long(brook, cedar, enabled, sage, clock):
    connected(cedar, sage, company="Quayside Advisory Ltd")
    mine, theirs = issued_invoice(brook), issued_invoice(cedar)
    sage.arm("too_many_requests", on=CREATE, retry_after=40, business=enabled.business_id)
    push_once(brook)
    push_once(cedar)
    assert posting_of(theirs).status == Posting.Status.POSTED
    assert 39 < limiter().room(enabled.business_id).wait <= 40
    assert 39 < (posting_of(mine).not_before - timezone.now()).total_seconds() <= 40
    settle(brook, sage, clock)
    assert_there_once(mine, sage)


@pytest.mark.parametrize("retry_after", [None, 30])
def test_fault_07_a_429_storm_is_probed_ever_more_rarely(brook, enabled, sage, clock, retry_after):
    """Six documents, an hour of refusals: after the first few, one probe in five minutes for all of them."""
    for number in range(6):
        issued_invoice(brook, f"Client {number}")
    push_once(brook)
    invoices = [issued_invoice(brook, f"Client {number}") for number in range(6)]
    sage.arm("too_many_requests", on=CREATE, times=None, retry_after=retry_after)
    sage.switch("access_token_seconds", 86_400)
    sage.expire_access_tokens()
    sage.forget_requests()
    minutes_asked = []
    for minute in range(60):
        asked = len(sage.requests())
        let_valkey_age(enabled.business_id, 60)
        push_once(brook)
        if len(sage.requests()) > asked:
            minutes_asked.append(minute)
        clock.shift(60)
    assert len(minutes_asked) <= 15, minutes_asked
    distances = [later - first for first, later in pairwise(minutes_asked)]
    assert all(distance >= 5 for distance in distances[3:]), minutes_asked
    assert "no more requests" in posting_of(invoices[0]).failure_detail
    settle(brook, sage, clock)
    assert len(sage.sales_invoices()) == 12
    assert_sound(sage)


def let_valkey_age(business: str, seconds: float) -> None:
    """Valkey's clock is not moved by a test, so what should be over is taken away by hand."""
    budget = limiter()
    for key in budget._redis.scan_iter(f"*{business}*"):
        left = budget._redis.pttl(key) - round(seconds * 1000)
        budget._redis.pexpire(key, left) if left > 0 else budget._redis.delete(key)


@pytest.mark.parametrize("retry_after", [None, "Wed, 21 Oct 2015 07:28:00 GMT", "soon", "-5"])
def test_fault_08_a_429_that_does_not_say_until_when(brook, enabled, sage, clock, retry_after):
    invoice = issued_invoice(brook)
    sage.arm("too_many_requests", on=CREATE, retry_after=retry_after, body="html")
    push_once(brook)
    posting = posting_of(invoice)
    assert (posting.status, posting.failure) == (Posting.Status.PENDING, "SageRateLimited")
    asked = len(sage.requests())
    push_once(brook)
    assert len(sage.requests()) == asked, "not at once"
    settle(brook, sage, clock)
    assert_there_once(invoice, sage)


def test_fault_09_the_days_budget_is_used_up(brook, enabled, sage, clock, settings):
    posted(brook, sage)
    settings.SAGE_REQUESTS_PER_DAY = used(enabled) + 6
    invoices = [issued_invoice(brook) for _ in range(9)]
    for _ in range(
        2
    ):  # one that sends what may still leave, and one that tells the others until when they wait
        push_once(brook)
    waiting = [p for p in map(posting_of, invoices) if p.status == Posting.Status.PENDING]
    assert waiting
    assert len(waiting) < 9
    assert {(p.failure, p.attempted_at) for p in waiting} == {("SageRateLimited", None)}
    assert used(enabled) < settings.SAGE_REQUESTS_PER_DAY, "a reserve is left for people"
    assert limiter().acquire(enabled.business_id, urgent=True) == 0
    assert_sound(sage, drained=False)
    clock.shift(timedelta(days=1))
    settle(brook, sage, clock)
    assert_sound(sage)


def used(connection_row) -> int:
    return limiter().used_today(connection_row.business_id)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_fault_10_a_burst_of_5xx_then_healthy(brook, cedar, enabled, sage, clock, status):
    connected(cedar, sage, company="Quayside Advisory Ltd")
    mine, theirs = issued_invoice(brook), issued_invoice(cedar)
    sage.arm("status", on="*", times=None, status=status, business=enabled.business_id)
    push_once(brook)
    push_once(cedar)
    assert posting_of(theirs).status == Posting.Status.POSTED
    assert posting_of(mine).status == Posting.Status.PENDING
    settle(brook, sage, clock)
    assert_there_once(mine, sage)


@pytest.mark.parametrize("belt_off", ["idempotency", "search"])
def test_fault_11_a_500_after_the_invoice_was_created(brook, enabled, sage, clock, belt_off):
    posted(brook, sage)
    sage.switch(*(("idempotency", False) if belt_off == "idempotency" else ("index_delay_seconds", 3600)))
    invoice = issued_invoice(brook)
    sage.arm("status_after_saving", on=CREATE, status=500)
    push_once(brook)
    assert posting_of(invoice).state_in_words == CHECKING
    settle(brook, sage, clock)
    assert_there_once(invoice, sage)


def test_fault_12_a_sage_that_takes_very_long_holds_up_nobody_else(brook, cedar, enabled, sage, clock):
    connected(cedar, sage, company="Quayside Advisory Ltd")
    slow, quick = issued_invoice(brook), issued_invoice(cedar)
    sage.arm("hold", on=CREATE, seconds=29, business=enabled.business_id)

    def push(practice) -> float:
        started = time.monotonic()
        try:
            push_once(practice)
        finally:
            connection.close()
        return time.monotonic() - started

    with ThreadPoolExecutor(2) as pool:
        held = pool.submit(push, brook)
        wait_until(lambda: sage.summary()["held"])
        pool.submit(push, cedar).result(20)
        assert posting_of(quick).status == Posting.Status.POSTED
        assert not held.done()
        sage.release()
        held.result(20)
    assert_there_once(slow, sage)


def test_fault_13_sage_is_down_for_six_hours_in_the_night(brook, enabled, sage, clock, no_way_to_sage):
    today = timezone.localdate()
    with practice_scope(brook.pk):
        for number in range(3):
            a_schedule(MONTHLY, client=a_client(f"Client {number}"), on=today, starts_on=today)
    with no_way_to_sage():
        with acting_for(brook.pk):
            assert run_billing(today).invoices == 3
        for _ in range(12):
            push_once(brook)
            clock.shift(timedelta(minutes=30))
        with practice_scope(brook.pk):
            assert Posting.objects.filter(status="pending", failure="SageUnavailable").count() == 3
            assert not OutgoingEmail.objects.filter(event__contains="posting").exists()
        assert_sound(sage, drained=False, billed_until=today)
    settle(brook, sage, clock)
    with practice_scope(brook.pk):
        order = list(
            Posting.objects.filter(kind="invoice.create").order_by("pk").values_list("reference", flat=True)
        )
    assert [stored["reference"] for stored in sage.sales_invoices()] == order
    assert_sound(sage, billed_until=today)


def test_fault_68_a_list_that_shows_our_invoice_two_minutes_late(brook, enabled, sage, clock):
    """Two looks a minute apart come first, and they are late enough even without idempotency ids."""
    posted(brook, sage)
    sage.switch("idempotency", False)
    sage.switch("index_delay_seconds", 120)
    invoice = issued_invoice(brook)
    sage.arm("drop_answer_after_saving", on=CREATE)
    push_once(brook)
    settle(brook, sage, clock)
    assert_there_once(invoice, sage)
    posting = posting_of(invoice)
    with practice_scope(brook.pk):
        assert SageLink.objects.get(posting=posting).was_adopted
