"""Rows of jobs as they stand by now: some are done here and go on elsewhere, such as a document on its way.

A row keeps the id of what it follows, and whoever knows that says how it came out each time somebody looks. So a row
that was refused later says so, one that was mended no longer does, and nothing is stored twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, F, IntegerField, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from practices.job_models import Job, JobQuerySet, JobRow
from practices.tenancy import TenantQuerySet

#: Beside the outcomes of a row: it went on elsewhere, and has not come to its end there.
WAITING = "waiting"
Rows = TenantQuerySet[Any]
Status = Job.Status


@dataclass(frozen=True, slots=True)
class Later:
    """How what a row follows stands, one of the outcomes or `WAITING`, and what to say; both NULL where it is gone."""

    stands: Subquery
    says: Subquery


@dataclass(frozen=True, slots=True)
class Standing:
    """How a job stands, in words, and the tone of its badge."""

    label: str
    tone: str


def standing_of(job: Job, *, needs_you: int = 0, waiting: int = 0) -> Standing:
    """How a job stands, its rows counted as of now: one that has ended may need somebody, or go on elsewhere."""
    ended: dict[str, str] = {Status.FAILED: "bad", Status.CANCELLED: "neutral"}
    if job.status != Status.DONE:
        return Standing(job.get_status_display(), ended.get(job.status, "working"))
    if needs_you:
        return Standing("Finished, needs you", "warn")
    if job.failed:
        return Standing("Finished, some failed", "warn")
    if waiting:
        return Standing("On its way to Sage", "working")
    return Standing(job.get_status_display(), "good")


_tellers: list[Callable[[], Later]] = []


def follow_rows_by(teller: Callable[[], Later]) -> None:
    """Ask this about what rows follow, whose id is `OuterRef("follows")`; an app calls this once, when it starts."""
    _tellers[:] = [teller]


def as_they_stand(rows: Rows) -> Rows:
    """The same rows with ``stands``, an outcome or `WAITING`, and ``says``, as of now."""
    if not _tellers:
        return rows.annotate(stands=F("outcome"), says=F("message"))
    later = _tellers[0]()
    return rows.annotate(
        stands=Coalesce(later.stands, F("outcome"), output_field=CharField()),
        says=Coalesce(later.says, F("message"), output_field=CharField()),
    )


def counts_of(job: Job) -> dict[str, int]:
    """How many rows of a job stand how, by outcome or `WAITING`."""
    rows: Rows = JobRow.objects.filter(job=job)
    if not rows.filter(follows__isnull=False).exists():
        return {
            JobRow.Outcome.DONE: job.succeeded,
            JobRow.Outcome.NEEDS_YOU: job.needs_you,
            JobRow.Outcome.FAILED: job.failed,
            JobRow.Outcome.SKIPPED: job.skipped,
        }
    counted = as_they_stand(rows).order_by().values_list("stands").annotate(rows=Count("pk"))
    return dict(counted)


def with_what_came_later(jobs: JobQuerySet) -> JobQuerySet:
    """The same jobs with two counts of rows as of now: ``needs_you_by_now`` and ``waiting_by_now``.

    Among those that need somebody are the ones that were refused later.
    """
    return jobs.annotate(
        needs_you_by_now=F("needs_you") + _rows_that_stand(JobRow.Outcome.NEEDS_YOU),
        waiting_by_now=_rows_that_stand(WAITING),
    )


def _rows_that_stand(how: str) -> Coalesce:
    """How many rows of a job go on elsewhere and stand so there."""
    rows: Rows = JobRow.objects.filter(job=OuterRef("pk"), follows__isnull=False)
    standing = as_they_stand(rows).filter(stands=how).order_by()
    count = standing.values("job").annotate(rows=Count("pk")).values("rows")
    return Coalesce(Subquery(count, output_field=IntegerField()), Value(0))
