"""Attacks on sessions and sign-in (34 to 41), on addresses (16) and on what a page may cost (58)."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client
from django.utils import timezone

from practices import idle, limits
from practices.models import Membership
from practices.requests import address_of
from tests.factories import PASSWORD
from tests.integration.practices.test_second_factors import app_set_up, code_of, signed_in

ROOT = Path(__file__).resolve().parents[3]
#: Set for tests, or by tests of the browser in the same process.
NOT_OF_PRODUCTION = {"DEBUG", "ALLOWED_HOSTS", "DJANGO_ALLOW_ASYNC_UNSAFE"}


def test_attack_34_the_sessions_key_changes_when_somebody_signs_in(cast):
    browser = Client()
    browser.get("/accounts/login/")
    session = browser.session
    session["planted"] = True
    session.save()
    browser.cookies["session"] = planted = session.session_key
    signed_in(cast.alice.email, browser)
    assert browser.cookies["session"].value != planted
    thief = Client()
    thief.cookies["session"] = planted
    assert thief.get("/p/brook-co/").status_code == 302


@pytest.fixture(scope="module")
def in_production() -> dict[str, object]:
    """What the settings come to behind https, and what Django's deployment check says of them."""
    words = (
        "import json, django; from django.conf import settings as s; django.setup();"
        "from django.core.management import call_command;"
        "call_command('check', deploy=True, fail_level='WARNING');"
        "names = ['DEBUG', 'SESSION_COOKIE_NAME', 'SESSION_COOKIE_SECURE', 'SESSION_COOKIE_HTTPONLY',"
        " 'SESSION_COOKIE_SAMESITE', 'CSRF_COOKIE_SECURE', 'SECURE_HSTS_SECONDS', 'SECURE_SSL_REDIRECT',"
        " 'CSRF_COOKIE_NAME', 'X_FRAME_OPTIONS', 'SECURE_CONTENT_TYPE_NOSNIFF', 'SESSION_COOKIE_DOMAIN',"
        " 'PASSWORD_HASHERS', 'ALLOWED_HOSTS', 'OPERATORS_NEED_SECOND_FACTOR', 'SESSION_IDLE_SECONDS'];"
        "print(json.dumps({name: getattr(s, name) for name in names}))"
    )
    environment = {
        **{name: value for name, value in os.environ.items() if name not in NOT_OF_PRODUCTION},
        "PUBLIC_URL": "https://practice.example",
        "SECRET_KEY": "k" * 25 + "0123456789abcdefghijklmnopqrstuvwxyz",
        "DJANGO_SETTINGS_MODULE": "ignition.settings",
    }
    ran = subprocess.run(
        [sys.executable, "-c", words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_attack_35_cookies_are_for_this_host_alone_and_out_of_scripts_reach(in_production):
    assert in_production["SESSION_COOKIE_NAME"] == "__Host-session"
    assert in_production["CSRF_COOKIE_NAME"] == "__Host-csrf"
    assert in_production["SESSION_COOKIE_DOMAIN"] is None
    assert in_production["SESSION_COOKIE_SECURE"]
    assert in_production["SESSION_COOKIE_HTTPONLY"]
    assert in_production["SESSION_COOKIE_SAMESITE"] == "Lax"
    assert in_production["CSRF_COOKIE_SECURE"]


def test_attack_26_debugging_is_off_unless_asked_for(in_production):
    assert in_production["DEBUG"] is False
    assert in_production["ALLOWED_HOSTS"] == ["practice.example"]


def test_attack_59_the_deployment_check_finds_nothing(in_production):
    assert in_production["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert in_production["SECURE_SSL_REDIRECT"]
    assert in_production["X_FRAME_OPTIONS"] == "DENY"
    assert in_production["SECURE_CONTENT_TYPE_NOSNIFF"]
    assert in_production["OPERATORS_NEED_SECOND_FACTOR"]


def test_attack_25_passwords_are_kept_as_slow_hashes(in_production):
    assert "PBKDF2PasswordHasher" in in_production["PASSWORD_HASHERS"][0]


def test_attack_35_a_session_ends_after_a_while_without_a_request(cast, settings, time_machine):
    settings.SESSION_IDLE_SECONDS = 3600
    start = timezone.now()
    browser, _ = signed_in(cast.alice.email)
    assert browser.get("/p/brook-co/").status_code == 200
    time_machine.move_to(start + timezone.timedelta(minutes=50))
    assert browser.get("/p/brook-co/").status_code == 200
    time_machine.move_to(start + timezone.timedelta(minutes=100))
    assert browser.get("/p/brook-co/").status_code == 200
    time_machine.move_to(start + timezone.timedelta(minutes=165))
    assert browser.get("/p/brook-co/").status_code == 302


def test_attack_35_a_session_ends_after_its_days_however_busy(cast, settings, time_machine):
    settings.SESSION_IDLE_SECONDS, settings.SESSION_COOKIE_AGE = 3600, 7200
    start = timezone.now()
    browser, _ = signed_in(cast.alice.email)
    for minutes in (0, 50, 100, 119):
        time_machine.move_to(start + timezone.timedelta(minutes=minutes))
        assert browser.get("/p/brook-co/").status_code == 200
    time_machine.move_to(start + timezone.timedelta(minutes=125))
    assert browser.get("/p/brook-co/").status_code == 302


def test_the_last_request_is_noted_once_a_minute_at_most(cast, client_of):
    browser = client_of("alice")
    browser.get("/p/brook-co/")
    session = browser.session
    session[idle.SEEN] -= idle.NOTED_EVERY - 5
    session.save()
    before = session[idle.SEEN]
    browser.get("/p/brook-co/")
    assert browser.session[idle.SEEN] == before


def test_attack_37_a_reset_link_works_once_and_ends_the_old_sessions(cast):
    old, _ = signed_in(cast.alice.email)
    assert old.get("/p/brook-co/").status_code == 200
    Client().post("/accounts/password/reset/", {"email": cast.alice.email})
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mail.outbox[-1].body)[1]
    browser = Client()
    page = browser.get(link, follow=True)
    answer = browser.post(
        page.request["PATH_INFO"],
        {"password1": "quite-another-pass-phrase", "password2": "quite-another-pass-phrase"},
    )
    assert answer.status_code == 302
    assert old.get("/p/brook-co/").status_code == 302
    again = Client().get(link, follow=True).content.decode()
    assert 'name="password1"' not in again


def test_attack_37_a_poisoned_host_header_reaches_no_mail(cast):
    answer = Client().post(
        "/accounts/password/reset/", {"email": cast.alice.email}, headers={"Host": "evil.example"}
    )
    assert answer.status_code == 400
    assert mail.outbox == []


def test_attack_36_a_stranger_who_guesses_does_not_lock_the_owner_out(cast):
    for number in range(12):
        Client(REMOTE_ADDR="203.0.113.9").post(
            "/accounts/login/", {"login": cast.alice.email, "password": f"wrong-{number}"}
        )
    other, _ = signed_in(cast.bob.email, Client(REMOTE_ADDR="203.0.113.9"))
    assert other.get("/p/brook-co/").status_code == 200


def test_attack_36_nobody_is_locked_out_of_their_own_browser_by_a_stranger(cast):
    own, _ = signed_in(cast.alice.email, Client(REMOTE_ADDR="203.0.113.8"))
    own.post("/accounts/logout/")
    for number in range(12):
        Client(REMOTE_ADDR="203.0.113.9").post(
            "/accounts/login/", {"login": cast.alice.email, "password": f"wrong-{number}"}
        )
    stranger, _ = signed_in(cast.alice.email, Client(REMOTE_ADDR="203.0.113.10"))
    assert stranger.get("/p/brook-co/").status_code == 302, "guessing goes on nowhere else"
    signed_in(cast.alice.email, own)
    assert own.get("/p/brook-co/").status_code == 200


def test_attack_36_behind_a_proxy_everybody_is_counted_by_the_address_it_saw(settings, rf):
    forged = rf.get("/", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}, REMOTE_ADDR="10.0.0.2")
    assert address_of(forged) == "10.0.0.2"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert address_of(forged) == "203.0.113.7"


def test_attack_39_codes_of_a_second_factor_cannot_be_tried_without_end(cast):
    secret = app_set_up(cast.alice.email)
    browser, _ = signed_in(cast.alice.email)
    for _ in range(11):
        browser.post("/accounts/second-factor/authenticate/", {"code": "000000"})
    browser.post("/accounts/second-factor/authenticate/", {"code": code_of(secret)})
    assert browser.get("/p/brook-co/").status_code == 302


def test_attack_40_a_change_from_another_origin_is_refused_in_every_content_type(cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.alice)
    browser.get("/p/brook-co/clients/new/")
    token = browser.cookies["csrftoken"].value
    body = {"name": "Forged Ltd", "kind": "company"}
    from_elsewhere = {"Origin": "https://evil.example", "X-CSRFToken": token}
    for content in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        answer = browser.post(
            "/p/brook-co/clients/new/", json.dumps(body), content_type=content, headers=from_elsewhere
        )
        assert answer.status_code == 403, content
    assert browser.post("/p/brook-co/clients/new/", json.dumps(body), "application/json").status_code == 403


def test_attack_41_signing_out_ends_the_session_itself_and_nothing_stays_in_a_cache(cast):
    browser, _ = signed_in(cast.alice.email)
    page = browser.get("/p/brook-co/")
    assert "no-store" in page.headers["Cache-Control"]
    stolen = Client()
    stolen.cookies["session"] = browser.cookies["session"].value
    assert stolen.get("/p/brook-co/").status_code == 200
    browser.post("/accounts/logout/")
    assert stolen.get("/p/brook-co/").status_code == 302


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "https:evil.example",
        "%2f%2fevil.example",
        "https://testserver@evil.example/",
        "https://evil.example/testserver",
        "javascript:alert(1)",
        "///evil.example",
    ],
)
def test_attack_16_nobody_is_sent_elsewhere_after_signing_in(cast, elsewhere):
    browser = Client()
    answer = browser.post(
        "/accounts/login/", {"login": cast.alice.email, "password": PASSWORD, "next": elsewhere}
    )
    landed = urlsplit(urljoin("http://testserver/accounts/login/", answer.headers["Location"]))
    assert (landed.scheme, landed.netloc) == ("http", "testserver")
    assert not landed.path.startswith(("//", "/\\"))


