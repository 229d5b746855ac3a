"""Who is at the door: a visitor's network address, and how many wrong links it may try before it has to wait."""

import structlog
from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError

MOST_GUESSES = 30
WINDOW_SECONDS = 600

log = structlog.get_logger(__name__)


def address_of(request: HttpRequest) -> str:
    """The visitor's network address, found as the sign-in pages find it (proxies included)."""
    address: str = get_adapter().get_client_ip(request)
    return address


def _key(address: str) -> str:
    return f"wrong-links:{address}"


def guesses_too_much(address: str) -> bool:
    """Whether this network address has tried too many wrong links in the last minutes.

    Without the cache nobody is held up: a client must be able to sign, and a token cannot be guessed.
    """
    try:
        return int(cache.get(_key(address), 0)) >= MOST_GUESSES
    except RedisError:
        log.warning("cache away, wrong links are not counted")
        return False


def note_wrong_guess(address: str) -> None:
    """Count one wrong link from this address."""
    try:
        if not cache.add(_key(address), 1, WINDOW_SECONDS):
            cache.incr(_key(address))
    except (RedisError, ValueError):
        # ValueError: the window ended between the two calls.
        log.warning("a wrong link was not counted")
