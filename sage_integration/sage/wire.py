"""The connection every document goes over: kept alive, bounded in time, and as cheap as the standard library is.

It says what went wrong in the words of `requests`, so that whoever sends needs to know one vocabulary; nothing is
repeated, redirected or remembered here, and neither proxies nor certificates are taken from the environment.
"""

import http.client
import select
import socket
import ssl
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import certifi
import requests
from requests.structures import CaseInsensitiveDict

from sage_integration.sage.network import BoundedResponse, NeverSent, Timeout

_thread = threading.local()


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers and whole body of an answer."""

    status_code: int
    headers: CaseInsensitiveDict[str]
    content: bytes


class Wire:
    """Kept connections to the servers of one thread; `request` as `requests.Session` has it, with less on the way."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], http.client.HTTPConnection] = {}

    def request(
        self,
        method: str,
        url: str,
        *,
        data: bytes | None,
        headers: Mapping[str, str],
        timeout: Timeout,
        allow_redirects: bool = False,
    ) -> Response:
        """The answer, whatever its status; raises a `requests.RequestException`, `NeverSent` where that is certain."""
        if allow_redirects:
            raise ValueError("A redirected request would tell its token to another server")
        parts = urlsplit(url)
        server = (parts.scheme, parts.netloc)
        connection = self._connection(server, timeout)
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        try:
            _send(connection, method, target, data, headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.will_close:
                self._forget(server)
        except TimeoutError as error:
            self._forget(server)
            raise requests.ReadTimeout(str(error)) from error
        except http.client.IncompleteRead as error:
            self._forget(server)
            raise requests.exceptions.ChunkedEncodingError(str(error)) from error
        except (OSError, http.client.HTTPException) as error:
            self._forget(server)
            raise requests.ConnectionError(type(error).__name__) from error
        return _response(answer, content)

    def __del__(self) -> None:
        # A thread that ends takes its connections with it.
        self.close()

    def close(self) -> None:
        """End the kept connections."""
        for server in list(self._kept):
            self._forget(server)

    def _connection(self, server: tuple[str, str], timeout: Timeout) -> http.client.HTTPConnection:
        """The kept connection to a server, or a new one where there is none that the server holds open."""
        kept = self._kept.get(server)
        if kept is not None and kept.sock is not None and not _has_ended(kept.sock):
            kept.sock.settimeout(timeout[1])
            return kept
        self._forget(server)
        opened = _unopened(server, timeout[0])
        try:
            opened.connect()
        except TimeoutError as error:
            raise requests.ConnectTimeout(server[1]) from error
        except (OSError, http.client.HTTPException) as error:
            raise NeverSent(f"{server[1]}: {type(error).__name__}") from error
        opened.sock.settimeout(timeout[1])
        self._kept[server] = opened
        return opened

    def _forget(self, server: tuple[str, str]) -> None:
        if (kept := self._kept.pop(server, None)) is not None:
            with suppress(OSError):
                kept.close()


def kept_wire() -> Wire:
    """The kept connections of this thread; they take no cookies, so nothing of one business reaches another."""
    if not hasattr(_thread, "wire"):
        _thread.wire = Wire()
    wire: Wire = _thread.wire
    return wire


def _send(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    data: bytes | None,
    headers: Mapping[str, str],
) -> None:
    connection.putrequest(method, target, skip_accept_encoding=True)
    connection.putheader("Accept-Encoding", "gzip")
    for name, value in headers.items():
        connection.putheader(name, value)
    if data is not None or method in ("POST", "PUT"):
        connection.putheader("Content-Length", str(len(data or b"")))
    connection.endheaders(data)


def _unopened(server: tuple[str, str], seconds: float) -> http.client.HTTPConnection:
    scheme, address = server
    made: http.client.HTTPConnection
    if scheme == "https":
        made = http.client.HTTPSConnection(address, timeout=seconds, context=_certificates())
    else:
        made = http.client.HTTPConnection(address, timeout=seconds)
    made.response_class = BoundedResponse
    return made


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


def _has_ended(sock: socket.socket) -> bool:
    """Whether an idle connection can be read from: the server has closed it, or says what nobody asked for."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _response(answer: Any, content: bytes) -> Response:
    headers = CaseInsensitiveDict[str](answer.getheaders())
    if content and headers.get("Content-Encoding", "").lower() == "gzip":
        try:
            content = zlib.decompress(content, wbits=31)
        except zlib.error as error:
            raise requests.exceptions.ContentDecodingError("the answer does not unpack") from error
    return Response(answer.status, headers, content)
