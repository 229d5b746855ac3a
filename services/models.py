"""What the practice sells, at which dated price and VAT rate."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q, UniqueConstraint
from django.db.models.functions import Lower

from money.vat import VatCode, percent_on
from practices.tenancy import TenantModel, TenantQuerySet


class TaxRateQuerySet(TenantQuerySet["TaxRate"]):
    def offered(self) -> "TaxRateQuerySet":
        """The rates that can be chosen for new work."""
        return self.filter(status=TaxRate.Status.ACTIVE)


class TaxRate(TenantModel):
    """A VAT rate the practice uses, under its own name; these, and no others, are mapped to Sage."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        ARCHIVED = "archived", "Archived"

    CODES = [
        (VatCode.STANDARD.value, "Standard"),
        (VatCode.REDUCED.value, "Reduced"),
        (VatCode.ZERO.value, "Zero"),
        (VatCode.EXEMPT.value, "Exempt"),
        (VatCode.OUTSIDE_SCOPE.value, "Outside the scope of VAT"),
    ]

    name = models.CharField(max_length=40)
    vat_code = models.CharField("VAT treatment", max_length=15, choices=CODES)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)

    objects: ClassVar[models.Manager[Any]] = TaxRateQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [UniqueConstraint("practice", Lower("name"), name="one_tax_rate_of_a_name")]

    def __str__(self) -> str:
        return self.name

    def percent_on(self, tax_point: date) -> Decimal:
        """The percentage on a tax point, two places."""
        return percent_on(VatCode(self.vat_code), tax_point)


class ServiceQuerySet(TenantQuerySet["Service"]):
    def offered(self) -> "ServiceQuerySet":
        """The services that can be put into new proposals."""
        return self.filter(status=Service.Status.ACTIVE)


class Service(TenantModel):
    """An item of the price list."""

    class BillingBasis(models.TextChoices):
        FIXED = "fixed", "Fixed price"
        UNIT = "unit", "Per unit"
        HOURLY = "hourly", "Per hour"
        INCLUDED = "included", "Included (no price)"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        ARCHIVED = "archived", "Archived"

    name = models.CharField("service", max_length=120)
    description = models.TextField(blank=True)
    billing_basis = models.CharField(max_length=10, choices=BillingBasis.choices, default=BillingBasis.FIXED)
    tax_rate = models.ForeignKey(TaxRate, models.PROTECT, related_name="services", verbose_name="VAT rate")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)

    objects: ClassVar[models.Manager[Any]] = ServiceQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [UniqueConstraint("practice", Lower("name"), name="one_service_of_a_name")]

    def __str__(self) -> str:
        return self.name


class Price(TenantModel):
    """A unit price from a date on, in the practice's currency; appended, never edited."""

    service = models.ForeignKey(Service, models.PROTECT, related_name="prices")
    unit_price = models.DecimalField(
        max_digits=12, decimal_places=4, validators=[MinValueValidator(Decimal(0))], help_text="Before VAT."
    )
    effective_from = models.DateField()

    class Meta:
        ordering = ["-effective_from", "-id"]
        constraints = [
            UniqueConstraint(fields=["practice", "service", "effective_from"], name="one_price_for_a_day"),
            models.CheckConstraint(name="price_is_not_negative", condition=Q(unit_price__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.unit_price} from {self.effective_from}"
