"""Invoices and credit notes on paper: our own PDF, which is never given under the ledger's name (F11)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clients.models import Client
from invoicing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine, InvoicingSettings
from invoicing.operations.settings import invoicing_settings
from money.amounts import Amounts, total
from money.vat import VatCode
from practices.letterhead import letterhead_lines, profile_of
from practices.models import Practice, PracticeProfile
from practices.pdf import pdf_of
from practices.templatetags.dates import written_date
from practices.templatetags.money_tags import written
from practices.tenancy import acting_practice_id

#: What stands where a rate would: a mark that there is no VAT, and why (VAT Regulations 1995, 14(1)).
NO_VAT: dict[str, str] = {VatCode.EXEMPT: "Exempt", VatCode.OUTSIDE_SCOPE: "No VAT", VatCode.ZERO: "0%"}
Line = InvoiceLine | CreditNoteLine


@dataclass(frozen=True, slots=True)
class Sender:
    """The practice as its documents show it, read once for many of them."""

    practice: Practice
    profile: PracticeProfile
    lines: list[str]
    settings: InvoicingSettings

    @classmethod
    def of_the_practice(cls) -> "Sender":
        """As it is now."""
        practice = Practice.objects.get(pk=acting_practice_id())
        return cls(practice, profile_of(practice), letterhead_lines(practice), invoicing_settings())

    @property
    def letterhead(self) -> dict[str, Any]:
        """Name and lines for the top of the page, the numbers the law asks for among them."""
        numbers = [("Company number", self.profile.company_number), ("VAT number", self.practice.vat_number)]
        lines = [*self.lines, *(f"{label} {number}" for label, number in numbers if number)]
        return {"name": self.practice.name, "lines": lines}


def invoice_pdf(invoice: Invoice, sender: Sender | None = None) -> bytes:
    """Our PDF of an invoice with its client and lines loaded: the same bytes as long as nothing on it changes."""
    sender = sender or Sender.of_the_practice()
    lines = printed_lines(invoice, sender.settings)
    is_vat_invoice = bool(sender.practice.vat_number)
    title = "VAT invoice" if is_vat_invoice else "Invoice"
    data = _document(sender, invoice.client, lines, invoice.amounts) | {
        "title": f"{title} {invoice.number_label}" if invoice.number else "Draft invoice",
        "note": _note(invoice),
        "facts": [
            ["Number", invoice.number_label],
            ["Invoice date and tax point", written_date(invoice.tax_point)],
            ["Payment due", written_date(invoice.due_on)],
        ],
        "pay_title": "Nothing for you to pay"
        if invoice.client.is_collected
        else f"How to pay by {written_date(invoice.due_on)}",
        "pay": _paragraphs(how_to_pay(invoice, sender.settings)),
    }
    return pdf_of("invoice", data, at=invoice.issued_at or invoice.created_at)


def how_to_pay(invoice: Invoice, settings: InvoicingSettings) -> str:
    """The practice's words on how to pay, or that the money is fetched: asked as well, a client pays twice (P21)."""
    if invoice.client.is_collected:
        day = written_date(invoice.due_on)
        return f"We collect this by Direct Debit on or after {day}. Please do not pay it yourself as well."
    return settings.payment_instructions


def printed_lines(invoice: Invoice, settings: InvoicingSettings) -> list[Line]:
    """The lines of an invoice as our PDF shows them: each, or as few as the practice or its client wants (G77)."""
    if settings.merges(invoice.source, invoice.client.invoice_layout):
        return merged_lines(invoice.lines.all())
    return list(invoice.lines.all())


def merged_lines(lines: Iterable[InvoiceLine]) -> list[Line]:
    """One unsaved line for each VAT rate, to the penny what its lines come to; a rate with one line keeps it (G77)."""
    groups: dict[tuple[str, Decimal], list[InvoiceLine]] = defaultdict(list)
    for line in lines:
        groups[line.vat_code, line.vat_percent].append(line)
    return [_as_one(group) if len(group) > 1 else group[0] for group in groups.values()]


def _as_one(lines: Sequence[InvoiceLine]) -> InvoiceLine:
    amounts = total(line.amounts for line in lines)
    return InvoiceLine(
        name="; ".join(line.name for line in lines),
        quantity=Decimal(1),
        unit_price=amounts.net,
        vat_code=lines[0].vat_code,
        vat_percent=lines[0].vat_percent,
        net=amounts.net,
        vat=amounts.vat,
    )


def credit_note_pdf(note: CreditNote, sender: Sender | None = None) -> bytes:
    """Our PDF of a credit note with its client, invoice and lines loaded."""
    sender = sender or Sender.of_the_practice()
    data = _document(sender, note.client, list(note.lines.all()), note.amounts) | {
        "title": f"Credit note {note.number_label}",
        "note": f"Takes back invoice {note.invoice.number_label} of {written_date(note.invoice.tax_point)}.",
        "facts": [
            ["Number", note.number_label],
            ["Date", written_date(note.issued_on)],
            ["Of invoice", note.invoice.number_label],
            ["Reason", note.reason],
        ],
        "pay_title": "",
        "pay": [],
    }
    return pdf_of("invoice", data, at=note.created_at)


def _note(invoice: Invoice) -> str:
    if invoice.status == Invoice.Status.DRAFT:
        return "Draft: not a VAT invoice, nothing is owed on it yet."
    if invoice.status == Invoice.Status.VOID:
        return "Void: this invoice was cancelled, nothing is owed on it."
    return ""


def _document(sender: Sender, client: Client, lines: Sequence[Line], amounts: Amounts) -> dict[str, Any]:
    shows = sender.settings.includes_descriptions
    vat_number = [f"VAT number {client.vat_number}"] if client.vat_number else []
    currency = sender.practice.currency
    return {
        "accent": sender.profile.brand_colour,
        "from": sender.letterhead,
        "to_label": "To",
        "to": {"name": client.name, "lines": [*client.address_lines, *vat_number]},
        "footer": [sender.practice.name],
        "lines": [_line(line, currency, shows=shows) for line in lines],
        "rates": _rates(lines, currency),
        "totals": [
            ["Net", written(amounts.net, currency)],
            ["VAT", written(amounts.vat, currency)],
            ["Total", written(amounts.gross, currency)],
        ],
    }


def _line(line: Line, currency: str, *, shows: bool) -> dict[str, str]:
    return {
        "name": line.name,
        "description": line.description if shows else "",
        "quantity": f"{line.quantity.normalize():f}",
        "price": written(line.unit_price, currency),
        "rate": _rate(line),
        "net": written(line.net, currency),
        "vat": written(line.vat, currency),
        "gross": written(line.amounts.gross, currency),
    }


def _rate(line: Line) -> str:
    return NO_VAT.get(line.vat_code, f"{line.vat_percent.normalize():f}%")


def _rates(lines: Sequence[Line], currency: str) -> list[list[str]]:
    """Net and VAT by rate, the highest first: what the VAT return adds up."""
    grouped: dict[tuple[Decimal, str], list[Amounts]] = defaultdict(list)
    for line in lines:
        grouped[-line.vat_percent, _rate(line)].append(line.amounts)
    summed = [(rate, total(grouped[key, rate])) for key, rate in sorted(grouped)]
    return [[rate, written(each.net, currency), written(each.vat, currency)] for rate, each in summed]


def _paragraphs(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
