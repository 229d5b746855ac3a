"""What Sage says was paid, credited or set against our invoices, mirrored here (F79–F82). Nothing is written to Sage.

A payment is money received. An allocation sets a credit note or an earlier payment on account against invoices: it
settles them without new money. What a payment paid is remembered here, because a deleted one may no longer say it
(FACTS.md 11.3).
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from clients.models import Client
from invoicing.models import Allocation, Invoice, Payment
from invoicing.operations import record_payment, reverse_payment
from ledger.models import Posting
from practices.errors import DomainError
from sage_integration.models import SageLink
from sage_integration.sage.resources.contact_allocations import ContactAllocation
from sage_integration.sage.resources.contact_payments import (
    CUSTOMER_RECEIPT,
    AllocatedArtefact,
    ContactPayment,
)
from sage_integration.sync.feeds import instant

ZERO = Decimal("0.00")


class Mirror:
    """Takes rows of one business over; runs inside the caller's transactions.

    ``touched`` are the invoices whose settlement changed, ``problems`` what could not be taken over, in words.
    """

    def __init__(self, business_id: str) -> None:
        self.business_id = business_id
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self.touched: set[int] = set()
        self._refused: dict[str, tuple[Callable[[Any], None], Mapping[str, Any]]] = {}

    def take(self, handle: Callable[[Any], None], row: Mapping[str, Any]) -> None:
        """One row all or nothing; a rule it breaks must not hold up the others, and is tried once more at the end."""
        if not self._attempt(handle, row):
            self._refused[row["id"]] = (handle, row)

    def take_refused(self) -> None:
        """Once more what was refused: an invoice may have room now that another payment changed or went."""
        for handle, row in self._refused.values():
            self._attempt(handle, row, note=True)
        self._refused.clear()

    def _attempt(self, handle: Callable[[Any], None], row: Mapping[str, Any], *, note: bool = False) -> bool:
        try:
            with transaction.atomic():
                handle(row)
        except DomainError as refusal:
            if note:
                self.counts["refused"] += 1
                self.problems.append(f"{_in_words(row)}: {refusal}")
            return False
        return True

    def payment(self, payment: ContactPayment) -> None:
        """A receipt that pays, or used to pay, invoices of ours; everything else is none of our business."""
        if payment["transaction_type"]["id"] != CUSTOMER_RECEIPT:
            return
        parts = payment.get("allocated_artefacts") or []
        discounts = sum((part.get("discount") or ZERO for part in parts), ZERO)
        self._record(payment, parts, amount=payment["total_amount"] + discounts, kind=Payment.Kind.RECEIVED)

    def allocation(self, allocation: ContactAllocation) -> None:
        """Something other than new money set against invoices of ours; what we set against them ourselves is known."""
        parts = allocation.get("allocated_artefacts") or []
        if self._is_of_our_credit_notes(parts):
            return
        self._record(allocation, parts, amount=None, kind=Payment.Kind.SET_AGAINST)

    def gone(self, row: Mapping[str, Any]) -> None:
        """A payment or an allocation that was deleted: its invoices are owed again (F82)."""
        known = known_payment(row["id"])
        if known is None or known.reversed_at:
            return
        self._touch(known)
        reverse_payment(known)
        self._refused.pop(row["id"], None)
        self.counts["reversed"] += 1

    def _record(
        self,
        row: ContactPayment | ContactAllocation,
        parts: list[AllocatedArtefact],
        *,
        amount: Decimal | None,
        kind: str,
    ) -> None:
        settled = self._settled_by(parts)
        known = known_payment(row["id"])
        client = _client_of(settled, known)
        if client is None:
            return
        stamp = instant(row["updated_at"])
        is_news = known is None or known.external_updated_at is None or stamp > known.external_updated_at
        if known is not None:
            self._touch(known)
        if (
            amount is None
        ):  # An allocation is worth what it settles; one that settles nothing of ours keeps its worth.
            amount = sum((part for _, part in settled), ZERO) or (known.amount if known else ZERO)
        recorded = record_payment(
            client,
            kind=kind,
            received_on=date.fromisoformat(row["date"]),
            amount=amount,
            source=Payment.Source.SAGE,
            external_id=row["id"],
            external_updated_at=stamp,
            reference=str(row.get("reference") or ""),
            allocations=settled,
        )
        self._touch(recorded)
        self.counts["mirrored"] += is_news

    def _settled_by(self, parts: list[AllocatedArtefact]) -> list[tuple[Invoice, Decimal]]:
        """Our invoices among what is set against each other, each with what it settles, discount included."""
        links = SageLink.objects.filter(
            business_id=self.business_id,
            sage_id__in=[part["artefact"]["id"] for part in parts],
            posting__kind=Posting.Kind.INVOICE_CREATE,
        )
        subjects = dict(links.values_list("sage_id", "posting__subject_id"))
        invoices = Invoice.objects.select_related("client").in_bulk(subjects.values())
        return [
            (invoices[subjects[part["artefact"]["id"]]], part["amount"] + (part.get("discount") or ZERO))
            for part in parts
            if part["artefact"]["id"] in subjects
        ]

    def _is_of_our_credit_notes(self, parts: list[AllocatedArtefact]) -> bool:
        """Whether all that is set against invoices are credit notes issued here, which settled them already."""
        against = [part["artefact"]["id"] for part in parts if part["amount"] < ZERO]
        ours = SageLink.objects.filter(
            business_id=self.business_id, sage_id__in=against, posting__kind=Posting.Kind.CREDIT_NOTE_CREATE
        )
        return bool(against) and ours.count() == len(set(against))

    def _touch(self, payment: Payment) -> None:
        allocations = Allocation.objects.filter(payment=payment)
        self.touched |= set(allocations.values_list("invoice_id", flat=True))


def known_payment(external_id: str) -> Payment | None:
    """What is held here of a payment or allocation of Sage, or None."""
    known: Payment | None = (
        Payment.objects.select_related("client")
        .filter(source=Payment.Source.SAGE, external_id=external_id)
        .first()
    )
    return known


def _client_of(settled: list[tuple[Invoice, Decimal]], known: Payment | None) -> Client | None:
    if settled:
        return settled[0][0].client
    return known.client if known else None


def _in_words(row: Mapping[str, Any]) -> str:
    if "total_amount" in row:
        return f"A payment of £{row['total_amount']:.2f} on {row['date']}"
    return f"What was set against an invoice on {row['date']}"
