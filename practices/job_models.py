"""Long work on many rows, and what became of each of them; see `practices.jobs`."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, UniqueConstraint
from django.urls import reverse
from django.utils import timezone

from practices.tenancy import TenantModel, TenantQuerySet


class JobQuerySet(TenantQuerySet["Job"]):
    def live(self) -> "JobQuerySet":
        """Jobs that still have rows to do."""
        return self.filter(status__in=[Job.Status.QUEUED, Job.Status.RUNNING])


class Job(TenantModel):
    """Long work on many rows, done in the background chunk by chunk; see `practices.jobs`."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Finished"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Stopped"

    called_by = "title"
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=120)
    #: The name of the right a person needs to cancel or resume it (`Can.MANAGE_CLIENTS.name`).
    right = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    total = models.PositiveIntegerField()
    #: Rows behind it, whatever became of them: the next chunk begins here.
    done = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    needs_you = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    #: How often the coming chunk was begun; a chunk that its workers die of is parked.
    attempts = models.PositiveSmallIntegerField(default=0)
    started_by = models.ForeignKey("practices.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Any]] = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="job_does_no_more_than_its_rows", condition=Q(done__lte=F("total")))
        ]
        indexes = [
            models.Index(
                fields=["practice", "id"], name="jobs_to_do", condition=Q(status__in=["queued", "running"])
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The page with its progress and the outcome of each row."""
        return reverse("practices:job-detail", args=[self.practice.slug, self.pk])

    @property
    def is_live(self) -> bool:
        """Whether it still has rows to do."""
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)

    @property
    def succeeded(self) -> int:
        """Rows that were done as asked."""
        return self.done - self.skipped - self.needs_you - self.failed


class JobRow(TenantModel):
    """What became of one row of a job."""

    class Outcome(models.TextChoices):
        DONE = "done", "Done"
        SKIPPED = "skipped", "Left out"
        NEEDS_YOU = "needs_you", "Needs you"
        FAILED = "failed", "Failed"

    job = models.ForeignKey(Job, models.CASCADE, related_name="rows")
    position = models.PositiveIntegerField()
    label = models.CharField(max_length=200)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    message = models.CharField(max_length=500, blank=True)
    #: The page of the row's subject, a path of ours.
    url = models.CharField(max_length=300, blank=True)
    #: What goes on elsewhere once the row is done, by its id there; `practices.job_rows` says how it came out.
    follows = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            UniqueConstraint(fields=["practice", "job", "position"], name="one_outcome_for_a_row_of_a_job")
        ]
        indexes = [
            models.Index(fields=["practice", "job", "outcome", "position"], name="rows_of_a_job_by_outcome"),
            models.Index(
                fields=["practice", "job", "follows"],
                name="rows_that_follow",
                condition=Q(follows__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.get_outcome_display()}"
