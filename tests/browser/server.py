"""The application on a port of its own, one thread a request, as a browser meets it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

from django.core.handlers.wsgi import WSGIHandler
from django.db import connections


class _Server(ThreadingMixIn, WSGIServer):
    """Ends only when every request has ended, so that no thread outlives the test's rows."""

    daemon_threads = False
    request_queue_size = 64

    def server_bind(self) -> None:
        """Bind without asking for the machine's name, which can take seconds."""
        super(WSGIServer, self).server_bind()
        self.server_name, self.server_port = self.server_address[:2]
        self.setup_environ()

    def close_request(self, request) -> None:
        """A thread's database connection ends with its request."""
        connections.close_all()
        super().close_request(request)

    def handle_error(self, request, client_address) -> None:
        """A browser that has left does not wait for its answer."""


class _QuietHandler(WSGIRequestHandler):
    """One request a connection: idle connections would keep threads."""

    timeout = 20

    def handle(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            return
        handler = _Answer(self.rfile, self.wfile, self.get_stderr(), self.get_environ(), multithread=True)
        handler.request_handler = self
        handler.run(self.server.get_app())

    def log_message(self, format: str, *args) -> None:  # noqa: A002 - the library's name
        """Say nothing: the application's own log has it."""


class _Answer(ServerHandler):
    http_version = "1.0"


@contextmanager
def serving(application: WSGIHandler) -> Iterator[int]:
    """The port of 127.0.0.1 on which the application answers until the end of the block."""
    with _Server(("127.0.0.1", 0), _QuietHandler) as server:
        server.set_app(application)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()
