"""The database's clock, moved along with the clock that a test moves; or left apart from it.

The application lets the database say when a lease begins and ends, when a posting was tried and when it is ripe. Where
`time_machine` moves the clock of the processes, the statements that ask for that time are given the moved one instead.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import time_machine
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.utils import timezone

_ASKED = re.compile(r"statement_timestamp\(\)", re.IGNORECASE)
#: By how much the database's clock is ahead of the one that is moved.
_ahead = timedelta(0)


def move_along() -> None:
    """From now on, connections of this process tell the time that a test has set."""
    connection_created.connect(_accompany, dispatch_uid="database clock")


@contextmanager
def database_ahead(by: timedelta) -> Iterator[None]:
    """The database's clock is ahead of this machine's by so much inside; behind it, where that is negative."""
    global _ahead  # noqa: PLW0603 - one clock for all connections, as in life
    before, _ahead = _ahead, by
    try:
        yield
    finally:
        _ahead = before


def _accompany(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if _told not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _told)


def _told(run: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
    if time_machine.escape_hatch.is_travelling() and isinstance(sql, str):
        sql = _ASKED.sub(f"'{(timezone.now() + _ahead).isoformat()}'::timestamptz", sql)
    return run(sql, params, many, context)
