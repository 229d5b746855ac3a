"""Payments made in Sage, mirrored here: new, edited and deleted ones (F79–F82). Nothing is written to Sage (F84).

A payment need not move its invoice's `updated_at`, and a deleted one may no longer say what it paid
(FACTS.md 11.3). So both feeds of payments are read, what a payment paid is remembered here, and the invoices
it touches are read again.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import structlog
from django.db import transaction
from django.utils import timezone

from clients.models import Client
from invoicing.models import Allocation, Invoice, Payment
from invoicing.operations import record_payment, reverse_payment
from ledger.models import Posting
from practices.errors import DomainError
from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.models import SageConnection, SageLink, SyncRun
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import NotInSage, SageError
from sage_integration.sage.resources.contact_payments import CUSTOMER_RECEIPT, ContactPayment
from sage_integration.sessions import open_sage
from sage_integration.sync import outcomes
from sage_integration.sync.comparison import compare
from sage_integration.sync.feeds import Feed, instant, read_feed

log = structlog.get_logger(__name__)

#: The first reading begins this long before the connection was enabled, whatever our clocks say.
CLOCK_TOLERANCE = timedelta(days=1)
#: Invoices read again in one poll; the nightly comparison reads them all.
MOST_REREADS = 50
ZERO = Decimal("0.00")


def poll_payments() -> SyncRun | None:
    """Mirror what changed since the last poll; None when payments are not mirrored (F12, F83).

    What goes wrong with Sage is kept on the run, not raised: the next poll begins where this one stopped.
    """
    with practice_transaction():
        connection = current_connection()
        if connection is None or not connection.pulls_payments or connection.enabled_at is None:
            return None
        if connection.status != SageConnection.Status.ENABLED:
            return None
        run: SyncRun = SyncRun.objects.create(kind=SyncRun.Kind.PAYMENTS)
    poll = PaymentPoll(connection.business_id, connection.enabled_at - CLOCK_TOLERANCE)
    try:
        with open_sage(connection) as sage:
            poll.read(sage)
    except SageError as error:
        outcomes.pause_business(error, connection.business_id)
        poll.problems.append(str(error))
        log.warning("polling stopped", failure=type(error).__name__, status=error.status)
    with practice_transaction():
        run.finished_at, run.counts = timezone.now(), dict(poll.counts)
        run.problem = "\n".join(poll.problems)
        run.save(update_fields=["finished_at", "counts", "problem"])
    return run


class PaymentPoll:
    """One reading of a business's payments: what it counted, what it touched and what it could not take over."""

    def __init__(self, business_id: str, begin: datetime) -> None:
        self.business_id = business_id
        self.begin = begin
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._touched: set[int] = set()
        self._refused: dict[str, ContactPayment] = {}

    def read(self, sage: SageClient) -> None:
        """Both feeds, then what was refused on the way, then the touched invoices; raises `SageError`."""
        payments = sage.contact_payments
        changed: Feed[ContactPayment] = Feed(
            "contact_payments.updated",
            "updated_at",
            lambda since: payments.list(updated_or_created_since=since),
        )
        deleted: Feed[ContactPayment] = Feed(
            "contact_payments.deleted", "deleted_at", lambda since: payments.list(deleted_since=since)
        )
        self._read(changed, self._mirror)
        self._read(deleted, self._reverse)
        # An invoice may have had room for a payment only after another one was changed or deleted.
        with practice_transaction():
            for payment in self._refused.values():
                self._attempt(self._mirror, payment, on_refusal=self._note)
        for invoice_id in sorted(self._touched | self._drafts())[:MOST_REREADS]:
            self._reread(invoice_id, sage)

    def _drafts(self) -> set[int]:
        """Invoices that arrived as drafts: somebody may have released them, which gives them their numbers."""
        with practice_transaction():
            drafts = SageLink.objects.filter(
                business_id=self.business_id, is_draft=True, posting__kind=Posting.Kind.INVOICE_CREATE
            ).order_by("seen_at")
            return set(drafts.values_list("posting__subject_id", flat=True)[: MOST_REREADS // 2])

    def _read(self, feed: Feed[ContactPayment], handle: Callable[[ContactPayment], None]) -> None:
        def record(page: list[ContactPayment]) -> None:
            for payment in page:
                self._attempt(handle, payment, on_refusal=self._remember)

        self.counts["read"] += read_feed(feed, self.business_id, begin=self.begin, record=record)

    def _attempt(
        self,
        handle: Callable[[ContactPayment], None],
        payment: ContactPayment,
        *,
        on_refusal: Callable[[ContactPayment, DomainError], None],
    ) -> None:
        """One payment all or nothing; a rule it breaks must not hold up the others."""
        try:
            with transaction.atomic():
                handle(payment)
        except DomainError as refusal:
            on_refusal(payment, refusal)

    def _remember(self, payment: ContactPayment, _: DomainError) -> None:
        self._refused[payment["id"]] = payment

    def _note(self, payment: ContactPayment, refusal: DomainError) -> None:
        self.counts["refused"] += 1
        self.problems.append(f"A payment of £{payment['total_amount']:.2f} on {payment['date']}: {refusal}")

    def _mirror(self, payment: ContactPayment) -> None:
        """Record a receipt that pays, or used to pay, invoices of ours; everything else is none of our business."""
        if payment["transaction_type"]["id"] != CUSTOMER_RECEIPT:
            return
        settled = self._settled_by(payment)
        known = _known(payment["id"])
        client = _client_of(settled, known)
        if client is None:
            return
        stamp = instant(payment["updated_at"])
        is_news = known is None or known.external_updated_at is None or stamp > known.external_updated_at
        if known is not None:
            self._touch(known)
        recorded = record_payment(
            client,
            received_on=date.fromisoformat(payment["date"]),
            amount=payment["total_amount"] + _discounts(payment),
            source=Payment.Source.SAGE,
            external_id=payment["id"],
            external_updated_at=stamp,
            reference=payment.get("reference") or "",
            allocations=settled,
        )
        self._touch(recorded)
        self.counts["mirrored"] += is_news

    def _reverse(self, payment: ContactPayment) -> None:
        known = _known(payment["id"])
        if known is None or known.reversed_at:
            return
        self._touch(known)
        reverse_payment(known)
        self._refused.pop(payment["id"], None)
        self.counts["reversed"] += 1

    def _settled_by(self, payment: ContactPayment) -> list[tuple[Invoice, Decimal]]:
        """Our invoices among what a payment is set against, each with what it settles, discount included."""
        parts = payment.get("allocated_artefacts") or []
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

    def _touch(self, payment: Payment) -> None:
        self._touched |= set(Allocation.objects.filter(payment=payment).values_list("invoice_id", flat=True))

    def _reread(self, invoice_id: int, sage: SageClient) -> None:
        with practice_transaction():
            link = SageLink.objects.filter(
                business_id=self.business_id,
                posting__kind=Posting.Kind.INVOICE_CREATE,
                posting__subject_id=invoice_id,
            ).first()
        if link is None:
            return
        try:
            stored = sage.sales_invoices.get(link.sage_id)
        except NotInSage:
            stored = None
        with practice_transaction():
            if problem := compare(link, stored):
                self.problems.append(problem.sentence)
                self.counts[problem.kind] += 1


def _known(payment_id: str) -> Payment | None:
    known: Payment | None = (
        Payment.objects.select_related("client")
        .filter(source=Payment.Source.SAGE, external_id=payment_id)
        .first()
    )
    return known


def _client_of(settled: list[tuple[Invoice, Decimal]], known: Payment | None) -> Client | None:
    if settled:
        return settled[0][0].client
    return known.client if known else None


def _discounts(payment: ContactPayment) -> Decimal:
    """What was settled without money: a discount for paying early (FACTS.md 11.1)."""
    return sum((part.get("discount") or ZERO for part in payment.get("allocated_artefacts") or []), ZERO)
