"""Whole rows at little more than the price of reading them.

For what passes by in thousands: building a question of the ORM anew costs more than the database takes to answer it.
"""

from functools import cache
from typing import TypeVar, cast

from practices.arrays import Value
from practices.tenancy import TenantModel

Row = TypeVar("Row", bound=TenantModel)


def rows_of(model: type[Row], condition: str, *values: Value, without: tuple[str, ...] = ()) -> list[Row]:
    """The rows that meet a condition in SQL, in its order; inside a scope, as every query.

    Complete but for the fields ``without``, which are read only if somebody asks for them.
    """
    found = model.objects.raw(_beginning(model, without) + condition, values)
    return cast(list[Row], list(found))


@cache
def _beginning(model: type[TenantModel], without: tuple[str, ...]) -> str:
    columns = [f'"{field.column}"' for field in model._meta.concrete_fields if field.name not in without]
    return f'SELECT {", ".join(columns)} FROM "{model._meta.db_table}" WHERE '  # noqa: S608 - names of ours
