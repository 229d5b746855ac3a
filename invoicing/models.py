"""What accepted work is billed as, and what has been paid."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, UniqueConstraint
from django.utils import timezone

from clients.models import Client
from invoicing.errors import NotRecurring
from ledger.models import Posting
from money.amounts import ZERO, Amounts
from practices.tenancy import TenantModel, TenantQuerySet
from proposals.billing_rules import BillingRule
from proposals.models import Proposal, ProposalLine
from proposals.periods import Rhythm
from services.models import Service, TaxRate

#: PostgreSQL's integer: a longer number typed into a search is no invoice number.
LARGEST_NUMBER = 2**31 - 1


class InvoicingSettings(TenantModel):
    """How the practice's invoices are dated and worded. One row a practice."""

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

    class Meta:
        constraints = [UniqueConstraint(fields=["practice"], name="one_invoicing_settings_for_a_practice")]

    def __str__(self) -> str:
        return "Invoicing settings"


class InvoiceNumbering(TenantModel):
    """The next invoice number of the practice; locked while one is handed out, so numbers have no gaps."""

    next_number = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [UniqueConstraint(fields=["practice"], name="one_invoice_numbering_for_a_practice")]

    def __str__(self) -> str:
        return f"Next invoice {self.next_number}"


class BillingScheduleQuerySet(TenantQuerySet["BillingSchedule"]):
    def recurring(self) -> "BillingScheduleQuerySet":
        """Active schedules that bill period by period."""
        return self.filter(status=BillingSchedule.Status.ACTIVE, billing=BillingRule.Billing.RECURRING)

    def to_complete(self) -> "BillingScheduleQuerySet":
        """Work that is billed when somebody marks it complete, and was not yet."""
        return self.filter(status=BillingSchedule.Status.ACTIVE, billing=BillingRule.Billing.ON_COMPLETION)


class BillingSchedule(TenantModel, BillingRule):
    """An accepted line being billed, at its own price from now on."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        ENDED = "ended", "Ended"

    client = models.ForeignKey(Client, models.PROTECT, related_name="billing_schedules")
    proposal_line = models.OneToOneField(ProposalLine, models.PROTECT, related_name="schedule")
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    quantity = models.DecimalField(max_digits=10, decimal_places=2)
    unit_price = models.DecimalField(max_digits=12, decimal_places=4)
    tax_rate = models.ForeignKey(TaxRate, models.PROTECT, related_name="+")
    #: The anchor every period is counted from, so that a start on the 31st stays one after February.
    starts_on = models.DateField()
    #: Nothing is dated before this day: the acceptance, or the start where that is later.
    bills_from = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    paused_on = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)

    objects: ClassVar[models.Manager[Any]] = BillingScheduleQuerySet.as_manager()

    class Meta(BillingRule.Meta):
        abstract = False
        ordering = ["client", "id"]
        constraints = [
            *BillingRule.Meta.constraints,
            models.CheckConstraint(
                name="schedule_ends_after_it_starts",
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
            ),
            models.CheckConstraint(
                name="schedule_bills_from_its_start_or_later", condition=Q(bills_from__gte=F("starts_on"))
            ),
            models.CheckConstraint(
                name="a_paused_schedule_knows_since_when",
                condition=Q(status="paused", paused_on__isnull=False)
                | (~Q(status="paused") & Q(paused_on__isnull=True)),
            ),
            models.CheckConstraint(name="schedule_quantity_is_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="schedule_price_is_not_negative", condition=Q(unit_price__gte=0)),
        ]
        indexes = [models.Index(fields=["practice", "status", "billing"], name="schedules_by_state")]

    def __str__(self) -> str:
        return self.name

    def rhythm(self, invoice_day: int) -> Rhythm:
        """When a recurring schedule is billed, given the practice's invoice day."""
        if self.billing != self.Billing.RECURRING or self.every is None:
            raise NotRecurring(self)
        return Rhythm(
            anchor=self.starts_on,
            every=self.every,
            unit=self.period,
            invoice_day=invoice_day,
            bills_from=self.bills_from,
            ends_on=self.ends_on,
        )


