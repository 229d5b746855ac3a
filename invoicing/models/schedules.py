"""Accepted lines being billed, period by period."""

from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, UniqueConstraint

from clients.models import Client
from invoicing.due import Decision, periods_of, single
from invoicing.errors import NotRecurring
from invoicing.models.invoices import Invoice
from practices.tenancy import TenantModel, TenantQuerySet, practice_key
from proposals.billing_rules import BillingRule
from proposals.models import ProposalLine
from proposals.periods import Period, Rhythm
from services.models import Service, TaxRate

#: What makes the bills of two schedules come to the same; in the order of `schedules_alike`.
ALIKE = ("next_bill_on", "tax_rate", "billing", "period", "every", "service", "quantity", "unit_price")


class BillingScheduleQuerySet(TenantQuerySet["BillingSchedule"]):
    def due(self, on: date) -> "BillingScheduleQuerySet":
        """Active schedules with something to bill that is dated by then, by themselves or by hand."""
        return self.filter(status=BillingSchedule.Status.ACTIVE, next_bill_on__lte=on)

    def recurring(self) -> "BillingScheduleQuerySet":
        """Active schedules that bill period by period."""
        return self.filter(status=BillingSchedule.Status.ACTIVE, billing=BillingRule.Billing.RECURRING)

    def alike(self) -> "BillingScheduleQuerySet":
        """These schedules by what they bill, each kind with how many ``times`` it is there; dated ones alone."""
        dated = self.filter(next_bill_on__isnull=False).order_by()
        kinds: BillingScheduleQuerySet = dated.values(*ALIKE).annotate(times=models.Count("*"))
        return kinds

    def to_complete(self) -> "BillingScheduleQuerySet":
        """Work that is billed when somebody marks it complete, and was not yet."""
        return self.filter(status=BillingSchedule.Status.ACTIVE, billing=BillingRule.Billing.ON_COMPLETION)

    def overdue_by_hand(self, on: date) -> "BillingScheduleQuerySet":
        """Work that should have been marked complete and billed before a day."""
        late = Q(completes_on__lt=on) | Q(completes_on__isnull=True, ends_on__lt=on)
        return self.to_complete().filter(late)


