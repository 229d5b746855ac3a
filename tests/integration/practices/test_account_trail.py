"""Who changed how they sign in, in the trail of each of their practices; every attempt, in the log."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from practices.models import AuditEntry, Membership
from practices.tenancy import practice_scope
from tests.factories import PASSWORD
from tests.integration.practices.test_second_factors import app_set_up, confirmed, signed_in

BETTER = "quite-another-pass-phrase"


def acts_of(practice) -> list[str]:
    with practice_scope(practice.pk):
        found = AuditEntry.objects.filter(action__startswith="member.").exclude(action="member.signed_in")
        return list(found.order_by("pk").values_list("action", flat=True))


def said(caplog) -> list[tuple]:
    lines = [record.msg for record in caplog.records if record.name == "ignition.sign_in"]
    return [(line["event"], line.get("reason", line.get("act", "")), line["user_id"]) for line in lines]


@pytest.fixture
def alice_in_both(cast):
    Membership.objects.create(practice=cast.cedar, user=cast.alice, role="staff")
    return cast.alice


def test_a_changed_password_stands_in_the_trail_of_each_practice(cast, alice_in_both):
    browser = confirmed(alice_in_both.email)
    words = {"oldpassword": PASSWORD, "password1": BETTER, "password2": BETTER}
    assert browser.post("/accounts/password/change/", words).status_code == 302
    assert acts_of(cast.brook) == acts_of(cast.cedar) == ["member.password_changed"]
    with practice_scope(cast.cedar.pk):
        entry = AuditEntry.objects.get(action="member.password_changed")
    assert (entry.actor, entry.data) == (alice_in_both, {"address": "127.0.0.1"})
    assert entry.in_words == "Colleague password changed"


def test_second_factors_and_ended_sessions_stand_in_the_trail(cast):
    Client().post("/accounts/login/", {"login": cast.alice.email, "password": PASSWORD})
    app_set_up(cast.alice.email)
    assert acts_of(cast.brook)[0] == "member.second_factor_added"
    with practice_scope(cast.brook.pk):
        factors = AuditEntry.objects.filter(action="member.second_factor_added")
        assert {entry.data["factor"] for entry in factors} == {"totp", "recovery_codes"}
    Authenticator.objects.all().delete()
    signed_in(cast.bob.email)
    mine, _ = signed_in(cast.bob.email)
    mine.post("/accounts/sessions/")
    assert acts_of(cast.brook)[-1] == "member.sessions_ended"
    assert acts_of(cast.cedar) == []


def test_every_attempt_to_sign_in_is_in_the_log_with_whom_and_from_where(cast, caplog, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "2/5m/key"}
    browser = Client()
    for email, password in (
        (cast.alice.email, "wrong-one"),
        ("nobody@nowhere.example", "wrong-one"),
        (cast.alice.email, "wrong-two"),
        (cast.alice.email, "wrong-three"),
        (cast.bob.email, PASSWORD),
    ):
        browser.post("/accounts/login/", {"login": email, "password": password})
    assert said(caplog) == [
        ("sign-in refused", "wrong password", cast.alice.pk),
        ("sign-in refused", "wrong password", None),
        ("sign-in refused", "wrong password", cast.alice.pk),
        ("sign-in refused", "too many wrong passwords", None),
        ("signed in", "", cast.bob.pk),
    ]
    lines = [record.msg for record in caplog.records if record.name == "ignition.sign_in"]
    assert {line["address"] for line in lines} == {"127.0.0.1"}
    assert cast.alice.email not in str(lines)
    assert "wrong-" not in str(lines)


def test_a_wrong_second_factor_is_in_the_log_with_whose_it_was_to_be(cast, caplog):
    app_set_up(cast.alice.email)
    caplog.clear()
    browser, _ = signed_in(cast.alice.email)
    browser.post("/accounts/second-factor/authenticate/", {"code": "000000"})
    assert said(caplog) == [("sign-in refused", "wrong second factor", cast.alice.pk)]
