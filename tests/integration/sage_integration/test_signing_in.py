"""Coming back from Sage's sign-in page: every way it can go wrong ends in a clear page with nothing stored."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import structlog
from django.core import signing
from django.db import connection as database
from django.db import connections as databases
from django.test import Client
from django.utils import timezone

from practices.models import Membership
from practices.tenancy import practice_scope
from sage_integration.authorisations import STATE_SALT
from sage_integration.connections import current_connection
from sage_integration.models import Authorisation, SageConnection
from tests.factories import member, user
from tests.sage import answer_of_consent, callback_path, connected, signed_in

BEGIN = "/p/brook-co/sage/connect/"


@pytest.fixture
def alice(client_of, sage):
    """Alice's browser, with Sage in reach."""
    return client_of("alice")


def begun(browser) -> str:
    """The address of Sage's page for a sign-in begun in this browser."""
    answer = browser.post(BEGIN)
    assert answer.status_code == 303
    return answer.headers["Location"]


def back_from(browser, answer: dict[str, str]):
    return browser.get(callback_path(answer))


def assert_nothing_connected(practice, page, *words, status=400) -> None:
    assert page.status_code == status
    for word in words:
        assert word in page.content.decode()
    with practice_scope(practice.pk):
        assert not SageConnection.objects.exists()


def test_f04_signing_in_connects_and_asks_for_the_company(alice, brook, sage):
    page = back_from(alice, answer_of_consent(begun(alice)))
    assert page.headers["Location"] == "/p/brook-co/sage/business/"
    with practice_scope(brook.pk):
        connection = current_connection()
        assert (connection.status, connection.business_id) == ("connected", "")
        assert not Authorisation.objects.exists()


def test_f05_an_answer_without_a_state_is_refused(alice, brook, sage):
    answer = answer_of_consent(begun(alice))
    del answer["state"]
    assert_nothing_connected(brook, back_from(alice, answer), "did not say which sign-in")


@pytest.mark.parametrize("state", ["x", "a:b:c", "{}", "é", "x" * 5000])
def test_f05_a_state_we_did_not_make_is_refused(alice, brook, sage, state):
    answer = answer_of_consent(begun(alice)) | {"state": state}
    assert_nothing_connected(brook, back_from(alice, answer), "did not come from a sign-in")


def test_f05_a_state_signed_for_something_else_is_refused(alice, brook, sage):
    answer = answer_of_consent(begun(alice)) | {"state": signing.dumps([brook.pk, "x"], salt="another")}
    assert_nothing_connected(brook, back_from(alice, answer), "did not come from a sign-in")


def test_f05_a_state_whose_trip_is_unknown_is_refused(alice, brook, sage):
    unknown = signing.dumps([brook.pk, secrets.token_urlsafe(32)], salt=STATE_SALT)
    answer = answer_of_consent(begun(alice)) | {"state": unknown}
    assert_nothing_connected(brook, back_from(alice, answer), "already used")


def test_f05_a_state_works_once(alice, brook, sage):
    answer = answer_of_consent(begun(alice))
    back_from(alice, answer)
    with practice_scope(brook.pk):
        before = SageConnection.objects.get().refresh_token
    repeated = back_from(alice, answer)
    assert repeated.status_code == 400
    assert "already used" in repeated.content.decode()
    with practice_scope(brook.pk):
        assert SageConnection.objects.get().refresh_token == before


def test_a_state_is_used_up_even_when_the_person_refuses(alice, brook, sage):
    url = begun(alice)
    back_from(alice, answer_of_consent(url, "deny"))
    assert_nothing_connected(brook, back_from(alice, answer_of_consent(url)), "already used")


def test_a_state_lasts_ten_minutes(alice, brook, sage, time_machine):
    answer = answer_of_consent(begun(alice))
    time_machine.move_to(timezone.now() + timedelta(minutes=10, seconds=5))
    assert_nothing_connected(brook, back_from(alice, answer), "longer than ten minutes")


def test_a_sign_in_begun_in_another_browser_is_refused(alice, cast, brook, sage):
    answer = answer_of_consent(begun(alice))
    elsewhere = Client()
    elsewhere.force_login(cast.alice)
    assert_nothing_connected(brook, back_from(elsewhere, answer), "another browser")


