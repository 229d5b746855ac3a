"""The audit trail: who did what to which row. Append-only, in the transaction of the change itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import models

from practices.models import ApiKey, AuditEntry, User

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
    if key := _key.get():
        data = {**data, "api_key": key.prefix, "api_key_name": key.name}
    entry: AuditEntry = AuditEntry.objects.create(
        actor=current_actor(),
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        data=data,
    )
    return entry


def trail_of(subject: models.Model) -> models.QuerySet[AuditEntry]:
    """Everything recorded about one row, newest first."""
    trail: models.QuerySet[AuditEntry] = AuditEntry.objects.filter(
        subject_type=subject._meta.label_lower, subject_id=subject.pk
    ).select_related("actor")
    return trail
