"""What invoices add up to, kept by the database beside the invoices themselves."""

from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from invoicing.models.invoices import Invoice
from money.amounts import ZERO
from practices.tenancy import TenantModel, TenantQuerySet, practice_key


class InvoiceTallyQuerySet(TenantQuerySet["InvoiceTally"]):
    """As `InvoiceQuerySet`: what is chosen here comes to what the invoices chosen there come to."""

    def issued(self) -> "InvoiceTallyQuerySet":
        """Of invoices that count: final and not void."""
        return self.filter(status=Invoice.Status.ISSUED)

    def unpaid(self) -> "InvoiceTallyQuerySet":
        """Of issued invoices on which something is still owed."""
        return self.filter(due_on__isnull=False)

    def paid(self) -> "InvoiceTallyQuerySet":
        """Of issued invoices on which nothing is owed any more."""
        return self.issued().filter(due_on=None)

    def overdue(self, on: date) -> "InvoiceTallyQuerySet":
        """Of unpaid invoices whose due date has passed."""
        return self.unpaid().filter(due_on__lt=on)

    def of_month(self, first: date) -> "InvoiceTallyQuerySet":
        """Of invoices whose tax point is in the calendar month that begins on that day."""
        return self.filter(month=first)


class InvoiceTally(TenantModel):
    """A part of what the invoices of one kind add up to; the sum of all parts is the figure.

    Triggers add a row for what each statement changes about invoices, in its transaction, so that no two writers ever
    wait for each other here; `invoicing.tallies.fold` makes one row of several. Nothing else writes.
    """

    # Every index begins with the practice, so none for it alone; the invoices have the key.
    practice = practice_key(db_index=False, db_constraint=False)
    status = models.CharField(max_length=10, choices=Invoice.Status.choices)
    source = models.CharField(max_length=15, choices=Invoice.Source.choices)
    #: The first day of the tax point's month.
    month = models.DateField()
    #: When it is due; None unless it is issued and something is owed on it.
    due_on = models.DateField(null=True)
    count = models.IntegerField()
    net = models.DecimalField(max_digits=16, decimal_places=2, default=ZERO)
    vat = models.DecimalField(max_digits=16, decimal_places=2, default=ZERO)
    outstanding = models.DecimalField(max_digits=16, decimal_places=2, default=ZERO)
    #: Whether it is the one row of its kind that was there when rows were folded last.
    is_folded = models.BooleanField(default=False, db_default=False)

    objects: ClassVar[models.Manager[Any]] = InvoiceTallyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "invoice tallies"
        indexes = [
            models.Index(fields=["practice", "month"], name="tallies_by_month"),
            models.Index(
                fields=["practice", "due_on"],
                include=["outstanding", "count"],
                name="tallies_of_what_is_owed",
                condition=Q(due_on__isnull=False),
            ),
            models.Index(fields=["practice"], name="tallies_to_fold", condition=Q(is_folded=False)),
        ]

    def __str__(self) -> str:
        return f"{self.count} {self.status} in {self.month:%Y-%m}"


class TallyCheck(TenantModel):
    """When the kept sums of a practice were last held against its invoices, and in how many they differed.

    One row of a practice, which no constraint says: nothing but the operator's page asks for it. None where the sums
    have always agreed.
    """

    checked_at = models.DateTimeField()
    #: How many kinds of invoices come to something else than is kept of them.
    differing = models.PositiveIntegerField(default=0)
    #: Since when; None while nothing differs.
    differs_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.differing} differ" if self.differing else "Sums agree"
