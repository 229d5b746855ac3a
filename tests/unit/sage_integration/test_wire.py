"""Whatever a server answers, a request ends in the words of `requests`, and never with the answer to another one."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import requests

from sage_integration.sage import wire
from sage_integration.sage.network import AnswerTooLong, never_sent
from sage_integration.sage.wire import Wire

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def of_length(length: object, body: bytes = b"", more: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{more}\r\n".encode() + body


@contextmanager
def serving(*answers: bytes | Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that gives these answers to one request after the other, over whatever connection it comes."""
    waiting = list(answers)

    def talk(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while waiting and connection.recv(65536):
                answer = waiting.pop(0)
                connection.sendall(answer) if isinstance(answer, bytes) else answer(connection)
            connection.recv(1)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=talk, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/x"
        listening.shutdown(socket.SHUT_RDWR)


def ask(connections: Wire, url: str, data: bytes | None = None, seconds: float = 5) -> wire.Response:
    return connections.request("POST", url, data=data, headers={}, timeout=(5, seconds))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (of_length("9" * 5000), requests.ConnectionError),
        (of_length(10**12, b"the beginning"), AnswerTooLong),
        (CHUNKED + b"-5\r\nwhat\r\n", requests.ConnectionError),
        (CHUNKED + b"f" * 40 + b"\r\nwhat\r\n", requests.ConnectionError),
        (CHUNKED + b"1000\r\n" + b"x" * 4096 + b"\r\n0\r\n\r\n", AnswerTooLong),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 4096, AnswerTooLong),
    ],
    ids=["no number", "huge", "negative chunk", "endless chunk", "long chunks", "no length"],
)
def test_an_answer_that_cannot_be_read_ends_in_a_word_of_requests_and_its_connection(
    monkeypatch, answer, told
):
    """The write it answers has an unknown outcome, and the next request does not read what is left of it."""
    monkeypatch.setattr(wire, "LONGEST_ANSWER", 1000)
    connections = Wire()
    with serving(answer, GOOD) as url:
        with pytest.raises(told) as caught:
            ask(connections, url, b"{}")
        assert not never_sent(caught.value)
        assert connections._kept == {}
        assert ask(connections, url).content == b"good"


def test_whatever_ends_a_request_ends_its_connection(monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    connections = Wire()
    with serving(GOOD, GOOD) as url:
        ask(connections, url)
        assert len(connections._kept) == 1
        monkeypatch.setattr(wire, "_answer", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ask(connections, url)
        assert connections._kept == {}


def test_an_answer_that_unpacks_to_too_much_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(wire, "LONGEST_ANSWER", 1000)
    large, cut = gzip.compress(bytes(1001)), gzip.compress(b"whole")[:-9]
    gzipped = "Content-Encoding: gzip\r\n"
    fits = gzip.compress(bytes(1000))
    answers = [of_length(len(body), body, gzipped) for body in (large, cut, fits)]
    connections = Wire()
    with serving(*answers) as url:
        with pytest.raises(AnswerTooLong):
            ask(connections, url)
        with pytest.raises(requests.exceptions.ContentDecodingError):
            ask(connections, url)
        assert ask(connections, url).content == bytes(1000)


@pytest.mark.parametrize("interim", [102, 103])
def test_what_follows_an_interim_answer_is_no_answer_to_the_next_request(interim):
    def interim_first(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 {interim} Wait\r\n\r\n".encode())
        with suppress(OSError):
            # The final answer comes while the next request is under way already.
            connection.recv(65536)
            connection.sendall(of_length(4, b"late"))

    connections = Wire()
    with serving(interim_first, GOOD) as url:
        assert ask(connections, url).status_code == interim
        assert ask(connections, url).content == b"good"


def test_sending_and_the_answer_share_the_time():
    def slow(connection: socket.socket) -> None:
        threading.Event().wait(0.2)
        while (received := connection.recv(1 << 20)) and not received.endswith(b"end"):
            pass
        threading.Event().wait(0.25)
        connection.sendall(GOOD)

    connections = Wire()
    with serving(slow) as url, pytest.raises(requests.ReadTimeout):
        ask(connections, url, bytes(20_000_000) + b"end", seconds=0.35)
