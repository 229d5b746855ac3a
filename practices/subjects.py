"""What the rows are called that entries of the audit trail are about, so that people read names and no ids."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.db.models import QuerySet
from django.utils.text import capfirst

from practices.models import AuditEntry, called_a


def named(entries: Sequence[AuditEntry]) -> Sequence[AuditEntry]:
    """The entries, each with its ``subject``, such as *Client Acme Ltd*: a question for each kind of thing among them.

    The name alone is ``called``. What has no name of its own (`TenantModel.called_by`), or is not here any more,
    stays a kind and a number.
    """
    wanted: dict[str, set[int]] = defaultdict(set)
    for entry in entries:
        if entry.subject_id and _called_by(entry.subject_type):
            wanted[entry.subject_type].add(entry.subject_id)
    names = {
        (kind, row.pk): str(getattr(row, _called_by(kind)))
        for kind, ids in wanted.items()
        for row in _rows_of(kind).filter(pk__in=ids)
    }
    for entry in entries:
        name = entry.called = names.get((entry.subject_type, entry.subject_id or 0), "")
        kind = called_a(apps.get_model(entry.subject_type)) if name else ""
        entry.subject = f"{capfirst(kind)} {name}" if name else entry.subject_in_words
    return entries


def _rows_of(kind: str) -> QuerySet[Any]:
    model = apps.get_model(kind)
    rows: QuerySet[Any] = model._default_manager.all()
    beside = getattr(model, "called_with", ())
    return rows.select_related(*beside) if beside else rows


def _called_by(kind: str) -> str:
    app, _, name = kind.partition(".")
    model = apps.all_models[app].get(name)  # None for a kind of thing that earlier versions had
    return getattr(model, "called_by", "")
