"""PostgreSQL and a Redis-protocol server: those of DATABASE_URL and REDIS_URL, else our own.

One ./dev at a time holds the development servers. Another beside it uses the same, by way of services.json.
"""

import fcntl
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from devtools import roles
from devtools.embedded_postgres import EmbeddedPostgres
from devtools.embedded_valkey import EmbeddedValkey
from devtools.paths import STATE
from devtools.secret_files import secret
from devtools.terminal import Problem, say

DATABASE = "ignition"
LOGIN = "ignition"
SHARED = STATE / "services.json"


@contextmanager
def servers(state: Path, *, durable: bool, for_tests: bool = False) -> Iterator[dict[str, str]]:
    """The environment that names both servers; ours run until the end of the block."""
    with ExitStack() as running:
        if url := os.environ.get("DATABASE_URL"):
            roles.prepare_given(url, for_tests=for_tests)
        else:
            url = _start_postgres(running, state, durable=durable)
        if redis := os.environ.get("REDIS_URL"):
            _check_redis(redis)
        else:
            valkey = EmbeddedValkey(state, durable=durable)
            running.callback(valkey.stop)
            valkey.start()
            redis = valkey.url()
            say(f"Valkey runs on port {valkey.port}")
        yield {"DATABASE_URL": url, "REDIS_URL": redis}


@contextmanager
def throwaway_servers(*, durable: bool = False) -> Iterator[dict[str, str]]:
    """Servers with empty data that is gone afterwards, unless DATABASE_URL or REDIS_URL name others."""
    with (
        tempfile.TemporaryDirectory(prefix="ignition-", ignore_cleanup_errors=True) as folder,
        servers(Path(folder), durable=durable, for_tests=True) as environment,
    ):
        yield environment


@contextmanager
def development_servers(holder: str) -> Iterator[dict[str, str]]:
    """The servers with the development data. A ./dev up that runs already lends its own."""
    with ExitStack() as running:
        lock = running.enter_context(open_lock())
        if (lent := _hold_or_borrow(lock)) is not None:
            yield {**lent, **_given_beside(lent)}
            return
        SHARED.unlink(missing_ok=True)
        running.callback(SHARED.unlink, missing_ok=True)
        environment = running.enter_context(servers(STATE, durable=True))
        publish({**environment, "holder": holder})
        yield environment


@contextmanager
def open_lock() -> Iterator[int]:
    """The file whose lock says who runs the development servers."""
    descriptor = os.open(STATE / "servers.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def hold(lock: int) -> bool:
    """Take the lock if nobody has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def published() -> dict[str, str]:
    """What the ./dev that holds the lock says of its servers; empty while it says nothing."""
    try:
        said: dict[str, str] = json.loads(SHARED.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return said


def lent_by_up() -> dict[str, str]:
    """The environment of the ./dev up that runs in this folder; empty if none does."""
    with open_lock() as lock:
        if hold(lock):
            return {}
    said = published()
    return said if said.pop("holder", "") == "up" else {}


def publish(environment: dict[str, str]) -> None:
    """Tell other ./dev commands of our servers, in a file that only we can read."""
    partial = SHARED.with_suffix(".new")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(environment))
    partial.rename(SHARED)


def _hold_or_borrow(lock: int) -> dict[str, str] | None:
    """None once the lock is ours; else the environment of the ./dev up that has it."""
    told = False
    while not hold(lock):
        said = published()
        if said.pop("holder", "") == "up":
            return said
        if not told:
            say("waiting for another ./dev command to finish")
            told = True
        time.sleep(0.1)
    return None


def _given_beside(lent: dict[str, str]) -> dict[str, str]:
    """Servers that the environment names and the ./dev up that runs does not use; they come before what it lends."""
    given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    if (url := given.get("DATABASE_URL")) and url != lent["DATABASE_URL"]:
        roles.prepare_given(url)
    return given


def _start_postgres(running: ExitStack, state: Path, *, durable: bool) -> str:
    postgres = EmbeddedPostgres(state, durable=durable)
    running.callback(postgres.stop)
    postgres.start()
    password = secret(state, "postgres-login")
    url = postgres.url(DATABASE, LOGIN, password)
    roles.prepare_embedded(postgres.url("postgres"), url, login=LOGIN, password=password, database=DATABASE)
    say(f"PostgreSQL runs on port {postgres.port}")
    return url


def _check_redis(url: str) -> None:
    """Say early, and by name, that the given server does not answer."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379), 5):
            pass
    except OSError as error:
        where = f"{quote(parts.hostname or '')}:{parts.port or 6379}"
        raise Problem(
            f"The server of REDIS_URL does not answer at {where}: {error}.\n"
            "Start it, mend the address, or unset REDIS_URL to use the embedded one."
        ) from error
