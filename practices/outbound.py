"""Requests to addresses that a practice chose: only to the public internet, whatever a name resolves to.

The name is resolved once, every address it has must be public, and the connection goes to one of the addresses that
were looked at: a name that answers differently the second time gains nothing. Redirects are never followed.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

HTTPS_PORT = 443
#: Seconds to connect, and seconds for everything.
CONNECT_TIMEOUT, DEADLINE = 4.0, 10.0
#: Seconds to look a name up: the system itself may try for half a minute.
LOOKUP_TIMEOUT = 3.0
#: Addresses that carry another address inside: translated and tunnelled ones lead into any network.
WRAPPED = tuple(
    ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)
TEXT_OF_AN_ADDRESS = frozenset("0123456789abcdefx.:[]%")


class UnsafeAddress(Exception):
    """An address that is not called; the words say why and what to do."""


class NameNotFound(UnsafeAddress):
    """A name that leads nowhere, now or in the time there was to ask."""


class NotReached(Exception):
    """Nobody answered in time, in words."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: the name it is for, and the address that was looked at."""

    parts: SplitResult
    host: str
    port: int
    address: str


def check_url(url: str) -> None:
    """Raises `UnsafeAddress` for what is refused without looking the name up: no HTTPS, a bare IP address, a port."""
    _parts_of(url)


def vetted(url: str) -> Target:
    """Where a request to this URL would go now; raises `UnsafeAddress`."""
    parts, host, port = _parts_of(url)
    addresses = _looked_up(host, port)
    if not all(is_public(address) for address in addresses):
        raise UnsafeAddress(
            f"{host} leads to a private network, which is never called. "
            "Give an address that the internet can reach."
        )
    return Target(parts, host, port, addresses[0])


def _looked_up(host: str, port: int) -> list[str]:
    """The addresses of a name, one at least; raises `NameNotFound`. A thread asks: only one can be left waiting."""
    found: list[str] = []

    def ask() -> None:
        with suppress(OSError, UnicodeError):
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(str(entry[4][0]) for entry in entries)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(LOOKUP_TIMEOUT)
    if asking.is_alive() or not found:
        raise NameNotFound(f"The name {host} cannot be found.")
    return found


def is_public(text: str) -> bool:
    """Whether an address belongs to the public internet; one wrapped in another counts as what it hides."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if settings.WEBHOOKS_MAY_REACH_LOOPBACK and address.is_loopback:
        return True
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif any(address in net for net in WRAPPED):
            return False
    return address.is_global and not address.is_multicast


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer; raises `UnsafeAddress` or `NotReached`. Takes ten seconds at most."""
    target = vetted(url)
    connection = _connection(target)
    # Closes the connection however steadily the other side trickles: timeouts of a socket bound each piece only.
    too_late = threading.Event()
    watchdog = threading.Timer(DEADLINE, _cut_off, [connection, too_late])
    watchdog.start()
    try:
        path = (target.parts.path or "/") + (f"?{target.parts.query}" if target.parts.query else "")
        connection.request("POST", path, body, headers)
        status = connection.getresponse().status
        if too_late.is_set():  # What was cut off in the middle may look like an answer.
            raise TimeoutError
        return status
    except (OSError, http.client.HTTPException) as error:
        raise NotReached(_in_words(error)) from error
    finally:
        watchdog.cancel()
        connection.close()


def _parts_of(url: str) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise UnsafeAddress("This is not an address.") from error
    for_tests = settings.WEBHOOKS_MAY_REACH_LOOPBACK
    if not host or not url.isascii() or any(letter.isspace() for letter in url):
        raise UnsafeAddress("This is not an address.")
    if parts.scheme != "https" and not (for_tests and parts.scheme == "http"):
        raise UnsafeAddress("The address has to begin with https://.")
    if parts.username is not None or parts.password is not None:
        raise UnsafeAddress("Leave out the user name and password: the messages are signed.")
    if for_tests:
        return parts, host, port or HTTPS_PORT
    if port not in (None, HTTPS_PORT):
        raise UnsafeAddress("Only the usual port of HTTPS, 443, is called.")
    if set(host) <= TEXT_OF_AN_ADDRESS and not host.rpartition(".")[2].isalpha():
        raise UnsafeAddress("Give a name, such as hooks.example.com, rather than a number.")
    if "." not in host:
        raise UnsafeAddress("Give the whole name, such as hooks.example.com.")
    return parts, host, HTTPS_PORT


def _connection(target: Target) -> http.client.HTTPConnection:
    if target.parts.scheme == "http":
        plain = http.client.HTTPConnection(target.host, target.port, timeout=CONNECT_TIMEOUT)
        plain._create_connection = _pinned(target)  # type: ignore[attr-defined]  # noqa: SLF001 - its only door
        return plain
    context = ssl.create_default_context()
    secure = http.client.HTTPSConnection(target.host, target.port, timeout=CONNECT_TIMEOUT, context=context)
    secure._create_connection = _pinned(target)  # type: ignore[attr-defined]  # noqa: SLF001 - its only door
    return secure


def _pinned(target: Target) -> object:
    """Connects to the address that was looked at; the certificate is still checked against the name."""

    def connect(*_: object) -> socket.socket:
        return socket.create_connection((target.address, target.port), CONNECT_TIMEOUT)

    return connect


def _cut_off(connection: http.client.HTTPConnection, too_late: threading.Event) -> None:
    too_late.set()
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)


def _in_words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "It did not answer in time."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"Its certificate is not valid: {error.verify_message}."
    if isinstance(error, http.client.RemoteDisconnected | http.client.BadStatusLine | ConnectionError):
        return "It broke the connection off, or took longer than ten seconds."
    return f"It could not be reached: {error}"[:250]
