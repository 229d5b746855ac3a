"""The rows of a job, done chunk by chunk.

A step does the next few rows in one transaction with their outcomes and the job's progress, so a worker that
is killed repeats nothing and leaves nothing half done. Steps never talk to the network: what has to leave
goes through an outbox, and what has to be read elsewhere is read before the step's transaction opens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils import timezone

from practices import audit
from practices.job_models import Job, JobRow
from practices.many_rows import insert_rows
from practices.plans import forget_plans
from practices.tenancy import practice_transaction

#: A chunk that failed this often is left for a person.
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row: its name for a person, and where to look at it."""

    label: str
    outcome: str = JobRow.Outcome.DONE
    message: str = ""
    url: str = ""
    #: What goes on elsewhere once the row is done, by its id there (see `practices.job_rows`).
    follows: int | None = None


Step = Callable[[Job, int, int], Sequence[Outcome]]
#: Reads what the next rows need from elsewhere, outside of any transaction; the step is given what it returns.
Reading = Callable[[Job, int, int], Any]
StepWithReading = Callable[[Job, int, int, Any], Sequence[Outcome]]


class NotYet(Exception):
    """What the next rows need cannot be read now; `seconds` says when to come back. Nothing counts as tried."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not before {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class _Runner:
    step: Callable[..., Sequence[Outcome]]
    chunk: int
    reading: Reading | None = None


_runners: dict[str, _Runner] = {}


def runs(kind: str, *, chunk: int = 200) -> Callable[[Step], Step]:
    """Registers the function that does rows start..stop (0-based, stop excluded) of jobs of this kind.

    It is called inside the practice's transaction, acts as whoever started the job, and returns one
    `Outcome` for each row, in order.
    """

    def register(step: Step) -> Step:
        _add(kind, _Runner(step, chunk))
        return step

    return register


def runs_after(
    reading: Reading, kind: str, *, chunk: int = 10
) -> Callable[[StepWithReading], StepWithReading]:
    """As `runs`, for rows that need something from elsewhere first, such as another service's files.

    ``reading`` takes what a step takes, in no transaction; a worker that dies after it has changed nothing. The step
    gets what it returned as a fourth argument.
    """

    def register(step: StepWithReading) -> StepWithReading:
        _add(kind, _Runner(step, chunk, reading))
        return step

    return register


def _add(kind: str, runner: _Runner) -> None:
    if kind in _runners:
        raise ValueError(f"Two functions run {kind}.")
    _runners[kind] = runner


def is_known(kind: str) -> bool:
    """Whether some function runs jobs of this kind."""
    return kind in _runners


def run_live_jobs() -> float | None:
    """Do everything the acting practice has waiting, oldest first, each chunk in its own transaction.

    The seconds after which a job goes on that has to wait for something elsewhere; None where none has.
    """
    with practice_transaction():
        waiting = list(Job.objects.live().order_by("id").values_list("pk", flat=True))
    waits = []
    for pk in waiting:
        try:
            while _begin_chunk(pk) and _do_chunk(pk):
                pass
        except NotYet as later:
            with practice_transaction():
                Job.objects.live().filter(pk=pk).update(attempts=0)
            waits.append(later.seconds)
    return min(waits, default=None)


def _begin_chunk(pk: int) -> bool:
    """Count the attempt before it is made, so that a chunk its worker dies of is counted too."""
    with practice_transaction():
        job = Job.objects.live().select_for_update(skip_locked=True).filter(pk=pk).first()
        if job is None:
            return False  # Cancelled, finished, or in another worker's hands.
        if job.attempts >= MAX_ATTEMPTS:
            end_job(job, Job.Status.FAILED)
            audit.record("job.stopped", job, done=job.done, rows=job.total)
            return False
        job.attempts, job.status = job.attempts + 1, Job.Status.RUNNING
        job.save(update_fields=["attempts", "status"])
    return True


def _do_chunk(pk: int) -> bool:
    """One chunk with its outcomes; whether there may be another."""
    read = _read_for(pk)
    with practice_transaction():
        forget_plans()
        job = Job.objects.live().select_for_update(skip_locked=True).filter(pk=pk).first()
        if job is None:
            return False
        runner = _runners[job.kind]
        start, stop = job.done, min(job.done + runner.chunk, job.total)
        step: Step = runner.step
        if runner.reading:
            if read is None or read[0] != start:
                return True  # another worker was here meanwhile: read anew for what is left
            step = partial(_with_reading, runner.step, read[1])
        with audit.acting_as(job.started_by):
            outcomes = step(job, start, stop) if stop > start else []
        if len(outcomes) != stop - start:
            raise ValueError(f"{job.kind} gave {len(outcomes)} outcomes for {stop - start} rows.")
        _record(job, start, outcomes)
    return job.is_live


def _with_reading(step: StepWithReading, read: Any, job: Job, start: int, stop: int) -> Sequence[Outcome]:
    return step(job, start, stop, read)


def _read_for(pk: int) -> tuple[int, Any] | None:
    """What the next rows of a job need from elsewhere, and the row they begin at; None where they need nothing."""
    with practice_transaction():
        job = Job.objects.live().filter(pk=pk).first()
    if job is None or (runner := _runners[job.kind]).reading is None:
        return None
    return job.done, runner.reading(job, job.done, min(job.done + runner.chunk, job.total))


def _record(job: Job, start: int, outcomes: Sequence[Outcome]) -> None:
    keep_rows(job, start, outcomes)
    count_rows(job, outcomes)
    job.attempts = 0
    job.save(update_fields=["done", "skipped", "needs_you", "failed", "attempts"])
    if job.done == job.total:
        end_job(job, Job.Status.DONE)


def keep_rows(job: Job, start: int, outcomes: Sequence[Outcome]) -> None:
    """Store what became of the rows from ``start`` on."""
    insert_rows(
        JobRow,
        {
            "job_id": [job.pk] * len(outcomes),
            "position": range(start, start + len(outcomes)),
            "label": [row.label[:200] for row in outcomes],
            "outcome": [str(row.outcome) for row in outcomes],
            "message": [row.message[:500] for row in outcomes],
            "url": [row.url for row in outcomes],
            "follows": [row.follows for row in outcomes],
        },
    )


def count_rows(job: Job, outcomes: Sequence[Outcome]) -> None:
    """Add what became of some rows to the job's counts, not stored yet."""
    words = [row.outcome for row in outcomes]
    job.done += len(outcomes)
    job.skipped += words.count(JobRow.Outcome.SKIPPED)
    job.needs_you += words.count(JobRow.Outcome.NEEDS_YOU)
    job.failed += words.count(JobRow.Outcome.FAILED)


def end_job(job: Job, status: str) -> None:
    """Close the job with this status, now."""
    job.status, job.finished_at = status, timezone.now()
    job.save(update_fields=["status", "finished_at"])
