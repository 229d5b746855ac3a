"""FACTS.md 1: authorise, exchange, refresh, revoke."""

import base64
import hashlib
import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sage_sandbox.server import Sandbox
from tests.sandbox.conftest import Api

CLIENT = {"client_id": "0b7a/1c2d", "client_secret": "secret"}
REDIRECT = "http://127.0.0.1:1/sage/callback/"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def authorise_url(**more):
    asked = {
        "client_id": CLIENT["client_id"],
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "full_access",
        "state": "the state",
        "filter": "apiv3.1",
    }
    return "/oauth2/auth/central?" + urlencode(asked | more)


def consent(api, decision="allow", **more):
    """The parameters Sage sends the person back with."""
    page = api.raw("GET", authorise_url(**more))
    assert page.status == 200
    found = re.findall(rb'type="hidden" name="(\w+)" value="([^"]*)"', page.body)
    fields = {name.decode(): unescape(value.decode()) for name, value in found}
    answer = api.raw("POST", "/oauth2/auth/central", urlencode(fields | {"decision": decision}), FORM)
    assert answer.status == 302
    location = answer.headers["Location"]
    assert location.startswith(REDIRECT)
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def token(api, **fields):
    return api.raw("POST", "/token", urlencode(CLIENT | fields), FORM)


def exchange(api, code, **more):
    return token(api, grant_type="authorization_code", code=code, redirect_uri=REDIRECT, **more)


def refresh(api, refresh_token):
    return token(api, grant_type="refresh_token", refresh_token=refresh_token)


def test_the_consent_page_names_the_businesses_and_says_that_it_is_pretend(api):
    page = api.raw("GET", authorise_url()).body.decode()
    assert "Harbour &amp; Pine Ltd" in page
    assert "Liffey Books Ltd" in page
    assert "pretend Sage" in page
    assert "<script" not in page


def test_allowing_returns_a_code_with_a_country_part_and_the_state(api):
    answer = consent(api)
    assert answer["code"].startswith("GB/")
    assert answer["country"] == "GB"
    assert answer["state"] == "the state"


def test_denying_returns_access_denied(api):
    assert consent(api, "deny") == {"error": "access_denied", "state": "the state"}


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"country": "ca"}, "Invalid request"),
    ],
)
def test_a_wrong_request_returns_to_the_app_with_its_error(api, asked, error):
    answer = api.raw("GET", authorise_url(**asked))
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["error"] == [error]


@pytest.mark.parametrize("asked", [{"redirect_uri": "javascript:alert(1)"}, {"client_id": ""}])
def test_nobody_is_sent_to_an_address_that_is_none(api, asked):
    answer = api.raw("GET", authorise_url(**asked))
    assert answer.status == 400
    assert answer.headers["Location"] is None


def test_a_code_becomes_a_pair_of_long_tokens_that_open_the_api(api):
    pair = exchange(api, consent(api)["code"]).json
    assert set(pair) == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "refresh_token_expires_in",
        "scope",
        "requested_by_id",
    }
    assert pair["expires_in"] == 300
    assert pair["refresh_token_expires_in"] == 2678400
    assert pair["token_type"] == "bearer"
    assert 1200 < len(pair["access_token"]) < 2048
    assert pair["access_token"].count(".") == 2
    api.token = pair["access_token"]
    assert api.get("/businesses")["$total"] == 3


def test_a_code_works_once(api):
    code = consent(api)["code"]
    assert exchange(api, code).status == 200
    again = exchange(api, code)
    assert (again.status, again.json["error"]) == (400, "invalid_grant")


def test_a_code_lives_sixty_seconds(api):
    code = consent(api)["code"]
    api.handle.advance_clock(61)
    assert exchange(api, code).json["error"] == "invalid_grant"


def test_the_redirect_address_must_be_exactly_the_one_asked_with(api):
    answer = token(
        api, grant_type="authorization_code", code=consent(api)["code"], redirect_uri=REDIRECT + "x"
    )
    assert answer.json["error"] == "invalid_grant"


@pytest.mark.parametrize("method", ["S256", "plain"])
def test_pkce_is_enforced_when_used(api, method):
    verifier = "v" * 64
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    challenge = {"code_challenge": digest if method == "S256" else verifier, "code_challenge_method": method}
    assert exchange(api, consent(api, **challenge)["code"], code_verifier=verifier).status == 200
    assert exchange(api, consent(api, **challenge)["code"], code_verifier="w" * 64).status == 400
    assert exchange(api, consent(api, **challenge)["code"]).status == 400


