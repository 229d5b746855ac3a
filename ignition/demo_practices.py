"""A populated practice to look around in: one click away, marked as a demo, and removed as easily."""

from datetime import date, timedelta
from decimal import Decimal

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from clients.models import Client
from ignition.demo import CLIENTS, stock
from ignition.demo_proposals import tell_of_proposals
from ignition.demo_sage import copy_to_no_sage
from invoicing.models import Invoice, InvoiceLine
from invoicing.operations import draft_invoice, issue_invoice, record_payment
from ledger.models import LedgerSettings
from practices import audit
from practices.models import Practice, User
from practices.operations import open_practice, remove_demo
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.tenancy import practice_scope
from proposals.periods import add_months
from services.models import Service
from services.operations import add_starters
from services.starter_catalogue import CATALOGUE

NAME = "Demo practice"
#: Months of books before the current one.
MONTHS = 6


def open_demo_practice(owner: User) -> Practice:
    """A new demo practice of this person's, with clients, proposals in every state and half a year of invoices."""
    practice = open_practice(owner, NAME, is_demo=True)
    with practice_scope(practice.pk), audit.acting_as(owner):
        stock(practice, [item for clients in CLIENTS.values() for item in clients])
        tell_of_proposals(practice, owner)
        _keep_books(practice.today())
    return practice


def _keep_books(today: date) -> None:
    add_starters({item.name: item.price for item in CATALOGUE[:6]}, on=today)
    clients = list(Client.objects.order_by("pk"))
    service = Service.objects.select_related("tax_rate").get(name="Bookkeeping")
    # What waits from accepted proposals stays held, as before a company is connected.
    ledger = LedgerSettings.objects.get()
    ledger.accepts_postings = True
    ledger.save()
    for back in range(MONTHS, -1, -1):
        on = max(add_months(today.replace(day=1), -back), date(2000, 1, 1))
        for number, client in enumerate(clients):
            invoice = _bill(client, service, Decimal(160 + 35 * number + 5 * (MONTHS - back)), on)
            if back > 1 and not (number == 1 and back < 4):
                _pay(invoice, min(on + timedelta(days=10), today))
    copy_to_no_sage()
    draft_invoice(clients[0], [_line(service, Decimal(95))], tax_point=today, source=Invoice.Source.INSTANT)
    ledger.accepts_postings = False
    ledger.save()


def _line(service: Service, price: Decimal) -> InvoiceLine:
    return InvoiceLine(
        service=service,
        name=service.name,
        quantity=Decimal(1),
        unit_price=price,
        tax_rate=service.tax_rate,
    )


def _bill(client: Client, service: Service, price: Decimal, on: date) -> Invoice:
    draft = draft_invoice(client, [_line(service, price)], tax_point=on, source=Invoice.Source.INSTANT)
    return issue_invoice(draft, on=on)


def _pay(invoice: Invoice, on: date) -> None:
    record_payment(
        invoice.client,
        received_on=on,
        amount=invoice.gross,
        source="by_hand",
        allocations=[(invoice, invoice.gross)],
    )


@transaction.non_atomic_requests
@login_required
@require_POST
def demo_open(request: HttpRequest) -> HttpResponse:
    """The person's demo practice, made now unless there is one."""
    person = request.user
    assert isinstance(person, User)  # noqa: S101 - signed in, so no anonymous visitor
    mine = Practice.objects.filter(is_demo=True, memberships__user=person).first()
    practice = mine or open_demo_practice(person)
    if mine is None:
        messages.success(
            request, "This is a demo practice. Everything in it is made up, and nothing leaves it."
        )
    return see_other(request, "home", practice=practice.slug)


@requires(Can.MANAGE_SETTINGS)
@require_POST
def demo_remove(request: PracticeRequest, practice: str) -> HttpResponse:
    """Remove the demo practice with everything in it."""
    remove_demo(request.practice)
    messages.success(request, "The demo practice is removed, with everything that was in it.")
    return see_other(request, "front-door")
