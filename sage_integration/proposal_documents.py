"""The first invoice of a proposal as Sage would hold it, before anything is sent or signed; nothing is stored."""

from datetime import date
from decimal import Decimal

from invoicing.models import Invoice, InvoiceLine
from invoicing.operations.invoices import price_lines
from invoicing.operations.settings import invoicing_settings
from invoicing.terms import due_on
from proposals.bills import first_bill, offered_lines
from proposals.models import Proposal, ProposalLine
from sage_integration.mappers import Rules
from sage_integration.preview import NOT_LOOKED_UP, AsSageShows, Standing

Billing = ProposalLine.Billing


def first_document(
    proposal: Proposal, rules: Rules, *, on: date, contact: Standing = NOT_LOOKED_UP
) -> AsSageShows | None:
    """What the first bill of a proposal that is accepted on a day becomes; None where nothing is dated yet."""
    option = proposal.options.first()
    lines = list(proposal.lines.select_related("service", "tax_rate", "group"))
    offered = offered_lines(lines, option.pk if option else None)
    found = first_bill(
        offered,
        starts_on=proposal.starts_on,
        accepted_on=on,
        invoice_day=proposal.client.invoice_day or proposal.practice.invoice_day,
    )
    if found is None:
        return None
    day, billed = found
    invoice_lines = [_line_of(line) for line in billed]
    amounts = price_lines(invoice_lines, day)
    recurs = all(line.billing == Billing.RECURRING for line in billed)
    settings = invoicing_settings()
    invoice = Invoice(
        client=proposal.client,
        source=Invoice.Source.RECURRING if recurs else Invoice.Source.UPFRONT,
        tax_point=day,
        due_on=due_on(day, settings.automatic_terms_days if recurs else settings.manual_terms_days),
        net=amounts.net,
        vat=amounts.vat,
    )
    return AsSageShows(invoice, invoice_lines, rules, contact=contact)


def _line_of(line: ProposalLine) -> InvoiceLine:
    is_deposit = line.billing == Billing.ON_COMPLETION and bool(line.deposit)
    return InvoiceLine(
        service=line.service,
        name=f"Deposit: {line.name}"[:120] if is_deposit else line.name,
        description="" if is_deposit else line.description,
        quantity=Decimal(1) if is_deposit else line.quantity,
        unit_price=line.deposit if is_deposit else line.billed_price,
        tax_rate=line.tax_rate,
    )
