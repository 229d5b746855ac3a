"""The connection every document goes over: kept alive, bounded in time, and as cheap as the standard library is.

It says what went wrong in the words of `requests`, so that whoever sends needs to know one vocabulary; nothing is
repeated, redirected or remembered here, and neither proxies nor certificates are taken from the environment.
"""

import http.client
import io
import select
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import certifi
import requests

from sage_integration.sage.network import AnswerTooLong, BoundedResponse, NeverSent, Timeout

_thread = threading.local()

#: As the library bounds headers; and so much of an answer is asked for at a time.
MOST_HEADERS, LONGEST_HEAD, CHUNK = 100, 65536, 65536
#: Bytes of an answer at most, as it comes and as it unpacks: more than the largest page or PDF that makes sense.
LONGEST_ANSWER = 32 * 1024 * 1024
#: Seconds by which an answer may take longer than it should.
INEXACT = 0.05
_WITHOUT_BODY = {*range(100, 200), 204, 304}


class Headers(dict[str, str]):
    """Headers of an answer by their names in small letters; asked for in any."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a header, whatever letters its name is asked for with."""
        return super().get(name.lower(), default)


@dataclass(slots=True)
class Response:
    """Status, headers and whole body of an answer."""

    status_code: int
    headers: Headers
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
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        sent = _head(server[1], method, target, data, headers) + (data or b"")
        connection = self._connection(server, timeout)
        try:
            # Sending and the answer share the seconds.
            ends_at = time.monotonic() + timeout[1]
            connection.sock.sendall(sent)
            answer, ends = _answer(connection.sock, method, ends_at)
        except BaseException as error:
            # Whatever it was: the rest of this answer may still come, and would be taken for that of the next request.
            self._forget(server)
            if (told := _in_words_of_requests(error)) is None:
                raise
            raise told from error
        if ends:
            self._forget(server)
        return _unpacked(answer)

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
            if kept.sock.gettimeout() != timeout[1]:
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


def _in_words_of_requests(error: BaseException) -> requests.RequestException | None:
    """What `requests` would say of a request whose end is unknown; None for what it has no word for."""
    if isinstance(error, requests.RequestException):
        return None
    if isinstance(error, TimeoutError):
        return requests.ReadTimeout(str(error))
    if isinstance(error, http.client.IncompleteRead):
        return requests.exceptions.ChunkedEncodingError(str(error))
    # Lengths that are none, or larger than any memory, show as one of the last three.
    if isinstance(error, OSError | http.client.HTTPException | ValueError | OverflowError | MemoryError):
        return requests.ConnectionError(type(error).__name__)
    return None


def _head(address: str, method: str, target: str, data: bytes | None, headers: Mapping[str, str]) -> bytes:
    """The request without its body, as it goes over the wire; ValueError for a value that is more than one line."""
    told = {"Host": address, "Accept-Encoding": "gzip", **headers}
    if data is not None or method in ("POST", "PUT"):
        told["Content-Length"] = str(len(data or b""))
    lines = [f"{method} {target} HTTP/1.1", *[f"{name}: {value}" for name, value in told.items()]]
    head = "\r\n".join(lines)
    if head.count("\n") != len(told) or head.count("\r") != len(told) or target.count(" "):
        raise ValueError("A header of a request to Sage has more than one line")
    return f"{head}\r\n\r\n".encode("latin-1")


def _answer(sock: socket.socket, method: str, ends_at: float) -> tuple[Response, bool]:
    """The answer, and whether the server ends the connection with it.

    What nearly every answer is, lines and a body of a given length, is read as that; all else the library reads.
    """
    received = _more(sock, ends_at)
    while (stop := received.find(b"\r\n\r\n")) < 0 and _is_begun(received):
        received += (more := _more(sock, ends_at))
        if not more:
            break
    head = _Head.of(received[:stop]) if stop >= 0 else None
    if head is None or method == "HEAD":
        sock.settimeout(max(0.001, ends_at - time.monotonic()))
        return _read_by_library(sock, method, received)
    _require_bearable(head.length)
    start, missing = stop + 4, head.length - (len(received) - stop - 4)
    pieces = [received[start : start + head.length]]
    while missing > 0:
        pieces.append(_more(sock, ends_at))
        if not pieces[-1]:
            raise http.client.IncompleteRead(b"".join(pieces), missing)
        missing -= len(pieces[-1])
    # More than was announced belongs to no answer of ours: such a connection is not used again.
    return Response(head.status, head.headers, b"".join(pieces)), head.ends or missing < 0