class InvoiceQuerySet(TenantQuerySet["Invoice"]):
    def issued(self) -> "InvoiceQuerySet":
        """Invoices that count: final and not void."""
        return self.filter(status=Invoice.Status.ISSUED)

    def unpaid(self) -> "InvoiceQuerySet":
        """Issued invoices on which something is still owed."""
        return self.issued().filter(outstanding__gt=0)

    def overdue(self, on: date) -> "InvoiceQuerySet":
        """Unpaid invoices whose due date has passed."""
        return self.unpaid().filter(due_on__lt=on)

    def not_in_the_ledger(self) -> "InvoiceQuerySet":
        """Issued invoices of which no copy has arrived in the ledger."""
        arrived = Posting.objects.filter(
            practice=OuterRef("practice"),
            kind=Posting.Kind.INVOICE_CREATE,
            subject_id=OuterRef("pk"),
            status=Posting.Status.POSTED,
        )
        return self.issued().exclude(Exists(arrived))

    def matching(self, text: str) -> "InvoiceQuerySet":
        """Invoices with this number, here or in the ledger, with this reference, or of clients so named."""
        text = text.strip()
        if not text:
            return self.all()
        clients = Client.objects.filter(name__icontains=text).values("pk")
        copies = Posting.objects.filter(
            Q(external_number__iexact=text) | Q(reference__istartswith=text), kind=Posting.Kind.INVOICE_CREATE
        )
        found = Q(client__in=clients) | Q(pk__in=copies.values("subject_id"))
        number = text.upper().removeprefix("INV-")
        if number.isdecimal() and int(number) <= LARGEST_NUMBER:
            found |= Q(number=int(number))
        return self.filter(found)


