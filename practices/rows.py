"""Whole rows at little more than the price of reading them.

For what passes by in thousands: building a question of the ORM anew, and each row through its constructor, costs more
than the database takes to answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from django.db.models.base import ModelState

from practices.arrays import Value
from practices.prepared import Prepared
from practices.tenancy import TenantModel, require_scope

Row = TypeVar("Row", bound=TenantModel)


def rows_of(model: type[Row], condition: str, *values: Value, without: tuple[str, ...] = ()) -> list[Row]:
    """The rows that meet a condition in SQL, in its order; inside a scope, as every query.

    Complete but for the fields ``without``, which are read only if somebody asks for them.
    """
    return rows_from(model, _statement(model, condition, without), values)


def rows_from(model: type[Row], statement: str, values: dict[str, Any] | tuple[Any, ...]) -> list[Row]:
    """The rows that a statement gives with all or some of their columns, as the ORM would have made them.

    What is no column of theirs becomes an attribute under its name, as the database gave it.
    """
    require_scope(model)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        shape = _shape(model, tuple([column.name for column in cursor.description]))
        return [shape.row(each) for each in cursor.fetchall()]


def cut(values: Sequence[Any], models: Sequence[type[Model]]) -> list[Any]:
    """One wide row cut into a row of each of these models, None where its key is null.

    Their columns stand in it as `columns_of` names them, one model after the other.
    """
    found, start = [], 0
    for model in models:
        shape, place = _whole(model)
        end = start + len(shape.names)
        found.append(None if values[start + place] is None else shape.row(tuple(values[start:end])))
        start = end
    return found


def tie(row: TenantModel, name: str, other: TenantModel) -> None:
    """Give a row the one that its key names, which was read for that very key: nothing of it is checked again."""
    row._state.fields_cache[name] = other  # noqa: SLF001 - where the ORM keeps it too


@dataclass(frozen=True, slots=True)
class _Shape:
    """A model's columns in the order they are read, and what makes values of ours of them."""

    model: type[Any]
    names: tuple[str, ...]
    conversions: tuple[tuple[str, Any, tuple[Callable[..., Any], ...]], ...]

    def row(self, values: tuple[Any, ...]) -> Any:
        """One row, as it was loaded: nothing of it counts as new or changed."""
        made = object.__new__(self.model)
        state = ModelState()
        state.adding, state.db = False, DEFAULT_DB_ALIAS
        held = made.__dict__
        held["_state"] = state
        held.update(zip(self.names, values, strict=True))
        for name, expression, converters in self.conversions:
            for convert in converters:
                held[name] = convert(held[name], expression, connection)
        return made


def _own_bases(model: type[Model]) -> list[type]:
    return [base for base in model.__mro__ if base not in Model.__mro__]


@cache
def _shape(model: type[Model], columns: tuple[str, ...]) -> _Shape:
    if any({"__init__", "__new__", "from_db"} & vars(base).keys() for base in _own_bases(model)):
        raise TypeError(f"{model.__name__} makes its rows in a way of its own")
    by_column = {field.column: field for field in model._meta.concrete_fields}
    fields = [by_column[column] for column in columns if column in by_column]
    names = tuple(by_column[column].attname if column in by_column else column for column in columns)
    read = [(field, field.get_col(model._meta.db_table)) for field in fields]
    conversions = [
        (field.attname, column, tuple(found))
        for field, column in read
        if (found := [*connection.ops.get_db_converters(column), *field.get_db_converters(connection)])
    ]
    return _Shape(model, names, tuple(conversions))


@cache
def _whole(model: type[Any]) -> tuple[_Shape, int]:
    """All columns of a model, and the place of its key among them."""
    fields = model._meta.concrete_fields
    return _shape(model, tuple(field.column for field in fields)), fields.index(model._meta.pk)  # type: ignore[arg-type]  # a class can be hashed


def columns_of(model: type[Model], *, without: tuple[str, ...] = (), table: str = "") -> str:
    """The columns of a table with its name, for a statement: a `*` would give those of a later version too.

    ``table`` is the name that stands in the statement where it is another one.
    """
    table = table or model._meta.db_table
    read = [field.column for field in model._meta.concrete_fields if field.name not in without]
    return ", ".join(f'"{table}"."{column}"' for column in read)


@cache
def _statement(model: type[TenantModel], condition: str, without: tuple[str, ...]) -> Prepared:
    columns = columns_of(model, without=without)
    return Prepared(f'SELECT {columns} FROM "{model._meta.db_table}" WHERE {condition}')  # noqa: S608 - names of ours
