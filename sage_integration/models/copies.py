"""What somebody chose when copying a document by hand."""

from django.db import models

from clients.models import Client
from ledger.models import Posting
from practices.tenancy import TenantModel


class CopyChoices(TenantModel):
    """What one copy is sent with instead of what mappings and rules would give (FEATURES 4.13)."""

    posting = models.OneToOneField(Posting, models.CASCADE, related_name="copy_choices")
    #: See `sage_integration.choices.kept_lines`.
    lines = models.JSONField(default=list)
    #: Of the invoice when they were made: its dates may have been amended since.
    revision = models.PositiveIntegerField(default=1)
    dated = models.DateField(null=True)
    due_on = models.DateField(null=True)
    number = models.CharField(max_length=20, blank=True)
    arrives_as_draft = models.BooleanField(null=True)

    def __str__(self) -> str:
        return f"Choices for {self.posting_id}"


class ClientChoices(TenantModel):
    """What the copy dialog begins with for a client, because somebody asked to have it remembered."""

    client = models.OneToOneField(Client, models.CASCADE, related_name="copy_choices")
    #: Sage's account by the id of our service, and Sage's rate by the id of our VAT rate; an empty rate is no VAT.
    accounts = models.JSONField(default=dict)
    rates = models.JSONField(default=dict)
    arrives_as_draft = models.BooleanField(null=True)

    def __str__(self) -> str:
        return f"Choices for {self.client_id}"
