"""A small threaded HTTP/1.1 server for the sandbox: keep-alive, TCP_NODELAY, connections that can be dropped."""

import contextlib
import io
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import unquote_to_bytes

from sage_sandbox.application import PretendSage
from sage_sandbox.faults import Dropped
from sage_sandbox.handle import SandboxHandle

#: Seconds that requests being answered have when the server closes.
LAST_MOMENT = 2.0
LARGEST_BODY = 20 * 1024 * 1024
RESET = struct.pack("ii", 1, 0)
Headers = list[tuple[str, str]]


class BadRequest(Exception):
    """The bytes on the connection are not a request we can read."""


class HttpServer:
    """Serves one WSGI application, one thread for each connection."""

    def __init__(self, app: Callable[..., Any], host: str, port: int) -> None:
        self._app = app
        self._listener = socket.create_server((host, port), backlog=256)
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._closing = False
        self.host: str = host
        self.port: int = self._listener.getsockname()[1]

    def serve_forever(self) -> None:
        """Accept connections until `close`."""
        while not self._closing:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._connections[connection] = thread
                thread.start()

    def close(self) -> None:
        """Stop listening and close every connection; requests that are being answered get a moment to end."""
        self._closing = True
        # shutdown wakes the thread that waits in accept; some systems refuse it for listeners
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            open_now = dict(self._connections)
        for connection in open_now:
            _reset(connection)
        for thread in open_now.values():
            thread.join(LAST_MOMENT)

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection.makefile("rb") as stream:
                while self._serve_one(connection, stream):
                    pass
        except BadRequest as problem:
            body = f"{problem}\n".encode()
            with contextlib.suppress(OSError):
                _send(connection, "400 Bad Request", [("Content-Length", str(len(body)))], [body], keep=False)
        except OSError:
            return
        finally:
            with self._lock:
                self._connections.pop(connection, None)
            connection.close()

    def _serve_one(self, connection: socket.socket, stream: io.BufferedReader) -> bool:
        environ = _read_request(connection, stream, self.host, self.port)
        if environ is None:
            return False
        asked = environ.get("HTTP_CONNECTION", "").lower()
        keep: bool = asked != "close" and (environ["SERVER_PROTOCOL"] == "HTTP/1.1" or asked == "keep-alive")
        started: list[Any] = []

        def start_response(
            status: str, headers: Headers, _exc_info: object = None
        ) -> Callable[[bytes], object]:
            started[:] = [status, headers]
            return chunks.append

        chunks: list[bytes] = []
        try:
            # extend keeps what came before a fault ends the body
            chunks.extend(self._app(environ, start_response))
        except Dropped:
            if started and chunks:
                _send(connection, started[0], started[1], chunks, keep=False)
            else:
                _reset(connection)
            return False
        except Exception:
            # The sandbox itself is at fault: say so to the caller, and leave the trace on the console.
            _send(connection, "500 Internal Server Error", [("Content-Length", "0")], [], keep=False)
            raise
        _send(connection, started[0], started[1], chunks, keep=keep)
        return keep


def _read_request(
    connection: socket.socket, stream: io.BufferedReader, host: str, port: int
) -> dict[str, Any] | None:
    """The WSGI environment of the next request, or None when the other side is done."""
    first = stream.readline(65537)
    while first in (b"\r\n", b"\n"):
        first = stream.readline(65537)
    if not first:
        return None
    words = first.decode("latin-1").split()
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest("This is not an HTTP/1 request.")
    target = words[1]
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": words[0],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": words[2],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    _read_headers(stream, environ)
    if "HTTP_TRANSFER_ENCODING" in environ:
        raise BadRequest("Send a Content-Length; chunked bodies are not read.")
    text = environ.get("CONTENT_LENGTH", "0")
    if not text.isdigit() or int(text) > LARGEST_BODY:
        raise BadRequest("The body has no usable Content-Length.")
    if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = stream.read(int(text))
    if len(body) < int(text):
        return None
    environ["wsgi.input"] = io.BytesIO(body)
    return environ


def _read_headers(stream: io.BufferedReader, environ: dict[str, Any]) -> None:
    while True:
        line = stream.readline(65537)
        if line in (b"\r\n", b"\n", b""):
            return
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise BadRequest("A header line has no colon.")
        key = name.strip().upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        environ[key] = value.strip()


def _send(
    connection: socket.socket, status: str, headers: Headers, chunks: list[bytes], *, keep: bool
) -> None:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n")
    connection.sendall("\r\n".join(lines).encode("latin-1", "replace") + b"".join(chunks))


def _reset(connection: socket.socket) -> None:
    """Close with a reset instead of an orderly end, as a broken network would; the other side sees an error."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.shutdown(socket.SHUT_RD)
    connection.close()


class Sandbox:
    """A running sandbox in this process: `with Sandbox() as sandbox: sandbox.url, sandbox.handle`."""

    def __init__(
        self,
        db: str | None = None,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        client_id: str | None = None,
        client_secret: str | None = None,
        public_url: str | None = None,
    ) -> None:
        self.sage = PretendSage(db, client_id=client_id, client_secret=client_secret, public_url=public_url)
        self._server = HttpServer(self.sage, host, port)
        self.url = f"http://{host}:{self._server.port}"
        self.handle = SandboxHandle(self.url)

    def start(self) -> Self:
        """Serve from a thread of its own."""
        threading.Thread(target=self._server.serve_forever, daemon=True, name="sage-sandbox").start()
        return self

    def serve_forever(self) -> None:
        """Serve from this thread until `stop`."""
        self._server.serve_forever()

    def stop(self) -> None:
        """Stop serving and close the database."""
        self.sage.faults.disarm()
        self._server.close()
        self.sage.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()
