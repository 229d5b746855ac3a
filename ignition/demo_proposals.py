"""Proposals of the demo in every state, so that the list, the pipeline and fee uplifts have something to show."""

from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from clients.models import Client, ContactPerson
from clients.queries import signatories_of
from invoicing.models import FeeUplift
from invoicing.uplifts import Reach, plan_uplift
from practices import audit
from practices.models import Practice, User
from proposals.models import Proposal, ProposalLine
from proposals.operations import draft_proposal, lose_proposal, request_review, send_proposal, sign_proposal
from proposals.operations.asking import note_visit
from proposals.operations.templates import keep_template, line_for
from proposals.periods import MONTH, after
from services.models import Service
from services.operations import add_service, category_named
from services.queries import default_tax_rate, price_on

PHONE = "Mozilla/5.0 (Linux; Android 14) Mobile"
#: From the addresses kept for documentation (RFC 5737).
ADDRESS = "203.0.113.7"
MONTHLY: dict[str, object] = {
    "billing": ProposalLine.Billing.RECURRING,
    "every": 1,
    "period": ProposalLine.Period.MONTH,
}
WHEN_DONE: dict[str, object] = {"billing": ProposalLine.Billing.ON_COMPLETION}


def tell_of_proposals(practice: Practice, owner: User) -> None:
    """A template, and proposals that were accepted, part signed, lost or wait for a review; an uplift to come."""
    today = practice.today()
    with audit.acting_as(owner):
        widen_library(today)
        first = Proposal.objects.order_by("number").first()
        assert first is not None  # noqa: S101 - the demo drafts it before
        keep_template(first, name="Limited company", description="Set-up, yearly accounts, monthly books")
        clients = list(Client.objects.order_by("pk"))
        accept_books(clients[-1], today)
        for client in clients[1:2]:
            half_sign(client, today)
        lost = sent(clients[0], "Tax planning", ["Tax advice"], WHEN_DONE, today)
        lose_proposal(lost, reason="Wants to wait until next year.")
        request_review(drafted(clients[0], "Group accounts", ["Annual accounts"], WHEN_DONE, today))
        raise_fees(today)


def widen_library(today: date) -> None:
    """Services whose price is confirmed before it is billed, under headings of their own."""
    advice = {"category": category_named("Advice"), "tax_rate": default_tax_rate()}
    hourly = Service(name="Tax advice", billing_basis=Service.BillingBasis.HOURLY, **advice)
    add_service(hourly, unit_price=Decimal(95), effective_from=today.replace(month=1, day=1))
    ranged = Service(name="VAT registration", billing_basis=Service.BillingBasis.RANGE, **advice)
    add_service(
        ranged,
        unit_price=Decimal(150),
        highest_price=Decimal(300),
        effective_from=today.replace(month=1, day=1),
    )


def drafted(client: Client, title: str, names: list[str], rule: dict[str, object], today: date) -> Proposal:
    """A draft that offers these services of the library by one billing rule, to begin next month."""
    begins = after(today.replace(day=1), 1, MONTH)
    proposal = Proposal(client=client, title=title, starts_on=begins, valid_until=today + timedelta(days=30))
    return draft_proposal(proposal, [offered(name, rule, today) for name in names])


def offered(name: str, rule: dict[str, object], today: date) -> ProposalLine:
    """The service as a line, at today's price."""
    service = Service.objects.select_related("tax_rate").get(name=name)
    line = line_for(service, quantity=Decimal(1), price=price_on(service, today), highest=None)
    for field, value in rule.items():
        setattr(line, field, value)
    return line


def sent(client: Client, title: str, names: list[str], rule: dict[str, object], today: date) -> Proposal:
    """The same, on its way to whoever signs, and opened."""
    proposal = send_proposal(drafted(client, title, names, rule, today), on=today)
    note_visit(proposal, "opened", ip=ADDRESS, user_agent=PHONE, now=timezone.now())
    return proposal


def accept_books(client: Client, today: date) -> None:
    """Monthly books, signed: billing begins next month."""
    proposal = sent(client, "Monthly books", ["Bookkeeping", "Payroll"], MONTHLY, today)
    for person in signatories_of(client):
        sign(proposal, person, today)


def half_sign(client: Client, today: date) -> None:
    """Two people sign, and one of them has; an add-on is theirs to choose."""
    ContactPerson.objects.create(
        client=client, name="Noor Aziz", email=f"noor@{client.pk}.example", is_signatory=True
    )
    draft = drafted(client, "Books and support", ["Bookkeeping"], MONTHLY, today)
    line = offered("Payroll", MONTHLY, today)
    line.proposal, line.group = draft, draft.groups.get()
    line.is_optional, line.is_taken = True, False
    line.save()
    proposal = send_proposal(draft, on=today)
    sign(proposal, signatories_of(client)[0], today)


def sign(proposal: Proposal, person: ContactPerson, today: date) -> None:
    """What the person's own signature leaves behind."""
    with audit.acting_as(None):
        sign_proposal(
            proposal,
            person,
            signed_name=person.name,
            document_sha256=proposal.document_sha256,
            on=today,
            ip=ADDRESS,
            user_agent=PHONE,
        )


def raise_fees(today: date) -> None:
    """Four percent from next April."""
    april = date(today.year + 1, 4, 1)
    plan_uplift(FeeUplift(title="Fees from April", percent=Decimal(4), effective_on=april), Reach(), on=today)
