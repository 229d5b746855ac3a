"""Second factors and sessions: what a stolen password alone does not open."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client

from practices.models import AuditEntry, Membership, Practice
from practices.tenancy import practice_scope
from tests.factories import PASSWORD


def code_of(secret: str) -> str:
    """What an authenticator app shows for the secret now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def signed_in(email: str, browser: Client | None = None):
    """A browser that typed the right password; the answer to it."""
    browser = browser or Client()
    answer = browser.post("/accounts/login/", {"login": email, "password": PASSWORD})
    return browser, answer


def confirmed(email: str) -> Client:
    """A browser that has just proved who it is."""
    browser, _ = signed_in(email)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return browser


def app_set_up(email: str) -> str:
    """Alice's authenticator app, set up through the pages; its secret."""
    browser = confirmed(email)
    page = browser.get("/accounts/second-factor/totp/activate/").content.decode()
    secret = re.search(r'value="([A-Z2-7]{32})"', page)[1]
    answer = browser.post("/accounts/second-factor/totp/activate/", {"code": code_of(secret)})
    assert answer.status_code == 302
    return secret


def test_a_second_factor_is_sealed_at_rest(cast):
    secret = app_set_up(cast.alice.email)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator")
        stored = " ".join(row[0] for row in cursor.fetchall())
    assert stored
    assert secret not in stored