def test_a_sign_in_begun_by_a_colleague_is_refused(alice, cast, brook, sage):
    Membership.objects.filter(user=cast.bob).update(role=Membership.Role.OWNER)
    answer = answer_of_consent(begun(alice))
    # The same browser, where Bob is signed in by now.
    alice_session = alice.session["sage_browser"]
    bob = Client()
    bob.force_login(cast.bob)
    session = bob.session
    session["sage_browser"] = alice_session
    session.save()
    assert_nothing_connected(brook, back_from(bob, answer), "started by somebody else")


def test_a_sign_in_for_another_practice_is_refused(alice, cast, brook, cedar, sage):
    answer = answer_of_consent(begun(alice))
    carol = Client()
    carol.force_login(cast.carol)
    assert_nothing_connected(brook, back_from(carol, answer), "started by somebody else")
    with practice_scope(cedar.pk):
        assert not SageConnection.objects.exists()


def test_f88_a_person_who_may_no_longer_manage_the_connection_is_refused(alice, cast, brook, sage):
    answer = answer_of_consent(begun(alice))
    Membership.objects.filter(user=cast.alice).update(role=Membership.Role.MANAGER)
    assert_nothing_connected(brook, back_from(alice, answer), "not yours to set up")


def test_somebody_who_is_not_signed_in_is_sent_to_sign_in_first(cast, client, sage):
    answer = client.get("/sage/callback/?code=GB/x&state=y")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


def test_f05_a_sign_in_that_was_refused_says_so_on_the_apps_page(alice, brook, sage):
    page = back_from(alice, answer_of_consent(begun(alice), "deny"))
    assert page.headers["Location"] == "/p/brook-co/apps/"
    assert "Access was refused" in alice.get("/p/brook-co/apps/").content.decode()
    with practice_scope(brook.pk):
        assert not SageConnection.objects.exists()


def test_another_error_of_sage_is_shown_escaped(alice, brook, sage):
    state = answer_of_consent(begun(alice))["state"]
    error = {"state": state, "error": "server_error", "error_description": "<script>alert(1)</script>"}
    page = back_from(alice, error)
    assert_nothing_connected(brook, page, "server_error", "&lt;script&gt;")
    assert "<script>alert" not in page.content.decode()


def test_an_answer_without_a_code_is_refused(alice, brook, sage):
    answer = answer_of_consent(begun(alice))
    del answer["code"]
    assert_nothing_connected(brook, back_from(alice, answer), "no code")


def test_a_code_that_has_expired_is_refused(alice, brook, sage):
    answer = answer_of_consent(begun(alice))
    sage.advance_clock(61)
    assert_nothing_connected(brook, back_from(alice, answer), "lives for one minute")


def test_a_code_that_was_used_is_refused(alice, brook, cedar, sage):
    used = answer_of_consent(begun(alice))
    back_from(alice, used)
    with practice_scope(brook.pk):
        SageConnection.objects.all().delete()
    again = answer_of_consent(begun(alice)) | {"code": used["code"]}
    assert_nothing_connected(brook, back_from(alice, again), "works once")


def test_a_code_of_another_sign_in_is_refused_by_its_challenge(alice, brook, sage):
    stolen = answer_of_consent(begun(alice))["code"]
    mine = answer_of_consent(begun(alice)) | {"code": stolen}
    assert_nothing_connected(brook, back_from(alice, mine), "no longer accepts this sign-in")


@pytest.mark.parametrize(
    "fault", ["status", "reset_before_saving", "drop_answer_after_saving", "half_answer"]
)
def test_sage_being_down_at_the_exchange_stores_nothing(alice, brook, sage, fault):
    answer = answer_of_consent(begun(alice))
    sage.arm(fault, on="POST /token", times=None)
    assert_nothing_connected(brook, back_from(alice, answer), "Try again in a few minutes", status=503)


def test_sage_being_down_after_the_exchange_stores_nothing(alice, brook, sage):
    answer = answer_of_consent(begun(alice))
    sage.arm("status", on="GET /businesses", times=None, status=503)
    assert_nothing_connected(brook, back_from(alice, answer), "Try again in a few minutes", status=503)


def test_sage_that_cannot_be_reached_at_all_stores_nothing(alice, brook, sage, settings):
    answer = answer_of_consent(begun(alice))
    settings.SAGE_TOKEN_URL = "http://127.0.0.1:9/token"
    assert_nothing_connected(brook, back_from(alice, answer), "did not answer", status=503)


