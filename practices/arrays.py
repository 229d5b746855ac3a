"""Many values in one parameter: array literals for PostgreSQL, read by the server in one go.

`unnest(%s::bigint[], %s::date[])` turns them back into rows. A list parameter would be written out as an
expression of a thousand elements, which costs both sides several times as much.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

Value = str | int | bool | Decimal | date | datetime | timedelta | None


@dataclass(frozen=True, slots=True)
class Ids(Collection[int]):
    """Ids as the database told them: how many, and together as an array's literal, as the next question wants them.

    Thousands of them as rows and numbers, and written out again, cost more than the question that found them.
    """

    count: int = 0
    literal: str = "{}"

    #: What tells the ids that a question gives in its one column, which is named so, in this form.
    SQL: ClassVar[str] = "SELECT count(*), coalesce(array_agg(id)::text, '{{}}') FROM ({rows}) AS found(id)"

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        return map(int, self.literal[1:-1].split(",")) if self.count else iter(())

    def __contains__(self, pk: object) -> bool:
        return any(pk == each for each in self)


def array(values: Iterable[Value]) -> str:
    """`{1,2,NULL}`: the literal of a one-dimensional array, for a parameter that is cast to its type."""
    if isinstance(values, Ids):
        return values.literal
    given = values if isinstance(values, list) else list(values)
    kinds = set(map(type, given))
    # Nearly every array is of texts or of numbers alone, which need no turn for each of their values.
    if kinds == {str} and (texts := _all_quoted(given)) is not None:  # type: ignore[arg-type]  # texts, by their types
        return texts
    if kinds == {int}:
        return "{" + ",".join(map(str, given)) + "}"
    return "{" + ",".join([_WRITTEN.get(type(value), _element)(value) for value in given]) + "}"


#: Stands before each of several long texts, as it hardly ever does within one.
_MARK = "\x1f"


def long_texts(values: Iterable[str]) -> str:
    """Several texts of any length, for a parameter that stands in `LONG_TEXTS`; the mark becomes a space in them.

    An array literal puts a sign before every quotation mark, and is read by the server character by character: JSON
    costs several times as much that way.
    """
    given = list(values)
    together = _MARK.join(["", *given])
    if together.count(_MARK) != len(given):
        together = _MARK.join(["", *[text.replace(_MARK, " ") for text in given]])
    return together


#: The array of texts that a parameter from `long_texts` stands for.
LONG_TEXTS = "(string_to_array({}, E'\\x1f'))[2:]"


def _all_quoted(values: list[str]) -> str | None:
    """The array of several texts, written in one go; None where one of them holds what stands between them here."""
    together = "\0".join(values)
    if together.count("\0") != len(values) - 1:
        return None
    if "\\" in together:
        together = together.replace("\\", "\\\\")
    if '"' in together:
        together = together.replace('"', '\\"')
    return '{"' + together.replace("\0", '","') + '"}'


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _element(value: Value) -> str:
    """Of what is not one of the plain types itself: a choice is a string, for one."""
    return _quoted(value) if isinstance(value, str) else str(value)


#: How each type is written; looked up, because these are the innermost loops there are.
_WRITTEN: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "NULL",
    str: _quoted,
    bool: lambda value: "t" if value else "f",
    datetime: lambda value: f'"{value.isoformat()}"',
    int: str,
    Decimal: str,
    date: date.isoformat,
}
