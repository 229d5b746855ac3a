"""A large database, made by the server itself from one row of each kind: practices, clients, invoices, postings."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from clients.models import Client
from devtools.bench.billing_population import as_owner, multiply
from devtools.terminal import say
from invoicing.models import BillingSchedule, Invoice, InvoiceLine, InvoiceNumbering
from ledger.models import LedgerSettings, Posting
from practices.models import AuditEntry, User
from practices.operations import open_practice
from practices.tenancy import practice_scope
from proposals.models import Proposal, ProposalLine
from sage_integration.models import SageConnection
from services.models import Service, TaxRate

#: The largest practice has this part of the invoices.
SHARE_OF_THE_LARGEST = 10
#: Invoices a client has in the other practices.
INVOICES_A_CLIENT = 25
#: Documents that Sage refused, in each practice; twice as many wait. Neither grows with what was ever billed.
REFUSED = 100
#: Invoices are spread over so many days.
DAYS = 1000
NET, VAT = Decimal("165.53"), Decimal("33.11")
NAMES = "(ARRAY['Harbour','Fenwick','Saltmarsh','Orchard','Bramble','Cobalt','Dovetail','Ember','Granite','Juniper'])"
TRADES = "(ARRAY['Bakery','Joinery','Vets','Dental','Yachts','Farm','Studio'])"
#: Of twenty invoices, so many are still owed: the newest, and a few old ones.
IS_OWED = "mod(nth, 20) = 0 OR nth > {recent}"


@dataclass(frozen=True, slots=True)
class Measured:
    """A practice of the measurement."""

    pk: int
    slug: str
    invoices: int


def populate(invoices: int, practices: int, clients: int, people: Sequence[User]) -> list[Measured]:
    """The practices, the largest first; the first and the last have an owner of their own, the rest one together.

    The last has as many invoices a client as the first, so that their lists differ in nothing but what is behind them.
    """
    largest = max(invoices // SHARE_OF_THE_LARGEST, invoices // practices)
    others = (invoices - largest) // max(practices - 1, 1)
    alike = (
        {0: clients, practices - 1: max(clients * others // largest, 1)} if practices > 1 else {0: clients}
    )
    made = []
    for number in range(practices):
        person = people[0] if number == 0 else people[-1] if number == practices - 1 else people[1]
        share = others if number else largest
        opened = open_practice(person, f"Practice {number + 1}")
        with practice_scope(opened.pk):
            _fill(share, alike.get(number, max(share // INVOICES_A_CLIENT, 1)), opened.today(), person)
        made.append(Measured(opened.pk, opened.slug, share))
        if number % 20 == 0:
            say(f"{number + 1} of {practices} practices")
    with as_owner() as cursor:
        # As the server does by itself once it has time: what is known to be visible to all needs no look at the row.
        cursor.execute("VACUUM (ANALYZE)")
    return made


def _fill(invoices: int, clients: int, today: date, person: User) -> None:
    LedgerSettings.objects.update(accepts_postings=True)
    _connect(person)
    rate = TaxRate.objects.get(vat_code="standard")
    service = Service.objects.create(name="Bookkeeping", description="As agreed.", tax_rate=rate)
    first = Client.objects.create(name="Harbour Bakery 1 Ltd", status=Client.Status.ACTIVE)
    name = f"{NAMES}[mod(nth, 10) + 1] || ' ' || {TRADES}[mod(nth, 7) + 1] || ' ' || nth || ' Ltd'"
    multiply(first, "generate_series(2, %s) AS nth", [clients], name=name)
    with unchecked_keys():
        _add_agreements(first, service, clients, today)
        _add_invoices(first, service, invoices, clients, today)


def _connect(person: User) -> None:
    SageConnection.objects.create(
        status=SageConnection.Status.ENABLED,
        business_id="bench",
        business_name="Bench",
        default_account_id="4010",
        refresh_token="none",  # noqa: S106 - nothing is asked of Sage here
        connected_by=person,
        enabled_at=timezone.now(),
    )


@contextmanager
def unchecked_keys() -> Iterator[None]:
    """Foreign keys are not checked row by row inside, where the server lets us: what is made here fits together."""
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute("RESET ROLE")
                cursor.execute("SET LOCAL session_replication_role = replica")
        except DatabaseError:
            say("keys are checked row by row here, which takes longer")
        cursor.execute(f"SET ROLE {settings.APP_ROLE}")
        yield


def _series(first: int) -> str:
    return f"generate_series({first}, %s) AS nth"


def _add_agreements(client: Client, service: Service, clients: int, today: date) -> None:
    """An accepted proposal with one monthly line for each client, and its schedule."""
    starts = today.replace(day=1)
    offer = Proposal.objects.create(
        client=client,
        number=1,
        title="Accounts and bookkeeping",
        starts_on=starts,
        valid_until=today + timedelta(days=30),
        status=Proposal.Status.ACCEPTED,
        document_sha256="0" * 64,
    )
    client_id = f"{client.pk} + nth - 1"
    state = "CASE WHEN mod(nth, 10) = 0 THEN 'sent' WHEN mod(nth, 10) = 1 THEN 'draft' ELSE 'accepted' END"
    multiply(offer, _series(2), [clients], client_id=client_id, number="nth", status=state)
    rhythm = {"billing": "recurring", "every": 1, "period": "month"}
    line = ProposalLine.objects.create(
        proposal=offer,
        service=service,
        name=service.name,
        unit_price=NET,
        tax_rate=service.tax_rate,
        **rhythm,
    )
    multiply(line, _series(2), [clients], proposal_id=f"{offer.pk} + nth - 1")
    schedule = BillingSchedule.objects.create(
        client=client,
        proposal_line=line,
        service=service,
        name=service.name,
        quantity=1,
        unit_price=NET,
        tax_rate=service.tax_rate,
        starts_on=starts,
        bills_from=starts,
        next_starts_on=starts,
        next_bill_on=today,
        **rhythm,
    )
    multiply(schedule, _series(2), [clients], client_id=client_id, proposal_line_id=f"{line.pk} + nth - 1")


def _add_invoices(client: Client, service: Service, invoices: int, clients: int, today: date) -> None:
    """Issued invoices of one line, oldest first, almost all of them in Sage, each with its history."""
    recent = f"{int(invoices * 0.97)}"
    owed, day = IS_OWED.format(recent=recent), f"date '{today}' - ({invoices} - nth) * {DAYS} / {invoices}"
    invoice = Invoice.objects.create(
        client=client,
        source=Invoice.Source.RECURRING,
        status=Invoice.Status.ISSUED,
        number=1,
        tax_point=today - timedelta(days=DAYS),
        due_on=today - timedelta(days=DAYS - 14),
        net=NET,
        vat=VAT,
        issued_at=timezone.now(),
    )
    multiply(
        invoice,
        _series(2),
        [invoices],
        client_id=f"{client.pk} + mod(nth, {clients})",
        number="nth",
        tax_point=f"({day})::date",
        due_on=f"(({day})::date + 14)",
        outstanding=f"CASE WHEN {owed} THEN {NET + VAT} ELSE 0 END",
    )
    line = InvoiceLine.objects.create(
        invoice=invoice,
        service=service,
        name=service.name,
        quantity=1,
        unit_price=NET,
        tax_rate=service.tax_rate,
        vat_code="standard",
        vat_percent=20,
        net=NET,
        vat=VAT,
    )
    multiply(line, _series(2), [invoices], invoice_id=f"{invoice.pk} + nth - 1")
    posting = _add_postings(invoice, invoices)
    _add_history("invoice.issued", invoice, invoices)
    _add_history("posting.posted", posting, invoices)
    InvoiceNumbering.objects.update_or_create(defaults={"next_number": invoices + 1})


def _add_postings(invoice: Invoice, invoices: int) -> Posting:
    """One for each; the first of them."""
    now = timezone.now()
    posting = Posting.objects.create(
        kind=Posting.Kind.INVOICE_CREATE,
        subject_id=invoice.pk,
        reference="INV-000001-AAAAAA",
        idempotency_id=f"{invoice.practice_id:032d}",
        status=Posting.Status.POSTED,
        external_id="1",
        external_number="SI-1",
        attempted_at=now,
        settled_at=now,
    )
    every = max(invoices // REFUSED, 2)
    refused = f"mod(nth, {every}) = 0"
    status = (
        f"CASE WHEN {refused} THEN 'failed' WHEN mod(nth, {every // 2}) = 1 THEN 'pending' ELSE 'posted' END"
    )
    multiply(
        posting,
        _series(2),
        [invoices],
        subject_id=f"{invoice.pk} + nth - 1",
        reference="'INV-' || lpad(nth::text, 6, '0') || '-AAAAAA'",
        idempotency_id="md5(template.practice_id || '-' || nth)",
        status=status,
        external_number=f"CASE WHEN ({status}) = 'posted' THEN 'SI-' || nth ELSE '' END",
        failure=f"CASE WHEN {refused} THEN 'MappingMissing' ELSE '' END",
        settled_at=f"template.settled_at - ({invoices} - nth) * interval '{DAYS} days' / {invoices}",
    )
    return posting


def _add_history(action: str, first: Invoice | Posting, number: int) -> None:
    """An entry of the trail for each of so many rows."""
    subject = first._meta.label_lower
    entry: models.Model = AuditEntry.objects.create(action=action, subject_type=subject, subject_id=first.pk)
    multiply(entry, _series(2), [number], subject_id=f"{first.pk} + nth - 1")
