"""Sage as this installation reaches it: addresses, keys, budget and kept connections come from the settings."""

import logging
import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache

import structlog
from django.conf import settings
from django.db import connection as database
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from practices.tenancy import practice_transaction
from sage_integration import exchanges, tokens
from sage_integration.connections import clear_trouble, mark_needs_reauthorisation, record_trouble
from sage_integration.limiter import Held, Limiter, Room
from sage_integration.models import SageConnection
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import (
    ReauthorisationRequired,
    SageRateLimited,
    SageUnavailable,
    SubscriptionInactive,
)
from sage_integration.sage.transport import Exchange, Transport
from sage_integration.sage.wire import kept_wire

log = structlog.get_logger(__name__)
_listens = logging.getLogger(__name__)

#: The part of a minute's requests that is kept for what a person is waiting for.
RESERVE = 0.02
#: Seconds within which requests that were taken together leave: for longer than an announcement holds.
HELD_FOR = 30.0
#: Seconds for which a document that went through speaks for those after it.
CALM_FOR = 60.0


@contextmanager
def open_sage(connection: SageConnection, *, urgent: bool = False) -> Iterator[SageClient]:
    """Everything of the connected business; `urgent` when a person is waiting, which may use the reserve.

    Must be used outside a transaction. What escapes the block and concerns the connection itself is
    recorded on it: a missing subscription, an authorisation that Sage has withdrawn.
    """
    budget = _budget_of(connection)
    answers: deque[Exchange] = deque(maxlen=1)
    held = _HeldToken(connection)
    with exchanges.kept() as kept:
        transport = Transport(
            settings.SAGE_API_URL,
            connection.business_id or None,
            held.token,
            refresh=held.newer,
            acquire=lambda: _acquire(budget, urgent=urgent),
            hold=None if urgent else lambda count: _hold(budget, count),
            on_exchange=lambda exchange: _note(exchange, answers, kept),
            timeout=settings.SAGE_TIMEOUT,
            session=kept_wire(),
        )
        try:
            yield SageClient(transport)
        except SubscriptionInactive as error:
            with practice_transaction():
                record_trouble(error, connection.pk)
            raise
        except ReauthorisationRequired as error:
            with practice_transaction():
                mark_needs_reauthorisation(error, connection.pk, since=connection.connected_at)
            raise
        finally:
            transport.release()
    if connection.trouble == SubscriptionInactive.__name__ and any(map(_succeeded, answers)):
        with practice_transaction():
            clear_trouble(SubscriptionInactive)


def open_sage_with(access_token: str) -> SageClient:
    """What a login can open before there is a connection: its businesses, and nothing of any one of them."""
    transport = Transport(
        settings.SAGE_API_URL, None, lambda: access_token, on_exchange=_log, session=kept_wire()
    )
    return SageClient(transport)


def limiter() -> Limiter:
    """The budget of requests of this installation."""
    return _limiter(
        settings.REDIS_URL,
        per_minute=settings.SAGE_REQUESTS_PER_MINUTE,
        per_day=settings.SAGE_REQUESTS_PER_DAY,
        app_per_day=settings.SAGE_APP_REQUESTS_PER_DAY,
        minute=settings.SAGE_MINUTE_SECONDS,
    )


def forget_everything() -> None:
    """Know nothing of budgets, tokens and businesses any more, as a new process would."""
    _limiter.cache_clear()
    _kept_tokens.clear()
    _all_went_well.clear()


def all_went_well(business_id: str) -> bool:
    """Whether the last that this process sent to a business went through, less than a minute ago."""
    return time.monotonic() < _all_went_well.get(business_id, 0.0)


def note_how_it_went(business_id: str, *, well: bool) -> None:
    """Remember for a minute that a document went through, or forget it because one did not."""
    if well:
        _all_went_well[business_id] = time.monotonic() + CALM_FOR
    else:
        _all_went_well.pop(business_id, None)


def room_for(connection: SageConnection) -> Room:
    """What background work may ask of this business from now on; nothing, and no wait, while that cannot be read."""
    try:
        return limiter().room(_budget_of(connection))
    except RedisError:
        return Room(0, 0.0)


