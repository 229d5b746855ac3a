"""What can happen in a random history: people at work here and in Sage, workers, faults, kills, the clock.

Each step draws what it needs from numbers of its own, so a history from which steps were taken out is still one.
"""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg2
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from clients.models import Client
from clients.operations import switch_posting
from clients.queries import signatories_of
from devtools.faults.interference import Moment, at, cut
from devtools.faults.victim import JOBS, KILLED, run_victim
from devtools.faults.world import World
from invoicing.errors import AlreadyRunning
from invoicing.models import BillingSchedule, Invoice, InvoiceLine
from invoicing.operations import (
    complete_schedule,
    draft_invoice,
    issue_invoice,
    pause_billing,
    resume_billing,
    void_invoice,
)
from ledger.models import Posting
from ledger.outbox import cancel_posting, release_posting, retry_posting
from practices.errors import DomainError
from practices.tenancy import practice_scope
from proposals.models import Proposal, ProposalLine
from proposals.operations import draft_proposal, send_proposal, sign_proposal
from sage_sandbox.handle import SandboxProblem
from services.models import Service

CREATE, CONTACT, TOKEN = "POST /sales_invoices", "POST /contacts", "POST /token"
#: Faults with what they take; each strikes one request, perhaps not the first.
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("drop_answer_after_saving", {}),
    ("half_answer", {}),
    ("truncated_json", {}),
    ("empty_answer", {}),
    ("not_json", {}),
    ("reset_before_saving", {}),
    ("status_after_saving", {"status": 500}),
    ("status_after_saving", {"status": 504}),
    ("status", {"status": 500}),
    ("status", {"status": 503}),
    ("html_error", {}),
    ("too_many_requests", {"retry_after": 40}),
    ("too_many_requests", {"retry_after": None, "body": "html"}),
    ("unauthorised", {}),
    ("no_subscription", {}),
    ("forbidden", {}),
    ("revoked", {}),
    ("wrong_totals", {}),
    ("wrong_business_echo", {}),
    ("delay", {"seconds": 1.2, "when": "after"}),
]
PLACES = (CREATE, CREATE, CREATE, CONTACT, "GET /sales_invoices", "GET /contacts", "GET /contact_payments")
CRASH_POINTS = ("leased", "mapped", "contact intended", "contact sent", "intended", "sent", "recorded")
STATEMENTS = ("ledger_posting", "sagelink", "INSERT", "UPDATE", "auditentry", "billedperiod", "invoiceline")
Act = Callable[[World, random.Random], None]


def issue(world: World, draw: random.Random) -> None:
    """A bill written by hand."""
    with _person(world, draw):
        client = draw.choice(list(Client.objects.order_by("pk")))
        services = list(Service.objects.order_by("pk").select_related("tax_rate"))
        lines = [_line(draw.choice(services), draw) for _ in range(draw.randint(1, 3))]
        today = timezone.localdate()
        draft = draft_invoice(client, lines, tax_point=today, source=Invoice.Source.INSTANT)
        issue_invoice(draft, on=today)


def _line(service: Service, draw: random.Random) -> InvoiceLine:
    return InvoiceLine(
        service=service,
        name=service.name,
        tax_rate=service.tax_rate,
        quantity=Decimal(draw.choice((100, 100, 300, 33, 250))) / 100,
        unit_price=Decimal(draw.randint(1, 2_000_000)) / draw.choice((100, 100, 10_000)),
    )


def accept(world: World, draw: random.Random) -> None:
    """A proposal sent and signed: something upfront, something every month, something on completion."""
    rules: list[dict[str, Any]] = [
        {"billing": "upfront"},
        {"billing": "recurring", "every": draw.choice((1, 3)), "period": "month"},
        {"billing": "recurring", "every": 2, "period": "week"},
        {"billing": "on_completion"},
    ]
    with _person(world, draw):
        client = draw.choice(list(Client.objects.order_by("pk")))
        service = draw.choice(list(Service.objects.order_by("pk").select_related("tax_rate")))
        today = timezone.localdate()
        lines = [
            ProposalLine(
                service=service,
                name=service.name,
                tax_rate=service.tax_rate,
                quantity=Decimal(1),
                unit_price=Decimal(draw.randint(1, 50_000)) / 100,
                **rule,
            )
            for rule in draw.sample(rules, draw.randint(1, 3))
        ]
        starts_on = today - timedelta(days=draw.choice((0, 0, 20, 45)))
        proposal = Proposal(
            client=client, title="Engagement", starts_on=starts_on, valid_until=today + timedelta(days=30)
        )
        proposal = send_proposal(draft_proposal(proposal, lines), on=today)
        person = signatories_of(client)[0]
        sign_proposal(
            proposal,
            person,
            signed_name=person.name,
            document_sha256=proposal.document_sha256,
            on=today,
        )


