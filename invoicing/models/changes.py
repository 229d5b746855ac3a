"""Changes of what clients pay: one service amended, or many fees raised together."""

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

from invoicing.models.schedules import BillingSchedule
from practices.tenancy import TenantModel, TenantQuerySet


class FeeUplift(TenantModel):
    """The fees of many services raised on one day, by a percentage or by an amount."""

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        APPLIED = "applied", "Applied"
        WITHDRAWN = "withdrawn", "Undone"

    class Rounding(models.TextChoices):
        PENNY = "0.01", "To the penny"
        HALF_POUND = "0.50", "To 50 pence"
        POUND = "1.00", "To the pound"
        FIVE_POUNDS = "5.00", "To five pounds"

    title = models.CharField("name", max_length=100)
    percent = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    #: Added to each unit price, before VAT, in the practice's currency.
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    rounding = models.CharField(max_length=5, choices=Rounding.choices, default=Rounding.PENNY)
    #: Bills dated on this day or later carry the new price.
    effective_on = models.DateField("new fees from")
    #: What the letter says beside the figures; empty where nobody is told.
    notice = models.TextField(blank=True, max_length=5_000)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    planned_at = models.DateTimeField(default=timezone.now)
    planned_by = models.ForeignKey("practices.User", models.PROTECT, null=True, related_name="+")
    job = models.ForeignKey("practices.Job", models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="an_uplift_is_a_percentage_or_an_amount",
                condition=Q(percent__isnull=True) ^ Q(amount__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ServiceChangeQuerySet(TenantQuerySet["ServiceChange"]):
    def planned(self) -> "ServiceChangeQuerySet":
        """The changes whose day has still to come, or that wait for the next billing run."""
        return self.filter(status=ServiceChange.Status.PLANNED)


class ServiceChange(TenantModel):
    """A service that is being billed with other particulars from a day on: before and after, as plain values."""

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        APPLIED = "applied", "Applied"
        WITHDRAWN = "withdrawn", "Undone"

    schedule = models.ForeignKey(BillingSchedule, models.PROTECT, related_name="changes")
    uplift = models.ForeignKey(FeeUplift, models.PROTECT, null=True, related_name="changes")
    effective_on = models.DateField()
    #: What changes, by field: prices with four places, quantities with two, a service by its id.
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    #: Whom a letter went to, by address.
    told = models.JSONField(default=list)
    planned_at = models.DateTimeField(default=timezone.now)
    planned_by = models.ForeignKey("practices.User", models.PROTECT, null=True, related_name="+")

    objects: ClassVar[models.Manager[Any]] = ServiceChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "schedule"],
                condition=Q(status="planned"),
                name="one_planned_change_of_a_service",
            ),
        ]
        indexes = [
            models.Index(
                fields=["practice", "effective_on"],
                name="changes_to_apply",
                condition=Q(status="planned"),
            )
        ]

    def __str__(self) -> str:
        return f"Change from {self.effective_on}"

    @property
    def prices(self) -> tuple[Decimal, Decimal]:
        """The unit price before and after, four places; the schedule's own where the price stays."""
        own = str(self.schedule.unit_price)
        return Decimal(self.before.get("unit_price", own)), Decimal(self.after.get("unit_price", own))
