"""Whole rows at little more than the price of reading them.

For what passes by in thousands: building a question of the ORM anew costs more than the database takes to answer it.
"""

from functools import cache
from typing import TypeVar, cast

from practices.arrays import Value
from practices.tenancy import TenantModel

Row = TypeVar("Row", bound=TenantModel)


def rows_of(model: type[Row], condition: str, *values: Value) -> list[Row]:
    """The rows that meet a condition in SQL, complete and in its order; inside a scope, as every query."""
    return cast(list[Row], list(model.objects.raw(_beginning(model) + condition, values)))


@cache
def _beginning(model: type[TenantModel]) -> str:
    columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
    return f'SELECT {columns} FROM "{model._meta.db_table}" WHERE '  # noqa: S608 - names of ours
