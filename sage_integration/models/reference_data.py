"""What a Sage business has to choose from: ledger accounts, VAT rates, items and bank accounts."""

from django.db import models
from django.db.models import UniqueConstraint

from practices.tenancy import TenantModel


class ReadFromSage(TenantModel):
    """A row of the connected business's reference data, as read last."""

    sage_id = models.CharField(max_length=64)
    #: Gone, hidden or no longer for sales: it may not be chosen, and what uses it is named.
    is_usable = models.BooleanField(default=True)
    seen_at = models.DateTimeField()

    class Meta:
        abstract = True


class SageLedgerAccount(ReadFromSage):
    """A nominal code of the connected business, as read last."""

    nominal_code = models.PositiveIntegerField()
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ["nominal_code", "id"]
        constraints = [UniqueConstraint(fields=["practice", "sage_id"], name="one_row_for_a_ledger_account")]

    def __str__(self) -> str:
        return f"{self.nominal_code} {self.name}"


class SageTaxRate(ReadFromSage):
    """A VAT rate of the connected business, as read last."""

    name = models.CharField(max_length=100)
    percentage = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta:
        ordering = ["-percentage", "id"]
        constraints = [UniqueConstraint(fields=["practice", "sage_id"], name="one_row_for_a_sage_tax_rate")]

    def __str__(self) -> str:
        return self.name


class SageItem(ReadFromSage):
    """A product or service of Sage's own catalogue, as read last."""

    class Kind(models.TextChoices):
        PRODUCT = "product", "Product"
        SERVICE = "service", "Service"

    kind = models.CharField(max_length=7, choices=Kind.choices)
    name = models.CharField(max_length=255)

    class Meta:
        ordering = ["name", "id"]
        constraints = [UniqueConstraint(fields=["practice", "sage_id"], name="one_row_for_a_sage_item")]

    def __str__(self) -> str:
        return self.name


class SageBankAccount(ReadFromSage):
    """A bank account of the connected business, as read last."""

    name = models.CharField(max_length=255)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            UniqueConstraint(fields=["practice", "sage_id"], name="one_row_for_a_sage_bank_account")
        ]

    def __str__(self) -> str:
        return self.name
