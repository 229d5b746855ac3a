"""The client itself: who it is, where it is billed, how far the practice knows it."""

from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Collate, Lower
from django.urls import reverse
from django.utils import timezone

from clients.models.search import LAST, SEARCH_COLLATION, clients_with_words, is_among, is_among_sorted
from practices.arrays import Ids
from practices.models import User
from practices.tenancy import TenantModel, TenantQuerySet, practice_key


class ClientQuerySet(TenantQuerySet["Client"]):
    def current(self) -> "ClientQuerySet":
        """Everybody who was not archived."""
        return self.exclude(status=Client.Status.ARCHIVED)

    def matching(self, text: str) -> "ClientQuerySet":
        """Clients of which every word of the text begins a word of a name, number, e-mail address or postcode."""
        return clients_with_words(self, text)

    def among(self, ids: Iterable[int]) -> "ClientQuerySet":
        """Those with these ids, which were read from another table apart (two policies mislead the planner)."""
        return self.filter(is_among_sorted("pk", ids if isinstance(ids, Ids) else list(ids)))

    def not_among(self, ids: Iterable[int]) -> "ClientQuerySet":
        """All but those with these ids."""
        return self.exclude(is_among("pk", list(ids)))

    def named(self, name: str) -> "ClientQuerySet":
        """Clients of exactly this name, whatever its case and the spaces around it (ruling D10)."""
        return self.filter(name_key=Lower(Collate(models.Value(name.strip()), SEARCH_COLLATION)))

    def beginning_with(self, text: str) -> "ClientQuerySet":
        """Clients whose name begins with the text, whatever its case.

        They stand beside each other in the index by name. Where the database sorts names as a dictionary does, some
        of them may be elsewhere and are not found here.
        """
        key = text.strip().lower()
        return self.filter(name_key__gte=key, name_key__lt=key + LAST, name_key__startswith=key)


