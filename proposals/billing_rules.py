"""When work is billed: on acceptance, on completion, or every so many days, weeks or months."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from practices.templatetags.dates import written_date
from proposals.periods import after

#: A rule repeats at most so often, and waits at most so long: ten years of months.
MOST = 120


def rule_is_whole() -> Q:
    """What every row with a billing rule keeps: no half rule, and nothing that its kind does not use."""
    # A comparison with nothing is unknown, and a check lets the unknown pass: so nothing is asked for by name.
    every = Q(every__isnull=False, every__gte=1, period__in=["day", "week", "month"])
    recurring = Q(billing="recurring", completes_on=None) & every
    once = Q(every=None, period="", times=None, counts_from="start", first_on=None, delay=0)
    dated = Q(counts_from="date", first_on__isnull=False) | (~Q(counts_from="date") & Q(first_on=None))
    delayed = Q(delay=0, delay_period="") | Q(delay__gte=1, delay_period__in=["day", "week", "month"])
    kinds = (
        recurring & (Q(times=None) | Q(times__gte=1))
        | Q(billing="upfront", completes_on=None) & once
        | Q(billing="on_completion") & once
    )
    return kinds & dated & delayed


class BillingRule(models.Model):
    """When something is billed, and how often.

    A recurring rule counts its periods from the proposal's start, from the acceptance or from a date, perhaps
    some time later (a free start, G08), and goes on until it is ended or has been billed so many times.
    """

    class Billing(models.TextChoices):
        UPFRONT = "upfront", "On acceptance"
        ON_COMPLETION = "on_completion", "On completion"
        RECURRING = "recurring", "Recurring"

    class Period(models.TextChoices):
        DAY = "day", "day"
        WEEK = "week", "week"
        MONTH = "month", "month"

    class CountsFrom(models.TextChoices):
        START = "start", "the proposal's start"
        ACCEPTANCE = "acceptance", "acceptance"
        DATE = "date", "a date"

    billing = models.CharField(max_length=15, choices=Billing.choices, default=Billing.UPFRONT)
    every = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST)]
    )
    period = models.CharField(max_length=5, choices=Period.choices, blank=True)
    counts_from = models.CharField(max_length=10, choices=CountsFrom.choices, default=CountsFrom.START)
    #: The date itself, where the rule counts from one.
    first_on = models.DateField(null=True, blank=True)
    delay = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(MOST)])
    delay_period = models.CharField(max_length=5, choices=Period.choices, blank=True)
    #: How many periods there are; None for a rule that goes on until somebody ends it.
    times = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST)]
    )
    #: The day on which work billed on completion is billed by itself, unless it was complete before (G09).
    completes_on = models.DateField(null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [models.CheckConstraint(name="%(class)s_rule_is_whole", condition=rule_is_whole())]

    @property
    def rule(self) -> "Rule":
        """The rule as a value, to compare and to copy."""
        return Rule(**{name: getattr(self, name) for name in RULE_FIELDS})

    @property
    def rule_in_words(self) -> str:
        """`On acceptance`, `Every month`, `Every 3 months from acceptance, 4 times`."""
        return self.rule.in_words

    def begins_on(self, *, starts_on: date, accepted_on: date) -> date:
        """The day a recurring rule counts its periods from, given the proposal's start and its acceptance."""
        return self.rule.begins_on(starts_on=starts_on, accepted_on=accepted_on)

    def last_period_on(self, begins_on: date) -> date | None:
        """The first day of the last period; None for a rule without an end."""
        return self.rule.last_period_on(begins_on)


@dataclass(frozen=True, slots=True)
class Rule:
    """A billing rule as a value; the fields are those of `BillingRule`."""

    billing: str = BillingRule.Billing.UPFRONT
    every: int | None = None
    period: str = ""
    counts_from: str = BillingRule.CountsFrom.START
    first_on: date | None = None
    delay: int = 0
    delay_period: str = ""
    times: int | None = None
    completes_on: date | None = None

    @property
    def is_recurring(self) -> bool:
        """Whether it is billed period by period."""
        return self.billing == BillingRule.Billing.RECURRING

    @property
    def fields(self) -> dict[str, Any]:
        """By name, for a row that keeps the rule."""
        return {name: getattr(self, name) for name in RULE_FIELDS}

    @property
    def in_words(self) -> str:
        """As a person reads it; the proposal's start, which is usual, is not said."""
        if not self.is_recurring:
            words = BillingRule.Billing(self.billing).label
            return (
                f"{words}, at the latest on {written_date(self.completes_on)}" if self.completes_on else words
            )
        parts = [self._how_often, self._from_when]
        words = " ".join(part for part in parts if part)
        if self.times:
            words += ", once" if self.times == 1 else f", {self.times} times"
        return words

    @property
    def _how_often(self) -> str:
        every, period = self.every or 1, self.period
        if period == BillingRule.Period.MONTH and every % 12 == 0:
            every, period = every // 12, "year"
        return f"Every {period}" if every == 1 else f"Every {every} {period}s"

    @property
    def _from_when(self) -> str:
        if self.counts_from == BillingRule.CountsFrom.DATE:
            whence = written_date(self.first_on)
        else:
            whence = BillingRule.CountsFrom(self.counts_from).label
        if self.delay:
            unit = self.delay_period if self.delay == 1 else f"{self.delay_period}s"
            return f"from {self.delay} {unit} after {whence}"
        return "" if self.counts_from == BillingRule.CountsFrom.START else f"from {whence}"

    def begins_on(self, *, starts_on: date, accepted_on: date) -> date:
        """The day the periods are counted from, the delay included."""
        days = {
            BillingRule.CountsFrom.START.value: starts_on,
            BillingRule.CountsFrom.ACCEPTANCE.value: accepted_on,
            BillingRule.CountsFrom.DATE.value: self.first_on or starts_on,
        }
        return after(days[self.counts_from], self.delay, self.delay_period)

    def last_period_on(self, begins_on: date) -> date | None:
        """The first day of the last period, counted from the first day of the first one."""
        if self.times is None or self.every is None:
            return None
        return after(begins_on, self.every * (self.times - 1), self.period)


RULE_FIELDS = tuple(Rule.__dataclass_fields__)
