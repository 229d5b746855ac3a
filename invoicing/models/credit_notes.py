"""What an invoice was before it was amended, and the credit notes that take whole invoices back."""

from decimal import Decimal

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

from clients.models import Client
from invoicing.models.invoices import Invoice
from money.amounts import Amounts
from practices.tenancy import TenantModel
from services.models import Service, TaxRate


class InvoiceRevision(TenantModel):
    """An issued invoice as it was before it was amended: dates, amounts and lines, kept for good."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="revisions")
    revision = models.PositiveIntegerField()
    #: See `invoicing.revisions.particulars_of`.
    particulars = models.JSONField()
    reason = models.CharField("why it was amended", max_length=200)
    amended_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["revision"]
        constraints = [
            UniqueConstraint(fields=["practice", "invoice", "revision"], name="a_revision_is_kept_once"),
            models.CheckConstraint(name="an_amendment_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} as of revision {self.revision}"


class CreditNote(TenantModel):
    """Takes a whole invoice back: the same lines, priced as they were billed, at most one an invoice."""

    called_by = "number_label"

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="credit_notes")
    client = models.ForeignKey(Client, models.PROTECT, related_name="credit_notes")
    number = models.PositiveIntegerField()
    issued_on = models.DateField()
    reason = models.CharField(max_length=200)
    net = models.DecimalField(max_digits=12, decimal_places=2)
    vat = models.DecimalField(max_digits=12, decimal_places=2)
    created_at = models.DateTimeField(default=timezone.now)
    #: Counts the changes of date and reason after issue.
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(fields=["practice", "invoice"], name="one_credit_note_for_an_invoice"),
            UniqueConstraint(
                fields=["practice", "number"], name="credit_note_number_is_unique_in_the_practice"
            ),
            models.CheckConstraint(name="a_credit_note_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return self.number_label

    @property
    def number_label(self) -> str:
        """`CN-000012`."""
        return self.label_of(self.number)

    @staticmethod
    def label_of(number: int) -> str:
        """`CN-000012` of a number."""
        return f"CN-{number:06d}"

    @property
    def amounts(self) -> Amounts:
        """Net and VAT taken back, as positive amounts."""
        return Amounts(self.net, self.vat)

    @property
    def gross(self) -> Decimal:
        """Net plus VAT, to the penny."""
        return self.net + self.vat


class CreditNoteLine(TenantModel):
    """One line taken back: a copy of the invoice's, with positive amounts."""

    credit_note = models.ForeignKey(CreditNote, models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(default=0)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    name = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    quantity = models.DecimalField(max_digits=10, decimal_places=2)
    unit_price = models.DecimalField(max_digits=12, decimal_places=4)
    tax_rate = models.ForeignKey(TaxRate, models.PROTECT, related_name="+")
    vat_code = models.CharField(max_length=15)
    vat_percent = models.DecimalField(max_digits=5, decimal_places=2)
    net = models.DecimalField(max_digits=12, decimal_places=2)
    vat = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(name="credited_quantity_is_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="credited_price_is_not_negative", condition=Q(unit_price__gte=0)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def amounts(self) -> Amounts:
        """Net and VAT of the line, as positive amounts."""
        return Amounts(self.net, self.vat)
