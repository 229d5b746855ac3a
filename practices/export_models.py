"""A full export of the practice while it is being made, and until it is fetched or replaced."""

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

from practices.tenancy import TenantModel


class PracticeExport(TenantModel):
    """Everything the practice has, on its way into one file."""

    job = models.OneToOneField("practices.Job", models.CASCADE, related_name="+")
    asked_by = models.ForeignKey("practices.User", models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    #: Of each table, in the order of the file: its label and the last id that belongs to it.
    tables = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Export of {self.asked_at:%Y-%m-%d}"


class ExportPart(TenantModel):
    """A stretch of a table's rows as compressed NDJSON, or one file that a row names."""

    export = models.ForeignKey(PracticeExport, models.CASCADE, related_name="parts")
    table = models.CharField(max_length=60)
    position = models.PositiveIntegerField()
    #: The file's path in the archive; empty for rows.
    path = models.CharField(max_length=120, blank=True)
    rows = models.PositiveIntegerField(default=0)
    content = models.BinaryField()

    class Meta:
        ordering = ["id"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "export", "table", "position"], name="one_export_part_at_a_place"
            ),
            models.CheckConstraint(name="an_export_part_is_rows_or_a_file", condition=Q(path="") | Q(rows=0)),
        ]

    def __str__(self) -> str:
        return self.path or f"{self.table} {self.position}"