def test_with_a_second_factor_the_password_alone_opens_nothing(cast):
    secret = app_set_up(cast.alice.email)
    browser, answer = signed_in(cast.alice.email)
    assert answer.headers["Location"].startswith("/accounts/second-factor/authenticate/")
    assert browser.get("/p/brook-co/").status_code == 302
    wrong = browser.post("/accounts/second-factor/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200
    code = code_of(secret)
    assert browser.post("/accounts/second-factor/authenticate/", {"code": code}).status_code == 302
    assert browser.get("/p/brook-co/").status_code == 200
    onlooker, _ = signed_in(cast.alice.email)
    assert onlooker.post("/accounts/second-factor/authenticate/", {"code": code}).status_code == 200
    assert onlooker.get("/p/brook-co/").status_code == 302


def test_a_recovery_code_lets_its_owner_in_once(cast):
    app_set_up(cast.alice.email)
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    browser, _ = signed_in(cast.alice.email)
    browser.post("/accounts/second-factor/authenticate/", {"code": codes[0]})
    assert browser.get("/p/brook-co/").status_code == 200
    again, _ = signed_in(cast.alice.email)
    again.post("/accounts/second-factor/authenticate/", {"code": codes[0]})
    assert again.get("/p/brook-co/").status_code == 302


def test_a_practice_that_asks_its_owners_for_one_lets_none_in_without(cast):
    Practice.objects.filter(pk=cast.brook.pk).update(owners_need_second_factor=True)
    owner, _ = signed_in(cast.alice.email)
    assert owner.get("/p/brook-co/").headers["Location"] == "/accounts/second-factor/"
    staff, _ = signed_in(cast.bob.email)
    assert staff.get("/p/brook-co/").status_code == 200
    other, _ = signed_in(cast.carol.email)
    assert other.get("/p/cedar-llp/").status_code == 200
    app_set_up(cast.alice.email)
    assert owner.get("/p/brook-co/").status_code == 200


def test_a_sign_in_is_recorded_once_in_each_practice_it_reaches(cast):
    browser, _ = signed_in(cast.alice.email)
    for _ in range(3):
        browser.get("/p/brook-co/clients/", headers={"User-Agent": "Firefox on a laptop"})
    with practice_scope(cast.brook.pk):
        (entry,) = AuditEntry.objects.filter(action="member.signed_in")
    assert (entry.actor, entry.data["browser"]) == (cast.alice, "Firefox on a laptop")
    with practice_scope(cast.cedar.pk):
        assert not AuditEntry.objects.filter(action="member.signed_in").exists()


def test_other_sessions_are_listed_and_can_be_ended(cast):
    stolen, _ = signed_in(cast.alice.email, Client(headers={"User-Agent": "Unknown browser"}))
    mine, _ = signed_in(cast.alice.email, Client(headers={"User-Agent": "My browser"}))
    assert stolen.get("/p/brook-co/").status_code == 200
    page = mine.get("/accounts/sessions/").content.decode()
    assert "Unknown browser" in page
    assert mine.post("/accounts/sessions/").status_code == 302
    assert stolen.get("/p/brook-co/").status_code == 302
    assert mine.get("/p/brook-co/").status_code == 200


def test_one_other_session_can_be_ended_and_the_rest_go_on(cast):
    stolen, _ = signed_in(cast.alice.email, Client(headers={"User-Agent": "Unknown browser"}))
    phone, _ = signed_in(cast.alice.email, Client(headers={"User-Agent": "My phone"}))
    mine, _ = signed_in(cast.alice.email, Client(headers={"User-Agent": "My browser"}))
    ids = dict(UserSession.objects.values_list("user_agent", "pk"))
    page = mine.get("/accounts/sessions/").content.decode()
    assert f"/accounts/sessions/{ids['Unknown browser']}/end/" in page
    assert f"/accounts/sessions/{ids['My browser']}/end/" not in page
    assert mine.post(f"/accounts/sessions/{ids['Unknown browser']}/end/").status_code == 302
    assert "That browser is signed out." in mine.get("/accounts/sessions/").content.decode()
    assert [each.get("/p/brook-co/").status_code for each in (stolen, phone, mine)] == [302, 200, 200]
    with practice_scope(cast.brook.pk):
        assert AuditEntry.objects.get(action="member.sessions_ended").data["sessions"] == 1


def test_nobody_ends_a_session_of_another_or_the_one_that_asks(cast):
    theirs, _ = signed_in(cast.bob.email, Client(headers={"User-Agent": "Bob"}))
    mine, _ = signed_in(cast.alice.email, Client(headers={"User-Agent": "Alice"}))
    for session in UserSession.objects.all():
        address = f"/accounts/sessions/{session.pk}/end/"
        assert mine.post(address).status_code == 404
        assert mine.get(address).status_code == 405
    assert Client().post(f"/accounts/sessions/{session.pk}/end/").url.startswith("/accounts/login/")
    assert [each.get("/p/brook-co/").status_code for each in (theirs, mine)] == [200, 200]


def test_guessing_a_password_is_slowed_down_and_says_nothing_about_who_exists(cast):
    browser = Client()
    said = set()
    for email in [cast.alice.email, "nobody@brook.example"]:
        answers = [
            browser.post("/accounts/login/", {"login": email, "password": f"wrong-{n}"}) for n in range(11)
        ]
        said.add(re.sub(email, "", answers[0].content.decode()).split('class="form"')[1].count("alert"))
        assert "Too many" in answers[-1].content.decode()
    assert len(said) == 1
    late, answer = signed_in(cast.alice.email, browser)
    assert answer.status_code == 200
    assert late.get("/p/brook-co/").status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/second-factor/",
        "/accounts/second-factor/totp/activate/",
        "/accounts/second-factor/webauthn/",
        "/accounts/second-factor/webauthn/add/",
        "/accounts/sessions/",
    ],
)
def test_the_pages_of_an_account_open(cast, path):
    answer = confirmed(cast.alice.email).get(path)
    assert answer.status_code == 200


def test_switching_the_demand_on_is_recorded(cast, client_of):
    Membership.objects.filter(user=cast.bob).update(role="owner")
    app_set_up(cast.bob.email)
    browser = client_of("bob")
    answer = browser.post(
        "/p/brook-co/settings/save/",
        {"name": "Brook & Co", "country": "GB", "invoice_day": 1, "owners_need_second_factor": "on"},
    )
    assert answer.status_code == 303
    with practice_scope(cast.brook.pk):
        entry = AuditEntry.objects.get(action="practice.amended")
    assert entry.data["changes"] == {"owners_need_second_factor": [False, True]}
