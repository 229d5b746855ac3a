"""Messages by way of Valkey, sent and taken over a client that is kept."""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis
from redis import Redis


class KeepingChannel(redis.Channel):
    """A channel with one client for all its commands.

    kombu makes one for every command, and making one costs five times as much as the command: it writes down how each
    of the answers that Redis knows is read.
    """

    _kept: Redis | None = None

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: FBT001, FBT002 - as kombu calls it
        if asynchronous:
            # One that waits for messages has its connection to itself.
            return super()._create_client(asynchronous=True)  # type: ignore[no-untyped-call]
        kept = self._kept
        if kept is None or kept.connection_pool is not self.pool:
            kept = self._kept = super()._create_client()  # type: ignore[no-untyped-call]
        return kept


class Transport(redis.Transport):
    """kombu's way to Valkey, with channels that keep their clients."""

    Channel = KeepingChannel


def keep_clients() -> None:
    """From now on, what is sent by way of redis:// and rediss:// goes over kept clients."""
    TRANSPORT_ALIASES.update(redis=f"{__name__}:Transport", rediss=f"{__name__}:Transport")
