"""No secret reaches a log line."""

from practices.logs import REMOVED, redact

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


def test_ordinary_values_stay():
    assert redact(None, "info", {"practice_id": 7, "route": "p/<slug>/"}) == {
        "practice_id": 7,
        "route": "p/<slug>/",
    }
