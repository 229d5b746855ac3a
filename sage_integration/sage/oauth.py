"""Signing in to Sage: the authorise address, the code exchange, refreshing and revoking (FACTS.md 1)."""

from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import requests
from oauthlib.oauth2 import WebApplicationClient

from sage_integration.sage.answers import Answer, error_in, problems_in
from sage_integration.sage.decimals import json_value
from sage_integration.sage.errors import (
    AppRefused,
    GrantRefused,
    RefreshOutcomeUnknown,
    SageError,
    SageRateLimited,
    SageUnavailable,
    UnexpectedAnswer,
)
from sage_integration.sage.network import Timeout, never_sent, open_session
from sage_integration.sage.redaction import redacted
from sage_integration.sage.wire import Wire

SCOPE = "full_access"
#: Characters of a PKCE code verifier; 43 to 128 are allowed.
_VERIFIER_LENGTH = 64


@dataclass(frozen=True)
class TokenPair:
    """What a grant gives: a short access token and the single-use refresh token that follows it.

    Lifetimes are seconds from the answer; Sage asks not to assume them (FACTS.md 1.2).
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    refresh_token_expires_in: int
    requested_by_id: str | None
    scope: str


class OAuthClient:
    """This installation as Sage knows it; keeps no token."""

    def __init__(
        self,
        *,
        authorize_url: str,
        token_url: str,
        revoke_url: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        timeout: Timeout = (5, 10),
        session: requests.Session | Wire | None = None,
    ) -> None:
        self._authorize_url = authorize_url
        self._token_url = token_url
        self._revoke_url = revoke_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._timeout = timeout
        #: Kept connections; without them each request makes one of its own.
        self._session = session
        self._forms = WebApplicationClient(client_id)

    def authorization_url(self, state: str, code_verifier: str | None = None) -> str:
        """The address of Sage's sign-in page; with a verifier, bound to it by its S256 challenge."""
        query = {
            "filter": "apiv3.1",
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": SCOPE,
            "state": state,
        }
        if code_verifier is not None:
            query["code_challenge"] = self._forms.create_code_challenge(code_verifier, "S256")
            query["code_challenge_method"] = "S256"
        separator = "&" if urlsplit(self._authorize_url).query else "?"
        return f"{self._authorize_url}{separator}{urlencode(query)}"

    def new_code_verifier(self) -> str:
        """A fresh secret to keep beside the state until the code comes back."""
        return self._forms.create_code_verifier(_VERIFIER_LENGTH)

    def exchange_code(self, code: str, code_verifier: str | None = None) -> TokenPair:
        """The first tokens, for a code as the callback's query gives it once decoded ("GB/…").

        Raises `GrantRefused` (also for a code older than 60 seconds), `AppRefused`, `SageUnavailable`
        or `UnexpectedAnswer`; after any of them the person signs in again.
        """
        body = self._forms.prepare_request_body(
            code=code,
            redirect_uri=self._redirect_uri,
            code_verifier=code_verifier,
            client_secret=self._client_secret,
        )
        try:
            answer = self._post(self._token_url, body)
        except requests.RequestException as error:
            raise SageUnavailable("exchanging the code") from error
        return self._tokens(answer, "exchanging the code", lost=UnexpectedAnswer)

    def refresh(self, refresh_token: str) -> TokenPair:
        """The next tokens; the refresh token given here is dead from now on (FACTS.md 1.2).

        Raises `GrantRefused`, `AppRefused`, `SageRateLimited`, `SageUnavailable` if the token is
        certainly unused, `RefreshOutcomeUnknown` if it may have been replaced.
        """
        body = self._forms.prepare_refresh_body(
            refresh_token=refresh_token, client_id=self._client_id, client_secret=self._client_secret
        )
        try:
            answer = self._post(self._token_url, body)
        except requests.RequestException as error:
            lost = SageUnavailable if never_sent(error) else RefreshOutcomeUnknown
            raise lost("refreshing the token") from error
        return self._tokens(answer, "refreshing the token", lost=RefreshOutcomeUnknown)

    def revoke(self, refresh_token: str) -> None:
        """End the grant at Sage; one that is already dead counts as ended (FACTS.md 1.3).

        Access tokens live on for up to five minutes. Raises `SageUnavailable`, `AppRefused`, …
        """
        form = {
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "token": refresh_token,
        }
        try:
            answer = self._post(self._revoke_url, urlencode(form))
        except requests.RequestException as error:
            raise SageUnavailable("revoking the token") from error
        refusal = _refusal(answer, "revoking the token", lost=SageUnavailable)
        if refusal is not None and not isinstance(refusal, GrantRefused):
            raise refusal

    def _post(self, url: str, body: str) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        response = (self._session or open_session()).request(
            "POST",
            url,
            data=body.encode(),
            headers=headers,
            timeout=self._timeout,
            allow_redirects=False,
        )
        return Answer(response.status_code, response.headers, response.content)

    def _tokens(self, answer: Answer, doing: str, *, lost: type[SageError]) -> TokenPair:
        refusal = _refusal(answer, doing, lost=lost)
        if refusal is not None:
            raise refusal
        try:
            return _token_pair(json_value(answer.content))
        except ValueError as cause:
            # The body of a token answer is never kept, not even redacted.
            raise lost(doing, status=answer.status, request_id=answer.request_id) from cause


def _refusal(answer: Answer, doing: str, *, lost: type[SageError]) -> SageError | None:
    """The error of a token endpoint, whose body is `{error, error_description}` (FACTS.md 1.2)."""
    if 200 <= answer.status < 300:
        return None
    codes = {problem["code"] for problem in problems_in(answer.content)}
    kind = lost
    if answer.status == 429:
        kind = SageRateLimited
    elif 400 <= answer.status < 500:
        kind = _REFUSALS.get(next(iter(codes), ""), UnexpectedAnswer)
    known = error_in(answer, doing, writing=True)
    return kind(
        doing,
        status=answer.status,
        problems=known.problems if known else (),
        request_id=answer.request_id,
        retry_after=known.retry_after if known else None,
        raw=redacted(answer.text),
    )


_REFUSALS: dict[str, type[SageError]] = {
    "invalid_grant": GrantRefused,
    "invalid_client": AppRefused,
    "unauthorized_client": AppRefused,
}


def _token_pair(answer: object) -> TokenPair:
    if not isinstance(answer, dict):
        raise ValueError("The token answer is not an object")
    access_token, refresh_token = answer.get("access_token"), answer.get("refresh_token")
    expires_in = answer.get("expires_in")
    refresh_expires_in = answer.get("refresh_token_expires_in")
    if not (isinstance(access_token, str) and access_token):
        raise ValueError("The token answer has no access token")
    if not (isinstance(refresh_token, str) and refresh_token):
        raise ValueError("The token answer has no refresh token")
    if not (isinstance(expires_in, int) and isinstance(refresh_expires_in, int)):
        raise ValueError("The token answer has no lifetimes")
    return TokenPair(
        access_token=access_token,
        refresh_token=refresh_token,
        expires_in=expires_in,
        refresh_token_expires_in=refresh_expires_in,
        requested_by_id=answer.get("requested_by_id"),
        scope=str(answer.get("scope", "")),
    )
