"""Which rows of a page of a change feed bring anything: the others cost a few statements together, and none alone.

The last rows of a feed come again with each reading, for as long as nothing newer comes: after a month's invoices these
are hundreds. And most of what a company writes is none of our business. A row is left out here only where handling it
would read what is there and write nothing; whatever is in doubt is handled.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from invoicing.models import Allocation, Invoice, Payment
from money.amounts import ZERO
from sage_integration.models import SageConnection
from sage_integration.sage.resources.contact_allocations import ContactAllocation
from sage_integration.sage.resources.contact_payments import CUSTOMER_RECEIPT, ContactPayment
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sync.comparison import is_as_known
from sage_integration.sync.feeds import instant
from sage_integration.sync.own_allocations import invoices_of_ours
from sage_integration.sync.wanted import Copies

Row = Mapping[str, Any]


def named_in(rows: Sequence[Row]) -> set[str]:
    """The documents that rows of a page are, or set something against."""
    return {row["id"] for row in rows} | _artefacts(rows)


def changed_invoices(rows: Sequence[Any], copies: Copies, noted: Collection[int]) -> list[SalesInvoice]:
    """Newest copies of invoices of ours that are not as they are known; links ``noted`` are handled whatever they say.

    ``copies`` are those among what is `named_in` the rows, here and below.
    """
    links = copies.newest
    if not links:
        return []
    invoices = Invoice.objects.in_bulk({link.posting.subject_id for link in links.values()})
    locked_until = SageConnection.objects.live().values_list("locked_until", flat=True).first()
    return [
        row
        for row in rows
        if (link := links.get(row["id"]))
        and (link.pk in noted or not is_as_known(link, invoices[link.posting.subject_id], row, locked_until))
    ]


def gone_invoices(rows: Sequence[Any], copies: Copies) -> list[SalesInvoice]:
    """Those that are newest copies of invoices of ours."""
    return [row for row in rows if row["id"] in copies.newest]


def gone_payments(rows: Sequence[Row]) -> list[Row]:
    """Those that are held here and count."""
    held = _held(rows).filter(reversed_at=None)
    known = set(held.values_list("external_id", flat=True))
    return [row for row in rows if row["id"] in known]


def gone_allocations(rows: Sequence[Row], business_id: str) -> list[Row]:
    """Those that are held here and count, or were made from here."""
    wanted = {row["id"] for row in gone_payments(rows)} | invoices_of_ours(rows, business_id).keys()
    return [row for row in rows if row["id"] in wanted]


def changed_payments(rows: Sequence[ContactPayment], copies: Copies) -> list[ContactPayment]:
    """What is not held as it is now; of receipts that pay our invoices and nothing else, field by field."""
    known = {each.external_id: each for each in _held(rows)}
    settles = _settles(rows, copies)
    held: dict[int, dict[int, Decimal]] = defaultdict(dict)
    parts = Allocation.objects.filter(payment__in=[each.pk for each in known.values()])
    for payment_id, invoice_id, amount in parts.values_list("payment_id", "invoice_id", "amount"):
        held[payment_id][invoice_id] = amount
    return [row for row in rows if not _is_held_so(row, known.get(row["id"]), settles[row["id"]], held)]


def changed_allocations(rows: Sequence[ContactAllocation], copies: Copies) -> list[ContactAllocation]:
    """Those that are held here, touch invoices of ours, or take from what is held on account."""
    known = set(_held(rows).values_list("external_id", flat=True))
    settles = _settles(rows, copies)
    accounts = Payment.objects.filter(source=Payment.Source.SAGE, account_id__in=_artefacts(rows))
    drawn = set(accounts.values_list("account_id", flat=True))
    return [
        row
        for row in rows
        if row["id"] in known or settles[row["id"]] or drawn.intersection(_artefacts([row]))
    ]


def _held(rows: Sequence[Row]) -> Any:
    keys = [row["id"] for row in rows]
    return Payment.objects.filter(source=Payment.Source.SAGE, external_id__in=keys)


def _artefacts(rows: Sequence[Row]) -> set[str]:
    return {part["artefact"]["id"] for row in rows for part in row.get("allocated_artefacts") or []}


def _settles(rows: Sequence[Row], copies: Copies) -> dict[str, list[tuple[int, Decimal]]]:
    """By row: the invoices of ours whose newest copies are among its parts, each with the amount, discount included."""
    links = copies.newest
    return {
        row["id"]: [
            (links[key].posting.subject_id, part["amount"] + (part.get("discount") or ZERO))
            for part in row.get("allocated_artefacts") or []
            if (key := part["artefact"]["id"]) in links
        ]
        for row in rows
    }


def _is_held_so(
    row: ContactPayment,
    known: Payment | None,
    settles: list[tuple[int, Decimal]],
    held: Mapping[int, Mapping[int, Decimal]],
) -> bool:
    """Whether taking a payment over once more would change nothing."""
    if row["transaction_type"]["id"] != CUSTOMER_RECEIPT or row.get("payment_on_account"):
        return False
    if known is None:
        return not settles
    parts = row.get("allocated_artefacts") or []
    discounts = sum((part.get("discount") or ZERO for part in parts), ZERO)
    as_told = (
        Payment.Kind.RECEIVED,
        instant(row["updated_at"]),
        row["date"],
        row["total_amount"] + discounts,
        str(row.get("reference") or "")[:255],
        sorted(settles),
    )
    as_held = (
        known.kind,
        known.external_updated_at,
        known.received_on.isoformat(),
        known.amount,
        known.reference,
        sorted(held.get(known.pk, {}).items()),
    )
    is_plain = not (known.reversed_at or known.account_id or known.drawn)
    return is_plain and as_told == as_held
