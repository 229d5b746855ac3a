"""An invoice as plain values: what is kept of it before it is amended, and what tells two revisions apart."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from invoicing.models import Invoice, InvoiceLine, InvoiceRevision

Particulars = dict[str, Any]


def particulars_of(invoice: Invoice, lines: Sequence[InvoiceLine]) -> Particulars:
    """Dates, amounts in pounds and lines of an invoice as JSON; amounts are texts with two places."""
    return {
        "tax_point": invoice.tax_point.isoformat(),
        "due_on": invoice.due_on.isoformat(),
        "net": _pounds(invoice.net),
        "vat": _pounds(invoice.vat),
        "lines": [_line(line) for line in lines],
    }


def _line(line: InvoiceLine) -> Particulars:
    return {
        "service": line.service_id,
        "name": line.name,
        "description": line.description,
        "quantity": f"{line.quantity:.2f}",
        "unit_price": f"{line.unit_price:.4f}",
        "tax_rate": line.tax_rate_id,
        "net": _pounds(line.net),
        "vat": _pounds(line.vat),
        **({} if line.gross_price is None else {"gross_price": _pounds(line.gross_price)}),
    }


def lines_from(particulars: Particulars) -> list[InvoiceLine]:
    """Unsaved lines as they were, still to be priced."""
    return [
        InvoiceLine(
            service_id=line["service"],
            name=line["name"],
            description=line["description"],
            quantity=Decimal(line["quantity"]),
            unit_price=Decimal(line["unit_price"]),
            gross_price=Decimal(line["gross_price"]) if "gross_price" in line else None,
            tax_rate_id=line["tax_rate"],
        )
        for line in particulars["lines"]
    ]


def dates_from(particulars: Particulars) -> tuple[date, date]:
    """Tax point and due date as they were."""
    return date.fromisoformat(particulars["tax_point"]), date.fromisoformat(particulars["due_on"])


def as_of(invoice: Invoice, revision: int) -> Particulars:
    """The particulars of an invoice in one of its revisions, the present one included; its lines have to be loaded.

    The next older revision that was kept holds good for one that was not.
    """
    kept = (
        InvoiceRevision.objects.filter(invoice=invoice, revision__gte=revision).order_by("revision").first()
    )
    return dict(kept.particulars) if kept else particulars_of(invoice, list(invoice.lines.all()))


def _pounds(amount: Decimal) -> str:
    return f"{amount:.2f}"
