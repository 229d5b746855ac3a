"""Making the practice, starting the server, and measuring page after page."""

import argparse
import sys
import time
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.utils import timezone

from clients.models import Client
from devtools.bench import machine
from devtools.bench.http_load import Ask, load
from devtools.bench.programs import Programs
from devtools.processes import free_port
from ignition.demo import seed
from invoicing.models import Invoice, InvoiceLine
from practices.api_keys import SCOPES, issue_api_key
from practices.models import Practice, User
from practices.tenancy import practice_scope
from proposals.models import Proposal
from services.models import Service, TaxRate

AT_ONCE = 1000
LINES = ((Decimal("120.00"), Decimal("24.00")), (Decimal("45.53"), Decimal("9.11")))
NET, VAT = Decimal("165.53"), Decimal("33.11")
#: Of what the mixture can do; the rest is room for what else happens on a machine.
SOAK_SHARE = 0.8


def measure(options: argparse.Namespace, running: Programs) -> dict[str, Any]:
    """The ceiling, each page, and with ``options.soak`` the long run; progress to standard error."""
    seed()
    practice = Practice.objects.get(slug="brook-co")
    with practice_scope(practice.pk):
        add_invoices(options.invoices)
    asks = busiest(practice)
    connection.close()
    print(machine.facts(), file=sys.stderr)
    port = free_port()
    server = running.start(
        *("web", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(options.workers), "--blocking-threads", "8", "--no-ws", "--log-level", "error"),
        "devtools.bench.http_trivial:application",
    )
    wait_until_it_answers(port, running)
    ceiling = load(port, [Ask("/trivial")], seconds=options.seconds, clients=options.clients).per_second
    say(f"{'trivial view':<44}{ceiling:>9.0f} a second")
    pages, errors = [], 0
    for ask in asks:
        load(port, [ask], seconds=0.5, clients=2)  # what is compiled and cached once is not what is measured
        outcome = load(port, [ask], seconds=options.seconds, clients=options.clients)
        errors += outcome.errors
        pages.append(
            {
                "url": ask.path,
                "rps": round(outcome.per_second, 1),
                "p50_ms": round(outcome.percentile(0.5), 1),
                "p95_ms": round(outcome.percentile(0.95), 1),
                "share_of_ceiling": round(outcome.per_second / ceiling, 4) if ceiling else None,
                "errors": outcome.errors,
            }
        )
        say(f"{ask.path:<44}{outcome.per_second:>9.0f} a second, p95 {outcome.percentile(0.95):.1f} ms")
    mixed = load(port, asks, seconds=options.seconds, clients=options.clients)
    errors += mixed.errors
    result: dict[str, Any] = {
        "ceiling_rps": round(ceiling),
        "pages": pages,
        "mixed_rps": round(mixed.per_second, 1),
        "clients": options.clients,
        "workers": options.workers,
        "invoices": options.invoices,
        "calibration_ms": machine.calibration_ms(),
    }
    if options.soak:
        result["soak"] = soak(port, asks, server, options, per_second=mixed.per_second * SOAK_SHARE)
        errors += result["soak"]["errors"]
    peaks = [machine.peak_rss_mib(pid) or 0 for pid in [server, *children_of(server)]]
    return {**result, "errors": errors, "peak_rss_mib": max(peaks)}


def soak(
    port: int, asks: list[Ask], server: int, options: argparse.Namespace, *, per_second: float
) -> dict[str, Any]:
    """All pages mixed, evenly paced: requests, errors, and the memory of the web processes before and after."""
    settle = min(30.0, options.soak * 60 / 5)
    load(port, asks, seconds=settle, clients=options.clients, per_second=per_second)
    before, each_before = rss_of(server), [machine.rss_mib(pid) or 0.0 for pid in children_of(server)]
    outcome = load(
        port, asks, seconds=options.soak * 60 - settle, clients=options.clients, per_second=per_second
    )
    after, each_after = rss_of(server), [machine.rss_mib(pid) or 0.0 for pid in children_of(server)]
    growth = max((late - early for early, late in zip(each_before, each_after, strict=True)), default=0.0)
    say(
        f"soak: {len(outcome.milliseconds)} answers, {outcome.errors} errors, {before:.1f} -> {after:.1f} MiB, "
        f"a web worker by {growth:.1f} MiB at most"
    )
    return {
        "minutes": options.soak,
        "asked_per_second": round(per_second, 1),
        "requests": len(outcome.milliseconds),
        "errors": outcome.errors,
        "p95_ms": round(outcome.percentile(0.95), 1),
        "rss_mib_before": round(before, 1),
        "rss_mib_after": round(after, 1),
        "growth_mib_of_a_worker": round(growth, 1),  # ME2
    }