class Invoice(TenantModel):
    """What a client owes: a frozen copy of names, prices and VAT once it is issued."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        ISSUED = "issued", "Issued"
        VOID = "void", "Void"

    class Source(models.TextChoices):
        UPFRONT = "upfront", "On acceptance"
        ON_COMPLETION = "on_completion", "On completion"
        RECURRING = "recurring", "Recurring"
        INSTANT = "instant", "Instant bill"

    client = models.ForeignKey(Client, models.PROTECT, related_name="invoices")
    proposal = models.ForeignKey(Proposal, models.PROTECT, null=True, related_name="invoices")
    source = models.CharField(max_length=15, choices=Source.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    number = models.PositiveIntegerField(null=True)
    tax_point = models.DateField()
    due_on = models.DateField()
    net = models.DecimalField(max_digits=12, decimal_places=2, default=ZERO)
    vat = models.DecimalField(max_digits=12, decimal_places=2, default=ZERO)
    outstanding = models.DecimalField(max_digits=12, decimal_places=2, default=ZERO)
    created_at = models.DateTimeField(default=timezone.now)
    issued_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Any]] = InvoiceQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(fields=["practice", "number"], name="invoice_number_is_unique_in_the_practice"),
            models.CheckConstraint(
                name="a_final_invoice_has_a_number",
                condition=Q(status="draft", number__isnull=True)
                | (~Q(status="draft") & Q(number__isnull=False)),
            ),
            models.CheckConstraint(
                name="outstanding_is_part_of_the_gross",
                condition=Q(outstanding__gte=0) & Q(outstanding__lte=F("net") + F("vat")),
            ),
            models.CheckConstraint(
                name="due_on_or_after_the_tax_point", condition=Q(due_on__gte=F("tax_point"))
            ),
        ]
        indexes = [
            models.Index(fields=["practice", "-id"], name="invoices_newest_first"),
            models.Index(fields=["practice", "client", "-id"], name="invoices_of_a_client"),
            models.Index(
                fields=["practice", "due_on"],
                name="invoices_to_be_paid",
                condition=Q(status="issued", outstanding__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.number_label

    @property
    def number_label(self) -> str:
        """`INV-000123`, or `Draft` before it is issued."""
        return f"INV-{self.number:06d}" if self.number else "Draft"

    @property
    def amounts(self) -> Amounts:
        """Net and VAT as frozen on issue."""
        return Amounts(self.net, self.vat)

    @property
    def gross(self) -> Decimal:
        """Net plus VAT, to the penny."""
        return self.net + self.vat

    @property
    def paid(self) -> Decimal:
        """What has been paid or credited so far."""
        return self.gross - self.outstanding if self.status == self.Status.ISSUED else ZERO

    def settlement(self, on: date) -> str:
        """`draft`, `void`, `paid`, `part_paid`, `overdue` or `unpaid`: arithmetic on a date, not a stored state."""
        if self.status != self.Status.ISSUED:
            return self.status
        if self.outstanding == ZERO:
            return "paid"
        if self.due_on < on:
            return "overdue"
        return "part_paid" if self.outstanding < self.gross else "unpaid"


class InvoiceLine(TenantModel):
    """One line of an invoice, rounded by itself as Sage does."""

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(default=0)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    #: The service's name and, where a period is billed, which one.
    name = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    quantity = models.DecimalField(
        max_digits=10, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    unit_price = models.DecimalField(
        max_digits=12, decimal_places=4, validators=[MinValueValidator(Decimal(0))]
    )
    tax_rate = models.ForeignKey(TaxRate, models.PROTECT, related_name="+")
    vat_code = models.CharField(max_length=15)
    vat_percent = models.DecimalField(max_digits=5, decimal_places=2)
    net = models.DecimalField(max_digits=12, decimal_places=2)
    vat = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(name="invoice_quantity_is_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="invoice_price_is_not_negative", condition=Q(unit_price__gte=0)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def amounts(self) -> Amounts:
        """Net and VAT of the line as frozen on issue."""
        return Amounts(self.net, self.vat)


class BilledPeriod(TenantModel):
    """One stretch of a schedule that was billed, or left out for a reason."""

    schedule = models.ForeignKey(BillingSchedule, models.PROTECT, related_name="periods")
    starts_on = models.DateField()
    invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, related_name="periods")
    skip_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["starts_on", "id"]
        constraints = [
            UniqueConstraint(fields=["practice", "schedule", "starts_on"], name="period_is_billed_once"),
            models.CheckConstraint(
                name="period_is_billed_or_skipped", condition=Q(invoice__isnull=False) ^ ~Q(skip_reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on}"


class Payment(TenantModel):
    """Money received from a client, entered here or mirrored from the ledger."""

    class Source(models.TextChoices):
        SAGE = "sage", "Sage"
        BY_HAND = "by_hand", "Entered here"

    client = models.ForeignKey(Client, models.PROTECT, related_name="payments")
    received_on = models.DateField()
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    source = models.CharField(max_length=10, choices=Source.choices)
    external_id = models.CharField(max_length=64, blank=True)
    #: The ledger's own change stamp: an older page never overwrites a newer one.
    external_updated_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=255, blank=True)
    reversed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-received_on", "-id"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "source", "external_id"],
                condition=~Q(external_id=""),
                name="a_ledger_payment_is_recorded_once",
            ),
            models.CheckConstraint(name="payment_is_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.received_on}"


class Allocation(TenantModel):
    """Part of a payment set against one invoice."""

    payment = models.ForeignKey(Payment, models.CASCADE, related_name="allocations")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="allocations")
    amount = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        ordering = ["id"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "payment", "invoice"], name="one_allocation_of_a_payment_to_an_invoice"
            ),
            models.CheckConstraint(name="allocation_is_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.amount} to {self.invoice_id}"
