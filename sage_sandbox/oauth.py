"""The authorise page, the token endpoint and the revoke endpoint (FACTS.md 1)."""

import base64
import binascii
import hashlib
import hmac
import secrets
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus, urlencode, urlsplit

from sage_sandbox.errors import OAuthRefusal
from sage_sandbox.exchange import Answer, Call, html_answer, json_answer, redirect
from sage_sandbox.pages import page

if TYPE_CHECKING:
    from sage_sandbox.application import PretendSage

AUTHORISE_PATH = "/oauth2/auth/central"
FIELDS = (
    "client_id",
    "response_type",
    "redirect_uri",
    "scope",
    "state",
    "country",
    "locale",
    "filter",
    "code_challenge",
    "code_challenge_method",
)
SCOPES = ("full_access", "readonly")


class OAuth:
    """The three endpoints."""

    def __init__(self, sage: "PretendSage", client_id: str | None, client_secret: str | None) -> None:
        self._sage = sage
        self._client_id = client_id
        self._client_secret = client_secret

    def answer(self, call: Call) -> Answer:
        """The answer of whichever endpoint the path names."""
        if call.path == AUTHORISE_PATH:
            return self._authorise(call)
        try:
            if call.method != "POST":
                raise OAuthRefusal("invalid_request", "The method must be POST.")
            if not call.environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
                raise OAuthRefusal("invalid_request", "The body must be a form.")
            form = call.form()
            call.client_id = self._authenticate(call, form)
            payload = self._token(call, form) if call.path == "/token" else self._revoke(call, form)
        except OAuthRefusal as refusal:
            return json_answer(400, {"error": refusal.error, "error_description": refusal.description})
        return json_answer(200, payload, {"Cache-Control": "no-store"})

    def _authorise(self, call: Call) -> Answer:
        asked = call.form() if call.method == "POST" else call.query
        client_id, redirect_uri = asked.get("client_id", ""), asked.get("redirect_uri", "")
        target = urlsplit(redirect_uri)
        if not client_id or (self._client_id is not None and client_id != self._client_id):
            return _problem("The app that sent you here is not known (client_id).")
        if target.scheme not in ("http", "https") or not target.netloc or target.fragment:
            return _problem("The app that sent you here did not say where to return to (redirect_uri).")
        state = asked.get("state", "")
        error = _request_error(asked)
        if error:
            return _return(redirect_uri, error, state)
        if call.method == "POST" and asked.get("decision") != "allow":
            return _return(redirect_uri, {"error": "access_denied"}, state)
        known = self._sage.store.row("SELECT 1 FROM grants WHERE client_id = ? AND revoked = 0", (client_id,))
        if call.method == "POST" or (known and self._sage.switches["remember_consent"]):
            return _return(redirect_uri, {"code": self._code(asked), "country": "GB"}, state)
        return self._consent_page(asked)

    def _code(self, asked: dict[str, str]) -> str:
        code = f"GB/{secrets.token_urlsafe(24)}"
        self._sage.store.execute(
            "INSERT INTO codes VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                code,
                asked["client_id"],
                asked["redirect_uri"],
                asked.get("scope") or "full_access",
                asked.get("code_challenge", ""),
                asked.get("code_challenge_method") or "plain",
                self._sage.clock.now() + self._sage.switches["code_seconds"],
            ),
        )
        return code

    def _consent_page(self, asked: dict[str, str]) -> Answer:
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(asked[name])}">'
            for name in FIELDS
            if name in asked
        )
        names = "".join(
            f"<li>{escape(business['answer']['name'])} ({business['country']})</li>"
            for business in self._sage.store.businesses.values()
            if business["accessible"]
        )
        may = "read" if asked.get("scope") == "readonly" else "read and change"
        body = (
            f"<p>An app asks to {may} the books of these businesses:</p><ul>{names}</ul>"
            f"<p>It will return to <strong>{escape(urlsplit(asked['redirect_uri']).netloc)}</strong>.</p>"
            f'<form method="post" action="{AUTHORISE_PATH}">{hidden}'
            '<p><button type="submit" name="decision" value="allow">Allow</button> '
            '<button type="submit" name="decision" value="deny" class="quiet">Deny</button></p></form>'
        )
        return html_answer(200, page("Connect to the Sage sandbox", body, menu=False))

    def _authenticate(self, call: Call, form: dict[str, str]) -> str:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, credentials = call.header("Authorization").partition(" ")
        if scheme.lower() == "basic" and not client_id:
            try:
                decoded = base64.b64decode(credentials, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise OAuthRefusal("invalid_client", "The Authorization header cannot be read.") from error
            client_id, _, secret = (unquote_plus(part) for part in decoded.partition(":"))
        if not client_id or not secret:
            raise OAuthRefusal("invalid_client", "client_id and client_secret are required.")
        wrong = self._client_id is not None and client_id != self._client_id
        if self._client_secret is not None and not hmac.compare_digest(
            secret.encode(), self._client_secret.encode()
        ):
            wrong = True
        if wrong:
            raise OAuthRefusal("invalid_client", "The client is unknown or its secret is wrong.")
        return client_id

    def _token(self, call: Call, form: dict[str, str]) -> dict[str, object]:
        grant_type = form.get("grant_type")
        if grant_type == "refresh_token":
            if not form.get("refresh_token"):
                raise OAuthRefusal("invalid_request", "refresh_token is required.")
            return self._sage.tokens.rotate(form["refresh_token"], call.client_id)
        if grant_type == "authorization_code":
            return self._exchange(call, form)
        if not grant_type:
            raise OAuthRefusal("invalid_request", "grant_type is required.")
        raise OAuthRefusal(
            "unsupported_grant_type", "grant_type must be authorization_code or refresh_token."
        )

    def _exchange(self, call: Call, form: dict[str, str]) -> dict[str, object]:
        if not form.get("code") or not form.get("redirect_uri"):
            raise OAuthRefusal("invalid_request", "code and redirect_uri are required.")
        store = self._sage.store
        with store.lock:
            found = store.row(
                "SELECT client_id, redirect_uri, scope, challenge, challenge_method, expires FROM codes WHERE code = ?",
                (form["code"],),
            )
            # A code is good for one try, also when that try fails (FACTS.md 1.1).
            store.execute("DELETE FROM codes WHERE code = ?", (form["code"],))
            if found is None or self._sage.clock.now() >= found[5]:
                raise OAuthRefusal("invalid_grant", "The code is unknown, used or expired.")
            client_id, redirect_uri, scope, challenge, method, _expires = found
            if client_id != call.client_id or redirect_uri != form["redirect_uri"]:
                raise OAuthRefusal("invalid_grant", "The code was given to another client or redirect_uri.")
            if challenge and not _verifies(challenge, method, form.get("code_verifier", "")):
                raise OAuthRefusal("invalid_grant", "The code_verifier does not match.")
            with store.transaction():
                return self._sage.tokens.issue(self._sage.tokens.new_grant(client_id, scope))

    def _revoke(self, call: Call, form: dict[str, str]) -> dict[str, object]:
        if not form.get("token"):
            raise OAuthRefusal("invalid_request", "token is required.")
        self._sage.tokens.kill_refresh_token(form["token"], call.client_id)
        return {"success": "ok"}


def _request_error(asked: dict[str, str]) -> dict[str, str]:
    if asked.get("response_type") != "code":
        return {"error": "unsupported_response_type"}
    if asked.get("scope") and asked["scope"] not in SCOPES:
        return {"error": "invalid_scope"}
    if asked.get("country", "gb").lower() != "gb":
        # What users of another country's login see (FACTS.md 1.1).
        return {"error": "Invalid request", "reason": "Email already in use"}
    challenge, method = asked.get("code_challenge"), asked.get("code_challenge_method", "plain")
    if challenge is not None and (not 43 <= len(challenge) <= 128 or method not in ("plain", "S256")):
        return {"error": "invalid_request"}
    return {}


def _verifies(challenge: str, method: str, verifier: str) -> bool:
    if method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(challenge.encode(), verifier.encode())


def _return(redirect_uri: str, parameters: dict[str, str], state: str) -> Answer:
    query = urlencode(parameters | ({"state": state} if state else {}))
    separator = "&" if urlsplit(redirect_uri).query else "?"
    return redirect(f"{redirect_uri}{separator}{query}", 302)


def _problem(sentence: str) -> Answer:
    return html_answer(400, page("Sage sandbox: this cannot be authorised", f"<p>{sentence}</p>", menu=False))
