"""The morning's e-mails of a practice: invoices that were not sent yet, and reminders; fifty a transaction."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

from django.db import transaction

from invoicing.bulk_acts import send_with_ledgers_documents
from invoicing.documents import Sender
from invoicing.models import Invoice
from invoicing.operations.sending import remind, reminders_due, send_invoice, to_send_by_themselves
from practices.errors import DomainError
from practices.tenancy import practice_transaction

AT_ONCE = 50


def send_what_waits(on: date) -> tuple[int, int]:
    """How many invoices and how many reminders were handed to the mail outbox today.

    Invoices whose documents the ledger makes are sent by a job, which reads them there first.
    """
    with practice_transaction():
        send_with_ledgers_documents(on)
    return _through(_send_some, on), _through(_remind_some, on)


def _through(some: Callable[[date, int], tuple[int, int]], on: date) -> int:
    """Chunk after chunk, each in its own transaction, so that a killed worker repeats nothing."""
    sent, after = 0, 0
    while True:
        with practice_transaction():
            done, last = some(on, after)
        sent += done
        if not last:
            return sent
        after = last


def _send_some(on: date, after: int) -> tuple[int, int]:
    invoices = to_send_by_themselves(on, after, AT_ONCE)
    sender = Sender.of_the_practice() if invoices else None
    wanted = [invoice for invoice in invoices if invoice.client.emails_invoices]
    sent = sum(_did(partial(send_invoice, invoice, sender=sender)) for invoice in wanted)
    return sent, _last(invoices)


def _remind_some(on: date, after: int) -> tuple[int, int]:
    due = reminders_due(on, after, AT_ONCE)
    sender = Sender.of_the_practice() if due else None
    wanted = [(invoice, days) for invoice, days in due if invoice.client.emails_reminders]
    sent = sum(_did(partial(remind, invoice, days, sender=sender)) for invoice, days in wanted)
    return sent, _last([invoice for invoice, _ in due])


def _last(invoices: Sequence[Invoice]) -> int:
    return invoices[-1].pk if len(invoices) == AT_ONCE else 0


def _did(send: Callable[[], list[str]]) -> bool:
    """Whether somebody was written to; an invoice that cannot be sent keeps no other from being sent."""
    try:
        with transaction.atomic():
            return bool(send())
    except DomainError:
        return False
