"""Many values in one parameter: array literals for PostgreSQL, read by the server in one go.

`unnest(%s::bigint[], %s::date[])` turns them back into rows. A list parameter would be written out as an
expression of a thousand elements, which costs both sides several times as much.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

Value = str | int | bool | Decimal | date | datetime | timedelta | None


def array(values: Iterable[Value]) -> str:
    """`{1,2,NULL}`: the literal of a one-dimensional array, for a parameter that is cast to its type."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return f'"{value.isoformat()}"'
    return str(value)
