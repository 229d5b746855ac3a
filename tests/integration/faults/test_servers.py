"""Faults 33–40: PostgreSQL and Valkey restart, forget, fail or fill up while invoices are billed and posted."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.db import DatabaseError, connection, connections
from django.test.utils import setup_databases
from django.utils import timezone

from devtools import roles
from devtools.embedded_postgres import EmbeddedPostgres
from devtools.embedded_valkey import EmbeddedValkey
from devtools.faults.interference import Moment, at, cut
from devtools.faults.victim import run_victim
from invoicing.billing_run import run_billing
from invoicing.models import Invoice
from ledger.models import Posting
from practices.tasks import practices_from
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import SageLink
from sage_integration.sessions import limiter
from sage_integration.tasks import push_due_postings
from tests.conftest import running_as
from tests.integration.invoicing.documents import MONTHLY, a_client, a_schedule
from tests.integration.sage_integration.posting import (
    a_minute_passes_in_valkey,
    empty_valkey,
    forget_valkey,
    issued_invoice,
    posted,
    posting_of,
    push_once,
    push_until_settled,
)
from tests.invariants import assert_sound
from tests.sage import connected

SEND = "POST /v3.1/sales_invoices"


def assert_there_once(invoice, sage) -> None:
    posting = posting_of(invoice)
    assert posting.status == Posting.Status.POSTED, (posting.failure, posting.failure_detail)
    assert len(sage.sales_invoices(reference=posting.reference)) == 1
    assert_sound(sage)


# Valkey


@pytest.fixture
def valkey(settings) -> Iterator[EmbeddedValkey]:
    """A Valkey of this test's own, which the app uses."""
    with tempfile.TemporaryDirectory() as state:
        server = EmbeddedValkey(Path(state), durable=False)
        server.start()
        settings.REDIS_URL = server.url()
        yield server
        server.stop()


def test_fault_33_a_task_delivered_again_while_the_first_copy_runs(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    assert run_victim("push", brook.pk, Moment("crash point", words="intended")) < 0
    asked = len(sage.requests())
    for _ in range(3):
        push_due_postings(brook.pk)
    assert len(sage.requests()) == asked, "the lease stops the copy"
    push_until_settled(brook, clock)
    assert_there_once(invoice, sage)


def test_fault_34_valkey_restarts(brook, enabled, sage, clock, valkey):
    first = issued_invoice(brook)
    push_once(brook)
    second = issued_invoice(brook)
    valkey.stop()
    valkey.start()
    with practice_scope(brook.pk):
        # PostgreSQL's clock is not moved with ours.
        Posting.objects.filter(status=Posting.Status.PENDING).update(
            not_before=datetime(2020, 1, 1, tzinfo=UTC)
        )
    assert practices_from("ledger_practices_due") == [brook.pk], "the sweep finds what no message tells of"
    push_once(brook)
    assert len(sage.sales_invoices()) == 1, "nobody knows what was sent in the last minute"
    a_minute_passes_in_valkey()
    push_until_settled(brook, clock)
    assert_there_once(first, sage)
    assert_there_once(second, sage)


def test_fault_35_valkey_forgets_what_was_sent_and_nothing_bursts(brook, enabled, sage, clock, settings):
    """Windows fail safe: a whole minute passes before anything leaves again."""
    settings.SAGE_REQUESTS_PER_MINUTE = limiter().used_today(enabled.business_id) + 10
    invoices = [issued_invoice(brook) for _ in range(14)]
    sage.forget_requests()
    push_once(brook)
    sent = len(sage.requests())
    assert 0 < sent <= 10
    forget_valkey()
    push_once(brook)
    assert len(sage.requests()) == sent
    assert all(posting_of(invoice).failure == "" for invoice in invoices)
    a_minute_passes_in_valkey()
    push_until_settled(brook, clock)
    assert {posting_of(invoice).status for invoice in invoices} == {Posting.Status.POSTED}
    assert len(sage.sales_invoices()) == 14
    assert_sound(sage)


def test_fault_35_valkey_forgets_everything(brook, enabled, sage, clock):
    for number in range(3):
        issued_invoice(brook, f"Client {number}")
        empty_valkey()
        push_once(brook)
        empty_valkey()
    push_until_settled(brook, clock)
    assert len(sage.sales_invoices()) == 3
    assert_sound(sage)


def test_fault_36_valkey_is_down_for_an_hour(brook, enabled, sage, clock, valkey, client_of):
    """Pages open, invoices are issued, nothing is sent without a budget; then everything leaves."""
    valkey.process.send_signal(signal.SIGKILL)
    valkey.process.wait()
    invoice = issued_invoice(brook)
    assert client_of("alice").get("/p/brook-co/postings/").status_code == 200
    for _ in range(4):
        push_once(brook)
        clock.shift(timedelta(minutes=16))
    posting = posting_of(invoice)
    assert (posting.status, posting.failure, posting.attempted_at) == ("pending", "SageUnavailable", None)
    assert sage.sales_invoices() == []
    valkey.start()
    configured.REDIS_URL = valkey.url()
    push_until_settled(brook, clock)
    assert_there_once(invoice, sage)


# PostgreSQL


@pytest.fixture(scope="module")
def own_postgres(django_db_blocker) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of these tests' own with an empty, migrated database."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as state:
        server = EmbeddedPostgres(Path(state), durable=True)
        server.start()
        url = server.url("ignition", "ignition", "only-here")
        roles.prepare_embedded(
            server.url("postgres"), url, login="ignition", password="only-here", database="ignition"
        )
        with django_db_blocker.unblock(), using(server), running_as(configured.OWNER_ROLE):
            connections["default"].settings_dict["TEST"]["NAME"] = "restarted"
            setup_databases(verbosity=0, interactive=False)
        yield server
        server.stop()


@contextmanager
def using(server: EmbeddedPostgres) -> Iterator[None]:
    """The app's connections go to this server, to the database of its name in the settings."""
    shared = connections["default"].settings_dict
    before = {**shared, "TEST": dict(shared["TEST"])}
    connections.close_all()
    shared.update(HOST="127.0.0.1", PORT=server.port, USER="ignition", PASSWORD="only-here", NAME="ignition")
    shared["TEST"] = {**before["TEST"], "TEMPLATE": None}
    try:
        yield
    finally:
        connections.close_all()
        shared.clear()
        shared.update(before)


def restart(server: EmbeddedPostgres, with_signal: signal.Signals) -> None:
    """End the server, orderly or not, and start it again."""
    server.process.send_signal(with_signal)
    server.process.wait(30)
    server.start()


@pytest.fixture
def on_own_postgres(own_postgres, django_db_blocker) -> Iterator[EmbeddedPostgres]:
    with django_db_blocker.unblock(), using(own_postgres):
        connections["default"].settings_dict["NAME"] = "restarted"
        yield own_postgres


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGKILL])
def test_fault_37_postgresql_restarts_in_mid_transaction(on_own_postgres, cast, sage, clock, with_signal):
    brook = cast.brook
    connected(brook, sage)
    first, restarts = issued_invoice(brook), []

    def restart_once() -> None:
        restarts.append(on_own_postgres.port)
        restart(on_own_postgres, with_signal)
        connections["default"].settings_dict["PORT"] = on_own_postgres.port

    with at(Moment("statement", words="sagelink"), restart_once), suppress(DatabaseError):
        push_once(brook)
    connection.close()
    assert len(restarts) == len(sage.sales_invoices()) == 1
    push_until_settled(brook, clock)
    assert_there_once(first, sage)
    assert_there_once(posted_again(brook), sage)


