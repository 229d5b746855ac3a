"""Faults 14–22 and 84 as they touch work under way; sage_integration/test_tokens.py has the tokens themselves."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import connections as databases
from django.utils import timezone

from ledger.models import Posting
from practices.models import OutgoingEmail
from practices.tenancy import acting_for, practice_scope
from sage_integration import tokens
from sage_integration.connections import disconnect
from sage_integration.models import SageConnection
from sage_integration.sage.errors import SageError
from sage_integration.tasks import nightly_sync
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
from tests.sage import signed_in

TOKEN = "POST /token"


def status_of(practice) -> str:
    with practice_scope(practice.pk):
        return SageConnection.objects.values_list("status", flat=True).latest("pk")


def let_the_token_run_out(practice, sage) -> None:
    sage.expire_access_tokens()
    with practice_scope(practice.pk):
        SageConnection.objects.update(access_expires_at=timezone.now())


def refreshes(sage) -> int:
    return len(sage.requests("POST", "/token"))


def settle(practice, sage, clock) -> None:
    sage.disarm()
    empty_valkey()
    push_until_settled(practice, clock, tries=12)


def in_a_thread(work, *arguments):
    try:
        return work(*arguments)
    except SageError as error:
        return error
    finally:
        databases.close_all()


def test_fault_14_the_token_expires_between_two_requests(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    sage.forget_requests()
    sage.expire_access_tokens()
    push_once(brook)
    assert posting_of(invoice).status == Posting.Status.POSTED
    assert refreshes(sage) == 1
    assert_sound(sage)


def test_fault_15_eight_workers_see_the_expired_token_at_once(brook, enabled, sage, clock):
    invoices = [issued_invoice(brook) for _ in range(4)]
    let_the_token_run_out(brook, sage)
    sage.forget_requests()
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait(10)
        with acting_for(brook.pk):
            tokens.access_token() if number % 2 else push_once(brook)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: in_a_thread(work, number), range(8)))
    assert refreshes(sage) == 1
    settle(brook, sage, clock)
    assert {posting_of(invoice).status for invoice in invoices} == {Posting.Status.POSTED}
    assert_sound(sage)


@pytest.mark.parametrize("fault", ["lost_refresh_answer", "half_answer"])
def test_fault_16_the_answer_to_a_refresh_is_lost(brook, enabled, sage, clock, fault):
    """The old token is tried once; then the owner is told, and what waits leaves after a new sign-in."""
    invoice = issued_invoice(brook)
    let_the_token_run_out(brook, sage)
    sage.forget_requests()
    sage.arm(fault, on=TOKEN)
    settle_tries(brook, clock, 4)
    assert refreshes(sage) == 2
    assert status_of(brook) == SageConnection.Status.NEEDS_REAUTHORISATION
    assert posting_of(invoice).status == Posting.Status.PENDING
    with practice_scope(brook.pk):
        assert OutgoingEmail.objects.filter(to="alice@brook.example").count() == 1
    assert_sound(sage)
    signed_in(brook)
    settle(brook, sage, clock)
    assert posting_of(invoice).status == Posting.Status.POSTED
    assert_sound(sage)


def settle_tries(practice, clock, times: int) -> None:
    for _ in range(times):
        empty_valkey()
        push_once(practice)
        clock.shift(timedelta(minutes=16))


@pytest.mark.parametrize("status", [500, 502, 503])
def test_fault_18_a_refresh_answered_with_5xx(brook, enabled, sage, clock, status):
    invoice = issued_invoice(brook)
    let_the_token_run_out(brook, sage)
    sage.arm("status", on=TOKEN, status=status, times=2)
    settle_tries(brook, clock, 3)
    assert status_of(brook) == SageConnection.Status.ENABLED
    settle(brook, sage, clock)
    assert posting_of(invoice).status == Posting.Status.POSTED
    assert_sound(sage)


def test_fault_19_invalid_grant_because_somebody_else_has_just_signed_in(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    let_the_token_run_out(brook, sage)
    sage.arm("invalid_grant", on=TOKEN, grant_type="refresh_token")
    sage.arm("hold", on=TOKEN, grant_type="refresh_token")
    with ThreadPoolExecutor(2) as pool:
        pushing = pool.submit(in_a_thread, push_once, brook)
        wait_until(lambda: sage.summary()["held"])
        signing_in = pool.submit(in_a_thread, signed_in, brook)
        wait_until(lambda: len(sage.requests("POST", "/token")) >= 1)
        sage.release()
        signing_in.result(20)
        pushing.result(20)
    settle(brook, sage, clock)
    assert status_of(brook) == SageConnection.Status.ENABLED
    assert posting_of(invoice).status == Posting.Status.POSTED
    assert_sound(sage)


def test_fault_20_the_app_is_removed_in_sage(brook, enabled, sage, clock):
    invoices = [issued_invoice(brook, name) for name in ("Acme Ltd", "Bolt Ltd")]
    sage.revoke_grants()
    sage.expire_access_tokens()
    sage.forget_requests()
    settle_tries(brook, clock, 5)
    assert status_of(brook) == SageConnection.Status.NEEDS_REAUTHORISATION
    assert len(sage.requests()) <= 4, "no storm"
    assert {posting_of(invoice).status for invoice in invoices} == {Posting.Status.PENDING}
    assert_sound(sage)


def test_fault_21_disconnected_while_a_push_is_in_flight(brook, enabled, sage, clock):
    first, second = issued_invoice(brook), issued_invoice(brook)
    sage.arm("hold", on="POST /sales_invoices", seconds=20)
    with ThreadPoolExecutor(1) as pool:
        pushing = pool.submit(in_a_thread, push_once, brook)
        wait_until(lambda: sage.summary()["held"])
        with practice_scope(brook.pk):
            disconnect()
        sage.release()
        pushing.result(30)
    assert status_of(brook) == SageConnection.Status.DISCONNECTED
    assert posting_of(first).status == Posting.Status.POSTED
    sage.forget_requests()
    for _ in range(3):
        clock.shift(timedelta(minutes=6))
        push_once(brook)
    assert sage.requests() == []
    assert_sound(sage, drained=False)
    assert posting_of(second).attempted_at is None or len(sage.sales_invoices()) == 2


def test_fault_22_a_month_without_work(brook, enabled, sage, clock):
    posted(brook, sage)
    for _ in range(40):
        clock.shift(timedelta(days=1))
        empty_valkey()
        nightly_sync(brook.pk)
    invoice = issued_invoice(brook)
    settle(brook, sage, clock)
    assert posting_of(invoice).status == Posting.Status.POSTED
    assert_sound(sage)


def test_fault_22_a_month_without_even_the_nightly_round(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    clock.shift(timedelta(days=32))
    push_once(brook)
    assert status_of(brook) == SageConnection.Status.NEEDS_REAUTHORISATION
    assert posting_of(invoice).status == Posting.Status.PENDING
    signed_in(brook)
    settle(brook, sage, clock)
    assert posting_of(invoice).status == Posting.Status.POSTED
    assert_sound(sage)


@pytest.mark.parametrize("kept", [True, False])
def test_fault_84_the_key_of_the_secrets_is_rotated(brook, enabled, sage, clock, settings, kept):
    invoice = issued_invoice(brook)
    old, new = settings.FIELD_ENCRYPTION_KEYS, Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [new, *old] if kept else [new]
    settle(brook, sage, clock)
    if not kept:
        assert status_of(brook) == SageConnection.Status.NEEDS_REAUTHORISATION
        assert posting_of(invoice).status == Posting.Status.PENDING
        signed_in(brook)
        settle(brook, sage, clock)
    assert posting_of(invoice).status == Posting.Status.POSTED
    assert_sound(sage)
