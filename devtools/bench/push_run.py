"""One run of `./dev bench push`, with Django set up: populate, let go, wait, read the figures."""

import argparse
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devtools.bench import ceiling, machine, population, timeline
from devtools.bench.lean_remote import LeanHandle
from devtools.bench.programs import Programs, start_workers
from devtools.bench.push import HEAD_START, SINGLES, SMALL, Run, wait_until
from devtools.terminal import say
from ledger.models import Posting
from sage_sandbox.handle import SandboxHandle

#: Documents after which a worker has everything it needs in memory.
SETTLED = 5000


def measure(
    options: argparse.Namespace, run: Run, running: Programs, url: str, lean: str = ""
) -> dict[str, Any]:
    """The figures of one run; ``lean`` is the address of the lean remote, where that takes the invoices."""
    handle = LeanHandle(url, lean) if lean else SandboxHandle(url)
    say(machine.facts())
    before = machine.calibration_ms()
    _populate(options, run, handle)
    _set_the_pace(options, run, handle)
    workers = start_workers(running, number=options.workers, threads=options.threads)
    _warm_up(run)
    time.sleep(options.window)  # the allowance is whole again
    handle.forget_requests()
    say("the workers are ready: off they go")
    _push(options, run, workers, running, handle)
    requests = handle.requests()
    if options.requests:
        Path(options.requests).write_text(json.dumps(requests))
    say(f"{len(requests)} requests in {run.ended - run.started:.1f} s")
    _one_by_one(options, run, handle)
    after = machine.calibration_ms()
    figures, costs = _figures(options, run, requests), _costs(run, requests)
    return {
        "practices": options.practices,
        "postings": options.postings,
        **figures,
        **costs,
        "peak_rss_mib": max((machine.peak_rss_mib(worker) or 0) for worker in workers),
        "rss_growth_mib": _growth(run),
        **_correctness(options, run, handle),
        **_day(options, run, requests),
        "worker_complaints": running.complaints("worker"),
        "calibration_ms": [before, after],
        **(_ceiling(options, figures["pushes_per_second"], costs["cpu_ms_per_push"], lean) if lean else {}),
    }


def _day(options: argparse.Namespace, run: Run, requests: list[timeline.Request]) -> dict[str, Any]:
    """What a business used of its day, at most; those that were left over wait for tomorrow."""
    if not options.day:
        return {}
    most = max(len(each) for each in timeline.by_business(requests).values())
    warm_up = len([practice for practice in [*run.big, *run.small] if practice.postings])
    return {
        "day_budget": options.day,
        "most_used_of_a_day": most + bool(warm_up) * population.WARM_UP,
        "share_of_day_kept": round(1 - (most + population.WARM_UP) / options.day, 3),
    }


