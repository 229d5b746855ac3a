"""Whom we act for, and the transaction that proves it to the database.

`acting_for` names the practice (no database). `practice_transaction` opens one durable transaction and
tells PostgreSQL the practice for just that transaction, so row level security lets its rows through.
`practice_scope` is both. Operations assume an open scope and never open one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, TypeVar

from django.db import InterfaceError, OperationalError, connection, models, transaction

from practices.errors import NoPracticeScope

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)

_practice_id: ContextVar[int | None] = ContextVar("practice_id", default=None)
_scope_open: ContextVar[bool] = ContextVar("scope_open", default=False)


@contextmanager
def acting_for(practice_id: int) -> Iterator[None]:
    """Everything inside acts for this practice; no rows are visible until a transaction is opened."""
    token = _practice_id.set(practice_id)
    try:
        yield
    finally:
        _practice_id.reset(token)


def acting_practice_id() -> int:
    """The id of the practice we act for; raises `NoPracticeScope` when nobody said."""
    practice_id = _practice_id.get()
    if practice_id is None:
        raise NoPracticeScope("No practice: wrap this in acting_for() or practice_scope().")
    return practice_id


def practice_of_new_rows() -> int | None:
    """The acting practice for a column default; None (which the column refuses) when nobody said."""
    return _practice_id.get()


def scope_is_open() -> bool:
    """Whether a transaction of the acting practice is open here."""
    return _scope_open.get()


@contextmanager
def practice_transaction(*, lock: int | None = None) -> Iterator[bool]:
    """One durable transaction in which exactly the acting practice's rows exist.

    The setting dies with the transaction, so a pooled connection stays clean; being durable it cannot nest.
    ``lock`` is a kind of work that the practice has done by one session at a time: yields whether nobody else is at
    it, without waiting, and nobody else will be before the transaction ends.
    """
    practice_id = acting_practice_id()
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            if lock is None:
                cursor.execute(_OPEN, [str(practice_id)])
            else:
                cursor.execute(_OPEN_ALONE, [str(practice_id), *lock_of(lock)])
            is_alone = bool(cursor.fetchone()[1])
        token = _scope_open.set(True)
        try:
            yield is_alone
        finally:
            _scope_open.reset(token)


_OPEN = "SELECT set_config('ignition.practice_id', %s, true), TRUE"
_OPEN_ALONE = "SELECT set_config('ignition.practice_id', %s, true), pg_try_advisory_xact_lock(%s, %s)"


def lock_of(kind: int) -> tuple[int, int]:
    """The two keys of the acting practice's advisory lock on a kind of work."""
    return kind, acting_practice_id() % 2**31


@contextmanager
def alone_at(kind: int) -> Iterator[bool]:
    """Whether this session has the acting practice's lock on a kind of work, over all transactions inside.

    It does not wait where another one is at it, and lets go at the end, also of an error.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", lock_of(kind))
        is_alone = bool(cursor.fetchone()[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            _let_go(kind)


def _let_go(kind: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", lock_of(kind))
    except (OperationalError, InterfaceError):
        connection.close()  # the session is gone, and its lock with it


@contextmanager
def practice_scope(practice_id: int) -> Iterator[None]:
    """`acting_for` and `practice_transaction` in one, for commands, tasks and the shell."""
    with acting_for(practice_id), practice_transaction():
        yield


def require_scope(model: type[models.Model]) -> None:
    """Raises `NoPracticeScope` unless a transaction of the acting practice is open here."""
    if not _scope_open.get():
        raise NoPracticeScope(f"{model.__name__} was queried outside a practice scope.")


class TenantQuerySet(models.QuerySet[Row_co]):
    """Adds no filter (the policy does that); raises when a query *runs* outside a scope.

    Every read and write of a queryset goes through `db`, so this one door is enough, and forms may still
    name querysets at import.
    """

    @property
    def db(self) -> str:
        require_scope(self.model)
        return super().db


def practice_key(**options: Any) -> "models.ForeignKey[Any, Any]":
    """The key of a row to its practice; ``options`` are those of a foreign key, for tables where more is known.

    Every table of rows has an index that begins with the practice, so `db_index=False` costs no read anything; it is
    said where rows are written by the thousand.
    """
    return models.ForeignKey(
        "practices.Practice",
        models.PROTECT,
        default=practice_of_new_rows,
        editable=False,
        related_name="+",
        **options,
    )


class TenantModel(models.Model):
    """A row that belongs to one practice and is under row level security."""

    #: Rows that may be added and read but never changed, not even by raw SQL of the application's role.
    append_only: ClassVar[bool] = False
    #: The attribute people call a row by, which asks nothing; the audit trail names rows so (`practices.subjects`).
    called_by: ClassVar[str] = ""

    practice = practice_key()

    objects: ClassVar[models.Manager[Any]] = TenantQuerySet.as_manager()

    class Meta:
        abstract = True
