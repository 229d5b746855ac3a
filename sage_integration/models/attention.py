"""What people decided about the things that need them."""

from django.db import models
from django.db.models import Q, UniqueConstraint

from practices.models import User
from practices.tenancy import TenantModel


class Attention(TenantModel):
    """Who looks after one thing that needs somebody, until when it is put off, and that it is handled.

    The thing itself is another row: a refused document, a copy that differs, the connection. What was decided holds
    for the trouble that began at ``since``; when it comes back later, it needs somebody anew.
    """

    class Kind(models.TextChoices):
        POSTING = "posting", "Document that was refused"
        COPY = "copy", "Document that differs in Sage"
        CONNECTION = "connection", "Connection to Sage"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    subject_id = models.BigIntegerField()
    since = models.DateTimeField()
    owner = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    #: Not shown again before this day of the practice.
    snoozed_until = models.DateField(null=True)
    handled_at = models.DateTimeField(null=True)
    handled_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["practice", "kind", "subject_id"], name="one_attention_for_a_thing"),
            models.CheckConstraint(
                name="what_is_handled_says_how", condition=Q(handled_at__isnull=True) | ~Q(note="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.subject_id}"
