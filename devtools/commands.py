"""Which command does what: first what it needs is installed, then it runs in the virtual environment."""

import importlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable

from devtools.paths import REQUIREMENTS, ROOT, in_venv
from devtools.setup import ensure_installed, re_execute_in_venv
from devtools.terminal import Problem

#: The lock files that a command needs; embedded servers are left out where both are given by address.
LOCKS: dict[str, tuple[str, ...]] = {
    "up": ("run", "embedded"),
    "test": ("run", "embedded", "test"),
    "check": ("run", "embedded", "test", "lint"),
    "manage": ("run", "embedded"),
    "journey": ("run", "embedded"),
    "features": (),
    "screenshots": ("run", "embedded", "test"),
    "bench": ("run", "embedded"),
    "faults": ("run", "embedded", "test"),
    "backup": ("run", "embedded"),
    "restore": ("run", "embedded"),
    "lock": (),
}


def main(arguments: list[str], *, usage: str) -> int:
    """Run ./dev with these arguments; the exit code."""
    command, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if command in {"help", "-h", "--help"}:
        print(usage.strip())
        return 0
    if command not in LOCKS:
        known = ", ".join([*LOCKS, "help"])
        print(f"./dev knows no command {command!r}. It knows: {known}.", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # every way out cleans up
        signal.signal(number, signal.default_int_handler)
    try:
        if not in_venv() and LOCKS[command]:
            ensure_installed(*_locks_for(command))
            re_execute_in_venv(ROOT / "dev")
        return _function(command)(rest)
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


def _locks_for(command: str) -> list[str]:
    given = os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")
    return [lock for lock in LOCKS[command] if not (lock == "embedded" and given)]


def _function(command: str) -> Callable[[list[str]], int]:
    """The command's function. Its module is imported only now: it may need what was just installed."""
    places = {
        "up": ("devtools.up", "up"),
        "test": ("devtools.testing", "test"),
        "check": ("devtools.checks", "check"),
        "features": ("devtools.features", "features"),
        "manage": ("devtools.manage", "manage"),
        "backup": ("devtools.backup", "backup"),
        "restore": ("devtools.backup", "restore"),
        "bench": ("devtools.bench", "bench"),
        "faults": ("devtools.faults", "faults"),
    }
    if command in {"journey", "screenshots"}:
        return lambda arguments: _drive(f"devtools.{command}", arguments)
    if command == "lock":
        return lock
    module, name = places[command]
    function: Callable[[list[str]], int] = getattr(importlib.import_module(module), name)
    return function


def _drive(module: str, arguments: list[str]) -> int:
    exit_code: int = importlib.import_module("devtools.up").drive(module, arguments)
    return exit_code


def lock(arguments: list[str]) -> int:
    """Write the lock files anew; arguments such as --upgrade go to uv."""
    if not shutil.which("uv"):
        raise Problem("Locking needs uv, and nothing else here does: pip install uv (or pipx install uv).")
    return subprocess.run([str(REQUIREMENTS / "lock.sh"), *arguments], check=False).returncode
