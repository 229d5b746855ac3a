"""No secret reaches a log line."""

import pytest

from practices.logs import PRINTED, REMOVED, redact, redacted

JWT = "eyJhbGciOiJSUzUxMiJ9.eyJqdGkiOiIxIn0.c2lnbmF0dXJl"  # secret-scan: allow (made up)


def test_values_named_like_secrets_are_removed():
    line = dict.fromkeys(("access_token", "client_secret", "password", "Authorization", "code"), "x1")
    assert set(redact(None, "info", line).values()) == {REMOVED}


def test_values_that_look_like_secrets_are_removed():
    line = {"event": f"sent Bearer {JWT}", "url": "/sage/callback/?code=GB%2Fabc&state=s1&country=GB"}
    cleaned = redact(None, "info", line)
    assert JWT not in cleaned["event"]
    assert "abc" not in cleaned["url"]
    assert "s1" not in cleaned["url"]
    assert "country=GB" in cleaned["url"]


@pytest.mark.parametrize(
    "address",
    [
        "/proposals/WzEsMSwxLDEsMTc5.7p7gdMKx1JIC2zbj7xhdIzVnlCoLyH3CuB1BpdcasJ0{}/sign/",
        "/invitations/WzEsMV0:1tXyZ{}/",
        "/accounts/confirm-email/MQ:1tXyZ{}/",
        "/accounts/password/reset/key/1-cabc-{}/",
    ],
)
def test_attack_57_an_address_that_opens_something_is_in_no_log_and_no_report(address):
    line = f"Unprocessable Entity: {address.format('canary')}"
    cleaned = redact(None, "warning", {"event": line, "logger": "django.request"})["event"]
    assert "canary" not in cleaned
    assert cleaned.startswith(f"Unprocessable Entity: /{address.split('/')[1]}/")
    reported = redacted({"request": {"url": f"https://practice.example{address.format('canary')}"}})
    assert "canary" not in str(reported)


def test_a_message_that_is_printed_for_want_of_a_server_keeps_its_link():
    line = {"event": "Join: http://localhost/invitations/abc:def/", "logger": PRINTED}
    assert redact(None, "warning", dict(line)) == line


def test_ordinary_values_stay():
    assert redact(None, "info", {"practice_id": 7, "route": "p/<slug>/"}) == {
        "practice_id": 7,
        "route": "p/<slug>/",
    }


def test_addresses_of_a_practices_own_pages_stay():
    line = {"event": "Not Found: /p/brook-co/proposals/12/", "logger": "django.request"}
    assert redact(None, "warning", dict(line)) == line
