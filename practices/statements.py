"""Statements of several changes at once, each written by the app whose table it changes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import connection


class Change(NamedTuple):
    """One INSERT, UPDATE or DELETE and its values: run by itself, or with others in one statement."""

    sql: str
    values: list[Any]

    def run(self) -> None:
        """Make it by itself."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.values)


def run_together(changes: Mapping[str, Change], result: str) -> tuple[Any, ...]:
    """The one row that ``result`` selects, once all changes are made in one statement.

    To each other and to ``result`` the changes are known by their names, with what they return; of the tables
    themselves they see what was there before.
    """
    parts = ", ".join(f"{name} AS ({change.sql})" for name, change in changes.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {parts} {result}", [value for change in changes.values() for value in change.values]
        )
        row: tuple[Any, ...] = cursor.fetchone()
        return row
