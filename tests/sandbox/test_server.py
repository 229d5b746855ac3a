"""The HTTP server underneath: what it reads, refuses and survives."""

import socket
from urllib.parse import urlsplit

import pytest


def exchange(api, *parts):
    """What comes back for bytes sent one after another."""
    target = urlsplit(api.sandbox.url)
    with socket.create_connection((target.hostname, target.port), timeout=5) as connection:
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"HELLO\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
    ],
)
def test_what_cannot_be_read_is_a_bad_request(api, request_bytes):
    assert exchange(api, request_bytes).startswith(b"HTTP/1.1 400 ")


def test_a_body_that_stops_short_is_no_request(api):
    assert exchange(api, b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nfive!") == b""


def test_two_requests_share_a_connection_until_one_asks_to_close(api):
    first = b"GET /_control/health HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /_control/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    received = exchange(api, first, last)
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.count(b"Connection: keep-alive") == 1


def test_old_clients_get_one_answer_a_connection(api):
    received = exchange(api, b"GET /_control/health HTTP/1.0\r\n\r\n")
    assert b"Connection: close" in received


def test_a_client_that_waits_for_leave_to_send_gets_it(api):
    head = b"PUT /_control/switches HTTP/1.1\r\nContent-Type: application/json\r\n"
    received = exchange(api, head + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", b"{}")
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_absolute_addresses_and_encoded_paths_are_understood(api):
    received = exchange(api, b"GET http://sage.invalid/_control/he%61lth HTTP/1.0\r\n\r\n")
    assert received.endswith(b'{"ok":true}')
