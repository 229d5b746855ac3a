"""A month that somebody compared with Sage and signed off."""

from decimal import Decimal

from django.db import models
from django.db.models import UniqueConstraint
from django.utils import timezone

from practices.models import User
from practices.tenancy import TenantModel


class PennySignOff(TenantModel):
    """The figures of a month's penny report as somebody signed them off, in pounds; rows are only ever added."""

    append_only = True

    month = models.DateField()
    ours = models.DecimalField(max_digits=14, decimal_places=2)
    theirs = models.DecimalField(max_digits=14, decimal_places=2)
    our_vat = models.DecimalField(max_digits=14, decimal_places=2)
    their_vat = models.DecimalField(max_digits=14, decimal_places=2)
    invoices = models.PositiveIntegerField()
    note = models.CharField(max_length=300, blank=True)
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "month", "signed_at"], name="one_sign_off_of_a_month_at_a_time"
            ),
            models.CheckConstraint(name="a_penny_report_begins_a_month", condition=models.Q(month__day=1)),
        ]

    def __str__(self) -> str:
        return f"{self.month:%B %Y}"

    @property
    def difference(self) -> Decimal:
        """Sage's total less ours, as it was signed."""
        return self.theirs - self.ours
