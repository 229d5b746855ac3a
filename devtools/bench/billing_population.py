"""Practices with accepted work whose invoice date has come: as many bills of two lines as asked for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db import connection, models, transaction
from django.db.backends.utils import CursorWrapper

from clients.models import Client
from invoicing.models import BillingSchedule
from invoicing.operations import set_billing_rules
from ledger.models import LedgerSettings
from practices.models import User
from practices.operations import open_practice
from practices.tenancy import practice_scope
from proposals.models import Proposal, ProposalLine
from services.models import Service, TaxRate

#: Every invoice has these lines, at 20 %: 165.53 and 33.11 make 198.64.
PRICES = (Decimal("120.00"), Decimal("45.53"))
GROSS = Decimal("198.64")
#: One practice has a tenth of everything, the others share the rest.
PRACTICES, SHARE_OF_THE_LARGEST = 200, 10
#: Bills that a practice has at least; fewer bills mean fewer practices.
LEAST = 25
TODAY = date(2027, 6, 1)
DAY_BEFORE = date(2027, 5, 1)
#: Of ten clients, six are billed every month, two upfront, two on completion.
KIND = "(ARRAY['recurring','recurring','recurring','recurring','recurring','recurring','upfront','upfront',"
KIND += "'on_completion','on_completion'])[mod(client.id, 10) + 1]"


@dataclass(frozen=True, slots=True)
class Practice:
    """One practice of the measurement and how many bills it has due."""

    pk: int
    bills: int


def shares(bills: int, practices: int | None = None) -> list[int]:
    """How many bills each practice has: a tenth for the first, the rest in equal parts."""
    count = practices or max(1, min(PRACTICES, bills // LEAST))
    if count == 1:
        return [bills]
    first = max(bills // SHARE_OF_THE_LARGEST, bills // count)
    rest = bills - first
    others = count - 1
    return [first, *(rest // others + (number < rest % others) for number in range(others))]


def populate(bills: Sequence[int]) -> list[Practice]:
    """Practices with so many bills each, everything due today and nothing billed yet; whatever was there is gone."""
    with as_owner() as cursor:
        cursor.execute("TRUNCATE practices_practice, practices_user RESTART IDENTITY CASCADE")
    person = User.objects.create_user("owner@bench.example", None, name="Owner")
    made = []
    for number, share in enumerate(bills):
        opened = open_practice(person, f"Practice {number + 1}")
        with practice_scope(opened.pk):
            LedgerSettings.objects.update(accepts_postings=True)
            set_billing_rules(grouping="client", needs_approval=False, asks_about_missed=True)
            _add_work(share)
        made.append(Practice(opened.pk, share))
    with as_owner() as cursor:
        cursor.execute("ANALYZE")
    return made


@contextmanager
def as_owner() -> Iterator[CursorWrapper]:
    """A cursor of the tables' owner, for what the application may not do."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {settings.OWNER_ROLE}")
        try:
            yield cursor
        finally:
            cursor.execute(f"SET ROLE {settings.APP_ROLE}")


def _add_work(bills: int) -> None:
    rate = TaxRate.objects.get(vat_code="standard")
    service = Service.objects.create(name="Bookkeeping", description="As agreed.", tax_rate=rate)
    first = Client.objects.create(name="Client", status=Client.Status.ACTIVE, posts_automatically=True)
    multiply(first, "generate_series(2, %s) AS copy", [bills], name="'Client ' || copy")
    offer = Proposal.objects.create(
        client=first,
        number=1,
        title="Engagement",
        starts_on=DAY_BEFORE,
        valid_until=TODAY,
        status=Proposal.Status.ACCEPTED,
        document_sha256="0" * 64,
    )
    multiply(
        offer,
        "(SELECT id, row_number() OVER (ORDER BY id) AS number FROM clients_client WHERE id > %s) AS client",
        [first.pk],
        client_id="client.id",
        number="client.number + 1",
    )
    for position, price in enumerate(PRICES):
        _add_line(service, offer, position, price)


