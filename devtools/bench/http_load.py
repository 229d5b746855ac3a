"""Asking one server for pages from several threads, over connections that are kept for a while, and what came of it.

Which of two processes takes a connection is luck. Of eight that are kept throughout, six or more fall to one of them in
three cases out of ten, and wait three times as long as the others, whatever is asked for. So each is opened anew after
some answers, as a browser does after a pause.
"""

import http.client
import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

#: Answers after which a connection is opened anew.
KEPT_FOR = 10


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for, and with which headers."""

    path: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """Milliseconds of each answer, how many were wrong, and how long it all took."""

    milliseconds: list[float] = field(default_factory=list)
    errors: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Right answers a second."""
        return len(self.milliseconds) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """The milliseconds within which this share of the answers came; 0 without any."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def load(
    port: int,
    asks: Sequence[Ask],
    *,
    seconds: float,
    clients: int,
    per_second: float | None = None,
    requests: int = 0,
) -> Outcome:
    """Ask in turn for so long and ``requests`` at least, as fast as answers come, or ``per_second`` all together."""
    total, lock, every = Outcome(), threading.Lock(), list(asks)
    until, least = time.monotonic() + seconds, requests // clients
    pause = clients / per_second if per_second else 0.0

    def one(position: int) -> None:
        first = position % len(every)
        mine = _ask_until(port, every[first:] + every[:first], until, pause, least)
        with lock:
            total.milliseconds += mine.milliseconds
            total.errors += mine.errors

    threads = [threading.Thread(target=one, args=(position,)) for position in range(clients)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total.seconds = time.monotonic() - started
    return total


def _ask_until(port: int, asks: Sequence[Ask], until: float, pause: float, least: int) -> Outcome:
    mine = Outcome()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    turn = time.monotonic()
    for number, ask in enumerate(itertools.cycle(asks), 1):
        started = time.perf_counter()
        if time.monotonic() >= until and len(mine.milliseconds) + mine.errors >= least:
            break
        try:
            connection.request("GET", ask.path, headers=ask.headers)
            answer = connection.getresponse()
            answer.read()
            is_right = answer.status == 200
        except (OSError, http.client.HTTPException):
            connection.close()
            is_right = False
        if is_right:
            mine.milliseconds.append((time.perf_counter() - started) * 1000)
        else:
            mine.errors += 1
        if number % KEPT_FOR == 0:
            connection.close()
        if pause:
            turn += pause
            time.sleep(max(0.0, turn - time.monotonic()))
    connection.close()
    return mine
