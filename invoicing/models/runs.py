"""Billing as a practice does it: the runs, and the months that somebody signed off."""

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

from practices.tenancy import TenantModel


class BillingRun(TenantModel):
    """One run over what was due: how far it got, what it made and what it left for a person."""

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped half-way"

    on = models.DateField("billed up to")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RUNNING)
    #: Schedules with something dated by then, when the run began, and how many of them it has been through.
    due = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    invoices = models.PositiveIntegerField(default=0)
    periods = models.PositiveIntegerField(default=0)
    #: Periods that wait for somebody's approval.
    waiting = models.PositiveIntegerField(default=0)
    gross = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    #: Clients who could not be billed, and why: [[client id, reason], …].
    refused = models.JSONField(default=list)
    started_by = models.ForeignKey("practices.User", models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(
                fields=["practice"], condition=Q(status="running"), name="one_billing_run_at_a_time"
            ),
            models.CheckConstraint(
                name="a_run_that_is_over_has_its_end",
                condition=Q(status="running", ended_at__isnull=True)
                | (~Q(status="running") & Q(ended_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["practice", "-id"], name="billing_runs_newest_first")]

    def __str__(self) -> str:
        return f"Billing run up to {self.on}"


class MonthSignOff(TenantModel):
    """Somebody's word that a month is billed: who, when, and the figures they saw."""

    #: The first day of the month.
    month = models.DateField()
    signed_by = models.ForeignKey("practices.User", models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(default=timezone.now)
    #: The balancing line of that moment, gross, as text: agreed, skipped, billed, posted, paid.
    figures = models.JSONField(default=dict)

    class Meta:
        ordering = ["-month"]
        constraints = [
            UniqueConstraint(fields=["practice", "month"], name="a_month_is_signed_off_once"),
            models.CheckConstraint(name="a_month_begins_on_the_first", condition=Q(month__day=1)),
        ]

    def __str__(self) -> str:
        return f"{self.month:%B %Y}"
