"""What settles copies in Sage, read entry by entry: of the newest until both sides agree or the difference is known.

The change feeds bring what changed since they were read last. This is the net under them: rows that came late, payments
older than the connection, the opening state of an invoice when mirroring is switched on (D9).
"""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from invoicing.models import Allocation, Payment
from ledger.models import Posting
from money.amounts import ZERO
from practices.tenancy import practice_transaction
from sage_integration.models import SageLink
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import NotInSage
from sage_integration.sage.resources.documents import VOID
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sync.comparison import (
    FINISHES_WITHIN,
    SETTLED_DIFFERENTLY,
    Difference,
    as_told_last,
    compare,
)
from sage_integration.sync.mirror import Mirror
from sage_integration.sync.set_on_copies import Part, keep_parts, parts_on
from sage_integration.sync.wanted import want


def reread(link: SageLink, sage: SageClient, mirror: Mirror) -> Difference | None:
    """What still differs after reading an invoice, and where needed all that settles it; raises `SageError`."""
    stored = _stored(link, sage)
    with practice_transaction():
        difference = compare(link, stored)
    if stored is None or difference is None or difference.kind != SETTLED_DIFFERENTLY:
        return difference
    _read_entries(link, sage, mirror)
    with practice_transaction():
        return compare(link, stored)


def look_at_newest(
    link: SageLink, sage: SageClient, *, finishes_within: timedelta = FINISHES_WITHIN
) -> Difference | None:
    """What differs of the newest copy of an invoice, after reading the document alone; raises `SageError`."""
    stored = _stored(link, sage)
    with practice_transaction():
        current = SageLink.objects.select_related("posting").get(pk=link.pk)
        if current.sage_id != link.sage_id:
            return as_told_last(current)  # Linked to another document meanwhile.
        return compare(current, stored, finishes_within=finishes_within)


def look_with_money(link: SageLink, sage: SageClient, mirror: Mirror) -> Difference | None:
    """The same where payments are mirrored: what was paid since the last reading is no difference, and taken over.

    Raises `SageError`. Other invoices that such a payment touches are read again with the next poll.
    """
    difference = look_at_newest(link, sage)
    if difference is None or difference.kind != SETTLED_DIFFERENTLY:
        return difference
    _read_entries(link, sage, mirror)
    with practice_transaction():
        want(mirror.touched, link.business_id)
    return look_at_newest(link, sage)


def reread_earlier(link: SageLink, sage: SageClient) -> Difference | None:
    """What differs of a copy that a newer one replaced, after reading it with what is set against it.

    Raises `SageError`. What settles it pays nothing here, and is only kept.
    """
    try:
        stored = sage.sales_invoices.get(link.sage_id, show_payments_allocations=True)
    except NotInSage:
        stored = None
    parts = _parts_of(link, stored, sage) if stored is not None and stored["status"]["id"] != VOID else []
    with practice_transaction():
        # Held, as somebody may press Check now while a poll reads the same.
        current = SageLink.objects.select_related("posting").select_for_update(of=["self"]).get(pk=link.pk)
        if current.sage_id != link.sage_id:
            return as_told_last(current)  # Linked to another document meanwhile.
        keep_parts(current, parts)
        return compare(current, stored)


def _parts_of(link: SageLink, stored: SalesInvoice, sage: SageClient) -> list[Part]:
    """What is set against a document, each payment and allocation once; what is known of one is not asked for again."""
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    allocations = set()
    for entry in stored.get("payments_allocations") or []:
        source = entry.get("contact_payment") or entry.get("contact_allocation")
        key = source["id"] if source else stored["id"]
        amounts[key] += entry["amount"] + (entry.get("discount") or ZERO)
        if entry.get("contact_allocation"):
            allocations.add(key)
    with practice_transaction():
        known: dict[str, list[Part]] = defaultdict(list)
        for part in parts_on(link):
            known[part.sage_id].append(part)
    parts = []
    for key, amount in amounts.items():
        if sum(part.amount for part in known[key]) == amount:
            parts += known[key]
        elif key in allocations:
            parts += _parts_of_allocation(key, amount, sage)
        else:
            parts.append(Part(key, amount, is_money=True))
    return parts


