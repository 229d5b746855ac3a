"""Pages of a list that cost the same however deep they are: each begins behind the last row of the one before.

Nothing is counted off (`OFFSET`), so an index answers each page at once, and rows added meanwhile shift nothing.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.http import QueryDict

Row = TypeVar("Row", bound=models.Model)
#: Where a page begins: `after` the row, or `before` it going backwards.
AFTER, BEFORE = "after", "before"


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[Row]):
    """Some rows, and the query strings of the pages around them (empty where there is none)."""

    rows: Sequence[Row]
    previous: str
    next: str

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def keyset_page(
    rows: "models.QuerySet[Row]",
    order: Sequence[str],
    query: QueryDict,
    *,
    size: int,
    parts: Sequence[Q] = (),
) -> KeysetPage[Row]:
    """The page that a query string asks for, and the way on.

    ``order`` are columns that are never null (`-created_at`), the last one unique. A place that cannot be read is the
    first page. ``parts`` make up the rows where an index knows the order of each part, and none that of all.
    """
    backwards = bool(query.get(BEFORE))
    place = _read(query.get(BEFORE if backwards else AFTER, ""), order)
    directions = [_turned(name) for name in order] if backwards else list(order)
    chosen = rows.order_by(*directions)
    try:
        if place:
            chosen = chosen.filter(_behind(directions, place))
        found = list(chosen_first(chosen, size + 1, parts))
    except (ValidationError, ValueError, TypeError):  # a forged place of the wrong type
        found, place, backwards = list(rows.order_by(*order)[: size + 1]), [], False
    shown, more = found[:size], len(found) > size
    if backwards:
        shown.reverse()
    has_previous = more if backwards else bool(place)
    has_next = bool(place) if backwards else more
    return KeysetPage(
        shown,
        _link(query, BEFORE, shown[0], order) if has_previous and shown else "",
        _link(query, AFTER, shown[-1], order) if has_next and shown else "",
    )


def chosen_first(
    rows: "models.QuerySet[Row]", number: int, parts: Sequence[Q] = ()
) -> "models.QuerySet[Row]":
    """The first rows of a choice in its order, whose joins are made for them alone.

    Under row level security the planner expects few rows behind a join, makes it first, and filters thousands after it.
    Of each of the ``parts`` the first are chosen, and the first of these. One part alone is chosen first even where
    nothing narrows it: of a practice with few rows among many the planner would read the others' from the newest back.
    """
    if len(parts) > 1:
        first, *others = (rows.select_related(None).filter(part).values_list("pk")[:number] for part in parts)
        return rows.filter(pk__in=first.union(*others, all=True))[:number]
    if not parts and (not rows.query.select_related or not rows.query.where):
        return rows[:number]
    chosen = rows.select_related(None).filter(*parts)
    return rows.filter(pk__in=chosen.values("pk")[:number])


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _behind(order: Sequence[str], place: Sequence[Any]) -> Q:
    """Rows behind a place: greater in the first column, or equal there and greater in the next, and so on."""
    first, value = order[0], place[0]
    name, comparison = (first[1:], "lt") if first.startswith("-") else (first, "gt")
    if len(order) == 1:
        return Q(**{f"{name}__{comparison}": value})
    # The outer comparison lets the index begin at the place.
    return Q(**{f"{name}__{comparison}e": value}) & (
        Q(**{f"{name}__{comparison}": value}) | _behind(order[1:], place[1:])
    )


def _link(query: QueryDict, direction: str, row: models.Model, order: Sequence[str]) -> str:
    kept = [
        (name, value) for name, values in query.lists() if name not in (AFTER, BEFORE) for value in values
    ]
    return "?" + urlencode([*kept, (direction, _written(row, order))])


def _written(row: models.Model, order: Sequence[str]) -> str:
    values = [_plain(getattr(row, name.lstrip("-"))) for name in order]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, datetime | date) else value


def _read(text: str, order: Sequence[str]) -> list[Any]:
    """The values of a place; nothing for one that is not ours."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        return []
    is_place = isinstance(values, list) and len(values) == len(order)
    is_plain = is_place and all(isinstance(value, str | int) and "\0" not in str(value) for value in values)
    return values if is_plain else []
