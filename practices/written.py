"""Questions that are put into SQL once in a process, with names where something differs from one asking to the next.

All else stands in them as literals: a plan that is kept can then use an index of some rows only, which it could not
where the condition of that index came as a parameter.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Value

_PLACE = re.compile(r"%s|%%")


class Given(Value):
    """A value of a written question that is only known when the question is asked."""

    def __init__(self, name: str) -> None:
        super().__init__(_Name(name))


@dataclass(frozen=True, slots=True)
class _Name:
    """Where a given value goes among the parameters."""

    name: str


@dataclass(frozen=True, slots=True)
class Written:
    """A column of a question that is written already, and the values that belong in its places."""

    sql: str
    given: Mapping[str, Any]


def written(sql: str, parameters: Sequence[Any]) -> str:
    """SQL as Django gives it, with its parameters as literals; what is `Given` has its name there."""
    left = iter(parameters)
    with connection.cursor() as cursor:

        def place(found: re.Match[str]) -> str:
            if found[0] == "%%":
                return "%%"
            value = next(left)
            if isinstance(value, _Name):
                return f"%({value.name})s"
            literal: bytes = cursor.mogrify("%s", [value])
            return literal.decode().replace("%", "%%")

        return _PLACE.sub(place, sql)
