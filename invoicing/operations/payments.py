"""Money received, entered here or mirrored from the ledger, and which invoices it pays.

What is outstanding on an invoice is its gross less the allocations of credit notes and of payments that were not
reversed. A reversed payment keeps its allocations: they say what it had paid.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from clients.models import Client
from invoicing.errors import (
    AllocatesMoreThanReceived,
    InvoiceOfAnotherClient,
    NotAnAmount,
    NotIssued,
    OverAllocated,
)
from invoicing.models import Allocation, CreditNote, Invoice, Payment
from money.amounts import ZERO
from practices import audit
from practices.webhooks import emit

#: Amounts set against invoices, by the invoice's id.
Parts = dict[int, Decimal]


@dataclass(frozen=True, slots=True)
class OnAccount:
    """What a payment leaves on account, under the ledger's name for it, and what it takes from others' rests."""

    account_id: str = ""
    total: Decimal = ZERO
    drawn: Mapping[str, Decimal] = field(default_factory=dict)


def record_payment(
    client: Client,
    *,
    received_on: date,
    amount: Decimal,
    source: str,
    kind: str = Payment.Kind.RECEIVED,
    external_id: str = "",
    external_updated_at: datetime | None = None,
    reference: str = "",
    allocations: Sequence[tuple[Invoice, Decimal]],
    on_account: OnAccount | None = None,
) -> Payment:
    """The payment with its allocations, and its invoices' outstanding amounts right again.

    A payment of the ledger (source, external_id) is recorded once and amended after that; news older than what is
    held, or about a reversed payment, changes nothing (F79 to F82). Raises `NotAnAmount`,
    `AllocatesMoreThanReceived`, `InvoiceOfAnotherClient`, `NotIssued` or `OverAllocated`.
    """
    parts = _parts(amount, allocations)
    values = {
        "client": client,
        "kind": kind,
        "received_on": received_on,
        "amount": amount,
        "reference": reference[:255],
        **_account_fields(on_account or OnAccount()),
    }
    payment, is_new = _insert_or_lock(source, external_id, values)
    if not is_new and (payment.reversed_at or _is_older(external_updated_at, payment.external_updated_at)):
        return payment
    held = {} if is_new else _parts_of(payment)
    before = None if is_new else _particulars(payment, held)
    drew = {} if is_new else payment.drawn
    payment.external_updated_at = external_updated_at
    for name, value in values.items():
        setattr(payment, name, value)
    if not payment.account_id:
        payment.on_account = ZERO  # Nothing of it lies on account any more.
    payment.save()
    after = _particulars(payment, parts)
    if before != after:
        _allocate(payment, parts, before=held)
        _record(payment, {*held, *parts}, before=before, after=after)
    _restate_accounts(payment, {payment.account_id, *drew, *payment.drawn})
    return payment


def reverse_payment(payment: Payment) -> Payment:
    """The payment taken back: its invoices are owed again (F82). Nothing happens the second time."""
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    if payment.reversed_at:
        return payment
    parts = _parts_of(payment)
    invoices = locked_invoices(parts)
    payment.reversed_at = timezone.now()
    payment.save(update_fields=["reversed_at"])
    settle(invoices)
    _restate_accounts(payment, {payment.account_id, *payment.drawn})
    particulars = _particulars(payment, parts)
    audit.record("payment.reversed", payment, **particulars)
    for invoice in invoices:
        _record_reversal(payment, invoice, parts[invoice.pk], outstanding=str(invoice.outstanding))
    return payment


def _record_reversal(payment: Payment, invoice: Invoice, amount: Decimal, **more: str) -> None:
    about = {"payment": payment.pk, "source": payment.source, "kind": payment.kind, **more}
    audit.record("invoice.payment_reversed", invoice, amount=str(amount), **about)


def _account_fields(on_account: OnAccount) -> dict[str, Any]:
    return {
        "account_id": on_account.account_id,
        "account_total": on_account.total,
        "drawn": {key: str(part) for key, part in sorted(on_account.drawn.items())},
    }


def _restate_accounts(payment: Payment, account_ids: set[str]) -> None:
    """Work out what is left on account of this client's receipts of these names: nothing counts twice."""
    wanted = account_ids - {""}
    if not wanted:
        return
    receipts = Payment.objects.select_for_update().filter(client_id=payment.client_id, account_id__in=wanted)
    takers = Payment.objects.filter(
        client_id=payment.client_id, reversed_at=None, drawn__has_any_keys=sorted(wanted)
    )
    drawn: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for parts in takers.values_list("drawn", flat=True):
        for key, part in parts.items():
            drawn[key] += Decimal(part)
    for receipt in receipts.order_by("pk"):
        left = ZERO if receipt.reversed_at else max(ZERO, receipt.account_total - drawn[receipt.account_id])
        if left != receipt.on_account:
            Payment.objects.filter(pk=receipt.pk).update(on_account=left)
        if receipt.pk == payment.pk:
            payment.on_account = left


def _parts(amount: Decimal, allocations: Sequence[tuple[Invoice, Decimal]]) -> Parts:
    """The allocations by invoice; instalments against one invoice count together."""
    parts: Parts = defaultdict(lambda: ZERO)
    for invoice, part in allocations:
        parts[invoice.pk] += part
    if amount <= ZERO or any(part <= ZERO for part in parts.values()):
        raise NotAnAmount(amount)
    if sum(parts.values()) > amount:
        raise AllocatesMoreThanReceived(amount)
    return dict(parts)


