"""Celery's beat, of which any number may run: one holds the turn in Valkey, the others wait for it.

Every sweep is harmless to repeat, so the lock saves work rather than correctness: a beat that lost its turn in
the middle of a tick starts at most one sweep too many.
"""

from typing import Any
from uuid import uuid4

import structlog
from celery.beat import PersistentScheduler
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

KEY = "beat:turn"
#: A beat that died is replaced after so long; a living one renews its turn several times in between.
TURN_SECONDS = 30
#: How soon one that waits looks again.
WAIT_SECONDS = 5.0
_TAKE_OR_KEEP = """
local holder = redis.call('GET', KEYS[1])
if not holder then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) return 1 end
if holder == ARGV[1] then redis.call('EXPIRE', KEYS[1], ARGV[2]) return 1 end
return 0
"""
_GIVE_BACK = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"

log = structlog.get_logger(__name__)


class Turn:
    """The right to start sweeps, held by one process at a time."""

    def __init__(self, url: str) -> None:
        self._valkey = Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5)
        self._name = uuid4().hex

    def is_ours(self) -> bool:
        """Take or keep the turn for another `TURN_SECONDS`; False while another process holds it or Valkey is away."""
        try:
            return bool(self._valkey.eval(_TAKE_OR_KEEP, 1, KEY, self._name, TURN_SECONDS))
        except RedisError:
            log.warning("valkey away, no sweep is started")
            return False

    def give_back(self) -> None:
        """Let the next process begin at once."""
        try:
            self._valkey.eval(_GIVE_BACK, 1, KEY, self._name)
        except RedisError:
            log.warning("valkey away, the turn ends by itself")


class SingleBeat(PersistentScheduler):
    """A scheduler that starts nothing while another beat has the turn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.turn = Turn(settings.CELERY_BROKER_URL)
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Start what is due; the seconds until the next look."""
        if not self.turn.is_ours():
            return WAIT_SECONDS
        seconds: float = super().tick(*args, **kwargs)
        return min(seconds, WAIT_SECONDS)

    def close(self) -> None:
        """End in order, and let the next beat begin."""
        super().close()
        self.turn.give_back()