def test_client_credentials_may_come_as_basic_authorisation(api):
    basic = base64.b64encode(b"0b7a%2F1c2d:secret").decode()
    fields = {"grant_type": "authorization_code", "code": consent(api)["code"], "redirect_uri": REDIRECT}
    answer = api.raw("POST", "/token", urlencode(fields), FORM | {"Authorization": f"Basic {basic}"})
    assert answer.status == 200


def test_refreshing_rotates_and_kills_the_old_token_at_once(api):
    first = exchange(api, consent(api)["code"]).json
    second = refresh(api, first["refresh_token"]).json
    assert second["refresh_token"] != first["refresh_token"]
    assert refresh(api, first["refresh_token"]).json["error"] == "invalid_grant"
    assert refresh(api, second["refresh_token"]).status == 200, "a reused token does not kill the family"


def test_a_grace_can_be_switched_on(api):
    api.handle.switch("refresh_grace_seconds", 30)
    first = exchange(api, consent(api)["code"]).json
    refresh(api, first["refresh_token"])
    assert refresh(api, first["refresh_token"]).status == 200
    api.handle.advance_clock(31)
    assert refresh(api, first["refresh_token"]).status == 400


def test_an_access_token_lives_five_minutes(api):
    assert api.ask("GET", "/businesses").status == 200
    api.handle.advance_clock(301)
    assert api.ask("GET", "/businesses").status == 401


def test_access_tokens_can_be_made_to_expire_at_once(api):
    assert api.handle.expire_access_tokens() == 1
    assert api.ask("GET", "/user").status == 401
    api.token = api.handle.tokens()["access_token"]
    assert api.ask("GET", "/user").status == 200


@pytest.mark.parametrize("scheme", ["Basic x", "Bearer", "Bearer unknown", None])
def test_without_a_known_token_nothing_opens(api, scheme):
    reply = api.ask("GET", "/user", Authorization=scheme)
    assert reply.status == 401
    assert reply.json[0]["$dataCode"] == "AuthorizationFailure"


def test_the_token_endpoint_takes_only_forms_by_post(api):
    assert api.raw("GET", "/token").json["error"] == "invalid_request"
    assert (
        api.raw("POST", "/token", "{}", {"Content-Type": "application/json"}).json["error"]
        == "invalid_request"
    )
    broken = FORM | {"Authorization": "Basic !!!"}
    assert api.raw("POST", "/token", "grant_type=refresh_token", broken).json["error"] == "invalid_client"


def test_a_refresh_token_lives_thirty_one_days(api):
    pair = exchange(api, consent(api)["code"]).json
    api.handle.advance_clock(31 * 86400 + 1)
    assert refresh(api, pair["refresh_token"]).json["error"] == "invalid_grant"


def test_revoking_ends_refreshing_while_the_access_token_runs_out(api):
    pair = exchange(api, consent(api)["code"]).json
    answer = api.raw("POST", "/revoke", urlencode(CLIENT | {"token": pair["refresh_token"]}), FORM)
    assert answer.json == {"success": "ok"}
    assert refresh(api, pair["refresh_token"]).json["error"] == "invalid_grant"
    api.token = pair["access_token"]
    assert api.ask("GET", "/user").status == 200


def test_when_the_person_removes_the_app_every_call_answers_403(api):
    pair = exchange(api, consent(api)["code"]).json
    assert api.handle.revoke_grants() >= 1
    api.token = pair["access_token"]
    assert api.ask("GET", "/user").status == 403
    assert refresh(api, pair["refresh_token"]).json["error"] == "invalid_grant"


def test_consent_can_be_remembered(api):
    api.handle.switch("remember_consent", True)
    exchange(api, consent(api)["code"])
    assert api.raw("GET", authorise_url()).status == 302


def test_a_readonly_token_may_not_write(api):
    api.token = exchange(api, consent(api, scope="readonly")["code"]).json["access_token"]
    assert api.ask("GET", "/contacts").status == 200
    assert api.ask("POST", "/contacts", {"contact": {}}).status == 403


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "unknown"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "client_secret": ""}, "invalid_client"),
    ],
)
def test_token_errors_are_an_object(api, fields, error):
    answer = token(api, **fields)
    assert answer.status == 400
    assert answer.json["error"] == error
    assert answer.json["error_description"]


def test_client_credentials_are_checked_when_the_sandbox_was_given_some():
    with Sandbox(client_id="known", client_secret="right") as strict:
        api = Api(strict)
        assert api.raw("GET", authorise_url()).status == 400
        body = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "known"}
        wrong = api.raw("POST", "/token", urlencode(body | {"client_secret": "wrong"}), FORM)
        right = api.raw("POST", "/token", urlencode(body | {"client_secret": "right"}), FORM)
    assert wrong.json["error"] == "invalid_client"
    assert right.json["error"] == "invalid_grant"
