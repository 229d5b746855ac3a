"""Statements that PostgreSQL plans once a session instead of every time they are asked.

Only in processes that say they keep their sessions (`keep_plans`): what was prepared is the session's, and a pooler
that works by transaction would give the next transaction another one. Elsewhere the statements are asked in full, and
so they are from then on where a session turns out not to know what was prepared in it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import psycopg2.extensions
from psycopg2.errors import DuplicatePreparedStatement, FeatureNotSupported, InvalidSqlStatementName

#: Statements that a session keeps at most; any more are asked in full.
MOST = 100
_PLACE = re.compile(r"%\((\w+)\)s|%s|%%")
#: Else each is planned five times more, to see whether its values matter: as often as most sessions ask it at all.
_PLANNED_ONCE = "SET plan_cache_mode = force_generic_plan"
_keeps_plans = False


class Prepared(str):
    """A statement that is asked again and again with other values, all of which stand in parameters.

    It names the columns it gives: a `*` would be refused once a migration has added one.
    """

    __slots__ = ()


def keep_plans(*, kept: bool = True) -> None:
    """From now on, every session of this process prepares what is marked so, or none does."""
    global _keeps_plans  # noqa: PLW0603 - of the process, as the sessions are
    _keeps_plans = kept


@dataclass(frozen=True, slots=True)
class _Known:
    """How a session is asked what it has prepared, and in which order the values are named, where they are."""

    call: str
    names: tuple[str, ...]

    def values(self, given: Sequence[Any] | Mapping[str, Any]) -> Sequence[Any]:
        return [given[name] for name in self.names] if isinstance(given, Mapping) else given


class Session(psycopg2.extensions.connection):  # type: ignore[misc]  # the driver comes without types
    """A session with PostgreSQL that remembers what it has prepared."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._known: dict[str, _Known] = {}
        self._generation = 0

    def known(self, statement: Prepared) -> _Known | None:
        """How to ask for a statement, prepared now if it was not; None where the session keeps enough already."""
        if (known := self._known.get(statement)) is not None:
            return known
        if len(self._known) >= MOST:
            return None
        text, names, count = _numbered(statement)
        # Of its own text: where sessions are shared unknown to us, no process may take another's for its own.
        name = f"kept_{blake2b(text.encode(), digest_size=12).hexdigest()}_{self._generation}"
        with self.cursor() as asking:
            psycopg2.extensions.cursor.execute(asking, f"{_PLANNED_ONCE}; PREPARE {name} AS {text}")
        places = ", ".join(["%s"] * count)
        self._known[statement] = _Known(f"EXECUTE {name} ({places})" if count else f"EXECUTE {name}", names)
        return self._known[statement]

    def forget(self) -> None:
        """Prepare everything anew: what it was made for has changed."""
        self._known.clear()
        self._generation += 1


class PreparingCursor(psycopg2.extensions.cursor):  # type: ignore[misc]  # as above
    """A cursor of a `Session`: asks what is `Prepared` by the name the session knows it by."""

    connection: Session

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - as the driver calls it
        """As the driver does it."""
        if not _keeps_plans or type(query) is not Prepared:
            super().execute(query, vars)
            return
        try:
            known = self.connection.known(query)
            if known is None:
                super().execute(query, vars)
            else:
                super().execute(known.call, known.values(vars or ()))
        except FeatureNotSupported:
            self.connection.forget()
            raise
        except (InvalidSqlStatementName, DuplicatePreparedStatement):
            # The session is another one than prepared it: a pooler that nobody told us of.
            keep_plans(kept=False)
            raise


def _numbered(statement: str) -> tuple[str, tuple[str, ...], int]:
    """The statement with its parameters numbered, their names in that order, and how many there are."""
    names: list[str] = []
    count = 0

    def place(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] == "%%":
            return "%"
        if found[1] is None:
            count += 1
            return f"${count}"
        if found[1] not in names:
            names.append(found[1])
            count += 1
        return f"${names.index(found[1]) + 1}"

    return _PLACE.sub(place, statement), tuple(names), count
