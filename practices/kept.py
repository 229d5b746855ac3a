"""Answers of the database that stay good until a table they were read from changes.

Sums over everything a practice has (its schedules, its clients) are shown on pages that are opened far more often than
anything in them changes. Triggers leave a mark wherever a statement changes rows of a practice (`ChangeMark`), in its
transaction. An answer is kept in this process beside the marks of its tables, and given again as long as these are the
marks that a page sees: so never after a change was committed, whoever made it and however. See
docs/decisions/0036-answers-kept-until-a-change.md.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from hashlib import blake2b
from threading import Lock
from typing import Any, TypeAlias

from django.apps import apps
from django.core.exceptions import EmptyResultSet
from django.db import connection, models

from practices.arrays import Ids
from practices.remembered import is_remembering, marks_of_changes
from practices.tenancy import acting_practice_id

#: About how many bytes of answers a process keeps, and of one of them; the one wanted longest ago goes first.
MOST, LARGEST = 4_000_000, 100_000
#: What says something else each time it is asked, a moment of this second among it.
_CHANGES_BY_ITSELF = re.compile(
    r"\b(now|random|\w+_timestamp|current_(?!setting)\w+)\b|\d:\d\d\.\d", re.IGNORECASE
)
#: Texts of questions whose tables are known; longer ones, which hold ids of many rows, are looked through each time.
MOST_TEXTS, LONG = 500, 5000

Values: TypeAlias = Mapping[str, Any] | Sequence[Any]
Rows: TypeAlias = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and what its tables were marked with before it was read."""

    marks: tuple[tuple[str, ...], ...]
    answer: Any
    bytes: int


_kept: OrderedDict[bytes, Kept] = OrderedDict()
_held = 0
_lock = Lock()


class Question:
    """A question of a page, told by its SQL and its values: they and the acting practice decide the answer alone."""

    __slots__ = ("_key", "_marks")

    def __init__(self, sql: str, values: Values) -> None:
        self._marks = () if any(map(_is_a_moment, _without_names(values))) else _marks_of(sql)
        asked = f"{acting_practice_id()}\0{sql}\0{values!r}"
        self._key = blake2b(asked.encode(), digest_size=16).digest() if self._marks else b""

    @property
    def can_be_kept(self) -> bool:
        """Whether it can be told when the answer changes."""
        return bool(self._marks)

    def known(self) -> Kept | None:
        """Its answer, if it is here and nothing that it was read from has changed since."""
        with _lock:
            found = _kept.get(self._key)
            if found is None or found.marks != self._marks:
                return None
            _kept.move_to_end(self._key)
            return found

    def keep(self, answer: Any) -> None:
        """Keep an answer that was read after this question was made, where it can be told when it changes."""
        global _held  # noqa: PLW0603 - of the process, as what is kept
        if not self.can_be_kept or (size := _size_of(answer)) > LARGEST:
            return
        with _lock:
            before = _kept.pop(self._key, None)
            _kept[self._key] = Kept(self._marks, answer, size)
            _held += size - (before.bytes if before else 0)
            while _held > MOST:
                _held -= _kept.popitem(last=False)[1].bytes


def kept_rows(sql: str, values: Values = ()) -> Rows:
    """The rows that a question gives, at most one query; the same rows as long as nothing in them can have changed."""
    question = Question(sql, values)
    if (known := question.known()) is not None:
        return list(known.answer)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: Rows = cursor.fetchall()
    question.keep(tuple(rows))
    return rows


def kept_values(rows: "models.QuerySet[Any, Any]") -> Rows:
    """`kept_rows` of a queryset of values, as the database gives them."""
    try:
        return kept_rows(*rows.query.get_compiler(using=rows.db).as_sql())
    except EmptyResultSet:
        return []


def kept_ids(rows: "models.QuerySet[Any, Any]") -> Ids:
    """The same of a queryset of ids alone, told together."""
    try:
        sql, values = rows.query.get_compiler(using=rows.db).as_sql()
    except EmptyResultSet:
        return Ids()
    (found,) = kept_rows(Ids.SQL.format(rows=sql), values)
    return Ids(*found)


def forget() -> None:
    """Keep nothing that was kept until now."""
    global _held  # noqa: PLW0603 - as above
    with _lock:
        _kept.clear()
        _held = 0


#: What a row, a value and what is kept with an answer take, about.
_ROW, _VALUE, _AROUND = 100, 60, 500


def _size_of(answer: Any) -> int:
    if isinstance(answer, tuple):
        return _AROUND + sum(_ROW + sum(map(_size_of_value, row)) for row in answer)
    return _AROUND + _size_of_value(answer)


def _size_of_value(value: Any) -> int:
    if isinstance(value, dict | list):
        return LARGEST  # whoever gets it might change it for all
    return _VALUE + (len(value) if isinstance(value, str) else 0)


def _marks_of(sql: str) -> tuple[tuple[str, ...], ...]:
    """What the tables of a question are marked with; nothing where its answer may change without a mark."""
    if not is_remembering():
        return ()
    tables, marks = (_tables_in if len(sql) <= LONG else _tables_in.__wrapped__)(sql), marks_of_changes()
    return tuple(marks[table] for table in tables) if all(table in marks for table in tables) else ()


def _without_names(values: Values) -> Iterable[Any]:
    """The values, without their names."""
    return values.values() if isinstance(values, Mapping) else values


def _is_a_moment(value: Any) -> bool:
    """Whether it is told so exactly that nobody will ask for it again."""
    return isinstance(value, datetime) and bool(value.microsecond)


@lru_cache(maxsize=MOST_TEXTS)
def _tables_in(sql: str) -> tuple[str, ...]:
    """The tables that are named there; one without a name where the answer depends on when it is asked."""
    found = sorted(set(_tables().findall(sql)))
    return ("", *found) if _CHANGES_BY_ITSELF.search(sql) else tuple(found)


@cache
def _tables() -> re.Pattern[str]:
    names = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    return re.compile(rf"\b(?:{'|'.join(sorted(names))})\b")