def _is_begun(received: bytes) -> bool:
    """Whether more lines of a head are to come: it has no end yet, not even one of another kind."""
    return bool(received) and b"\n\n" not in received and len(received) < LONGEST_HEAD


def _more(sock: socket.socket, ends_at: float) -> bytes:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError("The answer took too long")
    # Saying so asks the system, and lets other threads run meanwhile: not for what hardly differs.
    if (told := sock.gettimeout()) is None or told - left > INEXACT:
        sock.settimeout(left)
    return sock.recv(CHUNK)


@dataclass(slots=True)
class _Head:
    """Status and headers of an answer whose body has a given length."""

    status: int
    headers: Headers
    length: int
    ends: bool

    @classmethod
    def of(cls, received: bytes) -> "_Head | None":
        """What the lines say; None where they say anything that needs a closer look."""
        first, *lines = received.decode("latin-1").split("\r\n")
        status = first[9:12]
        if not first.startswith("HTTP/1.1 ") or not status.isdecimal() or len(lines) > MOST_HEADERS:
            return None
        named: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or (name := name.lower()) in named:
                return None
            named[name] = value.strip()
        length = named.get("content-length", "")
        if int(status) in _WITHOUT_BODY or not length.isdecimal() or "transfer-encoding" in named:
            return None
        ends = "close" in named.get("connection", "").lower()
        return cls(int(status), Headers(named), int(length), ends)


def _read_by_library(sock: socket.socket, method: str, received: bytes) -> tuple[Response, bool]:
    answer = _Begun(sock, received, method=method)
    try:
        answer.begin()
        _require_bearable(answer.length or 0)
        content = answer.read()
    finally:
        # Else what was left unread would hold the socket open.
        answer.close()
    headers = Headers()
    for name, value in answer.getheaders():
        # Those that come twice mean one list (RFC 9110, 5.3).
        headers[name.lower()] = f"{held}, {value}" if (held := headers.get(name)) else value
    # After an interim answer (1xx) the final one is still to come, and is no answer to the next request.
    return Response(answer.status, headers, content), answer.will_close or answer.status < 200


def _require_bearable(length: int) -> None:
    if length > LONGEST_ANSWER:
        raise AnswerTooLong(f"more than {LONGEST_ANSWER} bytes")


class _Begun(BoundedResponse):
    """An answer of which something was received already."""

    def __init__(self, sock: socket.socket, received: bytes, *, method: str) -> None:
        super().__init__(sock, method=method)
        self.fp = io.BufferedReader(_After(received, self.fp.detach()))


class _After(io.RawIOBase):
    """What was received already, and then what is still to come, until that is too much."""

    def __init__(self, received: bytes, rest: io.RawIOBase) -> None:
        self._received, self._rest = received, rest
        self._read = len(received)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        _require_bearable(self._read)
        if not self._received:
            more = self._rest.readinto(buffer) or 0
            self._read += more
            return more
        count = min(len(buffer), len(self._received))
        buffer[:count], self._received = self._received[:count], self._received[count:]
        return count

    def close(self) -> None:
        self._rest.close()
        super().close()


def _unopened(server: tuple[str, str], seconds: float) -> http.client.HTTPConnection:
    scheme, address = server
    made: http.client.HTTPConnection
    if scheme == "https":
        made = http.client.HTTPSConnection(address, timeout=seconds, context=_certificates())
    else:
        made = http.client.HTTPConnection(address, timeout=seconds)
    return made


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


def _has_ended(sock: socket.socket) -> bool:
    """Whether an idle connection can be read from: the server has closed it, or says what nobody asked for."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _unpacked(answer: Response) -> Response:
    if answer.content and answer.headers.get("Content-Encoding", "").lower() == "gzip":
        unpacking = zlib.decompressobj(wbits=31)
        try:
            content = unpacking.decompress(answer.content, LONGEST_ANSWER + 1)
        except zlib.error as error:
            raise requests.exceptions.ContentDecodingError("the answer does not unpack") from error
        _require_bearable(len(content))
        if not unpacking.eof:
            raise requests.exceptions.ContentDecodingError("the answer is cut off")
        answer.content = content
    return answer
