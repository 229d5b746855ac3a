"""Figures that processes without an address of their own add up: counted in Valkey, shown by `/metrics`.

Nothing depends on them: while Valkey is away nothing is counted, and once it is empty they begin at zero again.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import cast

import structlog
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


def add(name: str, counts: Mapping[str, int]) -> None:
    """Add to the totals of a figure, by label."""
    if not counts:
        return
    try:
        with _valkey(settings.REDIS_URL).pipeline(transaction=False) as together:
            for label, count in counts.items():
                together.hincrby(_key(name), label, count)
            together.execute()
    except RedisError:
        log.warning("valkey away, figures are not counted", figure=name)


def totals(name: str) -> dict[str, int]:
    """The totals of a figure by label; empty while Valkey is away."""
    try:
        found = cast(dict[bytes, bytes], _valkey(settings.REDIS_URL).hgetall(_key(name)))
    except RedisError:
        return {}
    return {label.decode(): int(count) for label, count in sorted(found.items())}


def _key(name: str) -> str:
    return f"figures:{name}"


@lru_cache(maxsize=4)
def _valkey(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
