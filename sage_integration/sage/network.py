"""The connection below transport and OAuth: kept alive, bounded in time, deaf to the environment."""

import http.client
import io
import socket
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ReadTimeoutError

#: Seconds to connect, and seconds for the whole answer.
Timeout = tuple[float, float]


def open_session() -> requests.Session:
    """A session that keeps its connection, ignores proxy and certificate variables."""
    session = requests.Session()
    session.trust_env = False
    for prefix in ("https://", "http://"):
        session.mount(prefix, _BoundedAdapter())
    return session


class NeverSent(requests.ConnectionError):
    """No connection came about, so not a byte of the request has left."""


class AnswerTooLong(requests.RequestException):
    """The answer is longer than any that Sage has a reason to give; what it says is unknown."""


def never_sent(error: requests.RequestException) -> bool:
    """Whether it is certain that Sage did not see the request.

    requests says ConnectionError both for "refused" and for "dropped after sending".
    """
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, requests.ConnectTimeout | NeverSent) or isinstance(
        reason, NewConnectionError | ConnectTimeoutError
    )


def timed_out(error: requests.RequestException) -> bool:
    """Whether the time was used up, at connecting or waiting for the answer."""
    cause = error.args[0] if error.args else None
    return isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError)


class _BoundedReader(io.RawIOBase):
    """Reads from a socket until a moment, however steadily the other side trickles."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock, self._raw = sock, raw
        timeout = sock.gettimeout()
        self._ends_at = None if timeout is None else time.monotonic() + timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._ends_at is not None:
            left = self._ends_at - time.monotonic()
            if left <= 0:
                raise TimeoutError("The answer took too long")
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class BoundedResponse(http.client.HTTPResponse):
    """An answer whose read timeout bounds all of it; the library's own bounds each piece."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_BoundedReader(sock, self.fp.detach()))


class _BoundedHTTPConnection(HTTPConnection):
    response_class = BoundedResponse


class _BoundedHTTPSConnection(HTTPSConnection):
    response_class = BoundedResponse


class _BoundedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _BoundedHTTPConnection


class _BoundedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedHTTPSConnection


class _BoundedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _BoundedHTTPPool, "https": _BoundedHTTPSPool}
