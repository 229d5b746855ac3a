"""What is kept about a client beside its particulars, and how the practice keeps clients."""

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

from clients.models.clients import Client
from practices.models import User
from practices.tenancy import TenantModel


class ClientSettings(TenantModel):
    """How the practice keeps clients. One row a practice."""

    aml_before_acceptance = models.BooleanField(
        "no acceptance before money laundering checks",
        default=False,
        help_text="A proposal cannot be signed until the client's checks are cleared and no review is overdue.",
    )
    aml_before_billing = models.BooleanField(
        "no invoices before money laundering checks",
        default=False,
        help_text="Nothing is issued to the client until its checks are cleared and no review is overdue.",
    )
    #: Column of the practice's last file → field it was read as, so that the next file is mapped already.
    import_mapping = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [UniqueConstraint(fields=["practice"], name="one_client_settings_for_a_practice")]

    def __str__(self) -> str:
        return "Client settings"


class Note(TenantModel):
    """Something a member wrote down about a client."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="notes")
    body = models.TextField("note", max_length=5000)
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(name="a_note_says_something", condition=~Q(body=""))]

    def __str__(self) -> str:
        return self.body[:60]


class Attachment(TenantModel):
    """A file kept with a client, whole in the database so that it is backed up and guarded with the rest."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="attachments")
    name = models.CharField("file name", max_length=120)
    #: Found in the content, never taken from the browser's word.
    content_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField("bytes")
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    added_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(name="an_attachment_is_not_empty", condition=Q(size__gt=0))]

    def __str__(self) -> str:
        return self.name
