"""Who is at the door: how many wrong links a network address may try before it has to wait."""

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

MOST_GUESSES = 30
WINDOW_SECONDS = 600

log = structlog.get_logger(__name__)


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
