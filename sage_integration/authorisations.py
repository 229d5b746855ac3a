"""The trip to Sage's sign-in page and back, by the rules of OAuth 2 (FACTS.md 1, RFC 9700).

The state in the address is signed, names the practice, lasts ten minutes and works once, for the person and
the browser it was made for. Its row is used up before anything else is asked, so that a repeat finds nothing.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

import structlog
from django.core import signing
from django.utils import timezone

from practices.models import Membership, Practice, User
from practices.permissions import Can, may
from practices.tenancy import acting_for, practice_transaction
from sage_integration.businesses import refusal_of
from sage_integration.connections import complete_connection
from sage_integration.errors import (
    CodeMissing,
    CodeRefused,
    ConsentDenied,
    InstallationRefused,
    NoUsableCompany,
    ReadOnlyAccess,
    SageIsAway,
    SageRefusedSignIn,
    SignInFailed,
    StartedBySomebodyElse,
    StateExpired,
    StateMissing,
    StateNotOurs,
    StateUsed,
)
from sage_integration.models import Authorisation
from sage_integration.offer import refusal_to_connect
from sage_integration.sage.errors import AppRefused, GrantRefused, SageError
from sage_integration.sage.oauth import SCOPE, TokenPair
from sage_integration.sessions import open_sage_with
from sage_integration.tokens import oauth_client

log = structlog.get_logger(__name__)

LIFE = timedelta(minutes=10)
STATE_SALT = "sage_integration.state"
#: How many companies of a login are looked at before it is believed to have none that can be connected.
LOOKED_AT = 20


@dataclass(frozen=True)
class State:
    """What comes back from Sage as it was sent: the practice, and the secret of this one trip."""

    practice_id: int
    nonce: str


def begin_connection(practice: Practice, *, by: User, browser: str) -> str:
    """The address of Sage's sign-in page for one trip by this person in this browser.

    ``browser`` is a secret kept in the session. Raises `PracticeNotInUK` (F01), `PlanLacksSage` (F09) or
    `SageNotConfigured`.
    """
    if refusal := refusal_to_connect(practice):
        raise refusal
    oauth = oauth_client()
    nonce, verifier = secrets.token_urlsafe(32), oauth.new_code_verifier()
    Authorisation.objects.filter(created_at__lt=timezone.now() - LIFE).delete()
    Authorisation.objects.create(user=by, nonce_sha256=_hashed(nonce, browser), code_verifier=verifier)
    state = signing.dumps([practice.pk, nonce], salt=STATE_SALT)
    return oauth.authorization_url(state, verifier)


def finish_authorisation(answer: Mapping[str, str], *, by: User, browser: str) -> Practice:
    """The practice that is connected now, once Sage has sent the person back with this query.

    Opens transactions of its own, with the network between them. Raises a `SignInFailed`, whose subject is
    the practice if it is known to be this person's; nothing is stored then.
    """
    state = _state_in(answer)
    practice = _practice_of(state, by)
    try:
        with acting_for(practice.pk):
            _connect(answer, state, by=by, browser=browser)
    except SignInFailed as failure:
        failure.subject = practice
        log.warning("sage sign-in failed", reason=type(failure).__name__, practice_id=practice.pk)
        raise
    return practice


def _connect(answer: Mapping[str, str], state: State, *, by: User, browser: str) -> None:
    with practice_transaction():
        authorisation = _take_authorisation(state, browser)
    if authorisation.user_id != by.pk:
        raise StartedBySomebodyElse
    if authorisation.created_at < timezone.now() - LIFE:
        raise StateExpired
    pair = _tokens_for(_code_in(answer), authorisation.code_verifier)
    businesses = _businesses_of(pair)
    with practice_transaction():
        complete_connection(pair, businesses, by=by)


def _state_in(answer: Mapping[str, str]) -> State:
    text = answer.get("state", "")
    if not text:
        raise StateMissing
    try:
        practice_id, nonce = signing.loads(text, salt=STATE_SALT, max_age=LIFE)
    except signing.SignatureExpired as error:
        raise StateExpired from error
    except (signing.BadSignature, ValueError) as error:
        log.warning("sage sign-in with a foreign state")
        raise StateNotOurs from error
    return State(practice_id, nonce)


def _practice_of(state: State, user: User) -> Practice:
    """The practice of the state, if this person may connect it."""
    membership = (
        Membership.objects.filter(user=user, practice=state.practice_id).select_related("practice").first()
    )
    if membership is None or not may(membership.role, Can.MANAGE_CONNECTION):
        raise StartedBySomebodyElse
    return membership.practice


def _take_authorisation(state: State, browser: str) -> Authorisation:
    """The trip's row, gone from now on: of two answers with one state, one finds it."""
    mine = Authorisation.objects.filter(nonce_sha256=_hashed(state.nonce, browser))
    authorisation: Authorisation | None = mine.select_for_update().first()
    if authorisation is None:
        raise StateUsed
    mine.delete()
    return authorisation


def _code_in(answer: Mapping[str, str]) -> str:
    if error := answer.get("error", ""):
        if error == "access_denied":
            raise ConsentDenied
        said = ": ".join(part[:200] for part in (error, answer.get("error_description", "")) if part)
        raise SageRefusedSignIn(message=f"{SageRefusedSignIn.message} Sage said “{said}”.")
    if code := answer.get("code", ""):
        return code
    raise CodeMissing


def _tokens_for(code: str, verifier: str) -> TokenPair:
    try:
        pair = oauth_client().exchange_code(code, verifier)
    except GrantRefused as error:
        raise CodeRefused from error
    except AppRefused as error:
        raise InstallationRefused from error
    except SageError as error:
        raise SageIsAway from error
    if "readonly" in pair.scope and SCOPE not in pair.scope:
        raise ReadOnlyAccess
    return pair


def _businesses_of(pair: TokenPair) -> list[str]:
    """The ids of everything this login can open; raises `NoUsableCompany` when none of it fits (F02)."""
    sage = open_sage_with(pair.access_token)
    try:
        businesses = [business["id"] for business in sage.businesses.list()]
        fitting = (not refusal_of(sage.businesses.get(business)) for business in businesses)
        fits = any(islice(fitting, LOOKED_AT))
    except SageError as error:
        raise SageIsAway from error
    if not fits:
        raise NoUsableCompany
    return businesses


def _hashed(nonce: str, browser: str) -> str:
    return hashlib.sha256(f"{browser}:{nonce}".encode()).hexdigest()
