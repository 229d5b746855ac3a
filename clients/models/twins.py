"""Two of our clients that may be one, and what was done about it."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q, UniqueConstraint
from django.utils import timezone

from clients.models.clients import Client
from clients.models.imports import UNDO
from practices.models import User
from practices.tenancy import TenantModel


class TwinPair(TenantModel):
    """A pair that the twin finder found, with its evidence, until somebody decides."""

    first = models.ForeignKey(Client, models.CASCADE, related_name="+")
    second = models.ForeignKey(Client, models.CASCADE, related_name="+")
    #: `clients.likeness.Verdict`: the surer, the higher.
    verdict = models.PositiveSmallIntegerField()
    score = models.IntegerField(default=0)
    #: Reasons in words, those against with a leading minus.
    reasons = models.JSONField(default=list)
    found_at = models.DateTimeField(default=timezone.now)
    #: Somebody said that they are two.
    dismissed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-verdict", "-score", "id"]
        constraints = [
            UniqueConstraint(fields=["practice", "first", "second"], name="a_pair_of_twins_is_found_once"),
            models.CheckConstraint(name="twins_are_two_in_order", condition=Q(first__lt=F("second"))),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"


class ClientMerge(TenantModel):
    """One client merged into another: what moved, so that it can be undone for a day."""

    survivor = models.ForeignKey(Client, models.PROTECT, related_name="+")
    merged = models.ForeignKey(Client, models.PROTECT, related_name="+")
    #: Kind of row (`invoicing.invoice`) → the ids that moved to the survivor.
    moved = models.JSONField(default=dict)
    #: Field of the survivor that was empty → [before, after].
    filled = models.JSONField(default=dict)
    survivor_status = models.CharField(max_length=10, choices=Client.Status.choices)
    merged_status = models.CharField(max_length=10, choices=Client.Status.choices)
    merged_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    merged_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="a_client_merges_with_another", condition=~Q(survivor=F("merged")))
        ]

    def __str__(self) -> str:
        return f"{self.merged_id} into {self.survivor_id}"

    def can_be_undone(self, now: datetime) -> bool:
        """Whether it was merged less than a day ago and is merged still."""
        return self.undone_at is None and now - self.merged_at < UNDO
