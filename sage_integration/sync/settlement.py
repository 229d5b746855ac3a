"""An invoice whose settlement differs from Sage's, read entry by entry until both agree or the difference is known.

The change feeds bring what changed since they were read last. This is the net under them: rows that came late, payments
older than the connection, the opening state of an invoice when mirroring is switched on (D9).
"""

from invoicing.models import Allocation, Payment
from practices.tenancy import practice_transaction
from sage_integration.models import SageLink
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import NotInSage
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sync.comparison import Difference, compare
from sage_integration.sync.mirror import Mirror

SETTLED_DIFFERENTLY = "settled_differently"


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
