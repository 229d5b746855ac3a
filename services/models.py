"""What the practice sells, at which dated price and VAT rate."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q, UniqueConstraint
from django.db.models.functions import Lower

from money.vat import VatCode, percent_on
from practices.tenancy import TenantModel, TenantQuerySet


class TaxRateQuerySet(TenantQuerySet["TaxRate"]):
    def offered(self) -> "TaxRateQuerySet":
        """The rates that can be chosen for new work."""
        return self.filter(status=TaxRate.Status.ACTIVE)


class TaxRate(TenantModel):
    """A VAT rate the practice uses, under its own name; these, and no others, are mapped to Sage."""

    called_by = "name"

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


class VatSettings(TenantModel):
    """Whether the practice charges VAT, and how prices are written. One row a practice."""

    class Shown(models.TextChoices):
        EXCLUSIVE = "exclusive", "Before VAT"
        INCLUSIVE = "inclusive", "Including VAT"

    charges_vat = models.BooleanField(
        "the practice is registered for VAT",
        default=True,
        help_text="Without it no VAT is shown or charged anywhere.",
    )
    #: Chosen for new services; None where nobody chose one.
    default_tax_rate = models.ForeignKey(
        TaxRate, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="default VAT rate"
    )
    shown = models.CharField(
        "prices are shown", max_length=10, choices=Shown.choices, default=Shown.EXCLUSIVE
    )
    label = models.CharField("name of the tax", max_length=12, default="VAT")

    class Meta:
        constraints = [UniqueConstraint(fields=["practice"], name="one_vat_settings_for_a_practice")]

    def __str__(self) -> str:
        return "VAT settings"


class ServiceCategory(TenantModel):
    """A heading of the price list."""

    name = models.CharField("category", max_length=60)

    class Meta:
        ordering = ["name", "id"]
        verbose_name_plural = "service categories"
        constraints = [UniqueConstraint("practice", Lower("name"), name="one_category_of_a_name")]

    def __str__(self) -> str:
        return self.name


class ServiceQuerySet(TenantQuerySet["Service"]):
    def offered(self) -> "ServiceQuerySet":
        """The services that can be put into new proposals."""
        return self.filter(status=Service.Status.ACTIVE)


class Service(TenantModel):
    """An item of the price list."""

    called_by = "name"

    class BillingBasis(models.TextChoices):
        FIXED = "fixed", "Fixed price"
        UNIT = "unit", "Per unit"
        MINIMUM = "minimum", "From a minimum"
        RANGE = "range", "Range"
        HOURLY = "hourly", "Per hour"
        INCLUDED = "included", "Included (no price)"

    class BillingMode(models.TextChoices):
        AUTOMATIC = "automatic", "Automatic"
        MANUAL = "manual", "By hand"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        ARCHIVED = "archived", "Archived"

    name = models.CharField("service", max_length=120)
    category = models.ForeignKey(
        ServiceCategory, models.PROTECT, null=True, blank=True, related_name="services"
    )
    description = models.TextField(blank=True)
    billing_basis = models.CharField(
        "price type", max_length=10, choices=BillingBasis.choices, default=BillingBasis.FIXED
    )
    unit_name = models.CharField(
        "unit",
        max_length=30,
        blank=True,
        help_text="What is counted, in the singular: employee, return, site.",
    )
    billing_mode = models.CharField(
        "billing", max_length=10, choices=BillingMode.choices, default=BillingMode.AUTOMATIC
    )
    #: Goes into the engagement letter whenever this service is part of the proposal (G21).
    terms = models.TextField("terms of this service", blank=True)
    tax_rate = models.ForeignKey(TaxRate, models.PROTECT, related_name="services", verbose_name="VAT rate")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)

    objects: ClassVar[models.Manager[Any]] = ServiceQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [UniqueConstraint("practice", Lower("name"), name="one_service_of_a_name")]
        indexes = [models.Index(fields=["practice", "status", "name"], name="services_by_status")]

    def __str__(self) -> str:
        return self.name

    @property
    def needs_confirming(self) -> bool:
        """Whether somebody has to say the final price before it is billed (G56)."""
        return self.billing_basis in VARIABLE

    @property
    def unit_in_words(self) -> str:
        """What one price is for: `employee`, `hour`, or nothing for a price that stands for the whole."""
        if self.billing_basis == self.BillingBasis.HOURLY:
            return "hour"
        return self.unit_name if self.billing_basis == self.BillingBasis.UNIT else ""


#: Prices that are only known when the work is done.
VARIABLE = frozenset({Service.BillingBasis.MINIMUM, Service.BillingBasis.RANGE, Service.BillingBasis.HOURLY})


class Price(TenantModel):
    """A unit price from a date on, in the practice's currency; appended, never edited."""

    service = models.ForeignKey(Service, models.PROTECT, related_name="prices")
    unit_price = models.DecimalField(
        max_digits=12, decimal_places=4, validators=[MinValueValidator(Decimal(0))], help_text="Before VAT."
    )
    #: The upper end of a range; None for every other price type.
    highest_price = models.DecimalField(
        "up to", max_digits=12, decimal_places=4, null=True, blank=True, help_text="Before VAT."
    )
    effective_from = models.DateField()

    class Meta:
        ordering = ["-effective_from", "-id"]
        constraints = [
            UniqueConstraint(fields=["practice", "service", "effective_from"], name="one_price_for_a_day"),
            models.CheckConstraint(name="price_is_not_negative", condition=Q(unit_price__gte=0)),
            models.CheckConstraint(
                name="a_range_goes_up",
                condition=Q(highest_price__isnull=True) | Q(highest_price__gt=F("unit_price")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_price} from {self.effective_from}"
