"""How long a practice keeps personal data, whose was erased, and practices that arrive from another installation."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

from clients.models import Client
from practices.models import User
from practices.tenancy import TenantModel


class RetentionSettings(TenantModel):
    """How long what is kept. One row a practice; none means these defaults."""

    documents_years = models.PositiveSmallIntegerField(
        "years to keep invoices and signed documents",
        default=6,
        validators=[MinValueValidator(6), MaxValueValidator(20)],
        help_text="The law asks for six years after the last one. Only then do an erased client's name and address go.",
    )
    mail_months = models.PositiveSmallIntegerField(
        "months to keep the text of sent messages",
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(240)],
        help_text="That a message was sent, to whom and when, stays.",
    )
    work_months = models.PositiveSmallIntegerField(
        "months to keep imported files and lists of finished work",
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
    )

    class Meta:
        verbose_name_plural = "retention settings"
        constraints = [
            UniqueConstraint(fields=["practice"], name="one_retention_settings_for_a_practice"),
            models.CheckConstraint(
                name="documents_are_kept_as_long_as_the_law_asks", condition=Q(documents_years__gte=6)
            ),
        ]

    def __str__(self) -> str:
        return "Retention"


class ClientErasure(TenantModel):
    """That a client's personal data was erased: who asked why, and what has to stay until when."""

    client = models.OneToOneField(Client, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    erased_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    erased_at = models.DateTimeField(default=timezone.now)
    #: Name and address stay on the books until this day; None where nothing has to stay.
    keep_until = models.DateField(null=True)
    #: When name and address went too.
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["practice", "keep_until"], name="erasures_to_finish", condition=Q(finished_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"Erasure of client {self.client_id}"


class FirstRun(TenantModel):
    """Which first steps a practice has put aside. One row a practice, made with the first of them."""

    skipped = models.JSONField(default=list)

    class Meta:
        constraints = [UniqueConstraint(fields=["practice"], name="one_first_run_for_a_practice")]

    def __str__(self) -> str:
        return "First steps"


class PracticeArrival(TenantModel):
    """A full export that an operator has brought here, checked and kept until the practice is taken in or not."""

    class Status(models.TextChoices):
        CHECKED = "checked", "Checked, nothing is written yet"
        WAITING = "waiting", "Waits for a worker"
        DONE = "done", "Taken in"
        STOPPED = "stopped", "Stopped, nothing was written"

    file_name = models.CharField(max_length=200)
    exported_at = models.CharField(max_length=40)
    #: Rows of each table that has any, by its label.
    counts = models.JSONField(default=list)
    #: Members by e-mail address: role, and whether the address is known here already.
    people = models.JSONField(default=list)
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CHECKED)
    #: How often a worker began since an operator asked; one that is lost counts nothing afterwards.
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    #: Why it stopped, in words for the operator.
    failure = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [UniqueConstraint(fields=["practice"], name="a_practice_arrives_once")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def rows(self) -> int:
        """How many rows the export has."""
        return sum(count for _, count in self.counts)

    @property
    def is_open(self) -> bool:
        """Whether it may still be taken in, or given up."""
        return self.status in (self.Status.CHECKED, self.Status.STOPPED)


class ArrivalPart(TenantModel):
    """A stretch of the file of an arrival, until it is taken in or given up."""

    arrival = models.ForeignKey(PracticeArrival, models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["position"]
        constraints = [
            UniqueConstraint(fields=["practice", "arrival", "position"], name="one_part_at_a_position")
        ]

    def __str__(self) -> str:
        return f"Part {self.position}"
