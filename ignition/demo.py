"""Two demo practices with made-up clients, so that there is something to look at and isolation is real."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from clients.models import Client, ContactPerson
from clients.operations import add_client, add_group, review_client, tag_client, write_note
from clients.operations.records import assign_client
from ignition.demo_proposals import tell_of_proposals
from invoicing.operations import set_sending_rules
from practices.models import Membership, Practice, PracticeProfile, User
from practices.operations import amend_profile, open_practice
from practices.tenancy import practice_scope
from proposals.models import BrochureBlock, Proposal, ProposalLine
from proposals.operations import draft_proposal
from proposals.operations.terms import save_block
from services.models import Service, TaxRate
from services.operations import add_service

PASSWORD = "ignition-demo"  # noqa: S105 - printed for everybody who tries the demo
Basis = Service.BillingBasis
Kind = Client.Kind


@dataclass(frozen=True, slots=True)
class DemoService:
    """What a demo practice sells, and how it is billed in its demo proposal."""

    name: str
    price: str
    basis: str
    description: str
    billing: str = ProposalLine.Billing.UPFRONT
    months: int | None = None
    unit: str = ""


SERVICES = (
    DemoService(
        "Company set-up",
        "250",
        Basis.FIXED,
        "We register the company with HMRC and set up its books.",
    ),
    DemoService(
        "Annual accounts",
        "850",
        Basis.FIXED,
        "Statutory accounts and the company tax return, filed in time.",
        ProposalLine.Billing.ON_COMPLETION,
    ),
    DemoService(
        "Bookkeeping",
        "180",
        Basis.FIXED,
        "Monthly bookkeeping with bank reconciliation and a VAT return every quarter.",
        ProposalLine.Billing.RECURRING,
        1,
    ),
    DemoService(
        "Payroll",
        "6.50",
        Basis.UNIT,
        "Payslips and filings, per employee.",
        ProposalLine.Billing.RECURRING,
        1,
        "employee",
    ),
    DemoService("Telephone support", "0", Basis.INCLUDED, "Ring us whenever a question comes up."),
)


@dataclass(frozen=True, slots=True)
class DemoClient:
    """A client of a demo practice and the person who signs for it."""

    name: str
    kind: str
    street: str
    town: str
    postcode: str
    signatory: str
    email: str


CLIENTS = {
    "Brook & Co": (
        DemoClient(
            name="Harbour Bakery Ltd",
            kind=Kind.COMPANY,
            street="14 Quay Street",
            town="Whitby",
            postcode="YO21 3PU",
            signatory="Mina Okafor",
            email="mina@harbour.example",
        ),
        DemoClient(
            name="Fenwick Joinery",
            kind=Kind.SOLE_TRADER,
            street="3 Tannery Lane",
            town="Hexham",
            postcode="NE46 1AB",
            signatory="Tom Fenwick",
            email="tom@fenwick.example",
        ),
        DemoClient(
            name="Saltmarsh Community Trust",
            kind=Kind.CHARITY,
            street="The Old School",
            town="Maldon",
            postcode="CM9 5QP",
            signatory="Ines Carver",
            email="ines@saltmarsh.example",
        ),
    ),
    "Cedar LLP": (
        DemoClient(
            name="Orchard Vets Ltd",
            kind=Kind.COMPANY,
            street="22 Mill Road",
            town="Ely",
            postcode="CB7 4AS",
            signatory="Hari Dutt",
            email="hari@orchard.example",
        ),
    ),
}


def seed() -> bool:
    """Both demo practices; False when they were there already."""
    if Practice.objects.filter(slug="brook-co").exists():
        return False
    alice = person("Alice Brook", "alice@brook.example")
    bob = person("Bob Marsh", "bob@brook.example")
    carol = person("Carol Cedar", "carol@cedar.example")
    User.objects.create_superuser("operator@ignition.example", PASSWORD, name="Olive Operator")
    brook, cedar = open_practice(alice, "Brook & Co"), open_practice(carol, "Cedar LLP")
    Membership.objects.create(practice=brook, user=bob, role=Membership.Role.STAFF)
    for practice, owner in ((brook, alice), (cedar, carol)):
        with practice_scope(practice.pk):
            stock(practice)
            tell_of_proposals(practice, owner)
    return True


def person(name: str, email: str) -> User:
    """A demo person with the demo password."""
    return User.objects.create_user(email, PASSWORD, name=name)


def stock(practice: Practice, people: Sequence[DemoClient] = ()) -> None:
    """Services, clients and one drafted proposal for the practice whose scope is open."""
    today = practice.today()
    introduce(practice)
    rate = TaxRate.objects.offered().first()
    services = [
        add_service(
            Service(
                name=item.name,
                description=item.description,
                billing_basis=item.basis,
                unit_name=item.unit,
                tax_rate=rate,
            ),
            unit_price=Decimal(item.price),
            effective_from=today.replace(month=1, day=1),
        )
        for item in SERVICES
    ]
    clients = [add_demo_client(item) for item in people or CLIENTS[practice.name]]
    proposal = Proposal(
        client=clients[0],
        title="Accounts and bookkeeping",
        starts_on=today.replace(day=1),
        valid_until=today + timedelta(days=30),
        message="It was good to meet you. This is what we would do for you, and what it costs.",
    )
    draft_proposal(proposal, [demo_line(*pair) for pair in zip(SERVICES, services, strict=True)])
    tell_about(clients[0], practice)


def tell_about(client: Client, practice: Practice) -> None:
    """What a practice comes to know of a client: who looks after it, its checks, tags, a group and a note."""
    owner = (
        Membership.objects.filter(practice=practice, role=Membership.Role.OWNER)
        .select_related("user")[0]
        .user
    )
    today = practice.today()
    assign_client(client, "manager", owner)
    tag_client(client, ["Payroll", "VIP"])
    add_group("The Quay family", [client])
    next_year = today + timedelta(days=365)
    review_client(client, status=Client.Aml.CLEARED, reviewer=owner, on=today, next_on=next_year)
    write_note(client, "Rings on Mondays. Prefers to be written to.")


def introduce(practice: Practice) -> None:
    """What the practice's letters and messages say about it, and something it likes to tell."""
    amend_profile(
        PracticeProfile(
            address="5 Exchange Street\nLeeds\nLS1 4AB",
            phone="0113 496 0123",
            email=f"hello@{practice.slug}.example",
            principal="The principal",
            supervisory_body="A professional body",
            region=PracticeProfile.Region.ENGLAND_AND_WALES,
            insurer="An insurer",
            complaints_officer="The principal",
            data_protection_officer="The principal",
        )
    )
    set_sending_rules(
        payment_instructions=f"Please pay to {practice.name}, sort code 00-00-00, account 00000000, and quote the "
        "invoice number.",
        emails_invoices=False,
        reminder_days=[-3, 7, 14],
    )
    save_block(
        BrochureBlock(
            title="About us", body="{{practice.name}} looks after small companies and their owners."
        )
    )


def add_demo_client(item: DemoClient) -> Client:
    """The client with its signatory."""
    client = Client(
        name=item.name,
        kind=item.kind,
        address_line_1=item.street,
        city=item.town,
        postal_code=item.postcode,
    )
    return add_client(client, [ContactPerson(name=item.signatory, email=item.email, is_signatory=True)])


def demo_line(item: DemoService, service: Service) -> ProposalLine:
    """The service as a line of the demo proposal."""
    return ProposalLine(
        service=service,
        name=item.name,
        description=item.description,
        is_included=item.basis == Basis.INCLUDED,
        quantity=Decimal(12 if item.basis == Basis.UNIT else 1),
        unit_price=Decimal(item.price),
        tax_rate=service.tax_rate,
        billing=item.billing,
        every=item.months,
        period=ProposalLine.Period.MONTH if item.months else "",
    )
