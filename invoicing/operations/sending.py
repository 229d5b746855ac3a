"""Invoices and reminders to clients by e-mail, through the mail outbox.

A reminder belongs to a day after the due date (or before it) and is sent once; nothing is reminded of that was paid,
voided, or that somebody stopped reminding of.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from clients.models import ContactPerson
from clients.queries import invoice_recipients
from invoicing.documents import Sender, how_to_pay, invoice_pdf
from invoicing.errors import LedgerMakesDocuments, NobodyToSendTo
from invoicing.invoice_mail import INVOICE_SENT, PAYMENT_COMING, PAYMENT_OVERDUE
from invoicing.models import Invoice, InvoiceMessage, InvoiceQuerySet, InvoicingSettings
from invoicing.operations.invoices import locked_issued
from invoicing.operations.settings import invoicing_settings
from invoicing.quiet_time import in_quiet_time
from practices import audit
from practices.mail import File, queue_message
from practices.mail_kinds import MailKind
from practices.models import MailWording
from practices.templatetags.dates import written_date
from practices.templatetags.money_tags import written

#: Reminders that fell into a standstill are not made up for later than this.
LATEST = timedelta(days=3)
#: Invoices older than this are not sent by themselves when somebody switches that on.
SENT_BY_THEMSELVES = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Words:
    """Subject and message of one sending, with placeholders, instead of the practice's own."""

    subject: str
    body: str


def send_invoice(
    invoice: Invoice,
    *,
    people: Sequence[ContactPerson] | None = None,
    words: Words | None = None,
    file: File | None = None,
    sender: Sender | None = None,
) -> list[str]:
    """The addresses the invoice is on its way to, its PDF attached.

    ``people`` are those who get it, else whoever receives the client's invoices. ``file`` is the ledger's PDF where
    the practice chose that one. Raises `NotIssued`, `NobodyToSendTo` or `LedgerMakesDocuments`.
    """
    locked_issued(invoice)
    invoice = _loaded(invoice)
    sender = sender or Sender.of_the_practice()
    if file is None and sender.settings.documents_by == InvoicingSettings.DocumentsBy.LEDGER:
        raise LedgerMakesDocuments(invoice)
    file = file or File(invoice.printed_name, invoice_pdf(invoice, sender))
    times = InvoiceMessage.objects.filter(invoice=invoice, kind=InvoiceMessage.Kind.INVOICE).count()
    addresses = _queue(
        invoice, INVOICE_SENT, f"sent:{times + 1}", sender, people=people, words=words, files=[file]
    )
    InvoiceMessage.objects.create(
        invoice=invoice, kind=InvoiceMessage.Kind.INVOICE, sent_to="\n".join(addresses)
    )
    audit.record("invoice.sent", invoice, to=addresses)
    return addresses


def remind(invoice: Invoice, days: int, *, sender: Sender | None = None) -> list[str]:
    """The addresses reminded of an unpaid invoice, on so many days after it is due; none the second time.

    Our PDF goes along where the practice makes its own. Raises `NotIssued` or `NobodyToSendTo`.
    """
    invoice = locked_issued(invoice)
    if invoice.outstanding == 0:
        return []
    sender = sender or Sender.of_the_practice()
    invoice = _loaded(invoice)
    message, is_new = InvoiceMessage.objects.get_or_create(
        invoice=invoice, kind=InvoiceMessage.Kind.REMINDER, days=days, defaults={"sent_to": ""}
    )
    if not is_new:
        return []
    ours = sender.settings.documents_by == InvoicingSettings.DocumentsBy.PRACTICE
    files = [File(invoice.printed_name, invoice_pdf(invoice, sender))] if ours else []
    kind = PAYMENT_COMING if days < 0 else PAYMENT_OVERDUE
    addresses = _queue(invoice, kind, f"reminder:{days}", sender, files=files)
    message.sent_to = "\n".join(addresses)
    message.save(update_fields=["sent_to"])
    audit.record("invoice.reminded", invoice, to=addresses, days=days, outstanding=str(invoice.outstanding))
    return addresses


def switch_reminders(invoice: Invoice, *, on: bool) -> Invoice:
    """The invoice reminded of as everything else, or left alone; raises `NotIssued`."""
    invoice = locked_issued(invoice)
    if invoice.is_reminded != on:
        invoice.is_reminded = on
        invoice.save(update_fields=["is_reminded"])
        audit.record("invoice.reminders_on" if on else "invoice.reminders_off", invoice)
    return invoice


_waited_for: list[Callable[[], Any]] = []


