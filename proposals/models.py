"""Offers to clients, their terms and the signatures under them."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

from clients.models import Client, ContactPerson
from money.amounts import Amounts, price_line, total
from practices.tenancy import TenantModel, TenantQuerySet
from services.models import Service, TaxRate

#: Beyond these a date is a slip of the keyboard, and billing would run to the end of the calendar.
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
#: What an invoice can hold, gross, in the practice's currency.
LARGEST_BILL = Decimal("9999999999.99")


class BillingRule(models.Model):
    """When something is billed: upfront, on completion, or every so many weeks or months."""

    class Billing(models.TextChoices):
        UPFRONT = "upfront", "On acceptance"
        ON_COMPLETION = "on_completion", "On completion"
        RECURRING = "recurring", "Recurring"

    class Period(models.TextChoices):
        WEEK = "week", "week"
        MONTH = "month", "month"

    billing = models.CharField(max_length=15, choices=Billing.choices, default=Billing.UPFRONT)
    every = models.PositiveSmallIntegerField(null=True, blank=True)
    period = models.CharField(max_length=5, choices=Period.choices, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_rule_is_whole",
                condition=Q(
                    billing="recurring", every__isnull=False, every__gte=1, period__in=["week", "month"]
                )
                | (~Q(billing="recurring") & Q(every__isnull=True, period="")),
            )
        ]

    @property
    def rule_in_words(self) -> str:
        """`On acceptance`, `On completion`, `Every month`, `Every 3 months`, `Every year`."""
        if self.billing != self.Billing.RECURRING:
            return self.Billing(self.billing).label
        every, period = self.every or 1, self.period
        if period == self.Period.MONTH and every % 12 == 0:
            every, period = every // 12, "year"
        return f"Every {period}" if every == 1 else f"Every {every} {period}s"


class Terms(TenantModel):
    """One version of the practice's engagement terms; a new version is a new row."""

    version = models.PositiveIntegerField()
    body = models.TextField("terms")
    #: Who wrote this version; None for the starter wording, which the practice has still to review.
    written_by = models.ForeignKey(
        "practices.User", models.PROTECT, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-version"]
        verbose_name_plural = "terms"
        constraints = [UniqueConstraint(fields=["practice", "version"], name="one_terms_of_a_version")]

    def __str__(self) -> str:
        return f"Terms, version {self.version}"

    @property
    def is_starter_wording(self) -> bool:
        """Whether nobody in the practice has reviewed these terms yet."""
        return self.written_by_id is None


class ProposalNumbering(TenantModel):
    """The next proposal number of the practice; locked while one is handed out."""

    next_number = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [UniqueConstraint(fields=["practice"], name="one_proposal_numbering_for_a_practice")]

    def __str__(self) -> str:
        return f"Next proposal {self.next_number}"


class ProposalQuerySet(TenantQuerySet["Proposal"]):
    def awaiting(self) -> "ProposalQuerySet":
        """Sent, and neither accepted nor declined nor run out."""
        return self.filter(status=Proposal.Status.SENT)

    def run_out(self, on: date) -> "ProposalQuerySet":
        """Sent proposals whose last day has passed."""
        return self.awaiting().filter(valid_until__lt=on)

    def matching(self, text: str) -> "ProposalQuerySet":
        """Proposals whose number is the text (`7`, `P-0007`), or whose name or client contains it."""
        text = text.replace("\0", "").strip()
        if not text:
            return self.all()
        found = Q(title__icontains=text) | Q(client__in=Client.objects.filter(name__icontains=text))
        digits = text.upper().removeprefix("P-")
        return self.filter(
            found | Q(number=int(digits)) if digits.isdecimal() and len(digits) < 10 else found
        )


class Proposal(TenantModel):
    """An offer to a client: services, prices, terms; frozen once it is sent."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SENT = "sent", "Awaiting signature"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        EXPIRED = "expired", "Expired"

    client = models.ForeignKey(Client, models.PROTECT, related_name="proposals")
    number = models.PositiveIntegerField(editable=False)
    title = models.CharField("internal name", max_length=120)
    starts_on = models.DateField(
        "starts on", help_text="The first day of the engagement and of recurring billing."
    )
    valid_until = models.DateField("valid until")
    message = models.TextField("message to the client", blank=True)
    terms = models.ForeignKey(Terms, models.PROTECT, related_name="proposals", null=True, editable=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT, editable=False)
    #: Goes up when the proposal is sent or recalled, so that older links die.
    link_version = models.PositiveIntegerField(default=0, editable=False)
    #: Exactly what the client is shown, frozen on sending; empty while it is a draft.
    document = models.JSONField(default=dict, editable=False)
    #: The document's fingerprint; what is signed must have the same one.
    document_sha256 = models.CharField(max_length=64, blank=True, editable=False)
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
                condition=Q(status="draft") | ~Q(document_sha256=""),
            ),
        ]
        indexes = [models.Index(fields=["practice", "status", "-id"], name="proposals_by_status")]

    def __str__(self) -> str:
        return f"{self.number_label} {self.title}"

    @property
    def number_label(self) -> str:
        """`P-0007`."""
        return f"P-{self.number:04d}"


class ProposalLine(TenantModel, BillingRule):
    """One service of a proposal: a copy of the catalogue at that moment, not a view of it."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="lines")
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

    class Meta(BillingRule.Meta):
        abstract = False
        ordering = ["position", "id"]
        constraints = [
            *BillingRule.Meta.constraints,
            models.CheckConstraint(name="proposal_quantity_is_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="proposal_price_is_not_negative", condition=Q(unit_price__gte=0)),
        ]

    def __str__(self) -> str:
        return self.name

    def amounts_on(self, tax_point: date) -> Amounts:
        """What one bill of this line comes to on a tax point, in the practice's currency."""
        if self.is_included:
            return Amounts()
        return price_line(self.quantity, self.unit_price, self.tax_rate.percent_on(tax_point))


def amounts_by_rule(lines: list[ProposalLine], tax_point: date) -> list[tuple[str, Amounts]]:
    """What is due together, rule by rule in words, in the order the lines name them."""
    groups: dict[str, list[Amounts]] = {}
    for line in lines:
        if not line.is_included:
            groups.setdefault(line.rule_in_words, []).append(line.amounts_on(tax_point))
    return [(rule, total(amounts)) for rule, amounts in groups.items()]


class ProposalSignatory(TenantModel):
    """A person whose signature the proposal needs; fixed when it is sent, the primary one first."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="signatories")
    person = models.ForeignKey(ContactPerson, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            UniqueConstraint(fields=["practice", "proposal", "person"], name="one_place_for_a_signatory")
        ]

    def __str__(self) -> str:
        return str(self.person)


class Signature(TenantModel):
    """One person's acceptance of exactly one document; rows are only ever added."""

    append_only = True

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="signatures")
    signatory = models.ForeignKey(ContactPerson, models.PROTECT, related_name="+")
    signed_name = models.CharField(max_length=100)
    ip = models.GenericIPAddressField("network address", null=True)
    user_agent = models.CharField("browser", max_length=300, blank=True)
    signed_at = models.DateTimeField(default=timezone.now)
    #: The member of the practice who recorded this for the client; None when the client signed.
    on_behalf = models.ForeignKey("practices.User", models.PROTECT, null=True, related_name="+")
    reason = models.TextField("why it was recorded for the client", blank=True)
    document_sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["id"]
        constraints = [
            UniqueConstraint(fields=["practice", "proposal", "signatory"], name="a_signatory_signs_once"),
            models.CheckConstraint(name="a_signature_has_a_name", condition=~Q(signed_name="")),
            models.CheckConstraint(
                name="a_signature_for_the_client_has_its_reason",
                condition=Q(on_behalf__isnull=True, reason="") | (Q(on_behalf__isnull=False) & ~Q(reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signed_name}, {self.signed_at:%-d %b %Y}"