def _parts_of_allocation(allocation_id: str, amount: Decimal, sage: SageClient) -> list[Part]:
    """What of the amount that an allocation settles is money received on account before, and what are credits.

    Where it settles other documents too, Sage does not say which of the two settles what: as much is money as may be.
    """
    money = min(amount, _money_in(allocation_id, sage))
    if not money:
        return [Part(allocation_id, amount, is_money=False)]
    credit = [Part(allocation_id, amount - money, is_money=False)] if amount > money else []
    return [Part(allocation_id, money, is_money=True), *credit]


def _money_in(allocation_id: str, sage: SageClient) -> Decimal:
    """How much money received on account an allocation sets against documents, in pounds."""
    try:
        allocation = sage.contact_allocations.get(allocation_id)
    except NotInSage:
        return ZERO  # Taken off just now: the row that says so has the document read once more.
    given: dict[str, Decimal] = defaultdict(Decimal)
    for part in allocation.get("allocated_artefacts") or []:
        if part["amount"] < ZERO:
            given[part["artefact"]["id"]] -= part["amount"]
    with practice_transaction():
        notes = SageLink.objects.filter(sage_id__in=given, posting__kind=Posting.Kind.CREDIT_NOTE_CREATE)
        credited = set(notes.values_list("sage_id", flat=True))
        held = Payment.objects.filter(source=Payment.Source.SAGE, account_id__in=given)
        unknown = given.keys() - credited - set(held.values_list("account_id", flat=True))
    credited |= {key for key in sorted(unknown) if _is_credit_note(key, sage)}
    return sum((amount for key, amount in given.items() if key not in credited), ZERO)


def _is_credit_note(key: str, sage: SageClient) -> bool:
    try:
        return bool(sage.sales_credit_notes.get(key))
    except NotInSage:
        return False


def _stored(link: SageLink, sage: SageClient) -> SalesInvoice | None:
    try:
        return sage.sales_invoices.get(link.sage_id)
    except NotInSage:
        return None


def _read_entries(link: SageLink, sage: SageClient, mirror: Mirror) -> None:
    """Each payment and allocation that Sage or we set against the invoice, as it is now."""
    entries = sage.sales_invoices.payments_allocations(link.sage_id)
    payments = {paid["id"] for entry in entries if (paid := entry.get("contact_payment"))}
    allocations = {set_off["id"] for entry in entries if (set_off := entry.get("contact_allocation"))}
    with practice_transaction():
        held = dict(
            Allocation.objects.filter(
                invoice_id=link.posting.subject_id,
                payment__source=Payment.Source.SAGE,
                payment__reversed_at=None,
            ).values_list("payment__external_id", "payment__kind")
        )
    payments |= {key for key, kind in held.items() if kind != Payment.Kind.SET_AGAINST}
    allocations |= {key for key, kind in held.items() if kind == Payment.Kind.SET_AGAINST}
    for key in sorted(payments):
        try:
            payment = sage.contact_payments.get(key)
        except NotInSage:
            _take(mirror, mirror.gone, {"id": key})
        else:
            _take(mirror, mirror.payment, payment)
    for key in sorted(allocations):
        try:
            allocation = sage.contact_allocations.get(key)
        except NotInSage:
            _take(mirror, mirror.gone, {"id": key})
        else:
            _take(mirror, mirror.allocation, allocation)
    with practice_transaction():
        mirror.take_refused()


def _take(mirror: Mirror, handle: object, row: object) -> None:
    with practice_transaction():
        mirror.take(handle, row)  # type: ignore[arg-type]  # a handler and a row of its own kind