def complete(world: World, draw: random.Random) -> None:
    """Work marked complete."""
    with _person(world, draw):
        for schedule in BillingSchedule.objects.to_complete().order_by("pk")[:1]:
            complete_schedule(schedule, on=timezone.localdate())


def pause(world: World, draw: random.Random) -> None:
    """A service paused, or resumed."""
    with _person(world, draw):
        recurring = BillingSchedule.objects.filter(billing=BillingSchedule.Billing.RECURRING)
        for schedule in recurring.order_by("pk")[:1]:
            is_active = schedule.status == BillingSchedule.Status.ACTIVE
            (pause_billing if is_active else resume_billing)(schedule, on=timezone.localdate())


def edit_client(world: World, draw: random.Random) -> None:
    """A client that is copied to Sage by itself no longer is, or is again."""
    with _person(world, draw):
        client = draw.choice(list(Client.objects.order_by("pk")))
        switch_posting(client, on=not client.posts_automatically)


def press(world: World, draw: random.Random) -> None:
    """Somebody presses a button of a posting or an invoice, whichever is offered or not."""
    with _person(world, draw):
        posting = _any_of(Posting.objects.order_by("pk"), draw)
        if posting is None:
            return
        button = draw.choice(("release", "retry", "withdraw", "void"))
        if button == "void":
            for invoice in Invoice.objects.filter(pk=posting.subject_id):
                void_invoice(invoice)
        else:
            {"release": release_posting, "retry": retry_posting, "withdraw": cancel_posting}[button](posting)


def work(world: World, draw: random.Random) -> None:
    """A worker takes a turn."""
    world.work(draw.choice(("push", "push", "push", "poll", "bill", "night")), world.house(draw).pk)


def crowd(world: World, draw: random.Random) -> None:
    """Three workers take their turns at once, as after a redelivered message."""
    pk = world.house(draw).pk
    jobs = [draw.choice(("push", "push", "poll", "bill")) for _ in range(3)]

    def one(job: str) -> None:
        try:
            world.work(job, pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(one, jobs))


def kill(world: World, draw: random.Random) -> None:
    """A worker process dies in the middle of something."""
    job = draw.choice(("push", "push", "push", "push", "poll", "bill", "token"))
    if job == "push":
        _issue_some(world, draw)
    connection.close()
    if run_victim(job, world.house(draw).pk, _moment(draw)) == KILLED:
        world.kills += 1


def lose_database(world: World, draw: random.Random) -> None:
    """A worker's database goes away in the middle of something, perhaps just when it was told to commit."""
    job, pk = draw.choice(("push", "push", "poll", "bill")), world.house(draw).pk
    moment = Moment(draw.choice(("commit", "commit", "statement")), draw.randint(1, 8), _when(draw))
    if job == "push":
        _issue_some(world, draw)
    world.faults += 1
    # Closing a cursor of a lost connection fails in the driver's own words.
    with at(moment, cut), suppress(DatabaseError, psycopg2.Error, AlreadyRunning, ExceptionGroup):
        JOBS[job](pk)
    connection.close()


def _issue_some(world: World, draw: random.Random) -> None:
    """One invoice mostly, or enough that several are announced and recorded together."""
    for _ in range(draw.choice((1, 1, 4))):
        issue(world, draw)


def _moment(draw: random.Random) -> Moment:
    what = draw.choice(("commit", "statement", "request", "crash point"))
    if what == "crash point":
        return Moment("crash point", words=draw.choice(CRASH_POINTS))
    if what == "commit":
        return Moment("commit", draw.randint(1, 8), _when(draw))
    if what == "statement":
        return Moment("statement", draw.randint(1, 5), _when(draw), draw.choice(STATEMENTS))
    return Moment("request", draw.randint(1, 4), _when(draw))


def _when(draw: random.Random) -> Any:
    return draw.choice(("before", "after"))


