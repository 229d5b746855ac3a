"""The cache in Valkey, asked over a client that is kept."""

from typing import Any

from django.core.cache.backends import redis
from redis import Redis


class KeepingClient(redis.RedisCacheClient):
    """Django's client for the cache, with one of the library's for all commands to a server.

    Django makes one for every command, and making one costs five times as much as the command: it writes down how each
    of the answers that Redis knows is read.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._kept: dict[Any, Redis] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Redis:  # noqa: ARG002 - as Django asks
        """The kept client of the pool that a command goes to."""
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]  # the stubs know only what is public
        if (kept := self._kept.get(pool)) is None:
            kept = self._kept[pool] = self._client(connection_pool=pool)  # type: ignore[attr-defined]  # as above
        return kept


class RedisCache(redis.RedisCache):
    """Django's cache in Valkey, asked over kept clients."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = KeepingClient