class Client(TenantModel):
    """A company or person the practice works for."""

    called_by = "name"

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

    class Layout(models.TextChoices):
        EACH = "each", "A line for each service"
        MERGED = "merged", "One line for each VAT rate"

    class Aml(models.TextChoices):
        TO_DO = "to_do", "Not started"
        UNDER_WAY = "under_way", "Under way"
        CLEARED = "cleared", "Cleared"
        REFUSED = "refused", "Not cleared"

    # Nearly every other index begins with the practice, so none for it alone: the planner would take that one.
    practice = practice_key(db_index=False)
    #: Sage takes contact names of at most 100 characters (FACTS.md 6).
    name = models.CharField("client name", max_length=100)
    #: The name as it is compared and sorted; kept by the database.
    name_key = models.GeneratedField(
        expression=Lower(Collate(F("name"), SEARCH_COLLATION)),
        output_field=models.CharField(max_length=200),
        db_persist=True,
    )
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.COMPANY)
    company_number = models.CharField(max_length=10, blank=True)
    vat_number = models.CharField("VAT number", max_length=20, blank=True)
    utr = models.CharField("tax reference (UTR)", max_length=10, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    address_line_1 = models.CharField("address line 1", max_length=50, blank=True)
    address_line_2 = models.CharField("address line 2", max_length=50, blank=True)
    city = models.CharField("town or city", max_length=50, blank=True)
    region = models.CharField("county", max_length=50, blank=True)
    postal_code = models.CharField("postcode", max_length=10, blank=True)
    country = models.CharField(max_length=2, default="GB")
    registered_line_1 = models.CharField("registered address line 1", max_length=50, blank=True)
    registered_line_2 = models.CharField("registered address line 2", max_length=50, blank=True)
    registered_city = models.CharField("registered town or city", max_length=50, blank=True)
    registered_region = models.CharField("registered county", max_length=50, blank=True)
    registered_postal_code = models.CharField("registered postcode", max_length=10, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.LEAD)
    posts_automatically = models.BooleanField("create invoices in Sage", default=True)

    manager = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    partner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    group = models.ForeignKey(
        "clients.ClientGroup", models.SET_NULL, null=True, blank=True, related_name="members"
    )
    #: Who receives and pays this client's invoices; None where it does so itself.
    billed_to = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="pays_for")
    tags = models.ManyToManyField("clients.Tag", through="clients.ClientTag", related_name="clients")

    aml_status = models.CharField(
        "money laundering checks", max_length=10, choices=Aml.choices, default=Aml.TO_DO
    )
    aml_reviewer = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    aml_reviewed_on = models.DateField("checked on", null=True, blank=True)
    aml_review_due_on = models.DateField("next review", null=True, blank=True)

    tells_manager = models.BooleanField("tell the manager of acceptances", default=True)
    tells_partner = models.BooleanField("tell the partner of acceptances", default=True)
    #: Further e-mail addresses that are told, one a line.
    also_tells = models.TextField("tell these addresses too", blank=True)
    emails_invoices = models.BooleanField("e-mail invoices to the client", default=True)
    emails_reminders = models.BooleanField("e-mail payment reminders to the client", default=True)

    #: Its money is fetched, so it is neither asked to pay nor reminded: it would pay twice (P21).
    is_collected = models.BooleanField(
        "we collect its invoices by Direct Debit",
        default=False,
        db_default=False,
        help_text="Invoices and messages then say so, and nobody is reminded to pay.",
    )

    #: The client that this one was merged into.
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="merged_clients"
    )
    #: Days to pay its invoices, whatever they are for; None: as the practice has it (F23 to F25).
    terms_days = models.PositiveSmallIntegerField(
        "days to pay", null=True, blank=True, validators=[MaxValueValidator(365)]
    )
    #: The day of the month its recurring invoices are dated; None: the practice's invoice day.
    invoice_day = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(31)]
    )
    #: How its services stand on our PDF of an invoice; empty: as the practice has it.
    invoice_layout = models.CharField(
        "services on an invoice", max_length=8, choices=Layout.choices, blank=True, default="", db_default=""
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager[Any]] = ClientQuerySet.as_manager()

    class Meta:
        ordering = ["name_key", "id"]
        constraints = [
            models.CheckConstraint(name="client_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="a_clients_invoice_day_is_in_a_month",
                condition=Q(invoice_day__isnull=True) | Q(invoice_day__range=(1, 31)),
            ),
            models.CheckConstraint(
                name="client_is_not_billed_to_itself",
                condition=Q(billed_to__isnull=True) | ~Q(billed_to=F("id")),
            ),
            models.CheckConstraint(
                name="a_cleared_client_has_reviewer_and_date",
                condition=~Q(aml_status="cleared")
                | Q(aml_reviewer__isnull=False, aml_reviewed_on__isnull=False),
            ),
            models.CheckConstraint(
                name="a_merged_client_is_archived",
                condition=Q(merged_into__isnull=True) | Q(status="archived"),
            ),
        ]
        indexes = [
            models.Index(fields=["practice", "name_key", "id"], name="clients_by_name_key"),
            models.Index(fields=["practice", "status", "name_key", "id"], name="clients_by_status_name"),
            models.Index(fields=["practice", "created_at", "id"], name="clients_by_age"),
            models.Index(fields=["practice", "group"], name="clients_of_a_group"),
            models.Index(
                fields=["practice", "company_number"],
                name="clients_by_company_number",
                condition=~Q(company_number=""),
            ),
            models.Index(
                fields=["practice", "vat_number"], name="clients_by_vat_number", condition=~Q(vat_number="")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The client's own page."""
        return reverse("clients:client-detail", args=[self.practice.slug, self.pk])

    @property
    def address_lines(self) -> list[str]:
        """The billing address as it is printed, without empty lines."""
        lines = [self.address_line_1, self.address_line_2, self.city, self.region, self.postal_code]
        return [line for line in lines if line]

    @property
    def registered_address_lines(self) -> list[str]:
        """The registered office as it is printed, without empty lines."""
        lines = [
            self.registered_line_1,
            self.registered_line_2,
            self.registered_city,
            self.registered_region,
            self.registered_postal_code,
        ]
        return [line for line in lines if line]

    @property
    def payer(self) -> "Client":
        """Whom invoices for this client's work are made out to: itself, or who pays for it in its group."""
        return self.billed_to or self

    def is_cleared(self, on: date) -> bool:
        """Whether its money laundering checks hold on a day: done, and no review overdue."""
        return self.aml_status == self.Aml.CLEARED and not self.review_is_due(on)

    def review_is_due(self, on: date) -> bool:
        """Whether the next review of its money laundering checks should have been made by this day."""
        return self.aml_review_due_on is not None and self.aml_review_due_on < on
