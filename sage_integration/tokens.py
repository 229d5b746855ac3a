"""The tokens of the practice's connection: opened, refreshed and given out here, and nowhere else.

Sage's refresh tokens work once (FACTS.md 1.2). The connection row is locked around a refresh, and the new
pair is committed in a transaction of its own, so that no outer rollback can lose it. It is the only network
call that waits inside a transaction, ten seconds at most.
"""

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from practices.fields import CannotOpen
from practices.rows import rows_of
from practices.tenancy import practice_transaction
from sage_integration.connections import (
    clear_trouble,
    keep_tokens,
    mark_needs_reauthorisation,
    record_trouble,
)
from sage_integration.models import SageConnection
from sage_integration.sage.errors import AppRefused, GrantRefused, ReauthorisationRequired
from sage_integration.sage.oauth import OAuthClient
from sage_integration.sage.wire import kept_wire

log = structlog.get_logger(__name__)

#: A token with less than this left is replaced before it is used.
MARGIN = timedelta(seconds=60)
TOKENS = ("access_token", "refresh_token")


def oauth_client() -> OAuthClient:
    """This installation as Sage knows it."""
    return OAuthClient(
        authorize_url=settings.SAGE_AUTHORIZE_URL,
        token_url=settings.SAGE_TOKEN_URL,
        revoke_url=settings.SAGE_REVOKE_URL,
        client_id=settings.SAGE_CLIENT_ID,
        client_secret=settings.SAGE_CLIENT_SECRET,
        redirect_uri=f"{settings.PUBLIC_URL}/sage/callback/",
        timeout=(5, 10),
        session=kept_wire(),
    )


def access_token() -> str:
    """A token of the acting practice's connection with a minute or more left; opens its own transaction.

    Raises `ReauthorisationRequired` when only a new sign-in helps; `SageUnavailable`,
    `RefreshOutcomeUnknown`, `SageRateLimited` or `AppRefused` when trying again later may.
    """
    with practice_transaction():
        connection = SageConnection.objects.live().first()
        if connection and _is_fresh(connection) and not _is_refused(connection):
            try:
                return str(connection.access_token)
            except CannotOpen:
                log.warning("a stored token does not open")
    return _refreshed(_is_fresh)


def replaced_token() -> str:
    """The same, where the one at hand is known to have run out: asks for the stored one under its lock alone."""
    return _refreshed(_is_fresh)


def newer_token(stale: str) -> str:
    """Another token than the one that Sage has just refused; otherwise as `access_token`."""
    return _refreshed(lambda connection: _is_fresh(connection) and connection.access_token != stale)


def keep_alive() -> None:
    """Use the refresh token before it dies of age: an idle one lasts 31 days (FACTS.md 1.2); raises as above."""
    access_token()


def _refreshed(is_good: Callable[[SageConnection], bool]) -> str:
    used, connection_id = "", 0
    try:
        with practice_transaction():
            row = _locked()
            connection_id = row.pk
            # Locked before it is opened: a sealed value that does not open must not be read half-way.
            [connection] = rows_of(SageConnection, "id = %s", row.pk)
            if is_good(connection):
                return str(connection.access_token)
            used = connection.refresh_token
            keep_tokens(connection, oauth_client().refresh(used))
            if connection.trouble == AppRefused.__name__:
                clear_trouble(AppRefused)
            log.info("sage token refreshed", connection_id=connection.pk)
            return str(connection.access_token)
    except CannotOpen as error:
        return _given_up(connection_id, used, ReauthorisationRequired("the stored tokens do not open"), error)
    except GrantRefused as error:
        return _given_up(connection_id, used, error, error)
    except AppRefused as error:
        with practice_transaction():
            record_trouble(error, connection_id)
        raise


def _locked() -> SageConnection:
    """The live connection, its tokens sealed, which nobody else refreshes meanwhile."""
    rows = rows_of(
        SageConnection, "status <> %s FOR UPDATE", SageConnection.Status.DISCONNECTED.value, without=TOKENS
    )
    if not rows or _is_refused(rows[0]):
        raise ReauthorisationRequired("the practice has no working connection to Sage")
    return rows[0]


def _given_up(connection_id: int, used: str, refusal: ReauthorisationRequired, cause: Exception) -> str:
    """Mark the connection dead, unless somebody has replaced the refused token meanwhile."""
    with practice_transaction():
        row = SageConnection.objects.live().select_for_update().first()
        if row is not None and not isinstance(cause, CannotOpen):
            current = SageConnection.objects.with_tokens().get(pk=row.pk)
            if current.refresh_token != used and _is_fresh(current):
                return str(current.access_token)
        mark_needs_reauthorisation(refusal, connection_id)
    raise refusal from cause


def _is_fresh(connection: SageConnection) -> bool:
    expires_at = connection.access_expires_at
    return expires_at is not None and expires_at > timezone.now() + MARGIN


def _is_refused(connection: SageConnection) -> bool:
    return connection.status == SageConnection.Status.NEEDS_REAUTHORISATION
