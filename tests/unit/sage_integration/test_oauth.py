from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
from oauthlib.oauth2 import WebApplicationClient
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from sage_integration.sage.errors import (
    AppRefused,
    GrantRefused,
    ReauthorisationRequired,
    RefreshOutcomeUnknown,
    SageRateLimited,
    SageUnavailable,
    UnexpectedAnswer,
)
from sage_integration.sage.oauth import OAuthClient

TOKEN_URL = "https://oauth.sage.test/token"
REVOKE_URL = "https://oauth.sage.test/revoke"
REFUSED = requests.ConnectionError(MaxRetryError(None, TOKEN_URL, NewConnectionError(None, "refused")))
DROPPED = requests.ConnectionError(ProtocolError("Connection aborted."))
TOKENS = {
    "access_token": "first-access",
    "refresh_token": "first-refresh",
    "expires_in": 300,
    "refresh_token_expires_in": 2678400,
    "scope": "full_access",
    "token_type": "bearer",
    "requested_by_id": "b237409178ecb7c97a0ad86b4e6903fd",
}


@pytest.fixture
def oauth() -> OAuthClient:
    return OAuthClient(
        authorize_url="https://www.sage.test/oauth2/auth/central",
        token_url=TOKEN_URL,
        revoke_url=REVOKE_URL,
        client_id="11111111/22222222",
        client_secret="s3cret&more",
        redirect_uri="https://ignition.test/sage/callback/",
    )


def sent_form(sage) -> dict[str, str]:
    body = sage.calls[0].request.body.decode()
    return dict(parse_qsl(body, keep_blank_values=True))


def test_the_sign_in_address_is_the_documented_one(oauth):
    """F04: the address carries client id, redirect, scope and state."""
    url = oauth.authorization_url("st/ate")
    assert url.startswith("https://www.sage.test/oauth2/auth/central?")
    assert "client_id=11111111%2F22222222" in url
    assert parse_qs(urlsplit(url).query) == {
        "filter": ["apiv3.1"],
        "response_type": ["code"],
        "client_id": ["11111111/22222222"],
        "redirect_uri": ["https://ignition.test/sage/callback/"],
        "scope": ["full_access"],
        "state": ["st/ate"],
    }


def test_a_code_verifier_is_sent_as_its_s256_challenge(oauth):
    verifier = oauth.new_code_verifier()
    query = parse_qs(urlsplit(oauth.authorization_url("state", verifier)).query)
    expected = WebApplicationClient("x").create_code_challenge(verifier, "S256")
    assert (query["code_challenge"], query["code_challenge_method"]) == ([expected], ["S256"])
    assert verifier not in oauth.authorization_url("state", verifier)
    assert 43 <= len(verifier) <= 128


def test_the_code_is_posted_encoded_once_with_the_credentials_in_the_form(sage, oauth):
    sage.post(TOKEN_URL, json=TOKENS)
    pair = oauth.exchange_code("GB/abc-123", "v" * 64)
    assert "code=GB%2Fabc-123" in sage.calls[0].request.body.decode()
    assert sent_form(sage) == {
        "grant_type": "authorization_code",
        "code": "GB/abc-123",
        "redirect_uri": "https://ignition.test/sage/callback/",
        "client_id": "11111111/22222222",
        "client_secret": "s3cret&more",
        "code_verifier": "v" * 64,
    }
    assert (pair.access_token, pair.refresh_token, pair.expires_in) == ("first-access", "first-refresh", 300)
    assert pair.requested_by_id == "b237409178ecb7c97a0ad86b4e6903fd"


def test_a_refresh_sends_no_redirect_address(sage, oauth):
    sage.post(TOKEN_URL, json=TOKENS)
    oauth.refresh("old-refresh")
    assert sent_form(sage) == {
        "grant_type": "refresh_token",
        "refresh_token": "old-refresh",
        "client_id": "11111111/22222222",
        "client_secret": "s3cret&more",
    }


def test_tokens_do_not_show(sage, oauth):
    sage.post(TOKEN_URL, json=TOKENS)
    assert "first-" not in repr(oauth.refresh("old-refresh"))


@pytest.mark.parametrize(
    ("answer", "on_refresh", "on_exchange"),
    [
        ({"status": 400, "json": {"error": "invalid_grant"}}, GrantRefused, GrantRefused),
        ({"status": 400, "json": {"error": "invalid_client"}}, AppRefused, AppRefused),
        ({"status": 401, "json": {"error": "invalid_client"}}, AppRefused, AppRefused),
        ({"status": 400, "json": {"error": "invalid_request"}}, UnexpectedAnswer, UnexpectedAnswer),
        ({"status": 400, "body": "<html>"}, UnexpectedAnswer, UnexpectedAnswer),
        ({"status": 429, "body": ""}, SageRateLimited, SageRateLimited),
        ({"status": 500, "body": ""}, RefreshOutcomeUnknown, UnexpectedAnswer),
        ({"status": 503, "body": "<html>"}, RefreshOutcomeUnknown, UnexpectedAnswer),
        (
            {"status": 302, "headers": {"Location": "https://elsewhere.test/"}},
            RefreshOutcomeUnknown,
            UnexpectedAnswer,
        ),
        ({"status": 200, "body": "<html>"}, RefreshOutcomeUnknown, UnexpectedAnswer),
        ({"status": 200, "json": {"access_token": "a"}}, RefreshOutcomeUnknown, UnexpectedAnswer),
        ({"body": REFUSED}, SageUnavailable, SageUnavailable),
        ({"body": DROPPED}, RefreshOutcomeUnknown, SageUnavailable),
        ({"body": requests.ReadTimeout("slow")}, RefreshOutcomeUnknown, SageUnavailable),
    ],
)
def test_each_answer_of_the_token_endpoint_has_one_meaning(sage, oauth, answer, on_refresh, on_exchange):
    sage.post(TOKEN_URL, **answer)
    with pytest.raises(on_refresh) as refreshing:
        oauth.refresh("old-refresh")
    with pytest.raises(on_exchange) as exchanging:
        oauth.exchange_code("GB/abc")
    assert type(refreshing.value) is on_refresh
    assert type(exchanging.value) is on_exchange
    assert len(sage.calls) == 2


def test_a_refused_grant_asks_for_authorisation():
    assert issubclass(GrantRefused, ReauthorisationRequired)


def test_a_lost_pair_leaves_no_token_in_the_error(sage, oauth):
    sage.post(TOKEN_URL, json={"access_token": "first-access", "refresh_token": ""})
    with pytest.raises(RefreshOutcomeUnknown) as caught:
        oauth.refresh("old-refresh")
    assert "first-access" not in f"{caught.value} {caught.value.raw} {caught.value.problems}"


def test_revoking_sends_the_refresh_token(sage, oauth):
    """F27: disconnecting ends the grant at Sage too."""
    sage.post(REVOKE_URL, json={"success": "ok"})
    oauth.revoke("old-refresh")
    assert sent_form(sage)["token"] == "old-refresh"


def test_a_grant_that_is_already_dead_counts_as_revoked(sage, oauth):
    sage.post(REVOKE_URL, status=400, json={"error": "invalid_grant"})
    oauth.revoke("old-refresh")


@pytest.mark.parametrize("answer", [{"body": REFUSED}, {"status": 503}])
def test_revoking_says_when_sage_is_away(sage, oauth, answer):
    sage.post(REVOKE_URL, **answer)
    with pytest.raises(SageUnavailable):
        oauth.revoke("old-refresh")
