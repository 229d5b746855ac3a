"""Invoices of a practice that is connected to the pretend Sage, and workers that push them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

from django.conf import settings
from redis import Redis

from clients.models import Client, ContactPerson
from invoicing.models import Invoice, InvoiceLine, Payment
from invoicing.operations import draft_invoice, issue_invoice
from ledger.models import Posting
from practices.models import Practice
from practices.tenancy import acting_for, practice_scope
from sage_integration.sessions import forget_everything
from sage_integration.sync import push
from services.models import Service, TaxRate
from tests.factories import TODAY

#: A weekday morning; tests move on from here instead of sleeping.
MORNING = datetime(2027, 3, 10, 9, 0, tzinfo=UTC)
ADDRESS = {"address_line_1": "1 Quay Street", "city": "Bristol", "postal_code": "BS1 4AA"}


def add_client(name: str = "Acme Ltd", **fields) -> Client:
    """A client with an address and a person to write to; inside a scope."""
    client = Client.objects.create(**{"name": name, "status": "active", **ADDRESS, **fields})
    ContactPerson.objects.create(client=client, name="Ann Other", email="ann@acme.example", is_signatory=True)
    return client


def service_named(name: str = "Bookkeeping", *, rate: str = "standard", **fields) -> Service:
    """A service of the catalogue, made on first use; inside a scope."""
    tax_rate = TaxRate.objects.filter(vat_code=rate).earliest("pk")
    service, _ = Service.objects.get_or_create(name=name, defaults={"tax_rate": tax_rate, **fields})
    return service


def line(price="100.00", quantity="1", service: Service | None = None, **fields) -> InvoiceLine:
    """An unsaved invoice line at a price; inside a scope."""
    service = service or service_named()
    values = {"name": service.name, "tax_rate": service.tax_rate, **fields}
    return InvoiceLine(service=service, quantity=Decimal(quantity), unit_price=Decimal(price), **values)


def issue(client: Client, *lines: InvoiceLine, on: date = TODAY) -> Invoice:
    """An issued invoice; inside a scope."""
    draft = draft_invoice(client, lines or [line()], tax_point=on, source=Invoice.Source.INSTANT)
    return issue_invoice(draft, on=on)


def issued_invoice(practice: Practice, name: str = "Acme Ltd", prices=("100.00",)) -> Invoice:
    """An issued invoice of a client of this name, who is added when new."""
    with practice_scope(practice.pk):
        client = Client.objects.filter(name=name).first() or add_client(name)
        return issue(client, *(line(price) for price in prices))


def posting_of(invoice: Invoice) -> Posting:
    """The newest posting of an invoice, as stored."""
    with practice_scope(invoice.practice_id):
        return Posting.objects.filter(subject_id=invoice.pk, kind=Posting.Kind.INVOICE_CREATE).latest("pk")


def fresh(invoice: Invoice) -> Invoice:
    """The invoice as stored."""
    with practice_scope(invoice.practice_id):
        return Invoice.objects.get(pk=invoice.pk)


def push_once(practice: Practice) -> int:
    """One run of the worker's push task."""
    with acting_for(practice.pk):
        return push.take_turn(limit=25).taken


def push_until_settled(practice: Practice, clock, tries: int = 8) -> None:
    """Push as sweeps would, moving the clock to whatever is due next, until nothing waits."""
    for _ in range(tries):
        push_once(practice)
        with practice_scope(practice.pk):
            waiting = Posting.objects.filter(status__in=["pending", "leased"])
            moments = [p.lease_expires_at or p.not_before for p in waiting]
        if not moments:
            return
        soonest = min(moments)
        if soonest > datetime.now(UTC):
            clock.move_to(soonest)
        clock.shift(1)


def forget_valkey() -> None:
    """Valkey as after FLUSHALL, while everybody else goes on."""
    with Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.flushdb()


def empty_valkey() -> None:
    """Valkey and workers as after a restart: budgets full, messages lost; tests do not move its clock."""
    forget_valkey()
    forget_everything()


def a_minute_passes_in_valkey() -> None:
    """Valkey began to remember a minute earlier than it did, and nothing counts any more that was sent before."""
    with Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.delete(*valkey.keys("sage-budget:*:minute"), "sage-budget:emptied")
        valkey.set("sage-budget:memory", int(valkey.get("sage-budget:memory")) - 60_000)


def posted(practice: Practice, sage, name: str = "Acme Ltd", prices=("100.00",)) -> SimpleNamespace:
    """An invoice that is in Sage: ours, and theirs as the sandbox stores it."""
    invoice = issued_invoice(practice, name, prices)
    push_once(practice)
    posting = posting_of(invoice)
    assert posting.status == Posting.Status.POSTED, posting.failure_detail
    return SimpleNamespace(
        invoice=invoice, posting=posting, theirs=sage.sales_invoices(reference=posting.reference)[0]
    )


def payments_of(practice: Practice) -> list[Payment]:
    """The practice's mirrored payments, oldest first."""
    with practice_scope(practice.pk):
        return list(Payment.objects.order_by("pk"))