def posted_again(practice):
    """A further invoice, to see that all goes on."""
    invoice = issued_invoice(practice)
    push_once(practice)
    return invoice


def test_a_lost_connection_is_not_taken_for_what_is_opened_next(brook):
    """Or the driver would wait for an answer of somebody else's, for good."""

    def ask_after_the_cut() -> None:
        number = connection.connection.fileno()
        cut()
        with Path(os.devnull).open() as opened:
            assert opened.fileno() != number
        connection.cursor().execute("SELECT 1")

    with pytest.raises(DatabaseError), practice_scope(brook.pk):
        ask_after_the_cut()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("nth", [2, 3, 4, 5, 6, 7, 8])
def test_fault_38_the_connection_is_lost_around_a_commit(brook, enabled, sage, clock, nth, when):
    """Whether it was committed nobody knows; the next worker finds out."""
    invoice = issued_invoice(brook)
    struck: list[int] = []

    def strike() -> None:
        struck.append(nth)
        cut()

    with at(Moment("commit", nth, when), strike):
        try:
            push_once(brook)
        except DatabaseError:
            connection.close()
    connection.close()
    assert struck, "a turn has as many commits"
    push_until_settled(brook, clock)
    assert_there_once(invoice, sage)


@pytest.mark.parametrize("error", ["40P01", "40001", "57014"])
@pytest.mark.parametrize("words", ["SET status = 'leased'", "SET attempted_at", "sagelink"])
def test_fault_39_deadlock_serialization_failure_statement_timeout(brook, enabled, sage, clock, error, words):
    """The whole transaction is done again by the next worker, after a look in Sage where something was sent."""
    posted(brook, sage)
    invoice = issued_invoice(brook)

    def fail() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'as planned' USING ERRCODE = '{error}'; END $$")

    with at(Moment("statement", words=words), fail):
        try:
            push_once(brook)
        except DatabaseError:
            connection.close()
    push_until_settled(brook, clock)
    assert_there_once(invoice, sage)
    with practice_scope(brook.pk):
        assert SageLink.objects.count() == 2


def test_fault_40_the_disk_of_postgresql_is_full(brook, enabled, sage, clock):
    """The run stops with the server's own words, nothing is half written, and it goes on once there is room."""
    today = timezone.localdate()
    with practice_scope(brook.pk):
        for number in range(3):
            a_schedule(MONTHLY, client=a_client(f"Client {number}"), on=today, starts_on=today)

    def full() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'No space left' USING ERRCODE = '53100'; END $$")

    moment = Moment("statement", words="invoicing_invoiceline")
    with at(moment, full), acting_for(brook.pk), pytest.raises(DatabaseError, match="No space left"):
        run_billing(today)
    with practice_scope(brook.pk):
        assert not Invoice.objects.exists()
    with acting_for(brook.pk):
        assert run_billing(today).invoices == 3
    with at(Moment("statement", words="sagelink"), full), pytest.raises(DatabaseError):
        push_once(brook)
    push_until_settled(brook, clock, tries=12)
    assert len(sage.sales_invoices()) == 3
    assert_sound(sage, billed_until=today)