def _add_line(service: Service, offer: Proposal, position: int, price: Decimal) -> None:
    """The same line in every proposal, and a schedule for it."""
    line = ProposalLine.objects.create(
        proposal=offer,
        position=position,
        service=service,
        name=f"Bookkeeping {position + 1}",
        unit_price=price,
        tax_rate=service.tax_rate,
        billing=ProposalLine.Billing.RECURRING,
        every=1,
        period=ProposalLine.Period.MONTH,
    )
    others = "(SELECT id FROM proposals_proposal WHERE id > %s) AS proposal"
    multiply(line, others, [offer.pk], proposal_id="proposal.id")
    schedule = BillingSchedule.objects.create(
        client=offer.client,
        proposal_line=line,
        service=service,
        name=line.name,
        description=service.description,
        quantity=1,
        unit_price=price,
        tax_rate=service.tax_rate,
        billing=line.billing,
        every=1,
        period=line.period,
        starts_on=TODAY,
        bills_from=TODAY,
        next_starts_on=TODAY,
        next_bill_on=TODAY,
    )
    multiply(
        schedule,
        "(SELECT line.id AS line_id, proposal.client_id AS id FROM proposals_proposalline AS line"
        " JOIN proposals_proposal AS proposal ON proposal.id = line.proposal_id"
        " WHERE line.position = %s AND line.id > %s) AS client",
        [position, line.pk],
        client_id="client.id",
        proposal_line_id="client.line_id",
        billing=KIND,
        every=f"CASE WHEN {KIND} = 'recurring' THEN 1 END",
        period=f"CASE WHEN {KIND} = 'recurring' THEN 'month' ELSE '' END",
    )


def multiply(row: models.Model, source: str, parameters: Sequence[int], **expressions: str) -> None:
    """Copies of a row, one for each row of the source, with these columns from there."""
    meta = row._meta
    columns = [
        str(field.column)
        for field in meta.local_concrete_fields
        if not field.primary_key and not field.generated
    ]
    values = ", ".join(expressions.get(column, f'template."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{meta.db_table}" ({names}) SELECT {values} FROM "{meta.db_table}" AS template, {source}'  # noqa: S608 - names of our own models
            " WHERE template.id = %s",
            [*parameters, row.pk],
        )


def add_old_invoices(practices: Sequence[Practice], count: int) -> None:
    """So many issued, posted and unpaid invoices of two lines from the years before, shared like the bills."""
    bills = sum(practice.bills for practice in practices)
    with as_owner() as cursor:
        for practice in practices:
            own = count * practice.bills // bills
            names = {
                "practice": practice.pk,
                "count": own,
                "net": sum(PRICES),
                "gross": GROSS,
                "before": TODAY,
            }
            # Together, because an invoice is only final where it has a posting.
            with transaction.atomic():
                for statement in _OLD:
                    cursor.execute(statement, names)
                    if practice is practices[0]:
                        # Else keys are checked as they were in the empty tables: each by reading all there is by now.
                        cursor.execute("ANALYZE")
        cursor.execute("ANALYZE")


_OLD = (
    """
    INSERT INTO invoicing_invoice
        (practice_id, client_id, status, source, number, tax_point, due_on, net, vat, outstanding, created_at,
         issued_at)
    SELECT %(practice)s, client.id, 'issued', 'recurring', number, %(before)s::date - 1 - number %% 700,
           %(before)s::date + 13 - number %% 700, %(net)s, %(gross)s - %(net)s, %(gross)s, now(), now()
    FROM generate_series(1, %(count)s) AS number
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS clients
          FROM clients_client WHERE practice_id = %(practice)s) AS client
        ON client.place = number %% client.clients
    """,
    """
    INSERT INTO invoicing_invoiceline
        (practice_id, invoice_id, position, service_id, name, description, quantity, unit_price, tax_rate_id,
         vat_code, vat_percent, net, vat)
    SELECT %(practice)s, invoice.id, place, service.id, 'Bookkeeping', '', 1, invoice.net / 2, service.tax_rate_id,
           'standard', 20, invoice.net / 2, invoice.vat / 2
    FROM invoicing_invoice AS invoice, generate_series(0, 1) AS place,
         (SELECT id, tax_rate_id FROM services_service WHERE practice_id = %(practice)s LIMIT 1) AS service
    WHERE invoice.practice_id = %(practice)s
    """,
    """
    INSERT INTO ledger_posting
        (practice_id, kind, subject_id, copy, reference, idempotency_id, status, not_before, attempts, times_lost,
         lease, external_id, external_number, external_url, failure, failure_detail, remedy, requested_at)
    SELECT %(practice)s, 'invoice.create', id, 1, 'OLD-' || number, md5(id::text), 'posted', now(), 1, 0,
           '', id::text, '', '', '', '', '', now()
    FROM invoicing_invoice WHERE practice_id = %(practice)s
    """,
    """
    INSERT INTO invoicing_invoicenumbering (practice_id, next_number, next_credit_note_number)
    VALUES (%(practice)s, %(count)s + 1, 1)
    ON CONFLICT (practice_id) DO UPDATE SET next_number = %(count)s + 1
    """,
)
