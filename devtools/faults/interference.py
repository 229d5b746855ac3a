"""Something happens to a worker at a named moment: it is killed, or it loses its database connection.

The moments need no help from the application: they are the nth commit, the nth statement that names something,
the nth request to Sage, each before or after, and the crash points of `sage_integration/crash_points.py`.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from unittest.mock import patch
from urllib.parse import urlsplit

from django.db import connection
from requests.adapters import HTTPAdapter

from sage_integration import crash_points
from sage_integration.sage.wire import Wire

What = Literal["commit", "statement", "request", "crash point"]


@dataclass(frozen=True)
class Moment:
    """Before or after the nth commit, statement or request that holds these words; or a crash point of that name."""

    what: What
    nth: int = 1
    when: Literal["before", "after"] = "before"
    words: str = ""

    def __str__(self) -> str:
        if self.what == "crash point":
            return f"at {self.words!r}"
        words = f" with {self.words!r}" if self.words else ""
        return f"{self.when} {self.what} {self.nth}{words}"


def kill() -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def cut() -> None:
    """Lose the connection to the database, as when the server or the network goes away."""
    if connection.connection is not None:
        # The number stays taken: whatever is opened next must not be taken for the server.
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, connection.connection.fileno())
        os.close(nowhere)


class _Count:
    """Acts once, at the nth time."""

    def __init__(self, moment: Moment, act: Callable[[], None]) -> None:
        self.moment, self._act, self._seen = moment, act, 0

    def around(self, words: str, go_on: Callable[[], Any]) -> Any:
        if self.moment.words not in words:
            return go_on()
        self._seen += 1
        strikes = self._seen == self.moment.nth
        if strikes and self.moment.when == "before":
            self._act()
        result = go_on()
        if strikes and self.moment.when == "after":
            self._act()
        return result


@contextmanager
def at(moment: Moment, act: Callable[[], None]) -> Iterator[None]:
    """Act at that moment of what this thread does inside the block."""
    count = _Count(moment, act)
    if moment.what == "crash point":
        with patch.object(crash_points, "chosen", moment.words):
            yield
    elif moment.what == "statement":

        def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
            return count.around(str(sql), lambda: run(sql, params, many, context))

        with connection.execute_wrapper(execute):
            yield
    elif moment.what == "commit":
        commit = connection.commit
        with patch.object(connection, "commit", lambda: count.around("", commit)):
            yield
    else:
        send = HTTPAdapter.send

        def sent(adapter: HTTPAdapter, request: Any, **options: Any) -> Any:
            body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
            words = f"{request.method} {request.path_url} {body}"
            return count.around(words, lambda: send(adapter, request, **options))

        by_wire = Wire.request

        def sent_by_wire(wire: Wire, method: str, url: str, **options: Any) -> Any:
            parts = urlsplit(url)
            body = (options["data"] or b"").decode()
            words = f"{method} {parts.path}?{parts.query} {body}"
            return count.around(words, lambda: by_wire(wire, method, url, **options))

        with patch.object(HTTPAdapter, "send", sent), patch.object(Wire, "request", sent_by_wire):
            yield