def _insert_or_lock(source: str, external_id: str, values: dict[str, Any]) -> tuple[Payment, bool]:
    """The payment, locked, and whether it is new; `a_ledger_payment_is_recorded_once` decides between two at once."""
    if not external_id:
        return Payment.objects.create(source=source, **values), True
    found: tuple[Payment, bool] = Payment.objects.select_for_update().get_or_create(
        source=source, external_id=external_id, defaults=values
    )
    return found


def _is_older(news: datetime | None, held: datetime | None) -> bool:
    return news is not None and held is not None and news < held


def _allocate(payment: Payment, parts: Parts, *, before: Parts) -> None:
    """Set the payment against exactly these parts."""
    invoices = locked_invoices({*parts, *before})
    for invoice in invoices:
        if invoice.pk in parts and invoice.client_id != payment.client_id:
            raise InvoiceOfAnotherClient(invoice)
        if invoice.pk in parts and invoice.status != Invoice.Status.ISSUED:
            raise NotIssued(invoice)
    payment.allocations.all().delete()
    Allocation.objects.bulk_create(
        [Allocation(payment=payment, invoice_id=pk, amount=part) for pk, part in sorted(parts.items())]
    )
    if payment.source == Payment.Source.SAGE:
        _let_the_ledger_rule(invoices)
    settle(invoices)


def _let_the_ledger_rule(invoices: Collection[Invoice]) -> None:
    """Take back what was entered here, newest first, as far as the ledger's own news leaves no room for it (G72)."""
    standing = Allocation.objects.filter(
        invoice__in=[invoice.pk for invoice in invoices], payment__reversed_at=None
    ).select_related("payment")
    placed: dict[int, list[Allocation]] = defaultdict(list)
    for allocation in standing.order_by("-id"):
        placed[allocation.invoice_id].append(allocation)
    for invoice in invoices:
        excess = sum((each.amount for each in placed[invoice.pk]), ZERO) - invoice.gross
        for allocation in placed[invoice.pk]:
            by_hand = allocation.payment
            if excess <= ZERO or by_hand is None or by_hand.source != Payment.Source.BY_HAND:
                continue
            by_hand.reversed_at = timezone.now()
            by_hand.save(update_fields=["reversed_at"])
            excess -= allocation.amount
            audit.record("payment.reversed", by_hand, reason="Sage has recorded what was paid")
            _record_reversal(by_hand, invoice, allocation.amount)


def settle(invoices: Collection[Invoice]) -> None:
    """Work out what is outstanding on locked invoices; raises `OverAllocated`.

    A credit note takes back what money does not pay of its invoice: more of it once money was taken back.
    """
    allocated = dict(
        Allocation.objects.filter(invoice__in=[invoice.pk for invoice in invoices], payment__reversed_at=None)
        .order_by()
        .values_list("invoice")
        .annotate(Sum("amount"))
    )
    issued = [invoice for invoice in invoices if invoice.status == Invoice.Status.ISSUED]
    before = {invoice.pk: invoice.outstanding for invoice in issued}
    for invoice in issued:
        invoice.outstanding = invoice.gross - allocated.get(invoice.pk, ZERO)
        if invoice.outstanding < ZERO:
            raise OverAllocated(invoice)
    if owed_anew := [invoice for invoice in issued if invoice.outstanding > before[invoice.pk]]:
        _credit_the_rest(owed_anew)
    for invoice in issued:
        if invoice.outstanding != before[invoice.pk]:
            emit(
                "invoice.payment_changed",
                invoice=invoice.pk,
                number=invoice.number_label,
                total=str(invoice.gross),
                outstanding=str(invoice.outstanding),
            )
    Invoice.objects.bulk_update(issued, ["outstanding"])


def _credit_the_rest(invoices: Collection[Invoice]) -> None:
    """Set the credit notes of these invoices, where they have one, against what is owed on them anew."""
    notes = {note.invoice_id: note for note in CreditNote.objects.filter(invoice__in=invoices)}
    for invoice in invoices:
        if invoice.pk in notes:
            held = Allocation.objects.filter(credit_note=notes[invoice.pk], invoice=invoice).first()
            held = held or Allocation(credit_note=notes[invoice.pk], invoice=invoice, amount=ZERO)
            held.amount += invoice.outstanding
            held.save()
            invoice.outstanding = ZERO


def locked_invoices(ids: Collection[int]) -> list[Invoice]:
    """The invoices, locked in one order so that two payments cannot block each other."""
    return list(Invoice.objects.select_for_update().filter(pk__in=ids).order_by("id"))


def _parts_of(payment: Payment) -> Parts:
    return dict(payment.allocations.values_list("invoice_id", "amount"))


def _particulars(payment: Payment, parts: Parts) -> dict[str, Any]:
    """What the history keeps of a payment."""
    return {
        "received_on": str(payment.received_on),
        "amount": str(payment.amount.quantize(ZERO)),
        "reference": payment.reference,
        "allocations": {str(pk): str(part.quantize(ZERO)) for pk, part in sorted(parts.items())},
    }


def _record(
    payment: Payment, touched: Collection[int], *, before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    """Into the history of the payment and of each invoice it touches; an edit keeps the earlier values (F81)."""
    audit.record("payment.amended" if before else "payment.recorded", payment, before=before, after=after)
    action = "invoice.payment_amended" if before else "invoice.payment_recorded"
    for invoice in Invoice.objects.filter(pk__in=touched).order_by("id"):
        key = str(invoice.pk)
        audit.record(
            action,
            invoice,
            payment=payment.pk,
            source=payment.source,
            kind=payment.kind,
            before=before["allocations"].get(key) if before else None,
            after=after["allocations"].get(key),
            outstanding=str(invoice.outstanding),
        )
