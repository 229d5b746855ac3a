"""Questions about rows that are put into SQL once in a process instead of for each page."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from django.db import connection, models
from django.db.models.expressions import Combinable

from practices.arrays import array
from practices.rows import Row, rows_from
from practices.scalars import filled
from practices.tenancy import TenantModel, require_scope


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
        sql, parameters = self._sql
        with connection.cursor() as cursor:
            cursor.execute(sql, [*parameters, array(ids)])
            return {pk: dict(zip(self._columns, values, strict=True)) for pk, *values in cursor.fetchall()}

    @cached_property
    def _sql(self) -> tuple[str, tuple[Any, ...]]:
        rows = self._model.objects.order_by().annotate(**self._columns).values_list("pk", *self._columns)
        sql, parameters = rows.query.sql_with_params()
        meta = self._model._meta
        return f'{sql} WHERE "{meta.db_table}"."{meta.pk.column}" = ANY(%s::bigint[])', parameters


class WrittenQuestion:
    """Rows that ``rows`` asks for, with `Given` in the place of what differs from one time to the next."""

    def __init__(self, rows: "Callable[[], models.QuerySet[Any, Any]]") -> None:
        self._rows = rows

    def values(self, **given: Any) -> list[tuple[Any, ...]]:
        """The values of each row, as the database gives them, with these in their places; one query."""
        sql, parameters = self._sql
        with connection.cursor() as cursor:
            cursor.execute(sql, filled(parameters, given))
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def rows(self, model: type[Row], **given: Any) -> list[Row]:
        """The same as rows of a model."""
        sql, parameters = self._sql
        return rows_from(model, sql, tuple(filled(parameters, given)))

    @cached_property
    def _sql(self) -> tuple[str, tuple[Any, ...]]:
        sql, parameters = self._rows().query.sql_with_params()
        return sql, tuple(parameters)
