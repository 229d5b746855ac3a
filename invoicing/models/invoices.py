"""Invoices and their lines."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    Subquery,
    UniqueConstraint,
    Value,
)
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from clients.models import Client
from clients.models.search import ids_with_words, is_among
from ledger.models import Posting, PostingQuerySet
from money.amounts import ZERO, Amounts
from practices.tenancy import TenantModel, TenantQuerySet, practice_key
from proposals.models import Proposal
from proposals.periods import day_in_month
from services.models import Service, TaxRate

#: PostgreSQL's integer: a longer number typed into a search is no invoice number.
LARGEST_NUMBER = 2**31 - 1

#: Invoices that are looked up by their ids: those outside the ledger, for one.
MOST_IDS = 5000


def arrived_copies() -> "PostingQuerySet":
    """The postings that brought the invoice of an outer query into the ledger."""
    copies: PostingQuerySet = Posting.objects.filter(
        practice=OuterRef("practice"),
        kind=Posting.Kind.INVOICE_CREATE,
        subject_id=OuterRef("pk"),
        status=Posting.Status.POSTED,
    )
    return copies


def arrived_postings() -> "PostingQuerySet":
    """The postings that brought an invoice into the ledger."""
    found: PostingQuerySet = Posting.objects.filter(
        kind=Posting.Kind.INVOICE_CREATE, status=Posting.Status.POSTED
    )
    return found


def ids_gone() -> "models.QuerySet[Posting, int]":
    """The ids of invoices whose every copy is void or missing in the ledger: few, and in an index of their own."""
    gone = arrived_postings().filter(standing__in=Posting.GONE)
    others = arrived_postings().filter(practice=OuterRef("practice"), subject_id=OuterRef("subject_id"))
    still_there = Exists(others.exclude(standing__in=Posting.GONE))
    ids: models.QuerySet[Posting, int] = (
        gone.exclude(still_there).order_by().values_list("subject_id", flat=True)
    )
    return ids


class InvoiceQuerySet(TenantQuerySet["Invoice"]):
    def issued(self) -> "InvoiceQuerySet":
        """Invoices that count: final and not void."""
        return self.filter(status=Invoice.Status.ISSUED)

    def unpaid(self) -> "InvoiceQuerySet":
        """Issued invoices on which something is still owed."""
        return self.issued().filter(outstanding__gt=0)

    def overdue(self, on: date) -> "InvoiceQuerySet":
        """Unpaid invoices whose due date has passed."""
        return self.unpaid().filter(due_on__lt=on)

    def in_the_ledger(self) -> "InvoiceQuerySet":
        """Issued invoices of which a copy has arrived in the ledger and still is there."""
        return self.issued().filter(Exists(arrived_copies())).exclude(pk__in=ids_gone())

    def arrived(self) -> "InvoiceQuerySet":
        """Those of a stretch of time of which a copy has arrived in the ledger and still is there.

        Looks through the copies of the stretch alone, which are near each other: not through all of the practice.
        """
        own = self.order_by().values("practice")
        first, last = (Subquery(own.annotate(end=end("pk")).values("end")) for end in (Min, Max))
        return self._among(arrived_postings().filter(subject_id__gte=first, subject_id__lte=last))

    def arrived_of_many(self) -> "InvoiceQuerySet":
        """As `arrived`, of a long stretch up to now: reads its invoices once, and their copies from an index once."""
        first = Subquery(self.order_by().values("practice").annotate(first=Min("pk")).values("first"))
        return self._among(arrived_postings().filter(subject_id__gte=first))

    def _among(self, copies: "PostingQuerySet") -> "InvoiceQuerySet":
        """Those that these are copies of, both read once.

        The planner, who expects few rows under row level security, would look each invoice up by its copy instead, if
        it saw that the two may be joined.
        """
        is_there = ExpressionWrapper(Q(pk__in=copies.order_by().values("subject_id")), BooleanField())
        there = self.alias(is_there=Coalesce(is_there, Value(value=False))).filter(is_there=True)
        there = there.exclude(pk__in=ids_gone())
        found: InvoiceQuerySet = there
        return found

    def not_in_the_ledger(self) -> "InvoiceQuerySet":
        """Issued invoices of which the ledger has no copy: none has arrived, or none is there any more."""
        return self.issued().filter(~Exists(arrived_copies()) | Q(pk__in=ids_gone()))

    def changed_since_copied(self) -> "InvoiceQuerySet":
        """Issued invoices that are not as the ledger has them: changed here since their copy, or changed there.

        Looked for among those that ever changed here and the copies that are known to differ, which two short indexes
        hold: nearly every invoice stays as it was issued.
        """
        differing = Q(status=Posting.Status.POSTED, standing=Posting.Standing.CHANGED)
        found = self.issued().copied_as(
            differing | Q(status=Posting.Status.POSTED, held_revision__lt=OuterRef("revision"))
        )
        changed = Invoice.objects.filter(revision__gt=1).order_by().values_list("pk", flat=True)
        copies = Posting.objects.known_to_differ().order_by().values_list("subject_id", flat=True)
        ids = list(changed.union(copies)[: MOST_IDS + 1])
        return found if len(ids) > MOST_IDS else found.filter(is_among("pk", ids))

    def refused_by_the_ledger(self) -> "InvoiceQuerySet":
        """Invoices about which a posting was refused and waits for a person."""
        refused = Posting.objects.filter(
            practice=OuterRef("practice"),
            kind__startswith="invoice.",
            subject_id=OuterRef("pk"),
            status=Posting.Status.FAILED,
        )
        return self.filter(Exists(refused))

    def of_month(self, first: date) -> "InvoiceQuerySet":
        """Invoices whose tax point is in the calendar month that begins on that day."""
        return self.filter(tax_point__range=(first, day_in_month(first.year, first.month, 31)))

    def copied_as(self, how: Q) -> "InvoiceQuerySet":
        """Invoices with a copy, asked for or made, of which this is true."""
        copies = Posting.objects.filter(
            how,
            practice=OuterRef("practice"),
            kind=Posting.Kind.INVOICE_CREATE,
            subject_id=OuterRef("pk"),
        )
        return self.filter(Exists(copies))

    def matching(self, text: str) -> "InvoiceQuerySet":
        """Invoices with this number, here or in the ledger, with this reference, or of clients so named."""
        text = text.strip()
        if not text:
            return self.all()
        # Each read apart: under row level security the planner would join the tables row by row.
        copies = Posting.objects.numbered_like(text).filter(kind=Posting.Kind.INVOICE_CREATE)
        copied = list(copies.order_by().values_list("subject_id", flat=True))
        found = is_among("client", ids_with_words(text)) | is_among("pk", copied)
        number = text.upper().removeprefix("INV-").split("-")[0]
        if number.isdecimal() and int(number) <= LARGEST_NUMBER:
            found |= Q(number=int(number))
        return self.filter(found)


class Invoice(TenantModel):
    """What a client owes: a frozen copy of names, prices and VAT once it is issued."""

    called_by = "number_label"

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        ISSUED = "issued", "Issued"
        VOID = "void", "Void"

    class Source(models.TextChoices):
        UPFRONT = "upfront", "On acceptance"
        ON_COMPLETION = "on_completion", "On completion"
        RECURRING = "recurring", "Recurring"
        INSTANT = "instant", "Instant bill"

    # Written by the thousand: no index that another one begins with, and no check that the keys with the practice in
    # them, which every tenant table gets, make as well.
    practice = practice_key(db_index=False, db_constraint=False)
    client = models.ForeignKey(
        Client, models.PROTECT, related_name="invoices", db_index=False, db_constraint=False
    )
    proposal = models.ForeignKey(
        Proposal, models.PROTECT, null=True, related_name="invoices", db_constraint=False
    )
    source = models.CharField(max_length=15, choices=Source.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    number = models.PositiveIntegerField(null=True)
    tax_point = models.DateField()
    due_on = models.DateField()
    net = models.DecimalField(max_digits=12, decimal_places=2, default=ZERO)
    vat = models.DecimalField(max_digits=12, decimal_places=2, default=ZERO)
    outstanding = models.DecimalField(max_digits=12, decimal_places=2, default=ZERO)
    created_at = models.DateTimeField(default=timezone.now)
    issued_at = models.DateTimeField(null=True)
    #: Counts the amendments after issue; what was before each is an `InvoiceRevision`.
    revision = models.PositiveIntegerField(default=1, db_default=1)
    void_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    #: Whether the client is reminded of it as the practice reminds everybody.
    is_reminded = models.BooleanField(default=True, db_default=True)

    objects: ClassVar[models.Manager[Any]] = InvoiceQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(fields=["practice", "number"], name="invoice_number_is_unique_in_the_practice"),
            models.CheckConstraint(
                name="a_final_invoice_has_a_number",
                condition=Q(status="draft", number__isnull=True)
                | (~Q(status="draft") & Q(number__isnull=False)),
            ),
            models.CheckConstraint(
                name="outstanding_is_part_of_the_gross",
                condition=Q(outstanding__gte=0) & Q(outstanding__lte=F("net") + F("vat")),
            ),
            models.CheckConstraint(
                name="due_on_or_after_the_tax_point", condition=Q(due_on__gte=F("tax_point"))
            ),
        ]
        indexes = [
            models.Index(fields=["practice", "client", "-id"], name="invoices_of_a_client"),
            models.Index(fields=["practice", "tax_point"], name="invoices_by_date"),
            # What is owed is added up from the index alone, however wide an invoice is.
            models.Index(
                fields=["practice", "due_on"],
                include=["id", "client", "net", "vat", "outstanding"],
                name="sums_to_be_paid",
                condition=Q(status="issued", outstanding__gt=0),
            ),
            models.Index(fields=["practice", "id"], name="invoices_changed", condition=Q(revision__gt=1)),
        ]

    def __str__(self) -> str:
        return self.number_label

    def get_absolute_url(self) -> str:
        """The invoice's own page; its practice has to be loaded."""
        return reverse("invoicing:invoice-detail", args=[self.practice.slug, self.pk])

    @property
    def number_label(self) -> str:
        """`INV-000123`, or `Draft` before it is issued."""
        return self.label_of(self.number) if self.number else "Draft"

    @staticmethod
    def label_of(number: int) -> str:
        """`INV-000123`: how an invoice of that number is known."""
        return f"INV-{number:06d}"

    @property
    def amounts(self) -> Amounts:
        """Net and VAT as frozen on issue."""
        return Amounts(self.net, self.vat)

    @property
    def gross(self) -> Decimal:
        """Net plus VAT, to the penny."""
        return self.net + self.vat

    @property
    def printed_name(self) -> str:
        """`INV-000123.pdf`: the name of our own document."""
        return f"{self.number_label}.pdf"

    @property
    def paid(self) -> Decimal:
        """What has been paid or credited so far."""
        return self.gross - self.outstanding if self.status == self.Status.ISSUED else ZERO

    def settlement(self, on: date, *, is_credited: bool = False, is_written_off: bool = False) -> str:
        """`draft`, `void`, `credited`, `written_off`, `paid`, `part_paid`, `overdue` or `unpaid`: arithmetic on a date.

        Whoever knows that a credit note takes it back, or that some of it was given up, says so: nothing is owed on it
        then, and it is not called paid.
        """
        if self.status != self.Status.ISSUED:
            return self.status
        if self.outstanding == ZERO:
            given_up = "written_off" if is_written_off else "paid"
            return "credited" if is_credited else given_up
        if self.due_on < on:
            return "overdue"
        return "part_paid" if self.outstanding < self.gross else "unpaid"


