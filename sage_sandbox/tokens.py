"""Grants and the tokens that hang on them: issue, rotate, check, expire (FACTS.md 1.2)."""

import base64
import hashlib
import json
import secrets
import uuid
from dataclasses import dataclass

from sage_sandbox.clock import Clock
from sage_sandbox.errors import OAuthRefusal
from sage_sandbox.store import Doc, Store
from sage_sandbox.switches import Switches

USER_ID = "b237409178ecb7c97a0ad86b4e6903fd"
REQUESTED_BY = "5f0c8e57-2f3d-4a4f-9d0c-0f3f7c1f2a11"


@dataclass(frozen=True, slots=True)
class Grant:
    """A person's consent for one client: it opens every business the person can open."""

    id: str
    client_id: str
    scope: str
    revoked: bool


class Tokens:
    """Access and refresh tokens; only their digests are kept."""

    def __init__(self, store: Store, clock: Clock, switches: Switches) -> None:
        self._store = store
        self._clock = clock
        self._switches = switches
        self._access: dict[str, tuple[float, str]] = {}
        self._grants: dict[str, Grant] = {}

    def new_grant(self, client_id: str, scope: str) -> str:
        """A new consent; answers its id."""
        key = uuid.uuid4().hex
        self._store.execute("INSERT INTO grants VALUES (?, ?, ?, 0)", (key, client_id, scope))
        return key

    def issue(self, grant_id: str) -> Doc:
        """A fresh pair of tokens in the shape of the token endpoint's answer."""
        grant = self._grant(grant_id)
        seconds = self._switches["access_token_seconds"]
        days = self._switches["refresh_token_days"]
        access = self._mint(grant, "access", seconds)
        refresh = self._mint(grant, "refresh", days * 86400)
        return {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": seconds,
            "refresh_token": refresh,
            "refresh_token_expires_in": days * 86400,
            "scope": grant.scope,
            "requested_by_id": REQUESTED_BY,
        }

    def rotate(self, refresh_token: str, client_id: str) -> Doc:
        """A fresh pair for a refresh token, which is dead at once; raises invalid_grant when it is no longer good."""
        now = self._clock.now()
        with self._store.transaction():
            found = self._store.row(
                "SELECT grant_id, expires, spent FROM tokens WHERE digest = ? AND kind = 'refresh'",
                (_digest(refresh_token),),
            )
            if found is None:
                raise OAuthRefusal("invalid_grant", "The refresh token is unknown.")
            grant_id, expires, spent = found
            grant = self._grant(grant_id)
            dead = spent is not None and now - spent >= self._switches["refresh_grace_seconds"]
            if dead or now >= expires or grant.revoked or grant.client_id != client_id:
                raise OAuthRefusal("invalid_grant", "The refresh token is expired, used or revoked.")
            self._store.execute(
                "UPDATE tokens SET spent = coalesce(spent, ?) WHERE digest = ?", (now, _digest(refresh_token))
            )
            return self.issue(grant_id)

    def kill_refresh_token(self, refresh_token: str, client_id: str) -> None:
        """Revoke as `POST /revoke` does: no more refreshing, the access token runs out by itself (FACTS.md 1.3)."""
        found = self._store.row(
            "SELECT t.grant_id FROM tokens t JOIN grants g ON g.id = t.grant_id"
            " WHERE t.digest = ? AND t.kind = 'refresh' AND g.client_id = ?",
            (_digest(refresh_token), client_id),
        )
        if found:
            self._store.execute(
                "UPDATE tokens SET spent = ? WHERE grant_id = ? AND kind = 'refresh'", (-1e12, found[0])
            )

    def check(self, access_token: str) -> Grant | None:
        """The grant of a live access token, or None."""
        digest = _digest(access_token)
        known = self._access.get(digest)
        if known is None:
            found = self._store.row(
                "SELECT expires, grant_id FROM tokens WHERE digest = ? AND kind = 'access'", (digest,)
            )
            if found is None:
                return None
            known = self._access[digest] = (found[0], found[1])
        expires, grant_id = known
        return self._grant(grant_id) if self._clock.now() < expires else None

    def revoke_grants(self) -> int:
        """The person removes the app in Sage: refreshing fails and every call answers 403; answers how many."""
        changed = self._store.execute("UPDATE grants SET revoked = 1 WHERE revoked = 0").rowcount
        self._grants.clear()
        return changed

    def expire_access_tokens(self) -> int:
        """Every access token has expired as of now; answers how many there were."""
        now = self._clock.now()
        changed = self._store.execute(
            "UPDATE tokens SET expires = ? WHERE kind = 'access' AND expires > ?", (now, now)
        ).rowcount
        self._access.clear()
        return changed

    def forget(self) -> None:
        """Drop what is kept in memory after the store was cleared."""
        self._access.clear()
        self._grants.clear()

    def _grant(self, key: str) -> Grant:
        grant = self._grants.get(key)
        if grant is None:
            found = self._store.row("SELECT client_id, scope, revoked FROM grants WHERE id = ?", (key,))
            if found is None:
                raise LookupError(f"token of an unknown grant {key}")
            grant = self._grants[key] = Grant(key, found[0], found[1], bool(found[2]))
        return grant

    def _mint(self, grant: Grant, kind: str, seconds: float) -> str:
        now = self._clock.now()
        token = _jwt(grant, kind, int(now), int(now + seconds))
        self._store.execute(
            "INSERT INTO tokens VALUES (?, ?, ?, ?, NULL)", (_digest(token), kind, grant.id, now + seconds)
        )
        return token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _jwt(grant: Grant, kind: str, issued: int, expires: int) -> str:
    """A token that looks like Sage's: RS512, about 1,300 characters; the signature is random."""
    claims = {
        "jti": f"{uuid.uuid4()}-{uuid.uuid4()}",
        "iat": issued,
        "exp": expires,
        "iss": "https://sage-sandbox.invalid/oauth",
        "sub": USER_ID,
        "aud": ["sage-sandbox", "api.accounting.sage-sandbox.invalid"],
        "azp": grant.client_id,
        "country": "GB",
        "use": kind,
        "scopes": [grant.scope, "contacts", "sales", "banking", "settings", "products", "journals"],
    }
    header = {"alg": "RS512", "typ": "JWT", "kid": "sage-sandbox-signing-key-1"}
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), secrets.token_bytes(512)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
