"""Many small figures in one question to the database, for pages that show a number of each thing."""

from collections.abc import Callable
from typing import Any

from django.db.models import Count, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from practices.models import Practice
from practices.requests import PracticeRequest
from practices.tenancy import TenantQuerySet, acting_practice_id


def count_of(rows: "TenantQuerySet[Any]") -> Coalesce:
    """How many rows there are, as a column of `figures`."""
    grouped = rows.order_by().values("practice").annotate(figure=Count("pk"))
    return Coalesce(Subquery(grouped.values("figure")), 0)


def sum_of(rows: "TenantQuerySet[Any]", amount: str | Combinable) -> Subquery:
    """What the rows add up to, as a column of `figures`; None where there are none."""
    return Subquery(rows.order_by().values("practice").annotate(figure=Sum(amount)).values("figure"))


def figures(**columns: Any) -> dict[str, Any]:
    """The value of each column for the acting practice, all of them with one query."""
    return dict(Practice.objects.filter(pk=acting_practice_id()).values(**columns).get())


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