def reminders_wait_for(invoice_ids: Callable[[], Any]) -> None:
    """Remind nobody of invoices with these ids: another app knows of money for them that does not count yet."""
    _waited_for.append(invoice_ids)


def reminders_due(on: date, after: int = 0, limit: int = 100) -> list[tuple[Invoice, int]]:
    """Unpaid invoices to be reminded of on a day, each with its step (days after the due date), in order of id.

    None of a client whose money is collected: it would pay a second time (P21). Nor of what `reminders_wait_for`.
    A step that fell into a standstill is made up for within `LATEST`; of several the last counts, so that nobody gets
    two reminders at once.
    """
    steps = sorted(int(days) for days in invoicing_settings().reminder_days)
    if not steps:
        return []
    wanted = Q()
    for days in steps:
        wanted |= Q(due_on__range=(on - timedelta(days=days) - LATEST, on - timedelta(days=days)))
    invoices = (
        Invoice.objects.unpaid()
        .filter(wanted, pk__gt=after, is_reminded=True, client__is_collected=False)
        .select_related("client")
    )
    for invoice_ids in _waited_for:
        invoices = invoices.exclude(pk__in=invoice_ids())
    return [(invoice, _step(invoice, steps, on)) for invoice in invoices.order_by("pk")[:limit]]


def _step(invoice: Invoice, steps: Sequence[int], on: date) -> int:
    reached = (on - invoice.due_on).days
    return max(days for days in steps if days <= reached)


def to_send_by_themselves(on: date, after: int = 0, limit: int = 100) -> list[Invoice]:
    """Issued invoices of the last month that nobody was sent yet, of clients who get theirs by e-mail, in order of id.

    None unless the practice wants it, or while the ledger makes its documents: see `to_send_with_ledgers_documents`.
    """
    settings = invoicing_settings()
    if not settings.emails_invoices or settings.documents_by == InvoicingSettings.DocumentsBy.LEDGER:
        return []
    invoices = _unsent(on).filter(pk__gt=after)
    return list(invoices.select_related("client").order_by("pk")[:limit])


def to_send_with_ledgers_documents(on: date) -> list[int]:
    """The ids of unsent invoices of the last month that the ledger has, where it makes the practice's documents."""
    settings = invoicing_settings()
    if not settings.emails_invoices or settings.documents_by != InvoicingSettings.DocumentsBy.LEDGER:
        return []
    invoices = _unsent(on).in_the_ledger().filter(client__emails_invoices=True)
    return list(invoices.order_by("pk").values_list("pk", flat=True))


def _unsent(on: date) -> InvoiceQuerySet:
    """Neither sent yet, nor in the quiet time in which they can be undone without a trace."""
    sent = InvoiceMessage.objects.filter(invoice=OuterRef("pk"), kind=InvoiceMessage.Kind.INVOICE)
    found: InvoiceQuerySet = Invoice.objects.issued().filter(
        ~Exists(sent), tax_point__gte=on - SENT_BY_THEMSELVES, net__gt=0
    )
    return found.exclude(pk__in=in_quiet_time(timezone.now()).values("subject_id"))


def _loaded(invoice: Invoice) -> Invoice:
    """With what its document shows."""
    loaded: Invoice = Invoice.objects.select_related("client").prefetch_related("lines").get(pk=invoice.pk)
    return loaded


def _queue(
    invoice: Invoice,
    kind: MailKind,
    event: str,
    sender: Sender,
    *,
    people: Sequence[ContactPerson] | None = None,
    words: Words | None = None,
    files: Sequence[File] = (),
) -> list[str]:
    recipients = list(people) if people else invoice_recipients(invoice.client)
    if not recipients:
        raise NobodyToSendTo(invoice)
    own = MailWording(kind=kind.key, subject=words.subject, body=words.body) if words else None
    for person in recipients:
        queue_message(
            person.email,
            kind,
            values_of(invoice, person, sender),
            event=f"invoice:{invoice.pk}:{event}:{person.pk}",
            files=files,
            wording=own,
        )
    return [person.email for person in recipients]


def values_of(invoice: Invoice, person: ContactPerson, sender: Sender) -> dict[str, str]:
    """What the placeholders of a message about an invoice stand for."""
    currency = sender.practice.currency
    return {
        "person.name": person.name,
        "client.name": invoice.client.name,
        "invoice.number": invoice.number_label,
        "invoice.date": written_date(invoice.tax_point),
        "invoice.due": written_date(invoice.due_on),
        "invoice.total": written(invoice.gross, currency),
        "invoice.outstanding": written(invoice.outstanding, currency),
        "how_to_pay": how_to_pay(invoice, sender.settings),
    }
