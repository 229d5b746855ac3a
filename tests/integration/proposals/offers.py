"""What these tests offer: clients who sign, services with prices, proposals in each state."""

from datetime import date, timedelta
from decimal import Decimal

from clients.models import Client, ContactPerson
from clients.operations import add_client
from clients.queries import signatories_of
from proposals.models import Proposal, ProposalLine
from proposals.operations import draft_proposal, send_proposal, sign_proposal
from services.models import Service, TaxRate
from services.operations import add_service
from tests.factories import TODAY

UPFRONT = {"billing": "upfront"}
ON_COMPLETION = {"billing": "on_completion"}
MONTHLY = {"billing": "recurring", "every": 1, "period": "month"}
QUARTERLY = {"billing": "recurring", "every": 3, "period": "month"}


def a_client(*signatories: str, name: str = "Acme Dental Ltd") -> Client:
    """A client; each of these people signs for it."""
    people = [
        ContactPerson(name=person, email=f"{person.split()[0].lower()}@acme.example", is_signatory=True)
        for person in signatories
    ]
    return add_client(Client(name=name, address_line_1="1 Mill Lane", city="Leeds"), people)


def a_service(name: str = "Bookkeeping", price: str = "100", code: str = "standard") -> Service:
    """A service of the library, priced since 2020."""
    found = Service.objects.filter(name=name).first()
    rate = TaxRate.objects.get(vat_code=code)
    return found or add_service(
        Service(name=name, tax_rate=rate), unit_price=Decimal(price), effective_from=date(2020, 1, 1)
    )


def a_line(rule: dict = UPFRONT, name: str = "Bookkeeping", price: str = "100", **values) -> ProposalLine:
    """An unsaved line."""
    service = a_service(name, price)
    values = {"quantity": Decimal(1), "tax_rate": service.tax_rate} | values
    return ProposalLine(service=service, name=name, unit_price=Decimal(price), **rule, **values)


def a_draft(*lines: ProposalLine, client: Client | None = None, on: date = TODAY, **values) -> Proposal:
    """A draft for a client for whom Mara Hill signs, valid for 30 days."""
    values = {"title": "Engagement", "starts_on": on, "valid_until": on + timedelta(days=30)} | values
    proposal = Proposal(client=client or a_client("Mara Hill"), **values)
    return draft_proposal(proposal, lines or [a_line(), a_line(MONTHLY)])


def a_sent(*lines: ProposalLine, on: date = TODAY, **values) -> Proposal:
    """A proposal that waits for its signatures."""
    return send_proposal(a_draft(*lines, on=on, **values), on=on)


def sign(proposal: Proposal, nth: int = 0, *, on: date = TODAY, **values):
    """The signature of the client's nth signatory, under what the client was shown."""
    person = signatories_of(proposal.client)[nth]
    values = {"signed_name": person.name, "document_sha256": proposal.document_sha256} | values
    return sign_proposal(proposal, person, on=on, **values)


def as_it_is(proposal: Proposal) -> Proposal:
    """The proposal as the database has it now."""
    return Proposal.objects.get(pk=proposal.pk)
