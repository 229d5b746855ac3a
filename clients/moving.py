"""Rows on their way from one client to another, and back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from clients.models import Client


def move_rows(rows: "QuerySet[Any]", to: Client) -> list[int]:
    """The ids of the rows, in order; all of them belong to this client now."""
    ids = list(rows.select_for_update(of=["self"]).order_by("pk").values_list("pk", flat=True))
    rows.model._default_manager.filter(pk__in=ids).update(client=to)
    return ids


def move_back(model: Any, ids: Iterable[int], *, survivor: Client, to: Client) -> int:
    """How many of the rows went back; one that belongs to somebody else by now stays there."""
    moved: int = model.objects.filter(pk__in=list(ids), client=survivor).update(client=to)
    return moved


def ids_of(moved: Mapping[str, Sequence[int]], model: Any) -> Sequence[int]:
    """The ids of a kind among what a merge moved."""
    return moved.get(model._meta.label_lower, [])