class InvoiceLine(TenantModel):
    """One line of an invoice, rounded by itself as Sage does."""

    practice = practice_key(db_index=False, db_constraint=False)
    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="lines", db_constraint=False)
    position = models.PositiveSmallIntegerField(default=0)
    service = models.ForeignKey(
        Service, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    #: The service's name and, where a period is billed, which one.
    name = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    quantity = models.DecimalField(
        max_digits=10, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    unit_price = models.DecimalField(
        max_digits=12, decimal_places=4, validators=[MinValueValidator(Decimal(0))]
    )
    #: The price of one with VAT, where it was entered so: then net and VAT follow from it, and not the other way round.
    gross_price = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, validators=[MinValueValidator(Decimal(0))]
    )
    tax_rate = models.ForeignKey(
        TaxRate, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    vat_code = models.CharField(max_length=15)
    vat_percent = models.DecimalField(max_digits=5, decimal_places=2)
    net = models.DecimalField(max_digits=12, decimal_places=2)
    vat = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(name="invoice_quantity_is_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="invoice_price_is_not_negative", condition=Q(unit_price__gte=0)),
            models.CheckConstraint(
                name="a_price_with_vat_is_of_a_whole",
                condition=Q(gross_price__isnull=True) | Q(gross_price__gte=0, quantity=1),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def amounts(self) -> Amounts:
        """Net and VAT of the line as frozen on issue."""
        return Amounts(self.net, self.vat)
