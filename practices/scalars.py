"""Many small figures in one question to the database, for pages that show a number of each thing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import IntegerField, Subquery, Sum, Value
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Coalesce

from practices.models import Practice
from practices.requests import PracticeRequest
from practices.tenancy import TenantQuerySet, acting_practice_id


def count_of(rows: "TenantQuerySet[Any]") -> Subquery:
    """How many rows there are, as a column of `figures`."""
    # Of no column and without groups: an index answers it alone whatever is in it, and it is planned sooner.
    return _Counted(rows.order_by().values("pk"))


def count_up_to(rows: "TenantQuerySet[Any]", most: int) -> Subquery:
    """How many rows there are, counted no further than so many, as a column of `figures`."""
    return _Counted(rows.order_by().values("pk")[:most])


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
    """The value of each column for the acting practice, all of them with one query."""
    if all(type(column) is RawSQL for column in columns.values()):
        return _asked({name: (column.sql, column.params) for name, column in columns.items()})
    return dict(Practice.objects.filter(pk=acting_practice_id()).values(**columns).get())


class Given(Value):
    """A value of a written question that is only known when the question is asked."""

    def __init__(self, name: str) -> None:
        super().__init__(_Name(name))


@dataclass(frozen=True, slots=True)
class _Name:
    """Where a given value goes among the parameters."""

    name: str


class WrittenColumns:
    """Columns for `figures` that every page asks for: put into SQL once in a process instead of for each request.

    ``columns`` makes them, with `Given` in the place of what differs from one request to the next.
    """

    def __init__(self, columns: Callable[[], dict[str, Any]]) -> None:
        self._columns = columns
        self._written: dict[str, tuple[str, list[Any]]] = {}

    def columns(self, **given: Any) -> dict[str, RawSQL]:
        """The columns with these values, for a question that asks for others too."""
        return {
            name: RawSQL(sql, filled(parameters, given))  # noqa: S611 - written by Django itself
            for name, (sql, parameters) in self._sql().items()
        }

    def figures(self, **given: Any) -> dict[str, Any]:
        """What they come to for the acting practice with these values, with one query."""
        return _asked(
            {name: (sql, filled(parameters, given)) for name, (sql, parameters) in self._sql().items()}
        )

    def _sql(self) -> dict[str, tuple[str, list[Any]]]:
        if not self._written:
            query = Practice.objects.values(**self._columns()).query
            compiler = query.get_compiler(connection.alias)
            compiler.pre_sql_setup()
            names = query.annotation_select
            self._written = {
                name: (sql, list(parameters))
                for name, (_, (sql, parameters), _) in zip(names, compiler.select, strict=True)
            }
        return self._written


def _asked(written: Mapping[str, tuple[str, Sequence[Any]]]) -> dict[str, Any]:
    """What columns come to that are in SQL already: nothing of them is put together anew."""
    wanted = ", ".join(f"({sql})" for sql, _ in written.values())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {wanted}", [value for _, values in written.values() for value in values])
        return dict(zip(written, cursor.fetchone(), strict=True))


def filled(parameters: Sequence[Any], given: Mapping[str, Any]) -> list[Any]:
    """The parameters of a written question with what is only known when it is asked in its places."""
    return [given[value.name] if isinstance(value, _Name) else value for value in parameters]


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
