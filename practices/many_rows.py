"""Many new rows of one table in one statement, from columns of values.

`bulk_create` makes an object of every row and prepares each of its values by itself, which for tens of thousands of
rows costs several times what the database needs to write them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from practices.arrays import array
from practices.tenancy import TenantModel, acting_practice_id


def insert_rows(
    model: type[TenantModel], columns: Mapping[str, Sequence[Any]], *, ignore_conflicts: bool = False
) -> None:
    """Insert rows of the acting practice, from column (`client_id`) → its values, all of one length.

    Columns that are not given get the default of their field. No signal is sent and nothing is validated: the
    database's constraints are what is checked.
    """
    if not any(columns.values()):
        return
    fields = {
        field.column: field
        for field in model._meta.local_concrete_fields
        if not field.generated and field.name != "practice"
    }
    constant = {
        name: field.get_db_prep_save(field.get_default(), connection)
        for name, field in fields.items()
        if name not in columns and not field.primary_key
    }
    types = {name: _element_type(fields[name].db_type(connection)) for name in columns}
    listed = ", ".join(f'"{name}"' for name in ("practice_id", *constant, *columns))
    selected = ", ".join([*["%s"] * (1 + len(constant)), *(f'given."{name}"' for name in columns)])
    arrays = ", ".join(f"%s::{kind}[]" for kind in types.values())
    named = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{model._meta.db_table}" ({listed})'  # noqa: S608 - names of our own models
            f" SELECT {selected} FROM unnest({arrays}) AS given({named})"
            f"{' ON CONFLICT DO NOTHING' if ignore_conflicts else ''}",
            [
                acting_practice_id(),
                *constant.values(),
                *(_column(values, types[name]) for name, values in columns.items()),
            ],
        )


def new_ids(model: type[TenantModel], count: int) -> list[int]:
    """So many ids of a table that no row has or will be given, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return sorted(pk for (pk,) in cursor.fetchall())


def _element_type(column_type: str | None) -> str:
    """The type without its length: a cast to `varchar(80)` would cut what is longer instead of refusing it."""
    plain = re.sub(r"\(.*\)", "", column_type or "text")
    return "text" if plain == "varchar" else plain


def _column(values: Sequence[Any], kind: str) -> str:
    return array(map(json.dumps, values)) if kind == "jsonb" else array(values)
