"""One measurement of `./dev bench pages`, with Django set up: populate, ask for every page, count."""

import argparse
import gzip
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from devtools.bench import machine
from devtools.bench.bulk_retry import NOT_COUNTED, bulk_retry
from devtools.bench.pages_floors import file_of_everything, floors, retry_of_many
from devtools.bench.pages_goals import verdicts
from devtools.bench.pages_population import Measured, populate
from devtools.terminal import say
from invoicing.models import BillingSchedule, Invoice
from practices.models import User
from practices.tenancy import practice_scope
from proposals.models import Proposal

#: Questions a page may ask.
CEILING = 15
#: Refused documents that are tried again at once.
MANY = 5000
#: Longest a page is asked for, in seconds, however many rounds there are to go.
PATIENCE = 20.0
ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')
#: Lists with what people do to them: filters, orders, words.
CHOICES = {
    "invoicing:invoice-list": (
        "view=overdue",
        "view=not-in-sage",
        "view=unpaid",
        "q=INV-000012",
        "q=harbour+12",
        "q=SI-12",
        "sort=client",
        "sort=-outstanding",
    ),
    "clients:client-list": (
        "q=harb",
        "q=harbour+bak",
        "sort=-name",
        "sort=added",
        "owes=overdue",
        "status=active",
    ),
    "proposals:proposal-list": ("status=sent", "show=unsigned", "q=harbour"),
    "ledger:posting-list": ("view=needs-you",),
    "search": ("q=h", "q=harb", "q=harbour+bakery", "q=INV-0000", "q=SI-12", "q=12"),
}


