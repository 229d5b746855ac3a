"""How a practice's invoices are dated, grouped, worded and numbered."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import UniqueConstraint, Value

from practices.tenancy import TenantModel


class InvoicingSettings(TenantModel):
    """How the practice's invoices are dated, grouped, released and worded. One row a practice."""

    class Grouping(models.TextChoices):
        CLIENT = "client", "One invoice for each client"
        PROPOSAL = "proposal", "One invoice for each proposal"
        SERVICE = "service", "One invoice for each service"

    class DocumentsBy(models.TextChoices):
        PRACTICE = "practice", "Our own PDF"
        LEDGER = "ledger", "The ledger's PDF"

    manual_terms_days = models.PositiveSmallIntegerField(
        "days to pay other invoices",
        default=14,
        validators=[MaxValueValidator(365)],
        help_text="Upfront, on-completion and one-off invoices are due this many days after their date.",
    )
    automatic_terms_days = models.PositiveSmallIntegerField(
        "days to pay recurring invoices",
        default=14,
        validators=[MaxValueValidator(365)],
        help_text="Recurring invoices are due this many days after the practice's invoice day.",
    )
    includes_descriptions = models.BooleanField("include service descriptions on invoices", default=True)

    grouping = models.CharField(
        "services billed the same day",
        max_length=10,
        choices=Grouping.choices,
        default=Grouping.CLIENT,
        help_text="How many invoices a client gets for one day.",
    )
    merges_recurring = models.BooleanField(
        "print recurring services as one line",
        default=False,
        db_default=False,
        help_text="On your own PDF, one line for each VAT rate that names the services. A client may differ.",
    )
    merges_one_off = models.BooleanField(
        "print other services as one line",
        default=False,
        db_default=False,
        help_text="The same for upfront, on-completion and one-off invoices. In Sage each service keeps its line.",
    )
    needs_approval = models.BooleanField(
        "bills wait for approval",
        default=False,
        help_text="Nothing recurring is billed before somebody has approved it in the month-end page.",
    )
    asks_about_missed = models.BooleanField(
        "ask when more than one period was missed",
        default=True,
        help_text="After a standstill, missed periods are proposed with their own dates and wait for approval.",
    )
    quiet_minutes = models.PositiveSmallIntegerField(
        "minutes before an invoice leaves",
        default=0,
        validators=[MaxValueValidator(1440)],
        help_text="An invoice stays here so long after it is issued, and can be undone without a trace in Sage.",
    )
    quiet_until = models.TimeField(
        "or until this time of day",
        null=True,
        blank=True,
        help_text="Invoices of a day leave together at this time; leave empty to count minutes.",
    )

    shares_numbers = models.BooleanField(
        "number credit notes along with invoices",
        default=False,
        db_default=False,
        help_text="Off: credit notes have a sequence of their own.",
    )

    documents_by = models.CharField(
        max_length=8,
        choices=DocumentsBy.choices,
        default=DocumentsBy.PRACTICE,
        db_default=DocumentsBy.PRACTICE,
    )
    payment_instructions = models.TextField(
        "how to pay",
        max_length=600,
        blank=True,
        default="",
        db_default="",
        help_text="Printed on every invoice and in its reminders: your bank details, or that you collect it yourself.",
    )
    emails_invoices = models.BooleanField(
        "e-mail invoices by themselves",
        default=False,
        db_default=False,
        help_text="Each morning, what was issued and not yet sent goes to whoever receives the client's invoices.",
    )
    #: Days after the due date on which an unpaid invoice is reminded of; negative ones before it.
    reminder_days = models.JSONField(default=list, db_default=Value([], models.JSONField()))

    class Meta:
        constraints = [UniqueConstraint(fields=["practice"], name="one_invoicing_settings_for_a_practice")]

    def __str__(self) -> str:
        return "Invoicing settings"

    def merges(self, source: str, of_client: str) -> bool:
        """Whether the lines of an invoice of that source are printed as one (G77); a client's own layout goes first."""
        if of_client:
            return of_client == "merged"
        return self.merges_recurring if source == "recurring" else self.merges_one_off

    def terms_days(self, source: str, of_client: int | None) -> int:
        """Days to pay an invoice of that source (F23, F25); a client's own terms, where it has some, go first."""
        if of_client is not None:
            return of_client
        return self.automatic_terms_days if source == "recurring" else self.manual_terms_days


class InvoiceNumbering(TenantModel):
    """The next numbers of the practice; locked while one is handed out, so numbers have no gaps."""

    next_number = models.PositiveIntegerField(default=1)
    next_credit_note_number = models.PositiveIntegerField(default=1, db_default=1)

    class Meta:
        constraints = [UniqueConstraint(fields=["practice"], name="one_invoice_numbering_for_a_practice")]

    def __str__(self) -> str:
        return f"Next invoice {self.next_number}"
