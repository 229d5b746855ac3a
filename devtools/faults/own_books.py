"""What one practice's rows say, read at once, for the checker of the promises."""

import calendar
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from django.db import connection as database
from django.db.models import Model
from django.utils import timezone

from clients.models import Client
from devtools.faults.sage_books import pence
from invoicing.models import (
    Allocation,
    BilledPeriod,
    BillingSchedule,
    Invoice,
    InvoiceLine,
    InvoiceNumbering,
    Payment,
)
from ledger.models import Posting
from practices.models import AuditEntry, OutgoingEmail, Practice
from practices.tenancy import acting_practice_id
from sage_integration.models import ContactLink, SageConnection, SageLink, SyncRun

#: What tells a person that a document is not the same here and in Sage.
TELLING = ("posting.totals_differ", "invoice.changed_in_sage")


class Books:
    """The rows of the practice whose scope is open when it is made."""

    def __init__(self) -> None:
        self.clients = {client.pk: client for client in Client.objects.all()}
        self.invoices: dict[int, Invoice] = {invoice.pk: invoice for invoice in Invoice.objects.all()}
        self.lines = _grouped(InvoiceLine.objects.all(), "invoice_id")
        self.schedules = list(BillingSchedule.objects.all())
        self.periods: dict[int, list[BilledPeriod]] = _grouped(BilledPeriod.objects.all(), "schedule_id")
        self.postings = list(Posting.objects.order_by("pk"))
        self.links = {link.posting_id: link for link in SageLink.objects.select_related("posting")}
        self.contact_links = list(ContactLink.objects.all())
        self.payments = list(Payment.objects.order_by("pk"))
        self.emails = list(OutgoingEmail.objects.all())
        self.connection: SageConnection | None = SageConnection.objects.live().first()
        #: Of the latest connection, ended or not.
        self.business_id = SageConnection.objects.values_list("business_id", flat=True).first() or ""
        self.next_number = InvoiceNumbering.objects.values_list("next_number", flat=True).first() or 1
        self.practice_id = acting_practice_id()
        self.invoice_day = Practice.objects.get(pk=self.practice_id).invoice_day
        self._audit = list(AuditEntry.objects.all())
        self._history = {
            (entry.action, entry.subject_type.partition(".")[2], entry.subject_id) for entry in self._audit
        }
        self._runs = list(SyncRun.objects.all())
        self._read_allocations()
        self._read_sealed()

    def _read_allocations(self) -> None:
        standing = Allocation.objects.filter(payment__reversed_at=None)
        self.allocations: dict[int, list[Allocation]] = _grouped(standing, "invoice_id")
        self._parts: dict[int, list[Allocation]] = _grouped(Allocation.objects.all(), "payment_id")

    def _read_sealed(self) -> None:
        """The token columns as they are stored: the model would open them."""
        with database.cursor() as cursor:
            cursor.execute("SELECT access_token, refresh_token FROM sage_integration_sageconnection")
            self.sealed: list[str] = [value for row in cursor.fetchall() for value in row]

    @property
    def invoice_postings(self) -> list[Posting]:
        """The postings that create invoices."""
        return [posting for posting in self.postings if posting.kind == Posting.Kind.INVOICE_CREATE]

    @property
    def postings_by_invoice(self) -> dict[int, list[Posting]]:
        """Every posting that creates an invoice, by the invoice."""
        return _grouped(self.invoice_postings, "subject_id")

    def latest_links(self) -> list[SageLink]:
        """The newest copy in the ledger of each invoice, the one that counts."""
        copies = [link for link in self.links.values() if link.posting.kind == Posting.Kind.INVOICE_CREATE]
        newest = {
            link.posting.subject_id: link for link in sorted(copies, key=lambda each: each.posting.copy)
        }
        return list(newest.values())

    def contacts_of(self, client_id: int | None) -> set[str]:
        """Every Sage contact a client is or was linked to."""
        links = {link.sage_contact_id for link in self.contact_links if link.client_id == client_id}
        return links | {
            entry.data.get("sage_contact", "")
            for entry in self._audit
            if entry.action == "contact.linked" and entry.subject_id == client_id
        }

    def strangers(self) -> list[Model]:
        """Rows of another practice, which nobody may see from here."""
        rows: list[Any] = [*self.clients.values(), *self.invoices.values(), *self.postings, *self.payments]
        rows += [*self.links.values(), *self.contact_links, *self.schedules, *self.emails, *self._audit]
        return [row for row in rows if row.practice_id != self.practice_id]

    def has_history(self, row: Model, *actions: str) -> bool:
        """Whether one of these actions was recorded for a row."""
        return any((action, row._meta.model_name, row.pk) in self._history for action in actions)

    @property
    def told(self) -> set[tuple[str, int | None]]:
        """The invoices and postings of which somebody was told that Sage holds something else."""
        return {
            (entry.subject_type.partition(".")[2], entry.subject_id)
            for entry in self._audit
            if entry.action in TELLING
        }

    def client_of(self, posting: Posting) -> int | None:
        """The client whose invoice a posting is about."""
        invoice = self.invoices.get(posting.subject_id)
        return invoice.client_id if invoice else None

    def invoice_of(self, link: SageLink) -> Invoice | None:
        """The invoice behind a link."""
        return self.invoices.get(link.posting.subject_id)

    def parts_of(self, payment: Payment) -> dict[int, int]:
        """What a payment is set against, in pence by invoice."""
        return {part.invoice_id: pence(part.amount) for part in self._parts.get(payment.pk, [])}

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every text that a person may read, with the name of its place."""
        for posting in self.postings:
            yield "a posting", f"{posting.failure_detail} {posting.external_url}"
        for entry in self._audit:
            yield "the history", str(entry.data)
        for run in self._runs:
            yield "a sync run", f"{run.problem} {run.counts}"
        for email in self.emails:
            yield "an e-mail", f"{email.text} {email.html}"


def due_starts(schedule: BillingSchedule, invoice_day: int, on: date) -> list[date]:
    """The first days of the periods due by a day, counted from the anchor: the 31st stays the 31st.

    A period is billed on the invoice day of the month it begins in, never before `bills_from`; the first one is
    the one running then. Periods end with the schedule.
    """
    every = schedule.every or 1
    starts: list[date] = []
    # The invoice day may come before the period begins, in the same month.
    last = min(on, timezone.now().date() + timedelta(days=3660)) + timedelta(days=31)
    last = min(last, schedule.ends_on or last)
    while (start := _later(schedule.starts_on, every * len(starts), schedule.period)) <= last:
        starts.append(start)

    def billed_on(start: date) -> date:
        if schedule.period == BillingSchedule.Period.WEEK:
            return start
        return start.replace(day=min(invoice_day, calendar.monthrange(start.year, start.month)[1]))

    begun = [start for start in starts if min(start, billed_on(start)) <= schedule.bills_from]
    first = max(begun, default=schedule.starts_on)
    return [start for start in starts if start >= first and max(billed_on(start), schedule.bills_from) <= on]


def _later(anchor: date, number: int, unit: str) -> date:
    if unit == BillingSchedule.Period.WEEK:
        return anchor + timedelta(weeks=number)
    months = anchor.month - 1 + number
    year, month = anchor.year + months // 12, months % 12 + 1
    return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))


def _grouped(rows: Iterable[Any], by: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, by)].append(row)
    return dict(found)
