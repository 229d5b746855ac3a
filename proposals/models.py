"""Offers to clients, their terms and the signatures under them."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, UniqueConstraint
from django.urls import reverse
from django.utils import timezone

from clients.models import Client
from money.amounts import ZERO, Amounts, price_line
from practices.tenancy import TenantModel, TenantQuerySet, practice_key
from proposals.billing_rules import BillingRule
from proposals.letter_models import (
    BrochureBlock,
    ProposalBlock,
    ProposalEvent,
    ProposalLetter,
    SignedRecord,
)
from proposals.signature_models import ProposalSignatory, Signature
from proposals.template_models import ProposalNumbering, ProposalTemplate
from services.models import VARIABLE, Service, TaxRate

__all__ = [
    "BrochureBlock",
    "Proposal",
    "ProposalBlock",
    "ProposalEvent",
    "ProposalGroup",
    "ProposalLetter",
    "ProposalLine",
    "ProposalNumbering",
    "ProposalOption",
    "ProposalSignatory",
    "ProposalTemplate",
    "Signature",
    "SignedRecord",
    "Terms",
]

#: Beyond these a date is a slip of the keyboard, and billing would run to the end of the calendar.
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
#: What an invoice can hold, gross, in the practice's currency.
LARGEST_BILL = Decimal("9999999999.99")
UNIT_PRICE_PLACES = Decimal("0.0001")


class Terms(TenantModel):
    """One version of one part of the practice's engagement letter; a new version is a new row."""

    class Part(models.TextChoices):
        COVER = "cover", "Covering letter"
        SCHEDULE = "schedule", "Schedule of services"
        SERVICE = "service", "Terms of one service"
        FEES = "fees", "Fees and payment"
        TERMS = "terms", "Standard terms"
        PRIVACY = "privacy", "Privacy notice"
        CANCEL = "cancel", "Right to cancel"
        DISENGAGEMENT = "disengagement", "Disengagement letter"

    part = models.CharField(max_length=15, choices=Part.choices, default=Part.TERMS)
    #: The service that its own terms belong to; None for every other part.
    service = models.ForeignKey(Service, models.PROTECT, null=True, editable=False, related_name="+")
    version = models.PositiveIntegerField()
    body = models.TextField("text", max_length=100_000, blank=True)
    #: When somebody should read it again.
    review_by = models.DateField("read again by", null=True, blank=True)
    #: Who wrote this version; None for the starter wording, which the practice has still to review.
    written_by = models.ForeignKey(
        "practices.User", models.PROTECT, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-version"]
        verbose_name_plural = "terms"
        constraints = [
            UniqueConstraint(
                fields=["practice", "part", "service", "version"],
                name="one_terms_of_a_version",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="terms_of_a_service_name_it",
                condition=Q(part="service", service__isnull=False)
                | (~Q(part="service") & Q(service__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}, version {self.version}"

    @property
    def title(self) -> str:
        """What the part is called in the letter."""
        return self.service.name if self.service else self.Part(self.part).label

    @property
    def is_starter_wording(self) -> bool:
        """Whether nobody in the practice has reviewed these terms yet."""
        return self.written_by_id is None


class ProposalQuerySet(TenantQuerySet["Proposal"]):
    def editable(self) -> "ProposalQuerySet":
        """Drafts, and drafts that somebody looks through before they are sent."""
        return self.filter(status__in=Proposal.EDITABLE)

    def awaiting(self) -> "ProposalQuerySet":
        """Sent, and neither accepted nor declined nor run out."""
        return self.filter(status=Proposal.Status.SENT)

    def part_signed(self) -> "ProposalQuerySet":
        """Sent, and signed by some of those who have to."""
        return self.awaiting().filter(Exists(Signature.objects.filter(proposal=OuterRef("pk"))))

    def run_out(self, on: date) -> "ProposalQuerySet":
        """Sent proposals whose last day has passed."""
        return self.awaiting().filter(valid_until__lt=on)


class Proposal(TenantModel):
    """An offer to a client: services, prices, terms; frozen once it is sent."""

    called_by = "number_label"

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        IN_REVIEW = "in_review", "In review"
        SENT = "sent", "Awaiting signature"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        LOST = "lost", "Lost"
        EXPIRED = "expired", "Expired"
        SUPERSEDED = "superseded", "Superseded"

    #: Not sent yet, so it may be changed.
    EDITABLE = (Status.DRAFT, Status.IN_REVIEW)

    # Nearly every other index begins with the practice, so none for it alone: the planner would take that one.
    practice = practice_key(db_index=False)
    client = models.ForeignKey(Client, models.PROTECT, related_name="proposals")
    number = models.PositiveIntegerField(editable=False)
    title = models.CharField("internal name", max_length=120)
    starts_on = models.DateField(
        "starts on", help_text="The first day of the engagement and of recurring billing."
    )
    valid_until = models.DateField("valid until")
    message = models.TextField("message to the client", blank=True)
    minimum_months = models.PositiveSmallIntegerField(
        "minimum length in months",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text="For information: billing does not stop by itself.",
    )
    shows_prices = models.BooleanField("show the price of each service", default=True)
    shows_completion_dates = models.BooleanField("show the dates of work billed on completion", default=True)
    shows_minimum_value = models.BooleanField("show what the minimum length comes to", default=False)
    reminds_every = models.PositiveSmallIntegerField(
        "remind every so many days",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text="Whoever has not signed is reminded by e-mail until the proposal runs out. Empty: never.",
    )
    reminded_on = models.DateField(null=True, editable=False)
    reminders_sent = models.PositiveSmallIntegerField(default=0, editable=False)
    #: Goes up with every saved change, so that an older window cannot overwrite a newer one.
    version = models.PositiveIntegerField(default=1, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    owner = models.ForeignKey("practices.User", models.PROTECT, null=True, editable=False, related_name="+")
    #: What a reviewer wrote when the draft was given back.
    review_note = models.TextField(blank=True, editable=False)
    #: The accepted proposal that this one takes over from once it is accepted itself (G38).
    renews = models.ForeignKey("self", models.PROTECT, null=True, editable=False, related_name="renewals")
    chosen_option = models.ForeignKey(
        "ProposalOption", models.PROTECT, null=True, editable=False, related_name="+"
    )
    terms = models.ForeignKey(Terms, models.PROTECT, related_name="proposals", null=True, editable=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT, editable=False)
    #: Goes up when the proposal is sent or recalled, so that older links die.
    link_version = models.PositiveIntegerField(default=0, editable=False)
    #: Exactly what the client is shown, frozen on sending; empty while it is a draft.
    document = models.JSONField(default=dict, editable=False)
    #: The document's fingerprint; what is signed must have the same one.
    document_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    #: After this instant a client's link asks for a fresh one; the offer itself lasts until `valid_until`.
    link_expires_at = models.DateTimeField(null=True, editable=False)
    sent_at = models.DateTimeField(null=True, editable=False)
    sent_by = models.ForeignKey("practices.User", models.PROTECT, null=True, editable=False, related_name="+")
    decided_at = models.DateTimeField(null=True, editable=False)
    decline_reason = models.TextField(blank=True, editable=False)

    objects: ClassVar[models.Manager[Any]] = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(fields=["practice", "number"], name="proposal_number_is_unique_in_the_practice"),
            models.CheckConstraint(
                name="proposal_dates_are_of_this_century",
                condition=Q(starts_on__range=(EARLIEST, LATEST), valid_until__range=(EARLIEST, LATEST)),
            ),
            models.CheckConstraint(
                name="a_sent_proposal_has_its_fingerprint",
                condition=Q(status__in=["draft", "in_review"]) | ~Q(document_sha256=""),
            ),
        ]
        indexes = [
            models.Index(fields=["practice", "status", "-id"], name="proposals_by_status"),
            models.Index(fields=["practice", "-id"], include=["title"], name="proposals_newest_first"),
            models.Index(
                fields=["practice", "valid_until"],
                include=["sent_at"],
                name="proposals_awaiting",
                condition=Q(status="sent"),
            ),
            # Every page tells what was decided since yesterday.
            models.Index(
                fields=["practice", "decided_at"],
                name="proposals_by_decision",
                condition=Q(decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number_label} {self.title}"

    def get_absolute_url(self) -> str:
        """The practice's own page about it."""
        return reverse("proposals:proposal-detail", args=[self.practice.slug, self.pk])

    @property
    def number_label(self) -> str:
        """`P-0007`."""
        return f"P-{self.number:04d}"

    @property
    def may_discard(self) -> bool:
        """Whether it never had a link, so that nobody outside has seen it."""
        return self.is_editable and not self.link_version

    @property
    def is_editable(self) -> bool:
        """Whether it was not sent yet."""
        return self.status in self.EDITABLE


class ProposalOption(TenantModel):
    """One of up to three packages, of which the client chooses one (G10)."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="options")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=60)
    description = models.CharField(max_length=300, blank=True)
    #: Its id in the document that was shown, where the proposal came here from another installation.
    shown_as = models.BigIntegerField(null=True, editable=False)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(name="a_proposal_has_three_options_at_most", condition=Q(position__lt=3)),
            UniqueConstraint(
                fields=["practice", "proposal", "position"],
                name="one_option_at_a_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProposalGroup(TenantModel, BillingRule):
    """Services under one heading that are billed together by one rule (G05, G06)."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="groups")
    position = models.PositiveSmallIntegerField(default=0)
    heading = models.CharField(max_length=80)
    #: The package it belongs to; None for what every package holds.
    option = models.ForeignKey(ProposalOption, models.PROTECT, null=True, blank=True, related_name="groups")

    class Meta(BillingRule.Meta):
        abstract = False
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.heading


class ProposalLineQuerySet(TenantQuerySet["ProposalLine"]):
    def agreed(self) -> "ProposalLineQuerySet":
        """What the client takes: no add-on that was left out, no package that was not chosen."""
        of_the_choice = Q(group__option=None) | Q(group__option=F("proposal__chosen_option"))
        return self.filter(of_the_choice | Q(group=None), is_taken=True)


class ProposalLine(TenantModel, BillingRule):
    """One service of a proposal: a copy of the catalogue at that moment, not a view of it."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="lines")
    #: Its heading; the rule of the line is a copy of the group's.
    group = models.ForeignKey(ProposalGroup, models.CASCADE, null=True, related_name="lines")
    position = models.PositiveSmallIntegerField(default=0)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    is_included = models.BooleanField("included without a price", default=False)
    quantity = models.DecimalField(
        max_digits=10, decimal_places=2, default=Decimal(1), validators=[MinValueValidator(Decimal("0.01"))]
    )
    unit_price = models.DecimalField(
        max_digits=12, decimal_places=4, validators=[MinValueValidator(Decimal(0))]
    )
    tax_rate = models.ForeignKey(TaxRate, models.PROTECT, related_name="+", verbose_name="VAT rate")
    billing_basis = models.CharField(
        "price type", max_length=10, choices=Service.BillingBasis.choices, default=Service.BillingBasis.FIXED
    )
    billing_mode = models.CharField(
        max_length=10, choices=Service.BillingMode.choices, default=Service.BillingMode.AUTOMATIC
    )
    unit_name = models.CharField(max_length=30, blank=True)
    highest_price = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    discount_percent = models.DecimalField(
        "discount in percent",
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
    )
    #: Before VAT, for the whole line: billed on acceptance, and taken off when the line itself is billed (G12).
    deposit = models.DecimalField(
        max_digits=12, decimal_places=2, default=ZERO, validators=[MinValueValidator(ZERO)]
    )
    #: An add-on is offered and taken only if the client ticks it (G11).
    is_optional = models.BooleanField("optional add-on", default=False)
    is_taken = models.BooleanField(default=True, editable=False)
    #: As of an option.
    shown_as = models.BigIntegerField(null=True, editable=False)
    #: The line of an earlier proposal that is billed no more once this one begins (G38).
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, editable=False, related_name="replaced_by"
    )

    objects: ClassVar[models.Manager[Any]] = ProposalLineQuerySet.as_manager()

    class Meta(BillingRule.Meta):
        abstract = False
        ordering = ["position", "id"]
        constraints = [
            *BillingRule.Meta.constraints,
            models.CheckConstraint(name="proposal_quantity_is_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="proposal_price_is_not_negative", condition=Q(unit_price__gte=0)),
            models.CheckConstraint(
                name="proposal_discount_is_a_percentage",
                condition=Q(discount_percent__gte=0, discount_percent__lte=100),
            ),
            models.CheckConstraint(
                name="a_deposit_is_for_work_billed_on_completion",
                condition=Q(deposit=0) | Q(deposit__gt=0, billing="on_completion", is_included=False),
            ),
            models.CheckConstraint(
                name="only_an_add_on_can_be_left_out", condition=Q(is_taken=True) | Q(is_optional=True)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def billed_price(self) -> Decimal:
        """The unit price after the discount, four places: what is billed, and what Sage sees (G13)."""
        if not self.discount_percent:
            return self.unit_price
        kept = (100 - self.discount_percent) / 100
        return (self.unit_price * kept).quantize(UNIT_PRICE_PLACES, rounding=ROUND_HALF_UP)

    @property
    def needs_confirming(self) -> bool:
        """Whether somebody says the final price before it is billed (G56)."""
        return self.billing_basis in VARIABLE

    def amounts_on(self, tax_point: date) -> Amounts:
        """What one bill of this line comes to on a tax point, in the practice's currency, discount taken off."""
        if self.is_included:
            return Amounts()
        return price_line(self.quantity, self.billed_price, self.tax_rate.percent_on(tax_point))

    def deposit_on(self, tax_point: date) -> Amounts:
        """What is billed on acceptance of work that is billed on completion."""
        return price_line(Decimal(1), self.deposit, self.tax_rate.percent_on(tax_point))
