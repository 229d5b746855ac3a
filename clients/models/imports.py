"""A file of clients on its way in: as it came, what was made of each row, and what is needed to take it back."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import UniqueConstraint
from django.urls import reverse
from django.utils import timezone

from clients.models.clients import Client
from practices.job_models import Job
from practices.models import User
from practices.tenancy import TenantModel, practice_key

#: How long an import or a merge can be undone.
UNDO = timedelta(hours=24)


class ClientImport(TenantModel):
    """One file, from its upload to its undoing."""

    class Status(models.TextChoices):
        UPLOADED = "uploaded", "Columns to be chosen"
        CHECKING = "checking", "Being checked"
        CHECKED = "checked", "Ready to import"
        IMPORTING = "importing", "Being imported"
        IMPORTED = "imported", "Imported"
        UNDOING = "undoing", "Being undone"
        UNDONE = "undone", "Undone"

    class OnMatch(models.TextChoices):
        UPDATE = "update", "Update them with what the file says"
        SKIP = "skip", "Leave them as they are"

    file_name = models.CharField(max_length=120)
    encoding = models.CharField(max_length=40)
    delimiter = models.CharField(max_length=1)
    header = models.JSONField(default=list)
    #: The first rows, for the preview.
    sample = models.JSONField(default=list)
    row_count = models.PositiveIntegerField()
    #: Number of the column (as text) → the field it is read as.
    mapping = models.JSONField(default=dict)
    on_match = models.CharField(max_length=10, choices=OnMatch.choices, default=OnMatch.UPDATE)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.UPLOADED)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    started_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    imported_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        """The import's page."""
        return reverse("clients:import-detail", args=[self.practice.slug, self.pk])

    def can_be_undone(self, now: datetime) -> bool:
        """Whether it was imported less than a day ago, be it only in part because it was stopped half-way."""
        if self.imported_at is None or now - self.imported_at >= UNDO:
            return False
        was_stopped = self.status in (self.Status.IMPORTING, self.Status.UNDOING) and not (
            self.job and self.job.is_live
        )
        return self.status == self.Status.IMPORTED or was_stopped


class ImportPiece(TenantModel):
    """Some rows of a file as they stood in it, so that a worker reads no more of it than it needs."""

    source = models.ForeignKey(ClientImport, models.CASCADE, related_name="pieces")
    #: The number of its first row, from 0.
    start = models.PositiveIntegerField()
    rows = models.JSONField()

    class Meta:
        ordering = ["start"]
        constraints = [
            UniqueConstraint(fields=["practice", "source", "start"], name="one_piece_at_a_place_of_an_import")
        ]

    def __str__(self) -> str:
        return f"From row {self.start + 1}"


class ImportRow(TenantModel):
    """One row of a file: what it says, whom it may be, what a person decided, and what was done."""

    class Verdict(models.TextChoices):
        NEW = "new", "New"
        UPDATE = "update", "Update"
        SAME = "same", "Nothing new"
        DOUBTFUL = "doubtful", "To be decided"
        REPEATED = "repeated", "Repeated in the file"
        INVALID = "invalid", "Cannot be read"

    class Choice(models.TextChoices):
        UPDATE = "update", "Update the client"
        NEW = "new", "Import as new"
        SKIP = "skip", "Leave out"

    class Done(models.TextChoices):
        NOTHING = "", "Nothing"
        CREATED = "created", "Created"
        UPDATED = "updated", "Updated"

    # Every index begins with the practice, so none for it alone: the planner would take that one.
    practice = practice_key(db_index=False, db_constraint=False)
    # The keys with the practice in them, which every tenant table gets, are checks enough.
    source = models.ForeignKey(
        ClientImport, models.CASCADE, related_name="rows", db_index=False, db_constraint=False
    )
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    #: The name as it is compared, to find repeated rows.
    name_key = models.CharField(max_length=120, blank=True)
    values = models.JSONField(default=dict)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    message = models.CharField(max_length=500, blank=True)
    #: Whom the row was found to be, or the client that was made of it.
    client = models.ForeignKey(
        Client, models.SET_NULL, null=True, related_name="+", db_index=False, db_constraint=False
    )
    choice = models.CharField(max_length=10, choices=Choice.choices, blank=True)
    done = models.CharField(max_length=10, choices=Done.choices, blank=True)
    #: Field → [before, after], of a client that was updated.
    changes = models.JSONField(default=dict)

    class Meta:
        ordering = ["position"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "source", "position"], name="one_row_at_a_place_of_an_import"
            )
        ]
        indexes = [
            models.Index(fields=["practice", "source", "verdict", "position"], name="import_rows_by_verdict"),
            models.Index(fields=["practice", "source", "name_key"], name="import_rows_by_name"),
        ]

    def __str__(self) -> str:
        return self.name
