"""Whom the practice works for."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from practices.tenancy import TenantModel, TenantQuerySet


class ClientQuerySet(TenantQuerySet["Client"]):
    def current(self) -> "ClientQuerySet":
        """Everybody who was not archived."""
        return self.exclude(status=Client.Status.ARCHIVED)

    def matching(self, text: str) -> "ClientQuerySet":
        """Clients whose name, number, postcode or contact person contains the text."""
        text = text.strip()
        if not text:
            return self.all()
        people = ContactPerson.objects.filter(Q(name__icontains=text) | Q(email__icontains=text)).values(
            "client_id"
        )
        return self.filter(
            Q(name__icontains=text)
            | Q(company_number__iexact=text)
            | Q(vat_number__iexact=text)
            | Q(postal_code__istartswith=text)
            | Q(pk__in=people)
        )


class Client(TenantModel):
    """A company or person the practice works for."""

    class Kind(models.TextChoices):
        COMPANY = "company", "Limited company"
        SOLE_TRADER = "sole_trader", "Sole trader"
        PARTNERSHIP = "partnership", "Partnership"
        CHARITY = "charity", "Charity"
        TRUST = "trust", "Trust"
        INDIVIDUAL = "individual", "Individual"

    class Status(models.TextChoices):
        LEAD = "lead", "Lead"
        ACTIVE = "active", "Active"
        INACTIVE = "inactive", "Inactive"
        ARCHIVED = "archived", "Archived"

    #: Sage takes contact names of at most 100 characters (FACTS.md 6).
    name = models.CharField("client name", max_length=100)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.COMPANY)
    company_number = models.CharField(max_length=10, blank=True)
    vat_number = models.CharField("VAT number", max_length=20, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    address_line_1 = models.CharField("address line 1", max_length=50, blank=True)
    address_line_2 = models.CharField("address line 2", max_length=50, blank=True)
    city = models.CharField("town or city", max_length=50, blank=True)
    region = models.CharField("county", max_length=50, blank=True)
    postal_code = models.CharField("postcode", max_length=10, blank=True)
    country = models.CharField(max_length=2, default="GB")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.LEAD)
    posts_automatically = models.BooleanField("create invoices in Sage", default=True)

    objects: ClassVar[models.Manager[Any]] = ClientQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.CheckConstraint(name="client_has_a_name", condition=~Q(name=""))]
        indexes = [
            models.Index("practice", Lower("name"), "id", name="clients_by_name"),
            models.Index(fields=["practice", "status"], name="clients_by_status"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address_lines(self) -> list[str]:
        """The billing address as it is printed, without empty lines."""
        lines = [self.address_line_1, self.address_line_2, self.city, self.region, self.postal_code]
        return [line for line in lines if line]


class ContactPerson(TenantModel):
    """A human at the client."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="people")
    name = models.CharField(max_length=50)
    email = models.EmailField("e-mail address", max_length=100, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    is_signatory = models.BooleanField("signs proposals", default=False)
    #: Kept because signatures name them; no longer shown or asked to sign.
    has_left = models.BooleanField(default=False, editable=False)

    class Meta:
        ordering = ["-is_signatory", "id"]
        constraints = [
            models.CheckConstraint(
                name="a_signatory_has_an_email_address", condition=Q(is_signatory=False) | ~Q(email="")
            )
        ]
        indexes = [models.Index("practice", Lower("email"), name="people_by_email")]

    def __str__(self) -> str:
        return self.name
