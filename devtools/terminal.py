"""What the person at the keyboard reads. Progress goes to standard error, results to standard output."""

import os
import sys
import time

# ./dev starts itself again inside the virtual environment: the clock goes on.
STARTED = float(os.environ.setdefault("DEV_STARTED", str(time.time())))


class Problem(Exception):
    """Something that the person at the keyboard can mend; its text says what is wrong and how to cure it."""


def say(text: str) -> None:
    """Print a line of progress with the seconds since the start."""
    print(f"[{time.time() - STARTED:6.1f} s] {text}", file=sys.stderr, flush=True)


def counted(number: int, noun: str) -> str:
    """The number with its noun: "1 test", "2 tests"."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
