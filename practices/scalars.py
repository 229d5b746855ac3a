"""Many small figures in one question to the database, for pages that show a number of each thing."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import IntegerField, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from practices.kept import Question
from practices.models import Practice
from practices.prepared import Prepared
from practices.requests import PracticeRequest
from practices.tenancy import TenantQuerySet
from practices.written import Written, written


def count_of(rows: "TenantQuerySet[Any]") -> Subquery:
    """How many rows there are, as a column of `figures`."""
    # Of no column and without groups: an index answers it alone whatever is in it, and it is planned sooner.
    return _Counted(rows.order_by().values("pk"))


def count_up_to(rows: "TenantQuerySet[Any]", most: int) -> Subquery:
    """How many rows there are, counted no further than so many, as a column of `figures`."""
    return _Counted(rows.order_by().values("pk")[:most])


def any_of(rows: "TenantQuerySet[Any]", *index: str) -> Subquery:
    """1 where there is a row and 0 where there is none, as a column of `figures`; ``index`` is the order of one.

    Without that order the server expects one of so many rows wherever it begins, and goes through those of every
    other practice until it comes to it.
    """
    return _Counted(rows.order_by("practice", *index).values("pk")[:1])


class _Counted(Subquery):
    """The number of a question's rows."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def sum_of(rows: "TenantQuerySet[Any]", amount: str | Combinable) -> Subquery:
    """What the rows add up to, as a column of `figures`; None where there are none."""
    return Subquery(rows.order_by().values("practice").annotate(figure=Sum(amount)).values("figure"))


def tally_of(rows: "TenantQuerySet[Any]") -> Coalesce:
    """How many things rows say that each count several, in their `count`; as a column of `figures`."""
    return Coalesce(sum_of(rows, "count"), 0)


def figures(**columns: Any) -> dict[str, Any]:
    """The value of each column for the acting practice, with one query, and one more for those that are `Written`.

    Columns depend on nothing of the practice itself. What cannot have changed since it was asked is not asked again.
    """
    ready = {name: column for name, column in columns.items() if isinstance(column, Written)}
    known = _asked_together(ready) if ready else {}
    if others := {name: column for name, column in columns.items() if name not in ready}:
        known |= _asked(_in_sql(others), {}, is_usual=False)
    return known


def _asked_together(columns: Mapping[str, Written]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for column in columns.values():
        for name, value in column.given.items():
            if given.setdefault(name, value) != value:
                raise ValueError(f"{name} is given twice, as {given[name]} and as {value}")
    return _asked({name: column.sql for name, column in columns.items()}, given)


class WrittenColumns:
    """Columns for `figures` that every page asks for: put into SQL once in a process instead of for each request.

    ``columns`` makes them, with `Given` in the place of what differs from one request to the next.
    """

    def __init__(self, columns: Callable[[], dict[str, Any]]) -> None:
        self._columns = columns
        self._written: dict[str, str] = {}

    def columns(self, **given: Any) -> dict[str, Written]:
        """The columns with these values, for a question that asks for others too."""
        return {name: Written(sql, given) for name, sql in self._sql().items()}

    def figures(self, **given: Any) -> dict[str, Any]:
        """What they come to for the acting practice with these values, with one query."""
        return _asked(self._sql(), given)

    def _sql(self) -> dict[str, str]:
        if not self._written:
            self._written = _in_sql(self._columns())
        return self._written


def _in_sql(columns: Mapping[str, Any]) -> dict[str, str]:
    """Each column as SQL."""
    query = Practice.objects.values(**columns).query
    compiler = query.get_compiler(connection.alias)
    compiler.pre_sql_setup()
    names = query.annotation_select
    return {
        name: written(sql, parameters)
        for name, (_, (sql, parameters), _) in zip(names, compiler.select, strict=True)
    }


def _asked(columns: Mapping[str, str], given: Mapping[str, Any], *, is_usual: bool = True) -> dict[str, Any]:
    """What columns come to that are in SQL already: nothing of them is put together anew.

    Those that cannot have changed since they were asked are not asked again.
    """
    questions = {
        name: Question(sql, [given[place] for place in _names_in(sql)]) for name, sql in columns.items()
    }
    found = {name: question.known() for name, question in questions.items()}
    known = {name: kept.answer for name, kept in found.items() if kept is not None}
    if wanted := [name for name in columns if name not in known]:
        asked = f"SELECT {', '.join(f'({columns[name]})' for name in wanted)}"
        # Any other choice of them comes too seldom for a session to keep its plan.
        is_usual &= not known or not any(questions[name].can_be_kept for name in wanted)
        with connection.cursor() as cursor:
            cursor.execute(Prepared(asked) if is_usual else asked, given)
            known |= zip(wanted, cursor.fetchone(), strict=True)
        for name in wanted:
            questions[name].keep(known[name])
    return known


@lru_cache(maxsize=500)
def _names_in(sql: str) -> list[str]:
    """Which given values a column has places for."""
    return sorted(set(filter(None, re.findall(r"%%|%\((\w+)\)s", sql))))


_shell_columns: list[Callable[[PracticeRequest], dict[str, Any]]] = []


def add_shell_columns(columns: Callable[[PracticeRequest], dict[str, Any]]) -> None:
    """Let every page that asks for figures of its own ask for these in the same question."""
    _shell_columns.append(columns)


def figures_with_shell(request: PracticeRequest, **columns: Any) -> dict[str, Any]:
    """The values of a page's own columns and of those every page counts, all of them with one query."""
    shell = {name: column for offered in _shell_columns for name, column in offered(request).items()}
    known = figures(**columns, **shell)
    request.shown_figures = known  # type: ignore[attr-defined]
    return known