def fault(world: World, draw: random.Random) -> None:
    """Sage answers one of its next requests badly, or not."""
    name, options = draw.choice(FAULTS)
    place = draw.choice(PLACES)
    if draw.random() < 0.15:
        name, place = draw.choice((("lost_refresh_answer", TOKEN), ("status", TOKEN)))
        options = {}
    if name == "lost_refresh_answer" or place == TOKEN:
        world.handle.expire_access_tokens()
    world.handle.arm(name, on=place, skip=draw.choice((0, 0, 0, 1, 2)), **options)
    world.faults += 1


def expire(world: World, draw: random.Random) -> None:  # noqa: ARG001 - a step draws or not
    """Every access token expires before its time."""
    world.handle.expire_access_tokens()


def pay(world: World, draw: random.Random) -> None:
    """An accountant records a payment in Sage."""
    with suppress(SandboxProblem):
        document = world.document(draw)
        if document:
            owed = Decimal(document["outstanding_amount"])
            amount = draw.choice((owed, owed / 2, Decimal("0.01"))).quantize(Decimal("0.01"))
            world.handle.record_payment(document["id"], amount)


def change_payment(world: World, draw: random.Random) -> None:
    """An accountant changes or deletes a payment in Sage."""
    payments = world.handle.contact_payments()
    with suppress(SandboxProblem):
        if payments and draw.random() < 0.5:
            world.handle.delete_payment(draw.choice(payments)["id"])
        elif payments:
            payment = draw.choice(payments)
            amount = (Decimal(payment["total_amount"]) / 2).quantize(Decimal("0.01"))
            world.handle.edit_payment(payment["id"], amount=amount)


def void_in_sage(world: World, draw: random.Random) -> None:
    """An accountant voids an invoice in Sage."""
    with suppress(SandboxProblem):
        if document := world.document(draw):
            world.handle.void_invoice(document["id"])


def edit_in_sage(world: World, draw: random.Random) -> None:
    """An accountant changes the amounts of an unpaid invoice in Sage."""
    with suppress(SandboxProblem):
        document = world.document(draw)
        if document and document["status"]["id"] == "UNPAID":
            line = {"id": document["invoice_lines"][0]["id"], "unit_price": "200", "tax_amount": "40"}
            world.handle.edit_invoice(document["id"], invoice_lines=[line])


def switch_customer_in_sage(world: World, draw: random.Random) -> None:
    """An accountant gives an invoice another customer in Sage."""
    with suppress(SandboxProblem):
        if document := world.document(draw):
            other = draw.choice(world.handle.contacts(document["business_id"]))
            world.handle.edit_invoice(document["id"], contact_id=other["id"])
            world.switched.add(document["reference"])


def let_rows_come_late(world: World, draw: random.Random) -> None:
    """From now on what is new in Sage shows in its lists and feeds late, or at once again.

    Never later than our own look-ups wait: a history may be without the other belt (FACTS.md 14).
    """
    world.handle.switch("index_delay_seconds", draw.choice((0, 20, 60)))


def let_time_pass(world: World, draw: random.Random) -> None:
    """Seconds, minutes, a day or more than a month."""
    world.move(draw.choice((1, 20, 61, 125, 310, 1000, 4000, 86_400, 40 * 86_400)))


def empty_valkey(world: World, draw: random.Random) -> None:  # noqa: ARG001 - a step draws or not
    """Valkey loses everything: messages, hints, budgets."""
    world.empty_valkey()
    world.faults += 1


def _any_of(rows: Any, draw: random.Random) -> Any:
    found = list(rows)
    return draw.choice(found) if found else None


@contextmanager
def _person(world: World, draw: random.Random) -> Iterator[None]:
    """A person of one of the practices at work; a rule that refuses is part of the day."""
    with suppress(DomainError), practice_scope(world.house(draw).pk):
        yield


#: Every step with its weight.
STEPS: dict[str, tuple[int, Act]] = {
    step.__name__: (weight, step)
    for weight, step in (
        (6, issue),
        (3, accept),
        (1, complete),
        (1, pause),
        (1, edit_client),
        (3, press),
        (9, work),
        (2, crowd),
        (5, kill),
        (3, lose_database),
        (8, fault),
        (1, expire),
        (3, pay),
        (2, change_payment),
        (1, void_in_sage),
        (1, edit_in_sage),
        (1, switch_customer_in_sage),
        (1, let_rows_come_late),
        (6, let_time_pass),
        (1, empty_valkey),
    )
}