def busiest(practice: Practice) -> list[Ask]:
    """The ten pages and the API calls that are asked for most, as somebody signed in and as a program."""
    alice = User.objects.get(email="alice@brook.example")
    browser = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session_of(alice)}"}
    with practice_scope(practice.pk):
        client, invoice, proposal = (
            Client.objects.latest("pk"),
            Invoice.objects.latest("pk"),
            Proposal.objects.latest("pk"),
        )
        _, secret = issue_api_key(practice, "Load", list(SCOPES), by=alice)
    program = {"Authorization": f"Bearer {secret}"}
    ids = {"client": client.pk, "invoice": invoice.pk, "proposal": proposal.pk}
    pages = (
        *("", "clients/", "clients/{client}/", "invoices/", "invoices/{invoice}/", "proposals/"),
        *("proposals/{proposal}/", "billing/", "postings/", "search/?q=Client"),
    )
    calls = ("clients/", "clients/{client}/", "invoices/", "invoices/{invoice}/")
    return [
        *(Ask(f"/p/{practice.slug}/{page.format(**ids)}", browser) for page in pages),
        *(Ask(f"/api/v1/{call.format(**ids)}", program) for call in calls),
    ]


def session_of(user: User) -> str:
    """The key of a session in which this person is signed in."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    key: str = session.session_key
    return key


def add_invoices(number: int) -> None:
    """Two hundred clients and so many issued invoices of two lines, 198.64 each."""
    clients = Client.objects.bulk_create(
        [Client(name=f"Client {each:04} Ltd", status=Client.Status.ACTIVE) for each in range(200)]
    )
    service, rate, today = Service.objects.first(), TaxRate.objects.first(), timezone.localdate()
    for start in range(0, number, AT_ONCE):
        invoices = Invoice.objects.bulk_create(
            Invoice(
                client=clients[each % len(clients)],
                source=Invoice.Source.RECURRING,
                status=Invoice.Status.ISSUED,
                number=each + 1,
                tax_point=today - timedelta(days=each % 700),
                due_on=today - timedelta(days=each % 700 - 14),
                net=NET,
                vat=VAT,
                outstanding=NET + VAT if each % 10 == 0 else Decimal(0),
                issued_at=timezone.now(),
            )
            for each in range(start, min(start + AT_ONCE, number))
        )
        InvoiceLine.objects.bulk_create(
            InvoiceLine(
                invoice=invoice,
                position=position,
                service=service,
                name="Bookkeeping",
                quantity=1,
                unit_price=net,
                tax_rate=rate,
                vat_code="standard",
                vat_percent=20,
                net=net,
                vat=vat,
            )
            for invoice in invoices
            for position, (net, vat) in enumerate(LINES)
        )


def wait_until_it_answers(port: int, running: Programs) -> None:
    """Return once the server answers; raises Problem when it ended instead."""
    deadline = time.monotonic() + 60
    while not load(port, [Ask("/healthz")], seconds=0.2, clients=1).milliseconds:
        running.require_alive()
        if time.monotonic() > deadline:
            raise TimeoutError("The server does not answer.")


def children_of(pid: int) -> list[int]:
    """The processes this one has started."""
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(word) for word in words]


def rss_of(server: int) -> float:
    """What the web processes hold together, in MiB."""
    return sum(machine.rss_mib(pid) or 0.0 for pid in [server, *children_of(server)])


def say(words: str) -> None:
    """Progress, beside the one line of the result."""
    print(words, file=sys.stderr, flush=True)
