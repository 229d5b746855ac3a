"""One run of `./dev bench poll`, with Django set up: populate, post, pay, read once, then measure a sweep."""

import argparse
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from devtools.bench import machine, population
from devtools.bench.poll_floor import floor
from devtools.terminal import say
from invoicing.models import Invoice
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import SageConnection
from sage_integration.sync import contact_book, pull, push
from sage_integration.sync.cadence import most_requests_a_day, requests_for_contacts_a_day
from sage_sandbox.handle import SandboxHandle

#: Practices with many invoices, to see whether a reading costs more the more there are.
WITH_MANY = 4
#: How long the remote takes for each answer, in the sweep and in its floor alike.
REMOTE_SECONDS = 0.03
#: As often as the beat looks whose time has come.
SWEEP_SECONDS = 60


def measure(options: argparse.Namespace, url: str) -> dict[str, Any]:
    """The figures of one run."""
    handle = SandboxHandle(url)
    say(machine.facts())
    handle.switch("rate_limit_per_minute", 0)
    handle.switch("in_flight_limit", 0)
    idle, many = _populate(options, handle)
    problems = Counter(_in_threads(options, _read_whole, [*idle, *many]))
    say("everything is posted, paid and read: now nothing happens")
    problems.update(_in_threads(options, _read_in_part, [*idle, *many]))  # the first glance
    handle.arm("delay", times=None, seconds=REMOTE_SECONDS)
    quarter = idle[: max(1, len(idle) // 4)]
    small = _sweep(options, handle, quarter)
    all_of_them = _sweep(options, handle, idle)
    least = floor(idle, options.threads)
    contacts = _contacts(options, handle, idle)
    few, lots = (_sweep(options, handle, group) for group in (idle[:WITH_MANY], many))
    not_shown = _payments_not_shown(options, handle, quarter)
    worst = settings.POLL_SECONDS + SWEEP_SECONDS + all_of_them["seconds"] / len(idle) * options.threads
    every = timedelta(seconds=settings.POLL_SECONDS)
    per_practice = all_of_them["requests"] / len(idle)
    return {
        "practices": len(idle),
        "requests_per_idle_practice": round(per_practice, 2),
        "requests_of_a_reading_of_contacts": round(contacts, 2),
        "requests_a_day_per_idle_practice": most_requests_a_day(every, feeds=math.ceil(per_practice) - 1)
        + requests_for_contacts_a_day(math.ceil(contacts)),
        "seconds": round(all_of_them["seconds"], 2),
        "floor_seconds": round(least["seconds"], 2),
        "seconds_of_floor": round(all_of_them["seconds"] / least["seconds"], 2),
        "cpu_seconds": round(all_of_them["cpu"], 2),
        "floor_cpu_seconds": round(least["cpu"], 2),
        "cpu_of_floor": round(all_of_them["cpu"] / least["cpu"], 2),
        "payment_shown_worst_seconds": round(worst, 1),
        "payments_not_shown": not_shown,
        "growth_with_practices": _exponent(small["cpu"], all_of_them["cpu"], len(quarter), len(idle)),
        "growth_with_invoices": _exponent(few["cpu"], lots["cpu"], options.invoices, options.many),
        "peak_rss_mib": machine.peak_rss_mib(os.getpid()),
        "problems": sum(count for problem, count in problems.items() if problem)
        + small["problems"]
        + all_of_them["problems"],
    }


def _populate(options: argparse.Namespace, handle: SandboxHandle) -> tuple[list[Any], list[Any]]:
    """The idle practices, and a few with many invoices; all posted, one invoice of each paid."""
    names = [f"Idle {number + 1}" for number in range(options.practices)]
    names += [f"Many {number + 1}" for number in range(WITH_MANY)]
    person = population.owner()
    practices = [
        population.add_practice(
            person,
            business,
            handle,
            name=name,
            postings=(options.many if name.startswith("Many") else options.invoices) - population.WARM_UP,
        )
        for name, business in zip(names, handle.add_businesses(names), strict=True)
    ]
    for practice in practices:
        population.let_leave(practice)
    _in_threads(options, _post, practices)
    for practice in practices:
        invoice = handle.records("sales_invoices", practice.business)[0]
        handle.record_payment(invoice["id"], invoice["total_amount"])
    return practices[: options.practices], practices[options.practices :]


def _post(practice: Any) -> str:
    with acting_for(practice.pk):
        while push.take_turn(limit=25).taken:
            pass
    return ""


def _read_whole(practice: Any) -> str:
    with acting_for(practice.pk):
        run = pull.poll_payments()
    return run.problem if run else "not read"


def _read_in_part(practice: Any) -> str:
    with acting_for(practice.pk):
        run = pull.poll_payments(whole=False)
    return run.problem if run else "not read"


def _sweep(options: argparse.Namespace, handle: SandboxHandle, practices: list[Any]) -> dict[str, Any]:
    """Time, processor time and requests of one reading of each of these, all tokens run out."""
    for practice in practices:
        with practice_scope(practice.pk):
            SageConnection.objects.update(access_expires_at=timezone.now())
    handle.forget_requests()
    began, cpu = time.monotonic(), time.process_time()
    problems = [problem for problem in _in_threads(options, _read_in_part, practices) if problem]
    ended = time.monotonic()
    return {
        "seconds": ended - began,
        "cpu": time.process_time() - cpu,
        "requests": len(handle.requests()),
        "problems": len(problems),
    }


def _payments_not_shown(options: argparse.Namespace, handle: SandboxHandle, practices: list[Any]) -> int:
    """How many of the payments made in Sage, one for each of these, are not here after the next reading."""
    for practice in practices:
        invoice = handle.records("sales_invoices", practice.business)[-1]
        handle.record_payment(invoice["id"], invoice["outstanding_amount"])
    _in_threads(options, _read_in_part, practices)
    return sum(_has_unpaid(practice, options.invoices - 2) for practice in practices)


def _has_unpaid(practice: Any, expected: int) -> bool:
    with practice_scope(practice.pk):
        return bool(Invoice.objects.unpaid().count() != expected)


def _in_threads(
    options: argparse.Namespace, work: Callable[[Any], str], practices: Iterable[Any]
) -> list[str]:
    """What the work says of each; the connections of its threads are given back."""

    def run(group: list[Any]) -> list[str]:
        try:
            return [work(practice) for practice in group]
        finally:
            connection.close()

    queue = list(practices)
    groups = [queue[start :: options.threads] for start in range(options.threads)]
    with ThreadPoolExecutor(options.threads) as pool:
        return [said for group in pool.map(run, groups) for said in group]


def _exponent(before: float, after: float, few: int, many: int) -> float | None:
    """How cost grows with size: 1 is in step, 0 not at all."""
    if few >= many or before <= 0:
        return None
    return round(math.log(after / before) / math.log(many / few), 2)


def _contacts(options: argparse.Namespace, handle: SandboxHandle, practices: list[Any]) -> float:
    """Requests of one reading of contacts that did not change, for each practice."""
    some = practices[: max(1, len(practices) // 4)]
    _in_threads(options, _read_contacts, some)
    handle.forget_requests()
    _in_threads(options, _read_contacts, some)
    return len(handle.requests()) / len(some)


def _read_contacts(practice: Any) -> str:
    with acting_for(practice.pk):
        contact_book.sync_contacts()
    return ""
