"""What was sent to clients about their invoices."""

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

from invoicing.models.invoices import Invoice
from practices.tenancy import TenantModel


class InvoiceMessage(TenantModel):
    """An invoice, or a reminder of it, handed to the mail outbox; each reminder once, however often the night comes."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        REMINDER = "reminder", "Reminder"

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="messages")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    #: Of a reminder: days after the due date, negative before it.
    days = models.SmallIntegerField(null=True)
    #: The addresses, one a line.
    sent_to = models.TextField()
    sent_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "invoice", "days"],
                condition=Q(kind="reminder"),
                name="a_reminder_is_sent_once",
            ),
            models.CheckConstraint(
                name="a_reminder_knows_its_day",
                condition=Q(kind="reminder", days__isnull=False) | Q(kind="invoice", days__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.invoice_id}"
