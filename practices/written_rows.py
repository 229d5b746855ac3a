"""Questions about rows that are put into SQL once in a process instead of for each page."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from django.db import connection, models
from django.db.models.expressions import Combinable

from practices.arrays import array
from practices.prepared import Prepared
from practices.rows import Row, rows_from
from practices.tenancy import TenantModel, require_scope
from practices.written import written


class WrittenRows:
    """What some expressions come to for rows of a model.

    The expressions may depend on the row and on nothing else: not on who asks, nor when.
    """

    def __init__(self, model: type[TenantModel], columns: Mapping[str, str | Combinable]) -> None:
        self._model = model
        self._columns = {
            name: models.F(each) if isinstance(each, str) else each for name, each in columns.items()
        }

    def of(self, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
        """The values of each of these rows by name, by the row's id; one query."""
        require_scope(self._model)
        with connection.cursor() as cursor:
            cursor.execute(self._sql, {"ids": array(ids)})
            return {pk: dict(zip(self._columns, values, strict=True)) for pk, *values in cursor.fetchall()}

    @cached_property
    def _sql(self) -> Prepared:
        rows = self._model.objects.order_by().annotate(**self._columns).values_list("pk", *self._columns)
        meta = self._model._meta
        asked = f'"{meta.db_table}"."{meta.pk.column}" = ANY(%(ids)s::bigint[])'
        return Prepared(f"{written(*rows.query.sql_with_params())} WHERE {asked}")


class WrittenQuestion:
    """Rows that ``rows`` asks for, with `Given` in the place of what differs from one time to the next."""

    def __init__(self, rows: "Callable[[], models.QuerySet[Any, Any]]") -> None:
        self._rows = rows

    def values(self, **given: Any) -> list[tuple[Any, ...]]:
        """The values of each row, as the database gives them, with these in their places; one query."""
        with connection.cursor() as cursor:
            cursor.execute(self._sql, given)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def rows(self, model: type[Row], **given: Any) -> list[Row]:
        """The same as rows of a model."""
        return rows_from(model, self._sql, given)

    @cached_property
    def _sql(self) -> Prepared:
        return Prepared(written(*self._rows().query.sql_with_params()))