def shortest_rest() -> float:
    """Seconds that a business with a used-up budget rests, besides what it has to wait: a hundredth of Sage's minute.

    Those that come back next are then a little ahead of being sent, so that a turn does not end for the sake of a
    moment; and who has caught up lets a few come together, as a turn for each would cost more than sending it.
    """
    return settings.SAGE_MINUTE_SECONDS / 100


def _budget_of(connection: SageConnection) -> str:
    return connection.business_id or f"connection-{connection.pk}"


def _acquire(budget: str, *, urgent: bool) -> None:
    if database.in_atomic_block:
        raise RuntimeError("A transaction never waits for the network: talk to Sage outside of it.")
    try:
        wait = limiter().acquire(budget, urgent=urgent)
    except RedisError as error:
        raise SageUnavailable("the request budget cannot be read") from error
    if wait > 0:
        raise SageRateLimited("our own budget of requests is used up", retry_after=wait)


def _hold(budget: str, count: int) -> Held:
    """Several requests of background work at once; raises as `_acquire` does."""
    if database.in_atomic_block:
        raise RuntimeError("A transaction never waits for the network: talk to Sage outside of it.")
    try:
        held, wait = limiter().hold(budget, count, seconds=HELD_FOR)
    except RedisError as error:
        raise SageUnavailable("the request budget cannot be read") from error
    if held is None:
        raise SageRateLimited("our own budget of requests is used up", retry_after=wait)
    return held


@lru_cache(maxsize=4)
def _limiter(url: str, **budget: int | float) -> Limiter:
    redis = Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    reserve = math.ceil(budget["per_minute"] * RESERVE)
    return Limiter(redis, reserve_per_minute=reserve, **budget)  # type: ignore[arg-type]


class _HeldToken:
    """The connection's access token, asked for once in a while instead of for every request.

    It is kept in this process from one turn to the next, for as long as the connection's row names the same end of it:
    a token that was replaced, or whose connection was ended, is never used again.
    """

    #: Less than what is left of a token when it is given out, so that a held one never runs out.
    _SECONDS = tokens.MARGIN.total_seconds() / 2

    def __init__(self, connection: SageConnection) -> None:
        self._key, self._runs_out = connection.pk, connection.access_expires_at
        kept = _kept_tokens.get(self._key)
        if kept is not None and kept[1] == self._runs_out and self._is_good():
            self._token, _, self._until = kept
        else:
            self._token, self._until = "", 0.0

    def token(self) -> str:
        """The token; raises as `tokens.access_token` does."""
        if time.monotonic() >= self._until:
            has_run_out = self._runs_out is not None and not self._is_good()
            self._hold(tokens.replaced_token() if has_run_out else tokens.access_token())
        return self._token

    def newer(self, stale: str) -> str:
        """Another one than the stale one; raises as `tokens.newer_token` does."""
        self._runs_out = None
        self._hold(tokens.newer_token(stale))
        return self._token

    def _hold(self, token: str) -> None:
        self._token, self._until = token, time.monotonic() + self._SECONDS
        if self._runs_out and self._is_good():
            _kept_tokens[self._key] = (token, self._runs_out, self._until)
        else:
            _kept_tokens.pop(self._key, None)

    def _is_good(self) -> bool:
        """Whether Sage takes the token for a while yet, by the clock on the wall: a machine may have slept."""
        return self._runs_out is not None and self._runs_out > timezone.now() + tokens.MARGIN


#: By connection: its token, when Sage lets it run out, and until when it may be used unasked.
_kept_tokens: dict[int, tuple[str, datetime, float]] = {}


#: By business: until when it counts as one that takes what it is sent.
_all_went_well: dict[str, float] = {}


def _note(exchange: Exchange, answers: deque[Exchange], kept: exchanges.Kept) -> None:
    answers.append(exchange)
    kept.note(exchange)
    _log(exchange)


def _succeeded(exchange: Exchange) -> bool:
    return exchange.status is not None and exchange.status < 400


def _log(exchange: Exchange) -> None:
    # Asked first: for every document, finding out that nobody listens would cost as much as its audit entry.
    if not _listens.isEnabledFor(logging.DEBUG):
        return
    log.debug(
        "sage exchange",
        method=exchange.method,
        path=exchange.path,
        status=exchange.status,
        failure=exchange.failure,
        request_id=exchange.request_id,
        milliseconds=round(exchange.seconds * 1000),
    )
