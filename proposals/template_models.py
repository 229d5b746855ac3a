"""What a proposal begins with: a number, and perhaps a template."""

from django.db import models
from django.db.models import UniqueConstraint
from django.db.models.functions import Lower
from django.utils import timezone

from practices.tenancy import TenantModel


class ProposalNumbering(TenantModel):
    """The next proposal number of the practice; locked while one is handed out."""

    next_number = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [UniqueConstraint(fields=["practice"], name="one_proposal_numbering_for_a_practice")]

    def __str__(self) -> str:
        return f"Next proposal {self.next_number}"


class ProposalTemplate(TenantModel):
    """Services, headings and billing rules to begin a proposal with; prices come from the library of that day."""

    name = models.CharField(max_length=80)
    description = models.CharField(max_length=200, blank=True)
    #: Made and read by `proposals.operations.templates` alone.
    content = models.JSONField(default=dict, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [UniqueConstraint("practice", Lower("name"), name="one_template_of_a_name")]

    def __str__(self) -> str:
        return self.name
