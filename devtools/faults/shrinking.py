"""Cutting a failing history down to the steps that matter."""

import time
from collections.abc import Callable
from typing import TypeVar

Step = TypeVar("Step")
#: Seconds that it may take.
PATIENCE = 90.0


def shrunk(
    history: list[Step], fails: Callable[[list[Step]], bool], *, seconds: float = PATIENCE
) -> list[Step]:
    """A shorter history that still fails: ever smaller pieces are left out for as long as it does."""
    deadline = time.monotonic() + seconds
    size = max(1, len(history) // 2)
    while True:
        start, cut_any = 0, False
        while start < len(history):
            if time.monotonic() > deadline:
                return history
            rest = history[:start] + history[start + size :]
            if rest and fails(rest):
                history, cut_any = rest, True
            else:
                start += size
        if size == 1 and not cut_any:
            return history
        size = max(1, size // 2)
