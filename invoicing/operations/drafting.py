"""Drafts made out of what is there: the same invoice once more, or several lines made one."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from invoicing.errors import NothingToMerge
from invoicing.models import Invoice, InvoiceLine
from invoicing.operations.invoices import amend_draft, draft_invoice
from money.amounts import ZERO
from practices import audit


def duplicate_invoice(invoice: Invoice, *, on: date) -> Invoice:
    """A draft with the same client and lines, dated ``on`` and priced for that day."""
    lines = [_copy(line) for line in invoice.lines.select_related("tax_rate", "service")]
    draft = draft_invoice(invoice.client, lines, tax_point=on, source=Invoice.Source.INSTANT)
    audit.record("invoice.duplicated", draft, of=invoice.number_label, invoice=invoice.pk)
    return draft


def merge_lines(invoice: Invoice) -> Invoice:
    """The draft with one line for each VAT rate (G77); the net stays to the penny, the VAT is that of the sum.

    Lines entered with VAT in them stay what they come to with VAT.

    The line bears the name and service of the dearest, and its description names what was merged. Raises `NotADraft`
    or `NothingToMerge`.
    """
    lines = list(invoice.lines.select_related("tax_rate", "service"))
    groups: dict[int, list[InvoiceLine]] = defaultdict(list)
    for line in lines:
        groups[line.tax_rate_id].append(line)
    if len(groups) == len(lines):
        raise NothingToMerge(invoice)
    merged = amend_draft(invoice, [_merged(group) for group in groups.values()], tax_point=invoice.tax_point)
    audit.record("invoice.lines_merged", merged, lines=len(lines), into=len(groups))
    return merged


def _merged(lines: list[InvoiceLine]) -> InvoiceLine:
    if len(lines) == 1:
        return _copy(lines[0])
    dearest = max(lines, key=lambda line: line.net)
    net = sum((line.net for line in lines), ZERO)
    entered = [line.gross_price for line in lines if line.gross_price is not None]
    return InvoiceLine(
        service=dearest.service,
        name=dearest.name,
        description="\n".join(line.name for line in lines),
        quantity=Decimal(1),
        unit_price=net,
        gross_price=sum(entered, ZERO) if len(entered) == len(lines) else None,
        tax_rate=dearest.tax_rate,
    )


def _copy(line: InvoiceLine) -> InvoiceLine:
    names = ("service", "name", "description", "quantity", "unit_price", "gross_price", "tax_rate")
    return InvoiceLine(**{name: getattr(line, name) for name in names})
