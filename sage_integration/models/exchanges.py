"""Requests to Sage and their answers, kept for a while so that somebody can see what was really said."""

from django.db import models
from django.utils import timezone

from ledger.models import Posting
from practices.tenancy import TenantModel, practice_key


class SageExchange(TenantModel):
    """One request and what came back, without secrets; kept for `exchanges.KEPT`."""

    practice = practice_key(db_index=False)
    posting = models.ForeignKey(
        Posting, models.CASCADE, null=True, related_name="exchanges", db_index=False, db_constraint=False
    )
    business_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(default=timezone.now)
    milliseconds = models.PositiveIntegerField()
    method = models.CharField(max_length=6)
    path = models.CharField(max_length=200)
    #: None when no answer came; `failure` then names what happened.
    status = models.PositiveSmallIntegerField(null=True)
    failure = models.CharField(max_length=60, blank=True)
    #: Sage's own number of the request, which its support asks for.
    request_id = models.CharField(max_length=80, blank=True)
    sent = models.TextField(blank=True)
    received = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["practice", "posting", "id"],
                name="exchanges_of_a_posting",
                condition=models.Q(posting__isnull=False),
            ),
            models.Index(fields=["practice", "at"], name="exchanges_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def result(self) -> str:
        """`201`, or why there was no answer."""
        return str(self.status) if self.status else self.failure or "No answer"
