"""Practices that are connected to the pretend Sage, with issued invoices whose postings are held back."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.utils import timezone

from clients.models import Client, ContactPerson
from invoicing.models import Invoice, InvoiceLine, InvoiceNumbering
from ledger.models import LedgerSettings, Posting
from practices.models import User
from practices.operations import open_practice
from practices.tasks import wake
from practices.tenancy import TenantModel, practice_scope
from sage_integration.models import (
    ContactLink,
    SageConnection,
    SageLedgerAccount,
    SageTaxRate,
    TaxRateMapping,
)
from sage_integration.tasks import push_due_postings
from sage_sandbox.handle import SandboxHandle
from services.models import Service, TaxRate

#: So many clients share a practice's invoices.
CLIENTS = 25
#: 120.00 and 45.53, at 20 %: 165.53 and 33.11 make 198.64.
LINES = ((Decimal("120.00"), Decimal("24.00")), (Decimal("45.53"), Decimal("9.11")))
NET, VAT = Decimal("165.53"), Decimal("33.11")
#: Postings of each practice that leave before anything is measured.
WARM_UP = 1
ACCOUNT, RATE = 4010, "GB_STANDARD"


@dataclass(frozen=True)
class Practice:
    """One practice of the measurement and the Sage business behind it."""

    pk: int
    business: str
    postings: int


def owner() -> User:
    """The person who owns every practice of the measurement."""
    return User.objects.create_user("owner@bench.example", None, name="Owner")


def add_practice(
    person: User,
    business: str,
    handle: SandboxHandle,
    *,
    name: str,
    postings: int,
    known_contacts: bool = True,
) -> Practice:
    """A practice whose postings are all held; with ``known_contacts`` its clients are linked already."""
    opened = open_practice(person, name)
    with practice_scope(opened.pk):
        _connect(person, business, handle)
        clients = _add_clients(business, handle, name, count=min(postings, CLIENTS), linked=known_contacts)
        _add_invoices(clients, postings + (WARM_UP if known_contacts else 0))
    return Practice(opened.pk, business, postings)


def let_leave(practice: Practice, *, limit: int | None = None) -> None:
    """Make held postings due now and hint to the workers, as releasing them does."""
    with practice_scope(practice.pk):
        held = Posting.objects.filter(status=Posting.Status.HELD)
        if limit is not None:
            held = Posting.objects.filter(
                pk__in=list(held.order_by("pk").values_list("pk", flat=True)[:limit])
            )
        held.update(status=Posting.Status.PENDING, not_before=timezone.now())
    wake(push_due_postings, practice.pk)


def waiting(practice: Practice) -> int:
    """Postings that have neither arrived nor been refused, those held back left out."""
    with practice_scope(practice.pk):
        unsettled = [Posting.Status.PENDING, Posting.Status.LEASED]
        count: int = Posting.objects.filter(status__in=unsettled).count()
        return count


def in_state(practice: Practice, status: Posting.Status) -> int:
    """How many postings of a practice are in a state."""
    with practice_scope(practice.pk):
        count: int = Posting.objects.filter(status=status).count()
        return count


def _connect(person: User, business: str, handle: SandboxHandle) -> None:
    accounts = handle.records("ledger_accounts", business)
    account = next(row["id"] for row in accounts if row["nominal_code"] == ACCOUNT)
    now = timezone.now()
    tokens = handle.tokens(settings.SAGE_CLIENT_ID)
    SageConnection.objects.create(
        status=SageConnection.Status.ENABLED,
        business_id=business,
        business_name="Bench",
        access_token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        access_expires_at=now + timedelta(seconds=tokens["expires_in"]),
        refresh_expires_at=now + timedelta(days=31),
        default_account_id=account,
        connected_by=person,
        enabled_at=now,
    )
    SageLedgerAccount.objects.create(sage_id=account, nominal_code=ACCOUNT, name="Sales", seen_at=now)
    SageTaxRate.objects.create(sage_id=RATE, name="Standard 20.00%", percentage=Decimal(20), seen_at=now)
    standard = TaxRate.objects.get(vat_code="standard")
    TaxRateMapping.objects.create(tax_rate=standard, sage_tax_rate_id=RATE)
    LedgerSettings.objects.update_or_create(defaults={"accepts_postings": True})


def _add_clients(
    business: str, handle: SandboxHandle, prefix: str, *, count: int, linked: bool
) -> list[Client]:
    address = {"address_line_1": "1 Quay Street", "city": "Bristol", "postal_code": "BS1 4AA"}
    theirs: dict[str, str] = {}
    if linked:
        handle.seed_contacts(count, business)
        theirs = {row["name"]: row["id"] for row in handle.contacts(business)[-count:]}
    names = list(theirs) or [f"{prefix} client {number}" for number in range(count)]
    clients: list[Client] = Client.objects.bulk_create(
        Client(name=name, status=Client.Status.ACTIVE, **address) for name in names
    )
    ContactPerson.objects.bulk_create(
        ContactPerson(client=client, name="Ann Other", email="ann@client.example") for client in clients
    )
    ContactLink.objects.bulk_create(
        ContactLink(
            client=client,
            business_id=business,
            sage_contact_id=theirs[client.name],
            origin=ContactLink.Origin.BY_NAME,
        )
        for client in clients
        if linked
    )
    return clients


def _add_invoices(clients: list[Client], count: int) -> None:
    """The first invoice is made by the models, all others are copies of it: a backlog of 100,000 takes seconds."""
    service = Service.objects.create(name="Bookkeeping", tax_rate=TaxRate.objects.get(vat_code="standard"))
    first = issued_invoice(clients[0], number=1)
    lines = [line_of(first, position, service) for position in range(len(LINES))]
    InvoiceLine.objects.bulk_create(lines)
    posting = _posting(first)
    posting.save()
    copies = f"generate_series(2, {count}) AS copy(number)"
    everybody = ",".join(str(client.pk) for client in clients)
    _copy(
        first,
        copies,
        number="copy.number",
        client_id=f"(ARRAY[{everybody}]::bigint[])[1 + (copy.number - 1) % {len(clients)}]",
    )
    others = f"invoicing_invoice AS copy WHERE copy.id <> {first.pk}"
    for line in lines:
        _copy(line, others, invoice_id="copy.id")
    mark = "replace(gen_random_uuid()::text, '-', '')"
    label = "'INV-' || lpad(copy.number::text, 6, '0') || '-' || upper(substr(md5(copy.id::text), 1, 6))"
    _copy(posting, others, subject_id="copy.id", reference=label, idempotency_id=mark)
    InvoiceNumbering.objects.update_or_create(defaults={"next_number": count + 1})


def issued_invoice(client: Client, *, number: int) -> Invoice:
    """One of today, whose lines are still to be added."""
    today = timezone.localdate()
    invoice: Invoice = Invoice.objects.create(
        client=client,
        source=Invoice.Source.RECURRING,
        status=Invoice.Status.ISSUED,
        number=number,
        tax_point=today,
        due_on=today + timedelta(days=14),
        net=NET,
        vat=VAT,
        outstanding=NET + VAT,
        issued_at=timezone.now(),
    )
    return invoice


def _copy(row: TenantModel, source: str, **expressions: str) -> None:
    """A copy of a row for each row of a source in SQL, with other values in some of its columns."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    columns = [str(field.column) for field in fields]
    values = [expressions.get(column, f'model."{column}"') for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    model = f"(SELECT * FROM {row._meta.db_table} WHERE id = {row.pk}) AS model"  # noqa: S608
    given = ", ".join(values)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {row._meta.db_table} ({names}) SELECT {given} FROM {model}, {source}")  # noqa: S608


def line_of(invoice: Invoice, position: int, service: Service) -> InvoiceLine:
    """The first or second line of every invoice here, not saved."""
    net, vat = LINES[position]
    return InvoiceLine(
        invoice=invoice,
        position=position,
        service=service,
        name=f"{service.name} {position + 1}",
        quantity=Decimal(1),
        unit_price=net,
        tax_rate=service.tax_rate,
        vat_code="standard",
        vat_percent=Decimal(20),
        net=net,
        vat=vat,
    )


def _posting(invoice: Invoice) -> Posting:
    mark = uuid4().hex
    return Posting(
        kind=Posting.Kind.INVOICE_CREATE,
        subject_id=invoice.pk,
        reference=f"{invoice.number_label}-{mark[:6].upper()}",
        idempotency_id=mark,
        status=Posting.Status.HELD,
    )