@dataclass(slots=True)
class Timing:
    """What one page costs."""

    url: str
    milliseconds: list[float]
    questions: int
    html: bytes
    assets: set[str] = field(default_factory=set)

    def as_figures(self) -> dict[str, Any]:
        """The page as the last line has it: bytes as they travel, compressed; the page and what it loads."""
        cuts = statistics.quantiles(self.milliseconds, n=20, method="inclusive")
        return {
            "url": self.url,
            "p50_ms": round(statistics.median(self.milliseconds), 1),
            "p95_ms": round(cuts[18], 1),
            "queries": self.questions,
            "bytes": len(gzip.compress(self.html, 6)),
            "bytes_plain": len(self.html),
            "requests": 1 + len(self.assets),
            "first_visit_bytes": len(gzip.compress(self.html, 6)) + sum(map(_weight, self.assets)),
        }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one run."""
    say(machine.facts())
    before = machine.calibration_ms()
    # Whoever looks works in one practice, as almost everybody does.
    people = [User.objects.create_user(f"owner{each}@bench.example", None, name="Owner") for each in range(3)]
    started = time.perf_counter()
    practices = populate(options.invoices, options.practices, options.clients, people)
    say(f"{options.invoices} invoices of {len(practices)} practices in {time.perf_counter() - started:.0f} s")
    settings.ALLOWED_HOSTS = ["testserver"]
    browser, elsewhere = Browser(), Browser()
    browser.force_login(people[0])
    elsewhere.force_login(people[-1])
    large, small = practices[0], practices[-1]
    pages, unanswered = _all_pages(browser, large, options)
    others = _all_pages(elsewhere, small, options)[0] if small != large else {}
    rows = [_beside(page.as_figures(), others.get(key)) for key, page in pages.items()]
    figures = {
        "invoices": options.invoices,
        "practices": len(practices),
        "clients_of_the_largest": options.clients,
        "pages": rows,
        "over_15_queries": sorted(row["url"] for row in rows if row["queries"] > CEILING),
        "queries_grow_with_rows": sorted(row["url"] for row in rows if row.get("queries_grow")),
        "heaviest_first_visit_bytes": max((row["first_visit_bytes"] for row in rows), default=0),
        "bulk_retry_5000": bulk_retry(browser, large.pk, large.slug),
        "unanswered": unanswered,
        "floors": {name: round(p95, 2) for name, p95 in floors(large, people[0]).items()},
        "csv": file_of_everything(browser, reverse("invoicing:invoice-list", args=[large.slug]), large),
        "retry": retry_of_many(large, MANY),
        "calibration_ms": [before, machine.calibration_ms()],
    }
    return figures | {"goals": verdicts(figures)}


def _beside(figures: dict[str, Any], small: Timing | None) -> dict[str, Any]:
    """The figures with those of a practice of ordinary size."""
    if small is None:
        return figures
    there = small.as_figures()
    return figures | {
        "p95_ms_ordinary": there["p95_ms"],
        "p95_ratio": round(figures["p95_ms"] / max(there["p95_ms"], 0.1), 2),
        "queries_grow": figures["queries"] > there["queries"] + 2,
    }


def _all_pages(
    browser: Browser, practice: Measured, options: argparse.Namespace
) -> tuple[dict[str, Timing], list[str]]:
    found, unanswered = {}, []
    for name, address in addresses(practice):
        if options.only not in address:
            continue
        typing = name == "search"
        timing = _ask(browser, address, rounds=options.rounds, typing=typing)
        if timing is None:
            unanswered += [address] if name in CHOICES else []
            continue
        key = re.sub(r"/\d+/", "/N/", address.replace(practice.slug, "practice"))
        found[key] = timing
    say(f"{len(found)} pages of a practice with {practice.invoices} invoices")
    return found, unanswered


def addresses(practice: Measured) -> Iterator[tuple[str, str]]:
    """Every page of the practice that has no row in its address, the lists with choices, and one page of each row."""
    for name in sorted(names_inside(get_resolver().url_patterns)):
        try:
            address = reverse(name, kwargs={"practice": practice.slug})
        except NoReverseMatch:
            continue
        yield name, address
        for query in CHOICES.get(name, ()):
            yield name, f"{address}?{query}"
    with practice_scope(practice.pk):
        invoice = Invoice.objects.order_by("pk")[practice.invoices // 2].pk
        half = Proposal.objects.count() // 2
        proposal = Proposal.objects.filter(status=Proposal.Status.ACCEPTED).order_by("pk")[half // 2].pk
        draft = Proposal.objects.filter(status=Proposal.Status.DRAFT).order_by("pk").first()
        schedule = BillingSchedule.objects.order_by("pk")[half].pk
        client = Invoice.objects.get(pk=invoice).client_id
    rows = {
        "invoicing:invoice-detail": invoice,
        "clients:client-detail": client,
        "invoicing:client-invoices": client,
        "invoicing:client-services": client,
        "proposals:proposal-detail": proposal,
        "proposals:proposal-edit": draft.pk if draft else None,
        "proposals:proposal-services": draft.pk if draft else None,
        "invoicing:schedule-detail": schedule,
    }
    for name, pk in rows.items():
        if pk:
            try:
                yield name, reverse(name, kwargs={"practice": practice.slug, "pk": pk})
            except NoReverseMatch:
                say(f"there is no page {name}")


def names_inside(patterns: Any) -> Iterator[str]:
    """The names of all addresses of a practice."""
    yield from _names(patterns, "", inside=False)


def _names(patterns: Any, namespace: str, *, inside: bool) -> Iterator[str]:
    for pattern in patterns:
        here = inside or str(pattern.pattern).startswith("p/<slug:practice>")
        if isinstance(pattern, URLResolver):
            below = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _names(pattern.url_patterns, below, inside=here)
        elif here and isinstance(pattern, URLPattern) and pattern.name:
            yield f"{namespace}{pattern.name}"


def _ask(browser: Browser, address: str, *, rounds: int, typing: bool) -> Timing | None:
    """What the page costs; None for what is no page."""
    headers = {"HX-Request": "true"} if typing else {}
    answer = browser.get(address, headers=headers, secure=True)
    if answer.status_code != 200 or "text/html" not in answer.headers.get("Content-Type", ""):
        return None
    with CaptureQueriesContext(connection) as seen:
        html = browser.get(address, headers=headers, secure=True).content
    # Counted at once: the next request begins a new record.
    questions = sum(not query["sql"].startswith(NOT_COUNTED) for query in seen)
    times: list[float] = []
    while len(times) < rounds and (len(times) < 3 or sum(times) < PATIENCE * 1000):
        started = time.perf_counter()
        browser.get(address, headers=headers, secure=True)
        times.append((time.perf_counter() - started) * 1000)
    return Timing(address, times, questions, html, set(ASSET.findall(html.decode())))


def _weight(asset: str) -> int:
    """A stylesheet or script as it travels, compressed; pictures as they are."""
    path = re.sub(r"\.[0-9a-f]{12}(?=\.)", "", asset.removeprefix("/static/"))
    found = finders.find(path)
    return len(gzip.compress(Path(found).read_bytes(), 9)) if isinstance(found, str) else 0
