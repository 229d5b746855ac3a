"""What was asked of the sandbox: tests read it to see what really went over the wire."""

import threading
import time
from collections import deque
from typing import Any

from sage_sandbox.clock import Clock
from sage_sandbox.exchange import Answer, Call

KEPT = 50_000
SECRET_FIELDS = ("client_secret", "refresh_token", "code", "code_verifier", "token")


class RequestLog:
    """The last requests of the API and OAuth endpoints, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._in_flight = 0
        self._most_in_flight = 0
        self._number = 0

    def begin(self, call: Call, request_id: str) -> dict[str, Any]:
        """Note a request that has arrived."""
        form = call.path in ("/token", "/revoke")
        entry: dict[str, Any] = {
            "number": 0,
            "request_id": request_id,
            "at": self._clock.now(),
            "started": time.monotonic(),
            "ended": None,
            "method": call.method,
            "path": call.resource,
            "query": call.raw_query,
            "business": call.business_header,
            "client_id": "",
            "accept": call.header("Accept"),
            "content_type": call.environ.get("CONTENT_TYPE", ""),
            "body": _without_secrets(call.form()) if form else call.body.decode("utf-8", "replace"),
            "status": None,
            "faults": [],
            "answer": None,
        }
        with self._lock:
            self._number += 1
            entry["number"] = self._number
            self._entries.append(entry)
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)
        return entry

    def end(self, entry: dict[str, Any], call: Call, answer: Answer | None, *, keep_body: bool) -> None:
        """Note how a request was answered; no answer means that the connection was dropped."""
        entry["ended"] = time.monotonic()
        entry["client_id"] = call.client_id
        entry["status"] = answer.status if answer else 0
        if keep_body and answer:
            entry["answer"] = answer.body.decode("utf-8", "replace")
        with self._lock:
            self._in_flight -= 1

    def entries(self, method: str | None, path: str | None, since: int = 0) -> list[dict[str, Any]]:
        """The requests of a method and under a path prefix, oldest first."""
        with self._lock:
            found = list(self._entries)
        return [
            entry
            for entry in found
            if entry["number"] > since
            and method in (None, entry["method"])
            and (path is None or under(entry["path"], path))
        ]

    def summary(self) -> dict[str, int]:
        """How many requests there were, how many are in flight, and the most at once."""
        with self._lock:
            return {
                "requests": self._number,
                "in_flight": self._in_flight,
                "most_in_flight": self._most_in_flight,
            }

    def clear(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self._entries.clear()
            self._most_in_flight = self._in_flight


def under(path: str, prefix: str) -> bool:
    """True when the path is the prefix or lies below it; a prefix ending in `$` must match whole."""
    if prefix.endswith("$"):
        return path == prefix[:-1]
    prefix = prefix.rstrip("/")
    return path == prefix or path.startswith(f"{prefix}/")


def _without_secrets(form: dict[str, str]) -> dict[str, str]:
    return {name: "…" if name in SECRET_FIELDS else value for name, value in form.items()}
