"""Request limits: a sliding minute and a day for each business, requests in flight for each client (FACTS.md 4)."""

import math
import threading
from collections import Counter, deque

from sage_sandbox.clock import Clock
from sage_sandbox.errors import entry
from sage_sandbox.exchange import Answer, html_answer, json_answer
from sage_sandbox.switches import Switches


class Limits:
    """Counts what was accepted; a refused request does not count."""

    def __init__(self, switches: Switches, clock: Clock) -> None:
        self._switches = switches
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: dict[str, deque[float]] = {}
        self._today: Counter[tuple[str, str]] = Counter()
        self._in_flight: Counter[str] = Counter()

    def refuse(self, business: str) -> Answer | None:
        """429 when the business has used its minute or day, otherwise None and the request counts."""
        limit, window = self._switches["rate_limit_per_minute"], self._switches["rate_limit_window_seconds"]
        per_day = self._switches["rate_limit_per_day"]
        now = self._clock.now()
        with self._lock:
            recent = self._recent.setdefault(business, deque())
            while recent and recent[0] <= now - window:
                recent.popleft()
            if limit and len(recent) >= limit:
                return too_many_requests(self._switches, max(1, math.ceil(recent[0] + window - now)))
            day = (business, str(self._clock.today()))
            if per_day and self._today[day] >= per_day:
                return too_many_requests(self._switches, math.ceil(86400 - now % 86400))
            recent.append(now)
            self._today[day] += 1
        return None

    def enter(self, client_id: str) -> Answer | None:
        """429 when the client has too many requests in flight; otherwise call `leave` when done."""
        limit = self._switches["in_flight_limit"]
        with self._lock:
            if limit and self._in_flight[client_id] >= limit:
                return too_many_requests(self._switches, 1)
            self._in_flight[client_id] += 1
        return None

    def leave(self, client_id: str) -> None:
        """The request of the client is answered."""
        with self._lock:
            self._in_flight[client_id] -= 1

    def used(self) -> dict[str, int]:
        """Requests each business made today."""
        today = str(self._clock.today())
        with self._lock:
            return {business: count for (business, day), count in self._today.items() if day == today}

    def reset(self) -> None:
        """Forget what was counted."""
        with self._lock:
            self._recent.clear()
            self._today.clear()


def too_many_requests(switches: Switches, seconds: int | None, body: str | None = None) -> Answer:
    """A 429 in the body the switch asks for; `seconds` None leaves Retry-After out."""
    body = body or switches["limit_body"]
    if body == "html":
        answer = html_answer(429, "<html><body><h1>429 Too Many Requests</h1></body></html>")
    elif body == "empty":
        answer = Answer(429)
    else:
        answer = json_answer(429, [entry("Too many requests.", "", "TooManyRequests")])
    if seconds is not None and switches["retry_after_header"]:
        answer.headers["Retry-After"] = str(seconds)
    return answer
