"""Settling an invoice here: marked as paid, or written off. Neither ever reaches the ledger (F84)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from clients.models import Client
from invoicing.century import check_century
from invoicing.errors import DatedInTheFuture, MoreThanIsOwed, NoReason, NothingOutstanding, PaidInTheLedger
from invoicing.models import Invoice, Payment
from invoicing.operations.invoices import locked_issued
from invoicing.operations.payments import record_payment, reverse_payment
from money.amounts import ZERO
from practices import audit


def mark_paid(
    invoice: Invoice, *, amount: Decimal, received_on: date, reference: str = "", on: date
) -> Payment:
    """The payment entered by hand, set against the invoice (G72); ``on`` is today.

    Raises `NotIssued`, `NothingOutstanding`, `MoreThanIsOwed`, `DatedInTheFuture`, `DateOutOfRange` or
    `NotAnAmount`.
    """
    invoice = _owed(invoice)
    if amount > invoice.outstanding:
        raise MoreThanIsOwed(invoice)
    allocations = [(invoice, amount)]
    return receive_by_hand(
        invoice.client,
        received_on=received_on,
        amount=amount,
        reference=reference,
        allocations=allocations,
        on=on,
    )


def receive_by_hand(
    client: Client,
    *,
    received_on: date,
    amount: Decimal,
    reference: str = "",
    allocations: Sequence[tuple[Invoice, Decimal]],
    on: date,
) -> Payment:
    """The payment entered here, set against these invoices; it never reaches the ledger. ``on`` is today.

    Raises `DatedInTheFuture`, `DateOutOfRange`, or what `record_payment` does.
    """
    if received_on > on:
        raise DatedInTheFuture(
            client, message="Money cannot have been received in the future. Check the day."
        )
    check_century(client, received_on)
    return record_payment(
        client,
        received_on=received_on,
        amount=amount,
        source=Payment.Source.BY_HAND,
        reference=reference.strip(),
        allocations=allocations,
    )


def write_off(invoice: Invoice, *, reason: str, on: date) -> Payment:
    """What is outstanding given up, with the reason (G81); ``on`` is today.

    Raises `NotIssued`, `NothingOutstanding` or `NoReason`.
    """
    invoice = _owed(invoice)
    if not reason.strip():
        raise NoReason(invoice)
    amount = invoice.outstanding
    given_up = record_payment(
        invoice.client,
        received_on=on,
        amount=amount,
        source=Payment.Source.BY_HAND,
        kind=Payment.Kind.WRITTEN_OFF,
        reference=reason.strip(),
        allocations=[(invoice, amount)],
    )
    audit.record("invoice.written_off", invoice, amount=str(amount), reason=reason.strip())
    return given_up


def take_back(payment: Payment) -> Payment:
    """A payment or write-off entered here taken back; raises `PaidInTheLedger` for one of the ledger (G72)."""
    if payment.source != Payment.Source.BY_HAND:
        raise PaidInTheLedger(payment)
    return reverse_payment(payment)


def _owed(invoice: Invoice) -> Invoice:
    invoice = locked_issued(invoice)
    if invoice.outstanding == ZERO:
        raise NothingOutstanding(invoice)
    return invoice
