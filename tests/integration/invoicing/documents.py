"""What these tests bill: clients, services, accepted proposals and invoices of the practice acted for."""

from datetime import date
from decimal import Decimal

from clients.models import Client
from clients.operations import add_client
from invoicing.billing_run import BILLING
from invoicing.models import BillingSchedule, Invoice, InvoiceLine
from invoicing.operations import draft_invoice, issue_invoice, set_billing_rules
from ledger.models import LedgerSettings
from proposals.models import Proposal, ProposalLine
from proposals.signals import proposal_accepted
from services.models import Service, TaxRate
from services.operations import add_service
from tests import locks
from tests.factories import TODAY

MONTHLY = {"billing": "recurring", "every": 1, "period": "month"}
UPFRONT = {"billing": "upfront"}
ON_COMPLETION = {"billing": "on_completion"}


def a_client(name: str = "Acme Dental Ltd", **particulars) -> Client:
    return add_client(Client(name=name, **particulars), [])


def a_rate(code: str = "standard") -> TaxRate:
    return TaxRate.objects.filter(vat_code=code).first() or TaxRate.objects.create(
        name=code.title(), vat_code=code
    )


def a_service(name: str = "Annual accounts", price: str = "600", code: str = "standard") -> Service:
    found = Service.objects.filter(name=name).first()
    return found or add_service(
        Service(name=name, tax_rate=a_rate(code)), unit_price=Decimal(price), effective_from=date(2020, 1, 1)
    )


def a_line(name: str = "Annual accounts", price: str = "600", quantity: str = "1", code: str = "standard"):
    """An unsaved invoice line."""
    return InvoiceLine(
        service=a_service(name, price),
        name=name,
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        tax_rate=a_rate(code),
    )


def a_draft(client: Client | None = None, *lines: InvoiceLine, on: date = TODAY) -> Invoice:
    return draft_invoice(
        client or a_client(), lines or [a_line()], tax_point=on, source=Invoice.Source.INSTANT
    )


def an_invoice(client: Client | None = None, *lines: InvoiceLine, on: date = TODAY) -> Invoice:
    return issue_invoice(a_draft(client, *lines, on=on), on=on)


def a_proposal(*rules: dict, client: Client | None = None, starts_on: date = TODAY) -> Proposal:
    """A proposal the client has signed, with one line for each rule: billing, name, price, is_included."""
    proposal = Proposal.objects.create(
        client=client or a_client(),
        number=Proposal.objects.count() + 1,
        title="Engagement",
        starts_on=starts_on,
        valid_until=date(2030, 1, 1),
        status=Proposal.Status.ACCEPTED,
        document_sha256="0" * 64,
    )
    for position, rule in enumerate(rules):
        values = dict(rule)
        name, price = values.pop("name", f"Service {position + 1}"), values.pop("price", "100")
        ProposalLine.objects.create(
            proposal=proposal,
            position=position,
            service=a_service(name, price),
            name=name,
            unit_price=Decimal(price),
            tax_rate=a_rate(values.pop("code", "standard")),
            **values,
        )
    return proposal


def accept(proposal: Proposal, *, on: date = TODAY) -> None:
    """What the last signature does."""
    proposal_accepted.send(Proposal, proposal=proposal, on=on)


def a_schedule(
    rule: dict = MONTHLY, *, client: Client | None = None, starts_on: date = TODAY, on: date = TODAY
):
    """The schedule of an accepted proposal with one line."""
    proposal = a_proposal(rule, client=client, starts_on=starts_on)
    accept(proposal, on=on)
    return BillingSchedule.objects.get(proposal_line__proposal=proposal)


def bill_without_asking(**rules) -> None:
    """Bill missed periods by themselves, as a practice can choose to."""
    set_billing_rules(**{"grouping": "client", "needs_approval": False, "asks_about_missed": False} | rules)


def no_run_holds_its_lock() -> bool:
    """Whether the server has noticed that a killed run is gone; it does so once its last statement is over."""
    return not locks.is_held(BILLING)


def open_the_ledger() -> None:
    """Let postings leave, as Enable does."""
    LedgerSettings.objects.update(accepts_postings=True)


def many_schedules(count: int, *, on: date = TODAY, **values) -> list[BillingSchedule]:
    """So many clients, each with one monthly service that starts and is due on a day; made in a few statements."""
    service = a_service("Bookkeeping", "100")
    clients = Client.objects.bulk_create(
        Client(name=f"Client {number}", status=Client.Status.ACTIVE) for number in range(count)
    )
    proposals = Proposal.objects.bulk_create(
        Proposal(
            client=client,
            number=number,
            title="Engagement",
            starts_on=on,
            valid_until=date(2030, 1, 1),
            status=Proposal.Status.ACCEPTED,
            document_sha256="0" * 64,
        )
        for number, client in enumerate(clients, Proposal.objects.count() + 1)
    )
    common = {
        "service": service,
        "name": "Bookkeeping",
        "unit_price": Decimal(100),
        "tax_rate": service.tax_rate,
    } | MONTHLY
    lines = ProposalLine.objects.bulk_create(
        ProposalLine(proposal=proposal, **common) for proposal in proposals
    )
    dates = dict.fromkeys(("starts_on", "bills_from", "next_starts_on", "next_bill_on"), on)
    return BillingSchedule.objects.bulk_create(
        BillingSchedule(
            client=line.proposal.client, proposal_line=line, **{"quantity": 1} | common | dates | values
        )
        for line in lines
    )
