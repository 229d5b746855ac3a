"""What pages are held against, measured in the same run: plain pages of the same rows, and a file of rows."""

import csv
import io
import re
import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client as Browser
from django.test.utils import override_settings

from devtools.bench import machine, plain_pages
from devtools.bench.pages_asking import Ask
from devtools.bench.pages_goals import DETAIL, HOME, LIST, SEARCH
from devtools.bench.pages_population import Measured
from invoicing.models import Invoice
from ledger.models import Posting
from ledger.releases import retry_all
from practices.models import User
from practices.tenancy import practice_scope

#: Which plain page a page of ours is held against.
HELD_AGAINST = {LIST: "list", DETAIL: "detail", SEARCH: "search", HOME: "dashboard"}


def plain_page_for(address: str) -> str:
    """The name of the plain page that an address is held against; empty for none."""
    return next((name for pattern, name in HELD_AGAINST.items() if re.search(pattern, address)), "")


def plain_asks(practice: Measured, person: User) -> dict[str, Ask]:
    """The plain pages (`devtools.bench.plain_pages`) by name."""
    with practice_scope(practice.pk):
        (invoice,) = Invoice.objects.order_by("pk").values_list("pk", flat=True)[practice.invoices // 2 :][:1]
    addresses = {
        "list": f"/invoices/?after={invoice}",
        "detail": f"/invoices/{invoice}/",
        "search": "/clients/?q=harb",
        "dashboard": "/",
    }
    plain_pages.shown["practice"] = practice.pk
    browser = Browser()
    browser.force_login(person)
    asks = {name: Ask(browser, address) for name, address in addresses.items()}
    # The browser keeps the middleware of its first request.
    with override_settings(MIDDLEWARE=plain_pages.MIDDLEWARE):
        for ask in asks.values():
            assert ask.is_a_page(), ask.address  # noqa: S101 - else nothing was measured
    return asks


def file_of_everything(browser: Any, address: str, practice: Measured) -> dict[str, float]:
    """Seconds and memory of the list's CSV file of all invoices, and of the rows alone read by an iterator."""
    with practice_scope(practice.pk):
        fields = ("number", "client__name", "tax_point", "net", "vat", "outstanding", "status")
        rows = Invoice.objects.order_by("-pk").values_list(*fields)
        started = time.perf_counter()
        written = csv.writer(io.StringIO())
        written.writerows(rows.iterator(chunk_size=2000))
        floor = time.perf_counter() - started
    before = machine.rss_mib() or 0.0
    started = time.perf_counter()
    answer = browser.get(address, {"file": "csv"}, secure=True)
    lines = sum(part.count(b"\n") for part in answer.streaming_content)
    seconds = time.perf_counter() - started
    assert lines == practice.invoices + 1, lines  # noqa: S101 - else something else was measured
    grown = (machine.rss_mib() or 0.0) - before
    return {"seconds": round(seconds, 2), "floor_seconds": round(floor, 2), "grown_mib": round(grown, 1)}


def retry_of_many(practice: Measured, many: int) -> dict[str, float]:
    """Seconds and questions of *Try all again* for so many refused documents."""
    with practice_scope(practice.pk):
        chosen = list(Posting.objects.order_by("pk").values_list("pk", flat=True)[:many])
        Posting.objects.filter(pk__in=chosen).update(
            status=Posting.Status.FAILED, failure="Refused", external_number=""
        )
        questions: list[str] = []
        started = time.perf_counter()

        def counted(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            questions.append(sql)
            return execute(sql, *rest)

        with connection.execute_wrapper(counted):
            retried = retry_all({"Refused"})
        return {
            "retried": retried,
            "seconds": round(time.perf_counter() - started, 3),
            "queries": len(questions),
        }
