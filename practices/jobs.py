"""Long work: started by a person, done by workers in chunks, followed on a page of its own.

Start one with `start_job`; the function that does its rows is registered with `runs` (in a module that the
app imports when it is ready, `<app>/jobs.py`).
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from practices import audit
from practices.errors import DomainError
from practices.job_models import Job
from practices.job_steps import (
    NotYet,
    Outcome,
    count_rows,
    end_job,
    is_known,
    keep_rows,
    runs,
    runs_after,
)
from practices.permissions import Can
from practices.tasks import run_jobs, wake
from practices.tenancy import acting_practice_id

__all__ = [
    "JobIsNotStopped",
    "JobIsOver",
    "NotYet",
    "Outcome",
    "cancel_job",
    "job_done",
    "resume_job",
    "runs",
    "runs_after",
    "start_job",
]


class JobIsOver(DomainError):
    message = "This has already ended, so there is nothing to cancel."


class JobIsNotStopped(DomainError):
    message = "Only something that stopped can be taken up again."


def start_job(
    kind: str, title: str, *, total: int, right: Can, parameters: dict[str, Any] | None = None
) -> Job:
    """A job of ``total`` rows, run once the surrounding transaction has committed.

    ``parameters`` is JSON for the step. ``right`` is what a person needs to cancel or resume it.
    """
    if not is_known(kind):
        raise KeyError(kind)
    job = Job.objects.create(
        kind=kind,
        title=title,
        total=total,
        right=right.name,
        parameters=parameters or {},
        started_by=audit.current_actor(),
    )
    audit.record("job.started", job, kind=kind, rows=total)
    practice_id = acting_practice_id()
    transaction.on_commit(lambda: wake(run_jobs, practice_id))
    return job


def job_done(
    kind: str,
    title: str,
    outcomes: Sequence[Outcome],
    *,
    right: Can,
    parameters: dict[str, Any] | None = None,
) -> Job:
    """A job that is over already, with what became of each row: for what takes a few statements however many rows.

    The rest is as with `start_job`; the work itself was done in the same transaction.
    """
    job = Job(
        kind=kind,
        title=title,
        total=len(outcomes),
        right=right.name,
        parameters=parameters or {},
        status=Job.Status.DONE,
        finished_at=timezone.now(),
        started_by=audit.current_actor(),
    )
    count_rows(job, outcomes)
    job.save(force_insert=True)
    audit.record("job.started", job, kind=kind, rows=job.total)
    keep_rows(job, 0, outcomes)
    return job


def cancel_job(job: Job) -> Job:
    """Stop before the next chunk; what is done stays done. Raises `JobIsOver`."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    if not job.is_live:
        raise JobIsOver(job)
    end_job(job, Job.Status.CANCELLED)
    audit.record("job.cancelled", job, done=job.done, rows=job.total)
    return job


def resume_job(job: Job) -> Job:
    """Take a stopped job up where it stopped. Raises `JobIsNotStopped`."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.status != Job.Status.FAILED:
        raise JobIsNotStopped(job)
    job.status, job.attempts, job.finished_at = Job.Status.QUEUED, 0, None
    job.save(update_fields=["status", "attempts", "finished_at"])
    audit.record("job.resumed", job, done=job.done)
    return job