def test_a_wrong_client_secret_names_the_operators_task(alice, brook, sage, settings):
    answer = answer_of_consent(begun(alice))
    settings.SAGE_CLIENT_SECRET = "wrong"
    assert_nothing_connected(brook, back_from(alice, answer), "SAGE_CLIENT_SECRET", status=503)


def test_an_installation_without_keys_says_so_before_anybody_leaves(alice, brook, sage, settings):
    settings.SAGE_CLIENT_ID = ""
    answer = alice.post(BEGIN)
    assert answer.status_code == 409
    assert "not registered with Sage" in answer.content.decode()


def test_f02_a_login_without_any_fitting_company_is_refused_and_nothing_saved(alice, brook, sage):
    for name in ("Harbour & Pine Ltd", "Quayside Advisory Ltd"):
        sage.change_business(sage.business_id(name), accessible=False)
    answer = answer_of_consent(begun(alice))
    assert_nothing_connected(brook, back_from(alice, answer), "Sage Accounting", "United Kingdom")


def test_a_grant_for_reading_only_is_refused(alice, brook, sage):
    url = begun(alice).replace("scope=full_access", "scope=readonly")
    assert_nothing_connected(brook, back_from(alice, answer_of_consent(url)), "full access")


def test_the_page_after_a_failure_leads_back_to_the_practice(alice, brook, sage):
    answer = answer_of_consent(begun(alice))
    sage.advance_clock(61)
    assert "/p/brook-co/sage/" in back_from(alice, answer).content.decode()


def test_old_sign_ins_are_swept_away_by_the_next_one(alice, brook, sage, time_machine):
    begun(alice)
    time_machine.move_to(timezone.now() + timedelta(minutes=20))
    begun(alice)
    with practice_scope(brook.pk):
        assert Authorisation.objects.count() == 1


def test_the_state_and_the_verifier_are_not_stored_in_clear(alice, brook, sage):
    url = begun(alice)
    with practice_scope(brook.pk):
        with database.cursor() as cursor:
            cursor.execute("SELECT nonce_sha256, code_verifier FROM sage_integration_authorisation")
            nonce_sha256, verifier = cursor.fetchone()
        row = Authorisation.objects.get()
    assert nonce_sha256 not in url
    assert verifier.startswith("gAAAA")
    assert row.code_verifier not in verifier


def test_signing_in_again_puts_the_connection_back_where_it_was(alice, brook, sage):
    connected(brook, sage)
    with practice_scope(brook.pk):
        SageConnection.objects.update(status="needs_reauthorisation", trouble="GrantRefused")
    back_from(alice, answer_of_consent(begun(alice)))
    with practice_scope(brook.pk):
        connection = current_connection()
        assert (connection.status, connection.trouble) == ("enabled", "")


def test_signing_in_again_with_a_login_that_lacks_the_company_changes_nothing(alice, brook, sage):
    connected(brook, sage)
    with practice_scope(brook.pk):
        before = SageConnection.objects.get().refresh_token
    sage.change_business(sage.business_id("Harbour & Pine Ltd"), accessible=False)
    page = back_from(alice, answer_of_consent(begun(alice)))
    assert page.status_code == 400
    assert "cannot open the company" in page.content.decode()
    with practice_scope(brook.pk):
        assert SageConnection.objects.get().refresh_token == before


def test_refusals_are_logged_without_code_or_state(alice, brook, sage):
    answer = answer_of_consent(begun(alice))
    sage.advance_clock(61)
    with structlog.testing.capture_logs() as events:
        back_from(alice, answer)
    told = [event for event in events if event["event"] == "sage sign-in failed"]
    assert told == [
        {
            "event": "sage sign-in failed",
            "log_level": "warning",
            "reason": "CodeRefused",
            "practice_id": brook.pk,
        }
    ]
    assert answer["code"] not in str(events)
    assert answer["state"] not in str(events)


def test_two_owners_may_sign_in_at_once_and_one_connection_is_left(cast, brook, sage):
    other = member_who_owns(brook)

    def sign_in(person) -> None:
        try:
            signed_in(brook, by=person)
        finally:
            databases.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(sign_in, [cast.alice, other]))
    with practice_scope(brook.pk):
        assert SageConnection.objects.count() == 1


def member_who_owns(practice):
    other = user("Olga", "olga@brook.example")
    member(practice, other, Membership.Role.OWNER)
    return other
