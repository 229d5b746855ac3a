"""Making the practice, starting the server, and measuring page after page."""

import argparse
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection

from clients.models import Client
from devtools.bench import http_beside, machine
from devtools.bench.http_goals import verdicts
from devtools.bench.http_load import Ask, load
from devtools.bench.pages_population import populate
from devtools.bench.programs import Programs
from devtools.ports import free_port
from invoicing.models import Invoice
from invoicing.operations import set_billing_rules
from ledger.models import LedgerSettings
from practices.api_keys import SCOPES, issue_api_key
from practices.models import Practice, User
from practices.tenancy import practice_scope
from proposals.models import Proposal

#: Of what the mixture can do; the rest is room for what else happens on a machine.
SOAK_SHARE = 0.8
#: Requests after which a web process has everything it needs in memory.
SETTLED = 2000


def measure(options: argparse.Namespace, running: Programs, sandbox: str) -> dict[str, Any]:
    """The ceiling, the bare list, each page, and with options the long run and the busy one; progress on the way."""
    people = [User.objects.create_user(f"owner{each}@bench.example", None, name="Owner") for each in range(3)]
    practices = populate(options.invoices, options.practices, options.most_clients, people)
    pushing = http_beside.add_backlog(sandbox) if sandbox else []
    asks = busiest(Practice.objects.get(pk=practices[0].pk), people[0])
    bare = Ask(f"/floor/{practices[0].pk}/", asks[0].headers)
    say(machine.facts())
    before = machine.calibration_ms()
    connection.close()
    port = free_port()
    server = running.start(
        *("web", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(options.workers), "--blocking-threads", "8", "--no-ws", "--log-level", "error"),
        "devtools.bench.http_trivial:application",
    )
    wait_until_it_answers(port, running)
    ceiling = alone(port, Ask("/trivial"), options)
    floor = alone(port, bare, options)
    pages = [alone(port, ask, options, ceiling=ceiling["rps"]) for ask in asks]
    mixed = load(port, asks, seconds=options.seconds, clients=options.clients)
    say(f"{'all mixed':<44}{mixed.per_second:>9.0f} a second")
    result: dict[str, Any] = {
        "ceiling_rps": round(ceiling["rps"]),
        "floor": floor,
        "pages": pages,
        "mixed_rps": round(mixed.per_second, 1),
        "mixed_p95_ms": round(mixed.percentile(0.95), 1),
        "clients": options.clients,
        "workers": options.workers,
        "invoices": options.invoices,
        "practices": options.practices,
    }
    if options.soak:
        result["soak"] = soak(port, asks, server, options, per_second=mixed.per_second * SOAK_SHARE)
    if options.beside:
        bill = [each.pk for each in reversed(practices)]
        result["beside"] = beside(port, asks, options, running, lambda: work(running, pushing, bill))
    parts = [*pages, floor, ceiling, result.get("soak") or {}, result.get("beside") or {}]
    errors = mixed.errors + sum(part.get("errors", 0) for part in parts)
    peaks = [machine.peak_rss_mib(pid) or 0 for pid in [server, *children_of(server)]]
    calibration = [before, machine.calibration_ms()]
    result |= {"errors": errors, "peak_rss_mib": max(peaks), "calibration_ms": calibration}
    return result | {"goals": verdicts(result)}


def alone(
    port: int, ask: Ask, options: argparse.Namespace, *, ceiling: float | None = None
) -> dict[str, Any]:
    """What one address sustains by itself."""
    load(port, [ask], seconds=0.5, clients=2)  # what is compiled and cached once is not what is measured
    outcome = load(port, [ask], seconds=options.seconds, clients=options.clients)
    figures = {
        "url": ask.path,
        "rps": round(outcome.per_second, 1),
        "p50_ms": round(outcome.percentile(0.5), 2),
        "p95_ms": round(outcome.percentile(0.95), 2),
        "p99_ms": round(outcome.percentile(0.99), 2),
        "errors": outcome.errors,
    }
    say(f"{ask.path:<44}{outcome.per_second:>9.0f} a second, p95 {outcome.percentile(0.95):.1f} ms")
    return figures | ({"share_of_ceiling": round(outcome.per_second / ceiling, 4)} if ceiling else {})


def soak(
    port: int, asks: list[Ask], server: int, options: argparse.Namespace, *, per_second: float
) -> dict[str, Any]:
    """All pages mixed, evenly paced: requests, errors, and the memory of the web processes before and after."""
    pace: dict[str, Any] = {"clients": options.clients, "per_second": per_second}
    first = load(port, asks, seconds=0, requests=min(SETTLED, options.requests // 5), **pace)
    before = [machine.rss_mib(pid) or 0.0 for pid in children_of(server)]
    rest = options.requests - len(first.milliseconds)
    outcome = load(port, asks, seconds=options.soak * 60, requests=rest, **pace)
    after = [machine.rss_mib(pid) or 0.0 for pid in children_of(server)]
    growth = max((late - early for early, late in zip(before, after, strict=True)), default=0.0)
    errors = first.errors + outcome.errors
    say(
        f"soak: {len(outcome.milliseconds)} answers in {outcome.seconds:.0f} s, {errors} errors, "
        f"a web worker by {growth:.1f} MiB at most"
    )
    return {
        "minutes": round(outcome.seconds / 60, 1),
        "asked_per_second": round(per_second, 1),
        "answered_per_second": round(outcome.per_second, 1),
        "requests": len(first.milliseconds) + len(outcome.milliseconds),
        "errors": errors,
        "p95_ms": round(outcome.percentile(0.95), 1),
        "rss_mib_before": [round(each, 1) for each in before],
        "rss_mib_after": [round(each, 1) for each in after],
        "growth_mib_of_a_worker": round(growth, 1),
    }


def beside(
    port: int, asks: list[Ask], options: argparse.Namespace, running: Programs, begin: Callable[[], None]
) -> dict[str, Any]:
    """All pages by one person, one after another: alone, and while others bill and push."""
    idle = load(port, asks, seconds=options.beside, clients=1)
    begin()
    time.sleep(2)
    busy = load(port, asks, seconds=options.beside, clients=1)
    ended = running.has_ended("billing")
    say(f"p95 alone {idle.percentile(0.95):.1f} ms, beside work {busy.percentile(0.95):.1f} ms")
    return {
        "idle_p50_ms": round(idle.percentile(0.5), 2),
        "idle_p95_ms": round(idle.percentile(0.95), 2),
        "busy_p50_ms": round(busy.percentile(0.5), 2),
        "busy_p95_ms": round(busy.percentile(0.95), 2),
        "requests": [len(idle.milliseconds), len(busy.milliseconds)],
        "errors": idle.errors + busy.errors,
        "billing_ended_early": ended,
    }


def work(running: Programs, pushing: list[object], bill: list[int]) -> None:
    """Begin what `beside` measures pages beside."""
    for pk in bill:
        with practice_scope(pk):
            # What these bill stays here: their company in Sage is made up.
            LedgerSettings.objects.update(accepts_postings=False)
            set_billing_rules(grouping="client", needs_approval=False, asks_about_missed=True)
    http_beside.let_work_begin(running, pushing, bill)


def busiest(practice: Practice, alice: User) -> list[Ask]:
    """The ten pages and the API calls that are asked for most, as somebody signed in and as a program."""
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
        *("proposals/{proposal}/", "billing/", "postings/", "search/?q=harb"),
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


def say(words: str) -> None:
    """Progress, beside the one line of the result."""
    print(words, file=sys.stderr, flush=True)
