"""The audit trail: who did what to which row. Append-only, in the transaction of the change itself."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Any

from django.db import models
from django.utils import timezone

from practices.arrays import array
from practices.models import ApiKey, AuditEntry, User
from practices.prepared import Prepared
from practices.statements import Change
from practices.tenancy import acting_practice_id

_actor: ContextVar[User | None] = ContextVar("actor", default=None)
_key: ContextVar[ApiKey | None] = ContextVar("api key", default=None)


@contextmanager
def acting_as(user: User | None) -> Iterator[None]:
    """Everything recorded inside is this person's doing; without it, the system's."""
    token = _actor.set(user)
    try:
        yield
    finally:
        _actor.reset(token)


@contextmanager
def acting_through(key: ApiKey) -> Iterator[None]:
    """Everything recorded inside is the doing of a program with this key; its entries name the key."""
    token = _key.set(key)
    try:
        yield
    finally:
        _key.reset(token)


def current_actor() -> User | None:
    """The person acting now, or None for the system."""
    return _actor.get()


def record(action: str, subject: models.Model, **data: Any) -> AuditEntry:
    """The audit entry for a change (`invoice.issued`), written in the transaction of the change."""
    entry: AuditEntry = AuditEntry.objects.create(
        actor=current_actor(),
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        data={**data, **_through()},
    )
    return entry


def _through() -> dict[str, str]:
    key = _key.get()
    return {"api_key": key.prefix, "api_key_name": key.name} if key else {}


def changes_between(before: models.Model, after: models.Model, fields: Iterable[str]) -> dict[str, list[Any]]:
    """What differs, field by field, as before and after in words that JSON can hold."""
    values = {field: [_in_words(before, field), _in_words(after, field)] for field in fields}
    return {field: pair for field, pair in values.items() if pair[0] != pair[1]}


def _in_words(row: models.Model, field: str) -> Any:
    value = getattr(row, field)
    if isinstance(value, models.Model):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def record_many(
    action: str, model: type[models.Model], entries: Iterable[tuple[int, dict[str, Any]]]
) -> None:
    """The same change to many rows of a model, as (id, data), in one statement."""
    entries_of(action, model, entries).run()


def entries_of(
    action: str, model: type[models.Model], entries: Iterable[tuple[int, dict[str, Any]]]
) -> Change:
    """The entries of `record_many`, to be written in one statement with what they tell of."""
    ids, data, through = [], [], _through()
    for subject_id, values in entries:
        ids.append(subject_id)
        data.append(json.dumps({**values, **through}))
    actor = current_actor()
    return Change(
        _ENTRIES,
        [
            acting_practice_id(),
            actor.pk if actor else None,
            action,
            model._meta.label_lower,
            timezone.now(),
            array(ids),
            array(data),
        ],
    )


_ENTRIES = Prepared(
    """
    INSERT INTO practices_auditentry (practice_id, actor_id, action, subject_type, subject_id, data, at)
    SELECT %s, %s::bigint, %s, %s, id, data, %s FROM unnest(%s::bigint[], %s::jsonb[]) AS entry(id, data)
"""
)


def trail_of(subject: models.Model) -> models.QuerySet[AuditEntry]:
    """Everything recorded about one row, newest first."""
    trail: models.QuerySet[AuditEntry] = AuditEntry.objects.filter(
        subject_type=subject._meta.label_lower, subject_id=subject.pk
    ).select_related("actor")
    return trail
