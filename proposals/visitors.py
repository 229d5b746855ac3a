"""Who is at the door: how many wrong links an address may try, and how often a file is made for a true one."""

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

MOST_GUESSES = 30
WINDOW_SECONDS = 600
#: Times in a minute that the PDF of one proposal is made for whoever has a link.
MOST_DOWNLOADS = 20

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


def downloads_too_much(proposal_id: int) -> bool:
    """Count a download of this proposal; whether it was once too often. Without the cache nobody is held up."""
    name = f"downloads:{proposal_id}"
    try:
        return not cache.add(name, 1, 60) and cache.incr(name) > MOST_DOWNLOADS
    except (RedisError, ValueError):
        log.warning("a download was not counted")
        return False
