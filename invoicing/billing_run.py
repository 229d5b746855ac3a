"""A whole billing run in short transactions, for the daily task and for a person who does not want to wait for it.

The lock belongs to the database session: a killed run lets go of it at once, and the next one finds and finishes
what is left.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Count, F
from django.utils import timezone
from psycopg2.errors import DeadlockDetected, SerializationFailure

from invoicing.errors import AlreadyRunning
from invoicing.models import BillingRun, BillingSchedule
from invoicing.operations import BillingOutcome, billing, resume_after_pauses
from invoicing.operations.changing import apply_changes
from invoicing.operations.due_rows import Clients
from invoicing.practicalities import Practicalities
from practices.audit import current_actor
from practices.plans import forget_plans
from practices.tenancy import acting_practice_id, practice_transaction

#: The first key of the lock, so that it meets no other lock of this kind.
BILLING = 0x0B111
#: Times a chunk is tried that lost against another transaction.
TRIES = 3
Status = BillingRun.Status


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run goes through: clients in chunks, and how many of their schedules are due."""

    run_id: int
    chunks: tuple[tuple[Clients, int], ...]
    known: Practicalities


def run_billing(on: date, *, chunks: int | None = None) -> BillingOutcome:
    """What was billed for the acting practice, a chunk of clients a transaction; call it outside a transaction.

    Raises `AlreadyRunning` while another run is at work. ``chunks`` stops it after so many, with
    ``is_complete`` false: what is left is due still.
    """
    with _alone():
        with practice_transaction():
            plan = _plan(on)
            if plan is None:
                return BillingOutcome()
            outcome = _chunk(plan, 0, on)
        for index in range(1, len(plan.chunks) if chunks is None else min(chunks, len(plan.chunks))):
            outcome += _in_a_transaction(plan, index, on)
    if chunks is not None and chunks < len(plan.chunks):
        return replace(outcome, is_complete=False)
    return outcome


@contextmanager
def _alone() -> Iterator[None]:
    """The practice's lock on billing runs, for as long as this session lives; raises `AlreadyRunning`."""
    key = [BILLING, acting_practice_id() % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        if not cursor.fetchone()[0]:
            raise AlreadyRunning
    try:
        yield
    finally:
        _unlock(key)


def _unlock(key: list[int]) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
    except (OperationalError, InterfaceError):
        connection.close()  # the session is gone, and its lock with it


def _plan(on: date) -> Plan | None:
    """The clients with something due, in chunks, and the run's row; None when nothing is due."""
    resume_after_pauses(on=on)
    apply_changes(on=on)
    chunks = tuple(_chunks(on))
    if not chunks:
        return None
    known = Practicalities.of_the_practice()
    due = sum(schedules for _, schedules in chunks)
    return Plan(_begin(on, due), chunks, known)


def _chunks(on: date) -> Iterator[tuple[Clients, int]]:
    """Clients from one id to another with at most `CHUNK` due schedules, or a single client with more."""
    counts = (
        BillingSchedule.objects.due(on).billed_by_the_run().order_by("client_id").values_list("client_id")
    )
    first = last = schedules = 0
    for client, count in counts.annotate(Count("pk")).iterator():
        if schedules and schedules + count > billing.CHUNK:
            yield Clients(first, last), schedules
            first = schedules = 0
        first, last, schedules = first or client, client, schedules + count
    if schedules:
        yield Clients(first, last), schedules


def _begin(on: date, due: int) -> int:
    """The id of the run: a new one, or one for the same day that was stopped half-way and now goes on.

    What is marked as running is not: we hold the lock.
    """
    half_way = BillingRun.objects.filter(status=Status.RUNNING).first()
    if half_way and half_way.on == on:
        half_way.due = half_way.done + due
        half_way.save(update_fields=["due"])
        return int(half_way.pk)
    if half_way:
        half_way.status, half_way.ended_at = Status.STOPPED, timezone.now()
        half_way.save(update_fields=["status", "ended_at"])
    run = BillingRun.objects.create(on=on, due=due, started_by=current_actor())
    return int(run.pk)


def _in_a_transaction(plan: Plan, index: int, on: date) -> BillingOutcome:
    """One chunk, tried again as a whole where it lost against another transaction."""
    for left in reversed(range(TRIES)):
        try:
            with practice_transaction():
                forget_plans()
                return _chunk(plan, index, on)
        except OperationalError as error:
            lost = isinstance(error.__cause__, DeadlockDetected | SerializationFailure)
            if not lost or not left:
                raise
    raise AssertionError("unreachable")


def _chunk(plan: Plan, index: int, on: date) -> BillingOutcome:
    clients, schedules = plan.chunks[index]
    outcome = billing.bill_due_periods(on=on, clients=clients, known=plan.known)
    is_last = index == len(plan.chunks) - 1
    run = BillingRun.objects.filter(pk=plan.run_id)
    changes: dict[str, Any] = {
        "done": F("done") + schedules,
        "invoices": F("invoices") + outcome.invoices,
        "periods": F("periods") + outcome.periods,
        "waiting": F("waiting") + outcome.waiting,
        "gross": F("gross") + outcome.gross,
    }
    if is_last:
        changes |= {"status": Status.DONE, "ended_at": timezone.now()}
    if outcome.refused:
        refused = run.values_list("refused", flat=True).get()
        changes["refused"] = [*refused, *outcome.refused]
    run.update(**changes)
    return outcome
