"""A whole billing run in short transactions, for the daily task and for a person who does not want to wait for it.

The lock belongs to the first transaction, and where more follow to the database session: a killed run lets go of it
at once, and the next one finds and finishes what is left.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import OperationalError
from django.db.models import F
from django.utils import timezone
from psycopg2.errors import DeadlockDetected, SerializationFailure

from invoicing.errors import AlreadyRunning
from invoicing.models import BillingRun
from invoicing.operations import BillingOutcome, billing, resume_after_pauses
from invoicing.operations.changing import apply_changes
from invoicing.operations.due_rows import Clients, outlook
from invoicing.practicalities import Practicalities
from practices.audit import current_actor
from practices.plans import forget_plans
from practices.tenancy import alone_at, practice_transaction

#: The first key of the lock, so that it meets no other lock of this kind.
BILLING = 0x0B111
#: Times a chunk is tried that lost against another transaction.
TRIES = 3
#: What a run counts, as each chunk's outcome has it.
COUNTED = ("invoices", "periods", "waiting", "gross")
Status = BillingRun.Status


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run goes through: clients in chunks, and how many of their schedules are due."""

    #: Its progress; a new one is saved with its first chunk.
    run: BillingRun
    chunks: tuple[tuple[Clients, int], ...]
    known: Practicalities


def run_billing(on: date, *, chunks: int | None = None) -> BillingOutcome:
    """What was billed for the acting practice, a chunk of clients a transaction; call it outside a transaction.

    Raises `AlreadyRunning` while another run is at work. ``chunks`` stops it after so many, with
    ``is_complete`` false: what is left is due still.
    """
    with ExitStack() as lock:
        with practice_transaction(lock=BILLING) as is_alone:
            if not is_alone:
                raise AlreadyRunning
            plan = _plan(on)
            if plan is None:
                return BillingOutcome()
            turn = range(len(plan.chunks))[:chunks]
            if len(turn) > 1:
                lock.enter_context(alone_at(BILLING))  # the transaction has it already
            outcome = _chunk(plan, 0, on)
        for index in turn[1:]:
            outcome += _in_a_transaction(plan, index, on)
    return replace(outcome, is_complete=len(turn) == len(plan.chunks))


def _plan(on: date) -> Plan | None:
    """The clients with something due, in chunks, and the run's row; None when nothing is due."""
    found = outlook(on)
    if found.something_is_planned:
        resume_after_pauses(on=on)
        apply_changes(on=on)
        found = found._replace(clients=outlook(on).clients)
    chunks = tuple(_chunks(found.clients))
    if not chunks:
        return None
    due = sum(schedules for _, schedules in chunks)
    return Plan(_begin(on, due, found.half_way), chunks, Practicalities.of_the_practice())


def _chunks(clients: Iterable[tuple[int, int]]) -> Iterator[tuple[Clients, int]]:
    """Clients from one id to another with at most `CHUNK` due schedules, or a single client with more."""
    first = last = schedules = 0
    for client, count in clients:
        if schedules and schedules + count > billing.CHUNK:
            yield Clients(first, last), schedules
            first = schedules = 0
        first, last, schedules = first or client, client, schedules + count
    if schedules:
        yield Clients(first, last), schedules


def _begin(on: date, due: int, half_way: int | None) -> BillingRun:
    """A new run, or one for the same day that was stopped half-way and now goes on.

    What is marked as running is not: we hold the lock.
    """
    if half_way:
        run: BillingRun = BillingRun.objects.get(pk=half_way)
        if run.on == on:
            run.due = run.done + due
            run.save(update_fields=["due"])
            return run
        run.status, run.ended_at = Status.STOPPED, timezone.now()
        run.save(update_fields=["status", "ended_at"])
    return BillingRun(on=on, due=due, started_by=current_actor())


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
    _note(plan.run, schedules, outcome, is_last=index == len(plan.chunks) - 1)
    return outcome


def _note(run: BillingRun, schedules: int, outcome: BillingOutcome, *, is_last: bool) -> None:
    """Add a chunk to the run's progress, in its transaction; a new run is saved with its first chunk."""
    changes: dict[str, Any] = {"status": Status.DONE, "ended_at": timezone.now()} if is_last else {}
    added = {"done": schedules, **{name: getattr(outcome, name) for name in COUNTED}}
    if not run.pk:
        for name, value in {**added, **changes}.items():
            setattr(run, name, value)
        run.refused = list(outcome.refused)
        run.save(force_insert=True)
        return
    changes |= {name: F(name) + value for name, value in added.items()}
    kept = BillingRun.objects.filter(pk=run.pk)
    if outcome.refused:
        changes["refused"] = [*kept.values_list("refused", flat=True).get(), *outcome.refused]
    kept.update(**changes)
