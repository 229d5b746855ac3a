"""How a demo practice's invoices stand in Sage, without any Sage: the records that copying and comparing leave.

They belong to no company, so nothing is ever asked of Sage or sent there for them.
"""

from decimal import Decimal

from django.utils import timezone

from invoicing.models import Invoice
from ledger import copies
from ledger.leases import lease_due_postings
from ledger.models import Posting
from ledger.outbox import mark_failed, mark_posted
from practices import audit
from practices.templatetags.money_tags import written
from sage_integration.models import SageLink, SageTaxRate, SyncRun
from sage_integration.sync.comparison import Difference
from sage_integration.sync.snapshots import Snapshot
from sage_integration.sync.standing_differences import keep_difference

#: The company of made-up copies: none.
NO_COMPANY = ""
RATE, ACCOUNT = "Standard 20.00%", "Sales (4000)"
FIRST_NUMBER, REFUSED = 1001, 1002
#: What somebody is said to have added to the newest invoice over there, net and VAT in pounds.
ADDED = Decimal("5.00"), Decimal("1.00")


def copy_to_no_sage() -> None:
    """Almost every invoice is there, one was refused, the newest was changed there, and a comparison found that."""
    SageTaxRate.objects.create(
        sage_id=RATE, name="Standard 20.00% (demo)", percentage=Decimal(20), seen_at=timezone.now()
    )
    began, number, link = timezone.now(), FIRST_NUMBER, None
    while leased := lease_due_postings():
        for posting in leased:
            if number == REFUSED:
                mark_failed(posting, failure="MappingMissing", detail="A demo of a refusal.")
            else:
                link = _arrive(posting, number) or link
            number += 1
    Posting.objects.filter(status=Posting.Status.PENDING).update(status=Posting.Status.HELD)
    if link is not None:
        _change_there(link)
    counts = {"checked": SageLink.objects.count(), "differing": int(link is not None)}
    SyncRun.objects.create(
        kind=SyncRun.Kind.AUDIT, started_at=began, finished_at=timezone.now(), counts=counts
    )


def _arrive(posting: Posting, number: int) -> SageLink | None:
    """The posting in Sage under this number; the link of an invoice's copy."""
    label = f"SI-{number}"
    mark_posted(posting, external_id=f"demo-{number}", number=label)
    audit.record("posting.posted", posting, reference=posting.reference, number=label, adopted=False)
    if posting.kind != Posting.Kind.INVOICE_CREATE:
        return None
    invoice = Invoice.objects.select_related("client").get(pk=posting.subject_id)
    return SageLink.objects.create(
        posting=posting,
        business_id=NO_COMPANY,
        sage_id=f"demo-{number}",
        sage_number=label,
        net=invoice.net,
        vat=invoice.vat,
        copied=_as_copied(invoice, label),
    )


def _as_copied(invoice: Invoice, number: str) -> Snapshot:
    lines = [
        {
            "description": line.name,
            "account": ACCOUNT,
            "rate": RATE,
            "quantity": f"{line.quantity:.2f}",
            "unit_price": f"{line.unit_price:.2f}",
            "net": f"{line.net:.2f}",
            "vat": f"{line.vat:.2f}",
        }
        for line in invoice.lines.all()
    ]
    return {
        "contact": f"demo-contact-{invoice.client_id}",
        "contact_name": invoice.client.name,
        "number": number,
        "date": invoice.tax_point.isoformat(),
        "due_date": invoice.due_on.isoformat(),
        "net": f"{invoice.net:.2f}",
        "vat": f"{invoice.vat:.2f}",
        "lines": lines,
    }


def _change_there(link: SageLink) -> None:
    """As if somebody had raised the price in Sage, and the comparison had seen it."""
    invoice = Invoice.objects.get(pk=link.posting.subject_id)
    link.net, link.vat = link.net + ADDED[0], link.vat + ADDED[1]
    first, *others = link.copied["lines"]
    price = f"{Decimal(first['unit_price']) + ADDED[0]:.2f}"
    net, vat = Decimal(first["net"]) + ADDED[0], Decimal(first["vat"]) + ADDED[1]
    raised = first | {"unit_price": price, "net": f"{net:.2f}", "vat": f"{vat:.2f}"}
    amounts = {"net": f"{link.net:.2f}", "vat": f"{link.vat:.2f}"}
    link.seen = link.copied | amounts | {"lines": [raised, *others]}
    link.save(update_fields=["net", "vat", "seen"])
    copies.mark_found(link.posting, standing=Posting.Standing.CHANGED, blocked="")
    amounts = {"net": str(link.net), "vat": str(link.vat)}
    audit.record("invoice.changed_in_sage", invoice, number=link.sage_number, **amounts)
    in_sage = f"{link.sage_number} in Sage is {written(link.gross)}"
    words = f"{invoice.number_label} is {written(invoice.gross)}, and {in_sage}."
    keep_difference(link, Difference("differing", words))