class BillingSchedule(TenantModel, BillingRule):
    """An accepted line being billed, at its own price from now on."""

    called_by = "name"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        ENDED = "ended", "Ended"

    class Mode(models.TextChoices):
        AUTOMATIC = "automatic", "By itself"
        MANUAL = "manual", "By hand"

    # Every index is written anew each time a schedule moves on, so there are no more than are used.
    practice = practice_key(db_index=False)
    client = models.ForeignKey(Client, models.PROTECT, related_name="billing_schedules", db_index=False)
    proposal_line = models.ForeignKey(ProposalLine, models.PROTECT, related_name="schedules")
    #: The schedule this one was split from; None for the one that acceptance made.
    split_from = models.ForeignKey("self", models.PROTECT, null=True, related_name="parts", db_index=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    quantity = models.DecimalField(max_digits=10, decimal_places=2)
    unit_price = models.DecimalField(max_digits=12, decimal_places=4)
    tax_rate = models.ForeignKey(TaxRate, models.PROTECT, related_name="+", db_index=False)
    #: The anchor every period is counted from, so that a start on the 31st stays one after February.
    starts_on = models.DateField()
    #: Nothing is dated before this day: the acceptance, or the start where that is later.
    bills_from = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    #: The client's own invoice day, kept here because every schedule is dated by it; None: the practice's.
    invoice_day = models.PositiveSmallIntegerField(null=True)
    paused_on = models.DateField(null=True, blank=True)
    #: The first day on which it is billed again by itself; None while somebody has to resume it.
    paused_until = models.DateField(null=True, blank=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.AUTOMATIC)
    #: Whether somebody has to confirm quantity and price before each bill (G56).
    needs_confirming = models.BooleanField(default=False)
    #: The first day of the earliest period that is neither billed nor skipped; None when none is left.
    next_starts_on = models.DateField(null=True, blank=True)
    #: The earliest invoice date among what is left to bill; None while nothing is dated.
    next_bill_on = models.DateField(null=True, blank=True)

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
            models.CheckConstraint(
                name="only_a_paused_schedule_has_a_reason_and_an_end_of_its_pause",
                condition=Q(status="paused") | Q(paused_until__isnull=True, pause_reason=""),
            ),
            models.CheckConstraint(
                name="schedule_is_dated_only_while_something_is_left",
                condition=Q(next_bill_on__isnull=True) | Q(next_starts_on__isnull=False),
            ),
            UniqueConstraint(
                fields=["practice", "proposal_line"],
                condition=Q(split_from__isnull=True),
                name="an_accepted_line_is_billed_by_one_schedule",
            ),
            models.CheckConstraint(name="schedule_quantity_is_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="schedule_price_is_not_negative", condition=Q(unit_price__gte=0)),
        ]
        indexes = [
            models.Index(fields=["practice", "status", "billing", "id"], name="schedules_by_state"),
            # Those that bill alike lie together: what all of them will bill is worked out once for each kind.
            models.Index(
                fields=["practice", *ALIKE],
                include=["id", "client"],
                name="schedules_alike",
                condition=Q(status="active", next_bill_on__isnull=False),
            ),
            models.Index(fields=["practice", "client", "id"], name="schedules_of_a_client"),
            models.Index(
                fields=["practice", "client"],
                name="schedules_to_confirm",
                condition=Q(status="active", needs_confirming=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def coming(self, invoice_day: int) -> Iterable[Period]:
        """The periods from where the schedule stands, settled ones among them; none while nothing is dated."""
        if self.billing == self.Billing.RECURRING:
            return periods_of(self.rhythm(invoice_day), self.next_starts_on)
        return single(self.starts_on, self.next_bill_on) if self.next_bill_on else ()

    @property
    def dated_on(self) -> date | None:
        """The invoice date of what is billed once; None while it waits to be marked complete."""
        return self.bills_from if self.billing == self.Billing.UPFRONT else self.completes_on

    @property
    def waits_for_somebody(self) -> bool:
        """Whether none of its bills is made unless somebody approves it."""
        return self.needs_confirming or self.mode == self.Mode.MANUAL

    @property
    def agreed_end(self) -> date | None:
        """The first day of the last period that was agreed on; None where it goes on until somebody ends it."""
        return self.last_period_on(self.starts_on)

    @property
    def has_own_end(self) -> bool:
        """Whether somebody gave it another last day than was agreed on."""
        return self.ends_on is not None and self.ends_on != self.agreed_end

    def ends_by(self, on: date) -> bool:
        """Whether it is over, or its last day is that day or an earlier one."""
        return self.status == self.Status.ENDED or (self.ends_on is not None and self.ends_on <= on)

    def rhythm(self, invoice_day: int) -> Rhythm:
        """When a recurring schedule is billed, given the practice's invoice day; its client's own goes first (G77)."""
        if self.billing != self.Billing.RECURRING or self.every is None:
            raise NotRecurring(self)
        return Rhythm(
            anchor=self.starts_on,
            every=self.every,
            unit=self.period,
            invoice_day=self.invoice_day or invoice_day,
            bills_from=self.bills_from,
            ends_on=self.ends_on,
        )


class BilledPeriod(TenantModel):
    """One stretch of a schedule that was billed, or left out for a reason."""

    # As few indexes and checks as an invoice and its lines have.
    practice = practice_key(db_index=False, db_constraint=False)
    schedule = models.ForeignKey(
        BillingSchedule, models.PROTECT, related_name="periods", db_index=False, db_constraint=False
    )
    starts_on = models.DateField()
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, related_name="periods", db_constraint=False
    )
    skip_reason = models.CharField(max_length=200, blank=True)
    #: Of what was left out: the invoice date it would have carried, and its gross in the practice's currency.
    dated_on = models.DateField(null=True)
    waived = models.DecimalField(max_digits=12, decimal_places=2, null=True)

    class Meta:
        ordering = ["starts_on", "id"]
        constraints = [
            UniqueConstraint(fields=["practice", "schedule", "starts_on"], name="period_is_billed_once"),
            models.CheckConstraint(
                name="period_is_billed_or_skipped", condition=Q(invoice__isnull=False) ^ ~Q(skip_reason="")
            ),
        ]
        indexes = [
            models.Index(
                fields=["practice", "dated_on"],
                name="periods_left_out_by_date",
                condition=Q(dated_on__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.starts_on}"


class ComingBill(TenantModel):
    """What somebody decided about one bill before it is made; what is left empty follows the schedule."""

    schedule = models.ForeignKey(BillingSchedule, models.CASCADE, related_name="coming_bills")
    #: The first day of the period it is for.
    starts_on = models.DateField()
    bills_on = models.DateField("invoice date", null=True, blank=True)
    quantity = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    unit_price = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    #: Why it is not billed for the time being; empty when nobody holds it.
    held_reason = models.CharField(max_length=200, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey("practices.User", models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["starts_on", "id"]
        constraints = [
            UniqueConstraint(
                fields=["practice", "schedule", "starts_on"], name="one_decision_about_a_coming_bill"
            ),
            models.CheckConstraint(
                name="coming_quantity_is_positive", condition=Q(quantity__isnull=True) | Q(quantity__gt=0)
            ),
            models.CheckConstraint(
                name="coming_price_is_not_negative",
                condition=Q(unit_price__isnull=True) | Q(unit_price__gte=0),
            ),
            models.CheckConstraint(
                name="a_held_bill_is_not_approved", condition=Q(held_reason="") | Q(approved_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"Bill for {self.starts_on}"

    @property
    def decision(self) -> Decision:
        """The same as a value, for working out where the schedule stands."""
        return Decision(
            self.bills_on,
            self.quantity,
            self.unit_price,
            is_held=bool(self.held_reason),
            is_approved=self.approved_at is not None,
        )
