"""Tokens: refreshed once, kept safe, never lost, never shown."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import connection as database
from django.db import connections as databases
from django.utils import timezone

from practices.fields import CannotOpen
from practices.models import Membership, OutgoingEmail
from practices.tenancy import acting_for, practice_scope, practice_transaction
from sage_integration import tokens
from sage_integration.connections import current_connection, disconnect
from sage_integration.models import SageConnection
from sage_integration.sage.errors import (
    AppRefused,
    ReauthorisationRequired,
    RefreshOutcomeUnknown,
    SageError,
    SageUnavailable,
    SubscriptionInactive,
)
from sage_integration.sessions import open_sage
from tests import locks
from tests.factories import member, user
from tests.sage import COMPANY, connected, signed_in


@pytest.fixture
def practice(brook, sage):
    """Brook & Co, connected and enabled."""
    connected(brook, sage)
    sage.forget_requests()
    return brook


def stored(practice) -> SageConnection:
    with practice_scope(practice.pk):
        return SageConnection.objects.latest("pk")


def let_the_access_token_expire(practice, sage=None) -> None:
    with practice_scope(practice.pk):
        SageConnection.objects.update(access_expires_at=timezone.now() + timedelta(seconds=59))
    if sage:
        sage.expire_access_tokens()


def token_of(practice) -> str:
    with acting_for(practice.pk):
        return tokens.access_token()


def in_a_thread(work, *arguments):
    try:
        return work(*arguments)
    finally:
        databases.close_all()


def wait_until(happened) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline


def refreshes(sage) -> int:
    return len(sage.requests("POST", "/token"))


def read_something(practice) -> list:
    with acting_for(practice.pk):
        with practice_transaction():
            connection = current_connection()
        with open_sage(connection) as client:
            return list(client.tax_rates.list())


def test_a_token_with_a_minute_left_is_used_as_it_is(practice, sage):
    assert token_of(practice) == stored(practice).access_token
    assert refreshes(sage) == 0


def test_a_token_with_less_than_a_minute_left_is_refreshed_and_the_new_pair_kept(practice, sage):
    before = stored(practice)
    let_the_access_token_expire(practice)
    token = token_of(practice)
    after = stored(practice)
    assert token == after.access_token != before.access_token
    assert after.refresh_token != before.refresh_token
    assert after.access_expires_at > timezone.now() + timedelta(minutes=4)
    assert after.refresh_expires_at > timezone.now() + timedelta(days=30)
    assert read_something(practice)


def test_a_token_that_expires_between_two_requests_costs_one_refresh_and_nobody_notices(practice, sage):
    """Fault 14."""
    sage.expire_access_tokens()
    assert read_something(practice)
    assert refreshes(sage) == 1


def test_eight_workers_that_see_an_expired_token_make_one_refresh(practice, sage):
    """Fault 15."""
    let_the_access_token_expire(practice, sage)
    barrier = threading.Barrier(8)

    def work():
        barrier.wait(10)
        return token_of(practice)

    with ThreadPoolExecutor(8) as pool:
        given = set(pool.map(in_a_thread, [work] * 8))
    assert refreshes(sage) == 1
    assert given == {stored(practice).access_token}


def test_eight_workers_whose_token_sage_refuses_make_one_refresh(practice, sage):
    """Fault 14 and 15 together: our clock believes the token, Sage does not."""
    sage.expire_access_tokens()
    barrier = threading.Barrier(8)

    def work():
        barrier.wait(10)
        return len(read_something(practice))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(in_a_thread, [work] * 8)) == {5}
    assert refreshes(sage) == 1


@pytest.mark.parametrize("fault", ["drop_answer_after_saving", "half_answer"])
def test_a_lost_answer_to_a_refresh_is_followed_by_the_old_token_and_then_by_a_new_sign_in(
    practice, sage, fault
):
    """Fault 16: nothing is lost, and the owners are told once."""
    let_the_access_token_expire(practice)
    sage.arm(fault, on="POST /token")
    with pytest.raises(RefreshOutcomeUnknown):
        token_of(practice)
    assert stored(practice).status == "enabled"
    with pytest.raises(ReauthorisationRequired):
        token_of(practice)
    assert stored(practice).status == "needs_reauthorisation"


def test_a_lost_answer_is_harmless_where_sage_lets_the_old_token_live_a_little(practice, sage):
    let_the_access_token_expire(practice)
    sage.switch("refresh_grace_seconds", 30)
    sage.arm("drop_answer_after_saving", on="POST /token")
    with pytest.raises(RefreshOutcomeUnknown):
        token_of(practice)
    assert token_of(practice)
    assert stored(practice).status == "enabled"


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_refresh_that_sage_cannot_answer_leaves_the_connection_alive(practice, sage, status):
    """Fault 18: the same token is tried again."""
    before = stored(practice).refresh_token
    let_the_access_token_expire(practice)
    sage.arm("status", on="POST /token", status=status)
    with pytest.raises(SageError):
        token_of(practice)
    assert stored(practice).status == "enabled"
    assert stored(practice).refresh_token == before
    assert token_of(practice)


def test_a_sage_that_cannot_be_reached_leaves_the_connection_alive(practice, sage, settings):
    let_the_access_token_expire(practice)
    settings.SAGE_TOKEN_URL = "http://127.0.0.1:9/token"
    with pytest.raises(SageUnavailable):
        token_of(practice)
    assert (stored(practice).status, stored(practice).trouble) == ("enabled", "")


def test_a_refused_refresh_token_that_a_new_sign_in_has_replaced_does_no_harm(practice, sage):
    """Fault 19: the row is read again before the connection is given up."""
    let_the_access_token_expire(practice)
    sage.arm("invalid_grant", on="POST /token", grant_type="refresh_token")
    sage.arm("hold", on="POST /token", grant_type="refresh_token")
    with ThreadPoolExecutor(2) as pool:
        refresh = pool.submit(in_a_thread, token_of, practice)
        wait_until(lambda: sage.summary()["held"])
        sign_in = pool.submit(in_a_thread, signed_in, practice)
        wait_until(locks.somebody_waits)
        sage.release()
        sign_in.result(20)
        assert refresh.result(20) == stored(practice).access_token
    assert stored(practice).status == "enabled"
    assert read_something(practice)


def test_an_app_that_was_removed_in_sage_needs_a_new_sign_in_and_makes_no_storm(practice, sage):
    """Fault 20."""
    sage.revoke_grants()
    let_the_access_token_expire(practice, sage)
    for _ in range(5):
        with pytest.raises(ReauthorisationRequired):
            token_of(practice)
    assert refreshes(sage) == 1


def test_the_owners_are_told_once_by_e_mail(practice, sage, cast):
    member(practice, user("Olga", "olga@brook.example"), Membership.Role.OWNER)
    sage.revoke_grants()
    let_the_access_token_expire(practice, sage)
    for _ in range(3):
        with pytest.raises(ReauthorisationRequired):
            token_of(practice)
    with practice_scope(practice.pk):
        emails = list(OutgoingEmail.objects.order_by("to"))
        assert [email.to for email in emails] == ["alice@brook.example", "olga@brook.example"]
        assert "sign in to Sage again" in emails[0].subject
        assert "/p/brook-co/sage/" in emails[0].text


def test_nothing_is_used_after_disconnecting(practice, sage):
    """Fault 21."""
    with practice_scope(practice.pk):
        disconnect()
    with pytest.raises(ReauthorisationRequired):
        token_of(practice)
    assert sage.requests() == []


def test_an_idle_connection_is_kept_alive(practice, sage, time_machine):
    """Fault 22: forty idle days with the nightly refresh, and still connected."""
    start = timezone.now()
    for day in range(1, 41):
        time_machine.move_to(start + timedelta(days=day), tick=True)
        with acting_for(practice.pk):
            tokens.keep_alive()
    assert stored(practice).status == "enabled"
    assert refreshes(sage) == 40


def test_wrong_keys_of_the_installation_are_told_apart_from_a_dead_connection(practice, sage, settings):
    let_the_access_token_expire(practice)
    settings.SAGE_CLIENT_SECRET = "wrong"
    with pytest.raises(AppRefused):
        token_of(practice)
    assert (stored(practice).status, stored(practice).trouble) == ("enabled", "AppRefused")
    settings.SAGE_CLIENT_SECRET = "not-a-secret"
    token_of(practice)
    assert stored(practice).trouble == ""


def test_a_missing_subscription_is_told_apart_and_over_once_sage_answers(practice, sage):
    sage.arm("no_subscription", on="GET /tax_rates")
    with pytest.raises(SubscriptionInactive):
        read_something(practice)
    assert (stored(practice).status, stored(practice).trouble) == ("enabled", "SubscriptionInactive")
    assert refreshes(sage) == 0
    read_something(practice)
    assert stored(practice).trouble == ""


def test_tokens_are_not_in_the_database_in_clear(practice, sage):
    connection = stored(practice)
    with practice_scope(practice.pk), database.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM sage_integration_sageconnection c")
        row = cursor.fetchone()[0]
    assert connection.access_token not in row
    assert connection.refresh_token not in row
    assert len(connection.refresh_token) > 1000


def test_a_row_copied_to_another_practice_does_not_open(practice, cedar, sage):
    """Attack 24: the practice is bound into each sealed value."""
    with practice_scope(practice.pk), database.cursor() as cursor:
        cursor.execute("SELECT access_token, refresh_token FROM sage_integration_sageconnection")
        sealed = cursor.fetchone()
    with practice_scope(cedar.pk):
        owner = Membership.objects.get(practice=cedar).user
        copied = SageConnection.objects.create(connected_by=owner)
        with database.cursor() as cursor:
            cursor.execute(
                "UPDATE sage_integration_sageconnection SET access_token = %s, refresh_token = %s", sealed
            )
        with pytest.raises(CannotOpen):
            SageConnection.objects.get(pk=copied.pk)
    with pytest.raises(ReauthorisationRequired):
        token_of(cedar)
    assert sage.requests() == []


def test_tokens_open_with_an_older_key_and_are_sealed_with_the_newest(practice, sage, settings):
    """Attack 23: keys are rotated by putting a new one in front."""
    old, new = settings.FIELD_ENCRYPTION_KEYS, Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [new, *old]
    assert token_of(practice)
    let_the_access_token_expire(practice)
    token = token_of(practice)
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert stored(practice).access_token == token


def test_a_lost_key_asks_for_a_new_sign_in_and_the_pages_still_open(practice, sage, settings, client_of):
    """Fault 84: never a crash loop."""
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(ReauthorisationRequired):
        token_of(practice)
    alice = client_of("alice")
    shown = alice.get("/p/brook-co/sage/")
    assert shown.status_code == 200
    assert "Needs reconnecting" in shown.content.decode()
    assert alice.post("/p/brook-co/sage/disconnect/", {"business_name": COMPANY}).status_code == 303
    with practice_scope(practice.pk):
        assert current_connection() is None


def test_no_log_line_holds_a_token_or_secret(brook, sage, caplog, capsys, settings):
    """Attack 57."""
    with caplog.at_level(logging.DEBUG):
        connected(brook, sage)
        let_the_access_token_expire(brook, sage)
        token_of(brook)
        read_something(brook)
        sage.arm("invalid_grant", on="POST /token")
        let_the_access_token_expire(brook)
        with pytest.raises(ReauthorisationRequired):
            token_of(brook)
    said = caplog.text + "".join(capsys.readouterr())
    connection = stored(brook)
    assert "sage token refreshed" in said
    for secret in (connection.access_token, connection.refresh_token, settings.SAGE_CLIENT_SECRET):
        assert secret not in said
    assert "eyJ" not in said


def test_sage_is_never_asked_inside_a_transaction(practice, sage):
    with acting_for(practice.pk), practice_transaction():
        connection = current_connection()
        with open_sage(connection) as client, pytest.raises(RuntimeError):
            list(client.tax_rates.list())
    assert sage.requests() == []
