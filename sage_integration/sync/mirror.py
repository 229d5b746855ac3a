"""What Sage says was paid, credited or set against our invoices, mirrored here (F79–F82). Nothing is written to Sage.

A payment is money received. An allocation sets a credit note or an earlier payment on account against invoices: it
settles them without new money, and what it takes from a payment on account is no longer on account. What a payment
paid is remembered here, because a deleted one may no longer say it (FACTS.md 11.3).

The newest copy of an invoice counts: what pays an older copy settles a document that the newer one replaced, so it is
no payment of the invoice; it is told (`earlier`).
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from clients.models import Client
from invoicing.models import Allocation, Invoice, Payment
from invoicing.operations import OnAccount, record_payment, reverse_payment
from ledger.models import Posting
from money.amounts import to_pence
from practices.errors import DomainError
from practices.templatetags.money_tags import written
from sage_integration.models import ContactLink, SageLink
from sage_integration.sage.resources.contact_allocations import ContactAllocation
from sage_integration.sage.resources.contact_payments import (
    CUSTOMER_RECEIPT,
    CUSTOMER_REFUND,
    AllocatedArtefact,
    ContactPayment,
)
from sage_integration.sync.feeds import instant
from sage_integration.sync.own_allocations import invoices_of_ours, is_changed
from sage_integration.sync.wanted import copies_among

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

    @property
    def has_refused(self) -> bool:
        """Whether a row is to be tried once more."""
        return bool(self._refused)

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
        """A receipt that pays, or used to pay, invoices of ours or lies on account of a client, or money paid back.

        Everything else is none of our business.
        """
        parts = payment.get("allocated_artefacts") or []
        if payment["transaction_type"]["id"] == CUSTOMER_REFUND:
            drawn = self._drawn(parts)
            self._record(payment, [], payment["total_amount"], Payment.Kind.REFUNDED, OnAccount(drawn=drawn))
        elif payment["transaction_type"]["id"] == CUSTOMER_RECEIPT:
            discounts = sum((part.get("discount") or ZERO for part in parts), ZERO)
            rest = payment.get("payment_on_account")
            on_account = OnAccount(rest["id"], _total_on_account(payment, parts)) if rest else OnAccount()
            amount = payment["total_amount"] + discounts
            self._record(payment, self._settled_by(parts), amount, Payment.Kind.RECEIVED, on_account)

    def allocation(self, allocation: ContactAllocation) -> None:
        """Something other than new money set against invoices of ours; what we set against them ourselves is known."""
        parts = allocation.get("allocated_artefacts") or []
        ours = self._by_our_credit_notes(parts)
        against = sum((-part["amount"] for part in parts if part["amount"] < ZERO), ZERO)
        if against and ours == against:
            if is_changed(allocation):
                self.touched |= set(invoices_of_ours([allocation], self.business_id).values())
            return
        settled = _less(self._settled_by(parts), ours)
        drawn = self._drawn(parts)
        known = known_payment(allocation["id"])
        # Worth what it settles, else what it took from an account; one that does neither any more keeps its worth.
        amount = sum((part for _, part in settled), ZERO) or sum(drawn.values(), ZERO)
        amount = amount or (known.amount if known else ZERO)
        self._record(allocation, settled, amount, Payment.Kind.SET_AGAINST, OnAccount(drawn=drawn))

    def gone(self, row: Mapping[str, Any]) -> None:
        """A payment or an allocation that was deleted: its invoices are owed again (F82)."""
        known = known_payment(row["id"])
        if known is None or known.reversed_at:
            return
        self.touched |= set(_parts_of(known))
        reverse_payment(known)
        self._refused.pop(row["id"], None)
        self.counts["reversed"] += 1

    def allocation_gone(self, row: Mapping[str, Any]) -> None:
        """An allocation that was deleted; where it was of a credit note from here, what is owed in Sage is read."""
        self.touched |= set(invoices_of_ours([row], self.business_id).values())
        self.gone(row)

    def _record(
        self,
        row: ContactPayment | ContactAllocation,
        settled: list[tuple[Invoice, Decimal]],
        amount: Decimal,
        kind: str,
        on_account: OnAccount,
    ) -> None:
        known = known_payment(row["id"])
        client = self._client_of(row, settled, known, on_account)
        if client is None:
            return
        stamp = instant(row["updated_at"])
        is_news = known is None or known.external_updated_at is None or stamp > known.external_updated_at
        before = _parts_of(known) if known else {}
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
            on_account=on_account,
        )
        after = _parts_of(recorded)
        # Rows near the cursor come again with every reading: only what changed is worth another look.
        self.touched |= {pk for pk in {*before, *after} if before.get(pk) != after.get(pk)}
        self.counts["mirrored"] += is_news

    def _client_of(
        self,
        row: ContactPayment | ContactAllocation,
        settled: list[tuple[Invoice, Decimal]],
        known: Payment | None,
        on_account: OnAccount,
    ) -> Client | None:
        """Whose money it is, if it is any of our business: by what it pays, by what is held, by the contact."""
        if settled:
            return settled[0][0].client
        if known is not None:
            return known.client
        if not on_account.total and not on_account.drawn:
            return None
        links = ContactLink.objects.filter(
            business_id=self.business_id, sage_contact_id=row["contact"]["id"]
        ).select_related("client")
        link = links.first()
        return link.client if link else None

    def _settled_by(self, parts: list[AllocatedArtefact]) -> list[tuple[Invoice, Decimal]]:
        """Our invoices among what is set against each other, each with what it settles, discount included."""
        newest = copies_among({part["artefact"]["id"] for part in parts}, self.business_id).newest
        subjects = {key: link.posting.subject_id for key, link in newest.items()}
        invoices = Invoice.objects.select_related("client").in_bulk(subjects.values())
        by_artefact = {key: invoices[pk] for key, pk in subjects.items()}
        return [
            (by_artefact[part["artefact"]["id"]], part["amount"] + (part.get("discount") or ZERO))
            for part in parts
            if part["artefact"]["id"] in by_artefact
        ]

    def _by_our_credit_notes(self, parts: list[AllocatedArtefact]) -> Decimal:
        """How much of it credit notes issued here set against invoices, which settled them already."""
        against = {part["artefact"]["id"]: -part["amount"] for part in parts if part["amount"] < ZERO}
        ours = SageLink.objects.filter(
            business_id=self.business_id, sage_id__in=against, posting__kind=Posting.Kind.CREDIT_NOTE_CREATE
        )
        return sum((against[key] for key in ours.values_list("sage_id", flat=True)), ZERO)

    def _drawn(self, parts: list[AllocatedArtefact]) -> dict[str, Decimal]:
        """What is taken from rests on account that are held here, by their account; a refund's amounts are positive."""
        amounts = {part["artefact"]["id"]: abs(part["amount"]) for part in parts}
        held = Payment.objects.filter(source=Payment.Source.SAGE, account_id__in=amounts)
        return {key: amounts[key] for key in held.values_list("account_id", flat=True)}


def _parts_of(payment: Payment) -> dict[int, Decimal]:
    return dict(Allocation.objects.filter(payment=payment).values_list("invoice_id", "amount"))


def _total_on_account(payment: ContactPayment, parts: list[AllocatedArtefact]) -> Decimal:
    """What of a receipt was set against nothing when it was written down."""
    return payment["total_amount"] - sum((part["amount"] for part in parts), ZERO)


def _less(settled: list[tuple[Invoice, Decimal]], known: Decimal) -> list[tuple[Invoice, Decimal]]:
    """What is left of the parts once an amount that is known already is taken from them, first to last."""
    left = []
    for invoice, part in settled:
        taken = min(known, part)
        known -= taken
        if part > taken:
            left.append((invoice, part - taken))
    return left


def known_payment(external_id: str) -> Payment | None:
    """What is held here of a payment or allocation of Sage, or None."""
    known: Payment | None = (
        Payment.objects.select_related("client")
        .filter(source=Payment.Source.SAGE, external_id=external_id)
        .first()
    )
    return known


def _in_words(row: Mapping[str, Any]) -> str:
    if "total_amount" in row:
        return f"A payment of {written(to_pence(row['total_amount']))} on {row['date']}"
    return f"What was set against an invoice on {row['date']}"
