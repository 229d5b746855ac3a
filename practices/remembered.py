"""What a practice has one row of (its settings), read together and once while a page is drawn.

A page asks for the same settings in several places, each of which is right to ask: nobody hands them down. While a
request only looks, nothing changes them, so they are remembered until it is answered.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast

from django.apps import apps
from django.db import connection
from django.db.models import UniqueConstraint

from practices.change_marks import marks_of
from practices.models import Practice
from practices.prepared import Prepared
from practices.rows import columns_of, cut
from practices.tenancy import TenantModel, acting_practice_id, require_scope

Row = TypeVar("Row", bound=TenantModel)
Found = TypeVar("Found")

_memory: ContextVar[dict[Any, Any] | None] = ContextVar("memory", default=None)


Marks: TypeAlias = dict[str, tuple[str, ...]]


@contextmanager
def remembering(practice: Practice, marked: Sequence[str] | None = None) -> Iterator[None]:
    """What `row_of` and `remembered` find inside is read once; for requests that change nothing.

    ``marked`` are the practice's marks of changes, where they were read before.
    """
    known = {} if marked is None else {"marks": _by_table(marked)}
    token = _memory.set({"practice": practice, **known})
    try:
        yield
    finally:
        _memory.reset(token)


def remembered(name: str, read: Callable[[], Found]) -> Found:
    """What reading gave the first time this page asked; read anew wherever something may change."""
    memory = _memory.get()
    if memory is None:
        return read()
    if name not in memory:
        memory[name] = read()
    return cast(Found, memory[name])


def is_remembering() -> bool:
    """Whether what is read here is read once, so that it may as well be read when it is first asked for."""
    return _memory.get() is not None


def row_of(model: type[Row]) -> Row | None:
    """The row of a model of which a practice has one at most; None where there is none."""
    if _memory.get() is None:
        return practice_and(model)[1]
    return cast(Row | None, remembered("rows", _all_rows)[model])


def practice_and(model: type[Row]) -> tuple[Practice, Row | None]:
    """The practice we act for and its row of a model of which it has one at most, in one reading."""
    if _memory.get() is not None:
        return acting_practice(), row_of(model)
    require_scope(model)
    with connection.cursor() as cursor:
        cursor.execute(_with_practice(model), [acting_practice_id()])
        found = cursor.fetchone()
    if found is None:
        raise Practice.DoesNotExist
    practice, row = cut(found, [Practice, model])
    if row is not None:
        row.practice = practice
    return practice, row


@cache
def _with_practice(model: type[TenantModel]) -> str:
    """Written once: a queryset would put the same words together for each of a run's practices."""
    columns = f"{columns_of(Practice, table='practice')}, {columns_of(model, table='own')}"
    return (
        f"SELECT {columns} FROM practices_practice AS practice"  # noqa: S608 - names of ours
        f' LEFT JOIN "{model._meta.db_table}" AS own ON own.practice_id = practice.id WHERE practice.id = %s'
    )


@cache
def _single() -> list[type[TenantModel]]:
    """The models of which a practice has one row at most: their constraint says so."""
    return [
        model
        for model in apps.get_models()
        if issubclass(model, TenantModel)
        and any(
            isinstance(each, UniqueConstraint)
            and tuple(each.fields) == ("practice",)
            and each.condition is None
            for each in model._meta.constraints
        )
    ]


def acting_practice() -> Practice:
    """The practice we act for."""
    return remembered("practice", lambda: Practice.objects.get(pk=acting_practice_id()))


def marks_of_changes() -> Marks:
    """What each table of the practice is marked with, by its name: other marks once any of its rows has changed.

    For requests that change nothing: seen before anything else is read, so what is read is never older than they are.
    """
    return remembered("marks", lambda: _by_table(marks_of(acting_practice_id())))


def _by_table(marked: Sequence[str]) -> Marks:
    marks = defaultdict[str, tuple[str, ...]](tuple)
    for each in sorted(marked):
        table, stamp = each.split(" ")
        marks[table] += (stamp,)
    return dict(marks)


def _all_rows() -> dict[type[TenantModel], TenantModel | None]:
    """The rows of all of them, by model."""
    with connection.cursor() as cursor:
        cursor.execute(_with_all(), [acting_practice_id()])
        rows = dict(zip(_single(), cut(cursor.fetchone(), _single()), strict=True))
    for row in filter(None, rows.values()):
        row.practice = acting_practice()
    return rows


@cache
def _with_all() -> Prepared:
    columns, joins = [], []
    for place, model in enumerate(_single()):
        table = f"single_{place}"
        columns.append(columns_of(model, table=table))
        joins.append(f'LEFT JOIN "{model._meta.db_table}" AS {table} ON {table}.practice_id = practice.id')
    return Prepared(
        f"SELECT {', '.join(columns)} FROM practices_practice AS practice"  # noqa: S608 - names of ours
        f" {' '.join(joins)} WHERE practice.id = %s"
    )
