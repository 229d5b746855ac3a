"""What the network itself can do to a request, tried on real sockets."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from sage_integration.sage.errors import (
    OutcomeUnknown,
    RefreshOutcomeUnknown,
    SageUnavailable,
    UnexpectedAnswer,
)
from sage_integration.sage.network import open_session
from sage_integration.sage.oauth import OAuthClient
from sage_integration.sage.transport import Transport
from sage_integration.sage.wire import Wire

BODY = b'{"id": "1"}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n" + BODY
Action = Callable[[socket.socket], bool | None]


class ScriptedServer:
    """Reads one request after the other and does with each what the script says next.

    An action that returns True keeps the connection open for another request.
    """

    def __init__(self) -> None:
        self.script: list[Action] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v3.1"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection:
            try:
                while request := self._request(connection):
                    self.requests.append(request)
                    if self.script.pop(0)(connection) is not True:
                        return
            except OSError:
                return

    def _request(self, connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            if not (part := connection.recv(4096)):
                return b""
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
        )
        while len(body) < length:
            body += connection.recv(4096)
        return head + b"\r\n\r\n" + body

    def close(self) -> None:
        self._listener.close()


def answer(connection: socket.socket) -> bool:
    connection.sendall(WHOLE)
    return True


def drop(connection: socket.socket) -> None:
    """Close without a word."""


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def answer_half_of_the_head(connection: socket.socket) -> None:
    connection.sendall(WHOLE[:20])


def answer_half_of_the_body(connection: socket.socket) -> None:
    connection.sendall(WHOLE[:-4])


def answer_half_of_the_chunks(connection: socket.socket) -> None:
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + BODY[:5] + b"\r\n6\r\n"
    )


def say_nothing(connection: socket.socket) -> None:
    time.sleep(2)


def trickle_the_head(connection: socket.socket) -> None:
    for byte in WHOLE * 10:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def trickle_the_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b" ")
        time.sleep(0.05)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    made = ScriptedServer()
    yield made
    made.close()


@pytest.fixture(params=[open_session, Wire], ids=["requests", "wire"])
def transport(server, request) -> Iterator[Transport]:
    made = Transport(server.url, "b1", lambda: "token", timeout=(0.5, 0.4), session=request.param())
    yield made
    made.close()


@pytest.fixture
def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("session", [open_session, Wire])
def test_a_refused_write_certainly_stored_nothing(closed_port, session):
    transport = Transport(closed_port, "b1", lambda: "token", session=session())
    with pytest.raises(SageUnavailable):
        transport.write("POST", "/contacts", {})
    transport.close()


@pytest.mark.parametrize(
    "action",
    [
        drop,
        reset,
        answer_half_of_the_head,
        answer_half_of_the_body,
        answer_half_of_the_chunks,
        say_nothing,
        trickle_the_head,
        trickle_the_body,
    ],
)
def test_a_write_that_arrived_may_have_been_stored_and_is_never_sent_twice(server, transport, action):
    server.script = [action, answer]
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        transport.write("POST", "/contacts", {"contact": {"name": "Acme"}})
    assert time.monotonic() - started < 1.5, "the deadline bounds the whole answer"
    assert len(server.requests) == 1


@pytest.mark.parametrize("action", [drop, reset, answer_half_of_the_body, answer_half_of_the_chunks])
def test_a_read_survives_two_broken_connections(server, transport, action):
    server.script = [action, action, answer]
    assert transport.read("/contacts/1") == {"id": "1"}
    assert len(server.requests) == 3


def test_an_answer_cut_off_in_its_head_is_not_taken_for_one(server, transport):
    server.script = [answer_half_of_the_head]
    with pytest.raises(UnexpectedAnswer):
        transport.read("/contacts/1")


@pytest.mark.parametrize("action", [say_nothing, trickle_the_head, trickle_the_body])
def test_a_slow_read_is_given_up_at_its_deadline(server, transport, action):
    server.script = [action, answer]
    started = time.monotonic()
    with pytest.raises(SageUnavailable):
        transport.read("/contacts/1")
    assert time.monotonic() - started < 1.5
    assert len(server.requests) == 1


def answer_with_a_cookie(connection: socket.socket) -> bool:
    connection.sendall(WHOLE.replace(b"\r\n\r\n", b"\r\nSet-Cookie: who=b1; Path=/\r\n\r\n", 1))
    return True


def test_no_cookie_of_one_business_reaches_another(server):
    wire = Wire()
    server.script = [answer_with_a_cookie, answer]
    for business in ("b1", "b2"):
        Transport(server.url, business, lambda: "token", session=wire).read("/contacts/1")
    wire.close()
    assert len(server.requests) == 2
    assert not [request for request in server.requests if b"cookie" in request.lower()]


def test_one_connection_serves_many_requests(server, transport):
    server.script = [answer, answer, answer]
    transport.read("/contacts/1")
    transport.write("POST", "/contacts", {})
    transport.read("/contacts/1")
    assert (server.connections, len(server.requests)) == (1, 3)


def test_a_connection_closed_while_idle_does_not_cost_the_next_write(server, transport):
    server.script = [lambda connection: connection.sendall(WHOLE) or False, answer]
    transport.read("/contacts/1")
    time.sleep(0.1)
    assert transport.write("POST", "/contacts", {}) == {"id": "1"}
    assert server.connections == 2


def test_proxy_variables_of_the_machine_are_ignored(server, transport, closed_port, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", closed_port)
    monkeypatch.setenv("http_proxy", closed_port)
    server.script = [answer]
    assert transport.read("/contacts/1") == {"id": "1"}


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (drop, RefreshOutcomeUnknown),
        (say_nothing, RefreshOutcomeUnknown),
        (trickle_the_body, RefreshOutcomeUnknown),
    ],
)
def test_a_refresh_whose_answer_is_lost_is_sent_once_and_not_called_refused(server, action, expected):
    server.script = [action, answer]
    with pytest.raises(expected):
        oauth_client(server.url).refresh("old-refresh")
    assert len(server.requests) == 1


def test_a_refresh_that_never_left_has_used_nothing(closed_port):
    with pytest.raises(SageUnavailable):
        oauth_client(closed_port).refresh("old-refresh")


def oauth_client(url: str) -> OAuthClient:
    return OAuthClient(
        authorize_url=url,
        token_url=url,
        revoke_url=url,
        client_id="id",
        client_secret="secret",
        redirect_uri="https://ignition.test/sage/callback/",
        timeout=(0.5, 0.4),
    )


@pytest.mark.parametrize(
    "framed",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
        + BODY[:5]
        + b"\r\n6\r\n"
        + BODY[5:]
        + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE,
        b"HTTP/1.1 200 OK\nContent-Length: 11\n\n" + BODY,
        WHOLE.replace(b"\r\n\r\n", b"\r\nVary: Accept\r\nVary: Origin\r\n\r\n"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 31\r\nContent-Encoding: gzip\r\n\r\n"
        + gzip.compress(BODY, mtime=0),
    ],
    ids=["chunks", "after a continue", "bare line ends", "a header twice", "packed"],
)
def test_an_answer_is_read_whole_however_it_is_framed(server, transport, framed):
    server.script = [lambda connection: connection.sendall(framed) or True, answer]
    assert transport.read("/contacts/1") == {"id": "1"}
    assert transport.read("/contacts/1") == {"id": "1"}
    assert (server.connections, len(server.requests)) == (1, 2)


@pytest.mark.parametrize(
    "framed",
    [
        WHOLE + b"more",
        WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
    ],
    ids=["more than announced", "it says so", "of no given length"],
)
def test_a_connection_with_nothing_to_follow_is_not_used_again(server, framed):
    def say(connection: socket.socket) -> None:
        connection.sendall(framed)

    server.script = [say, answer]
    wire = Wire()
    transport = Transport(server.url, "b1", lambda: "token", session=wire)
    assert [transport.read("/contacts/1") for _ in range(2)] == [{"id": "1"}] * 2
    wire.close()
    assert server.connections == 2


def test_a_header_of_two_lines_never_leaves(server):
    wire = Wire()
    with pytest.raises(ValueError, match="more than one line"):
        wire.request("GET", server.url, data=None, headers={"X-Business": "b1\r\nHost: else"}, timeout=(1, 1))
    wire.close()
    assert server.requests == []
