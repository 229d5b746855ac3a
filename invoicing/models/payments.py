"""Money received and credit given, and which invoices they settle."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, UniqueConstraint

from clients.models import Client
from invoicing.models.credit_notes import CreditNote
from invoicing.models.invoices import Invoice
from money.amounts import ZERO
from practices.tenancy import TenantModel, TenantQuerySet


class Payment(TenantModel):
    """Money received from a client, entered here or mirrored from the ledger."""

    class Source(models.TextChoices):
        SAGE = "sage", "Sage"
        BY_HAND = "by_hand", "Entered here"

    class Kind(models.TextChoices):
        RECEIVED = "received", "Received"
        #: No new money: a credit note or an earlier payment on account, set against invoices in Sage.
        SET_AGAINST = "set_against", "Set against it in Sage"
        #: No money: given up by the practice.
        WRITTEN_OFF = "written_off", "Written off"
        #: Money that went back to the client.
        REFUNDED = "refunded", "Paid back"

    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.RECEIVED)
    client = models.ForeignKey(Client, models.PROTECT, related_name="payments")
    received_on = models.DateField()
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    source = models.CharField(max_length=10, choices=Source.choices)
    external_id = models.CharField(max_length=64, blank=True)
    #: The ledger's own change stamp: an older page never overwrites a newer one.
    external_updated_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=255, blank=True)
    reversed_at = models.DateTimeField(null=True)
    #: The ledger's name for what of a receipt was set against nothing at first, how much that was, and what is left.
    account_id = models.CharField(max_length=64, blank=True)
    account_total = models.DecimalField(max_digits=12, decimal_places=2, default=ZERO)
    on_account = models.DecimalField(max_digits=12, decimal_places=2, default=ZERO)
    #: What this took from payments on account: amounts by their `account_id`.
    drawn = models.JSONField(default=dict)

    class Meta:
        ordering = ["-received_on", "-id"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "source", "external_id"],
                condition=~Q(external_id=""),
                name="a_ledger_payment_is_recorded_once",
            ),
            models.CheckConstraint(name="payment_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="no_more_is_on_account_than_was_received",
                condition=Q(on_account__gte=0, on_account__lte=F("amount")),
            ),
        ]

        indexes = [
            models.Index(fields=["practice", "received_on", "id"], name="payments_by_date"),
            models.Index(
                fields=["practice", "account_id"], name="payments_on_account", condition=~Q(account_id="")
            ),
            models.Index(
                fields=["practice", "id"],
                name="payments_taken_back",
                condition=Q(reversed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.received_on}"


class AllocationQuerySet(TenantQuerySet["Allocation"]):
    def given_up(self) -> "AllocationQuerySet":
        """What was written off and not taken back (G81)."""
        return self.filter(payment__kind=Payment.Kind.WRITTEN_OFF, payment__reversed_at=None)


class Allocation(TenantModel):
    """Part of a payment, or of a credit note, set against one invoice."""

    payment = models.ForeignKey(Payment, models.CASCADE, null=True, related_name="allocations")
    credit_note = models.ForeignKey(CreditNote, models.CASCADE, null=True, related_name="allocations")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="allocations")
    amount = models.DecimalField(max_digits=12, decimal_places=2)

    objects: ClassVar[models.Manager[Any]] = AllocationQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "payment", "invoice"], name="one_allocation_of_a_payment_to_an_invoice"
            ),
            UniqueConstraint(
                fields=["practice", "credit_note", "invoice"], name="one_allocation_of_a_credit_to_an_invoice"
            ),
            models.CheckConstraint(
                name="an_allocation_is_of_a_payment_or_a_credit",
                condition=Q(payment__isnull=False) ^ Q(credit_note__isnull=False),
            ),
            models.CheckConstraint(name="allocation_is_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.amount} to {self.invoice_id}"

    @property
    def is_given_up(self) -> bool:
        """Whether it is no money but what the practice wrote off, and did not take back."""
        payment = self.payment
        return (
            payment is not None and payment.kind == Payment.Kind.WRITTEN_OFF and payment.reversed_at is None
        )
