"""The rows of a job, done chunk by chunk.

A step does the next few rows in one transaction with their outcomes and the job's progress, so a worker that
is killed repeats nothing and leaves nothing half done. Steps never talk to the network: what has to leave
goes through an outbox.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils import timezone

from practices import audit
from practices.many_rows import insert_rows
from practices.models import Job, JobRow
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


Step = Callable[[Job, int, int], Sequence[Outcome]]


@dataclass(frozen=True, slots=True)
class _Runner:
    step: Step
    chunk: int


_runners: dict[str, _Runner] = {}


def runs(kind: str, *, chunk: int = 200) -> Callable[[Step], Step]:
    """Registers the function that does rows start..stop (0-based, stop excluded) of jobs of this kind.

    It is called inside the practice's transaction, acts as whoever started the job, and returns one
    `Outcome` for each row, in order.
    """

    def register(step: Step) -> Step:
        if kind in _runners:
            raise ValueError(f"Two functions run {kind}.")
        _runners[kind] = _Runner(step, chunk)
        return step

    return register


def is_known(kind: str) -> bool:
    """Whether some function runs jobs of this kind."""
    return kind in _runners


def run_live_jobs() -> None:
    """Do everything the acting practice has waiting, oldest first, each chunk in its own transaction."""
    with practice_transaction():
        waiting = list(Job.objects.live().order_by("id").values_list("pk", flat=True))
    for pk in waiting:
        while _begin_chunk(pk) and _do_chunk(pk):
            pass


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
    with practice_transaction():
        forget_plans()
        job = Job.objects.live().select_for_update(skip_locked=True).filter(pk=pk).first()
        if job is None:
            return False
        runner = _runners[job.kind]
        start, stop = job.done, min(job.done + runner.chunk, job.total)
        with audit.acting_as(job.started_by):
            outcomes = runner.step(job, start, stop) if stop > start else []
        if len(outcomes) != stop - start:
            raise ValueError(f"{job.kind} gave {len(outcomes)} outcomes for {stop - start} rows.")
        _record(job, start, outcomes)
    return job.is_live


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