def _ceiling(options: argparse.Namespace, pace: float, cpu_ms: float | None, lean: str) -> dict[str, Any]:
    """What a bare loop reaches and costs against the same remote on this machine now, and ours beside it."""
    headers = {
        "Authorization": "Bearer bench",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    url, companies = f"{lean}/v3.1/sales_invoices", options.practices
    found = ceiling.measure(url, headers, companies=companies, each=max(1, options.postings // companies))
    bare_ms = found["ceiling_cpu_ms_per_push"]
    return {
        **found,
        "share_of_ceiling": round(pace / found["ceiling_pushes_per_second"], 3),
        "cpu_times_ceiling": round(cpu_ms / bare_ms, 2) if cpu_ms and bare_ms else None,
    }


def _growth(run: Run) -> float | None:
    """MiB that the workers grew by between their 5,000th document and the last."""
    if len(run.rss) != 2 or run.rss[0] is None or run.rss[1] is None:
        return None
    return round(run.rss[1] - run.rss[0], 1)


def _populate(options: argparse.Namespace, run: Run, handle: SandboxHandle) -> None:
    names: dict[str, tuple[list[Any], int]] = {}
    small = options.practices - options.backlogs
    left = max(0, options.postings - SMALL * small)
    for number in range(options.backlogs):
        share = left // options.backlogs + (number < left % options.backlogs)
        names[f"Big {number + 1}"] = (run.big, share)
    names |= {f"Small {number + 1}": (run.small, SMALL) for number in range(small)}
    names |= {f"New {number + 1}": (run.new, SMALL) for number in range(options.new_contacts)}
    names |= {name: (run.troubled, SMALL) for name in ("Slow", "Failing") if getattr(options, name.lower())}
    names["Idle"] = ([], SINGLES)
    person = population.owner()
    businesses = dict(zip(names, handle.add_businesses(list(names)), strict=True))
    for name, (group, postings) in names.items():
        practice = population.add_practice(
            person,
            businesses[name],
            handle,
            name=name,
            postings=postings,
            known_contacts=group is not run.new,
        )
        group.append(practice)
        run.idle = practice
    say(f"{len(names)} practices have {sum(postings for _, postings in names.values())} invoices to post")


def _set_the_pace(options: argparse.Namespace, run: Run, handle: SandboxHandle) -> None:
    handle.switch("rate_limit_window_seconds", options.window)
    handle.switch("rate_limit_per_minute", options.limit)
    handle.switch("in_flight_limit", 0)
    troubled = {practice.business for practice in run.troubled}
    troubles = [name for name in ("slow", "failing") if getattr(options, name)]
    for trouble, practice in zip(troubles, run.troubled, strict=True):
        if trouble == "slow":
            handle.arm("delay", "* /", times=None, seconds=29, business=practice.business)
        else:
            handle.arm("status", "* /", times=None, status=503, business=practice.business)
    if options.answer_ms:
        for practice in [*run.measured, run.idle]:
            if practice.business not in troubled:
                seconds = options.answer_ms / 1000
                handle.arm("delay", "* /", times=None, seconds=seconds, business=practice.business)


def _warm_up(run: Run) -> None:
    """A posting of each practice through fresh workers: imports and first connections are not measured."""
    practices = [*run.big, *run.small, run.idle]
    for practice in practices:
        population.let_leave(practice, limit=population.WARM_UP)
    wait_until(lambda: not any(map(population.waiting, practices)), seconds=60, pause=0.05)


def _push(
    options: argparse.Namespace, run: Run, workers: list[int], running: Programs, handle: SandboxHandle
) -> None:
    # Filling the queue is no part of sending it, nor are the questions below.
    with _standing_still(workers):
        for practice in [*run.troubled, *run.big]:
            _let_leave(run, practice)
        app, postgres = _cpu(workers), machine.postgres_cpu_seconds(of_others=True)
    run.started = time.monotonic()
    run.due = dict.fromkeys(run.due, run.started)
    if run.small or run.new:
        time.sleep(HEAD_START)
    for practice in [*run.small, *run.new]:
        _let_leave(run, practice)
    awaited = run.measured if options.until == "all" else [*run.small, *run.new]

    quiet: list[int] = []

    def done() -> bool:
        """Asks about one practice at a time: the questions cost the same server that is measured."""
        running.require_alive()
        seen = handle.summary()["requests"]
        if not run.rss and seen >= SETTLED:
            run.rss.append(_rss(workers))
        quiet[:] = [*quiet[-3:], seen]
        if options.day and len(quiet) == 4 and len(set(quiet)) == 1:
            return True
        while awaited and not population.waiting(awaited[-1]):
            awaited.pop()
        return not awaited

    if not wait_until(done, seconds=options.timeout, pause=1.0):
        say(f"given up after {options.timeout} s")
    run.ended = time.monotonic()
    if run.rss:
        run.rss.append(_rss(workers))
    run.cpu = {
        "app": _spent(_cpu(workers), app),
        "postgres": _spent(machine.postgres_cpu_seconds(of_others=True), postgres),
    }


def _cpu(workers: list[int]) -> float | None:
    spent = [machine.cpu_seconds(worker) for worker in workers]
    return None if None in spent else sum(each or 0.0 for each in spent)


def _rss(workers: list[int]) -> float | None:
    held = [machine.rss_mib(worker) for worker in workers]
    return None if None in held else sum(each or 0.0 for each in held)


def _let_leave(run: Run, practice: Any) -> None:
    run.due[practice.business] = time.monotonic()
    population.let_leave(practice)


@contextmanager
def _standing_still(workers: list[int]) -> Iterator[None]:
    """Nothing is taken from the queue meanwhile, so that a backlog is there before the start.

    They go on whatever happens: a process that stands still cannot be asked to end.
    """
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in workers:
            os.kill(worker, signal.SIGCONT)


def _spent(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _one_by_one(options: argparse.Namespace, run: Run, handle: SandboxHandle) -> None:
    """One posting at a time through workers that have nothing else to do; not while a backlog runs."""
    if options.until != "all" or run.troubled:
        return
    for _ in range(SINGLES):
        seen = handle.summary()["requests"]
        due = time.monotonic()
        population.let_leave(run.idle, limit=1)
        wait_until(lambda: not population.waiting(run.idle), seconds=30, pause=0.02)
        arrived = timeline.last_after(handle.requests("POST", "/sales_invoices", since=seen), due)
        if arrived is not None:
            run.singles.append(arrived)


def _figures(options: argparse.Namespace, run: Run, requests: list[timeline.Request]) -> dict[str, Any]:
    of = timeline.by_business(requests)
    end = max((request["ended"] for request in timeline.invoices_of(requests)), default=run.ended)
    seconds = end - run.started
    shares = [
        timeline.share_of_allowed(of[practice.business], allowed=options.limit, window=options.window)
        for practice in run.big
        if options.limit
    ]
    known = [share for share in shares if share is not None]
    waits, ends = _waits(run.small, run, of), _ends(run.small, run, of)
    posted = len(timeline.invoices_of(requests))
    return {
        "backlogs": len(run.big),
        "seconds": round(seconds, 2),
        "share_of_allowed_rate": timeline.rounded(min(known, default=None)),
        "small_practice_wait_seconds": timeline.rounded(max(waits, default=None)),
        "small_practices_done_seconds": timeline.rounded(max(ends, default=None)),
        "new_contacts_done_seconds": timeline.rounded(max(_ends(run.new, run, of), default=None)),
        "backlog_done_seconds": timeline.rounded(max(_ends(run.big, run, of), default=None)),
        "single_p50_seconds": timeline.rounded(timeline.percentile(run.singles, 0.5)),
        "single_p95_seconds": timeline.rounded(timeline.percentile(run.singles, 0.95)),
        "rejected_429": sum(request["status"] == 429 for request in requests),
        "requests": len(requests),
        "pushes_per_second": round(posted / seconds, 1),
        "requests_per_invoice": _requests_per_invoice([*run.big, *run.small], of),
        "requests_per_invoice_new_contact": _requests_per_invoice(run.new, of),
    }


def _waits(group: list[Any], run: Run, of: dict[str, list[timeline.Request]]) -> list[float]:
    found = (timeline.first_after(of[each.business], run.due[each.business]) for each in group)
    return [wait for wait in found if wait is not None]


def _ends(group: list[Any], run: Run, of: dict[str, list[timeline.Request]]) -> list[float]:
    found = (timeline.last_after(of[each.business], run.due[each.business]) for each in group)
    return [end for end in found if end is not None]


def _requests_per_invoice(group: list[Any], of: dict[str, list[timeline.Request]]) -> float | None:
    requests = [request for practice in group for request in of[practice.business]]
    posted = len(timeline.invoices_of(requests))
    return round(len(requests) / posted, 3) if posted else None


def _costs(run: Run, requests: list[timeline.Request]) -> dict[str, Any]:
    posted = len(timeline.invoices_of(requests)) or 1
    each = {
        f"{name}_cpu_ms_per_push": None if seconds is None else round(seconds / posted * 1000, 2)
        for name, seconds in run.cpu.items()
    }
    known = [value for value in each.values() if value is not None]
    return {**each, "cpu_ms_per_push": round(sum(known), 2) if len(known) == len(each) else None}


def _correctness(options: argparse.Namespace, run: Run, handle: SandboxHandle) -> dict[str, Any]:
    """Documents in Sage beside postings here: none twice, and none that one side does not know."""
    duplicates = lost = failed = 0
    for practice in run.measured:
        references = [
            document["reference"] for document in handle.records("sales_invoices", practice.business)
        ]
        posted = population.in_state(practice, Posting.Status.POSTED)
        duplicates += len(references) - len(set(references))
        failed += population.in_state(practice, Posting.Status.FAILED)
        if options.until == "all" or practice not in run.big:
            due = practice.postings + (population.WARM_UP if practice not in run.new else 0)
            lost += due - min(posted, len(set(references)))
    return {"duplicates": duplicates, "lost": lost, "failed": failed}