@pytest.mark.parametrize("elsewhere", ["https://evil.example/p/brook-co/", "//evil.example/", "javascript:x"])
def test_attack_16_a_broken_rule_leads_back_to_our_own_pages_only(cast, client_of, elsewhere):
    owner = Membership.objects.get(user=cast.alice)
    answer = client_of("alice").post(
        f"/p/brook-co/settings/team/{owner.pk}/role/", {"role": "staff"}, headers={"Referer": elsewhere}
    )
    assert "evil" not in answer.headers.get("Location", "")
    assert "javascript" not in answer.headers.get("Location", "")


def test_attack_58_files_and_mail_are_made_only_so_often_a_minute(client_of, cast, monkeypatch):
    monkeypatch.setattr(limits, "TIMES_A_MINUTE", 3)
    browser = client_of("alice")

    def status_of(slug: str) -> int:
        answer = browser.get(f"/p/{slug}/settings/activity/?file=csv")
        answer.close()
        return answer.status_code

    assert [status_of("brook-co") for _ in range(5)] == [200, 200, 200, 429, 429]
    assert browser.get("/p/brook-co/").status_code == 200
    browser.force_login(cast.carol)
    assert status_of("cedar-llp") == 200


def test_attack_36_unknown_and_known_users_cost_the_same_hash(cast, monkeypatch):
    """Django hashes once for somebody it does not know, so that the time says nothing."""
    hashed = []
    user_model = get_user_model()
    monkeypatch.setattr(user_model, "set_password", lambda _, raw: hashed.append(raw))
    Client().post("/accounts/login/", {"login": "nobody@brook.example", "password": "guess"})
    assert hashed == ["guess"]
