"""`./dev bench push`: backlogs and small practices share the workers, and the pretend Sage keeps the time.

Some businesses have a backlog that is queued before the start; the others' 20 invoices become due two seconds later.
The pretend Sage allows each business a number of requests in a moving window that is shorter than a minute.
With `--goals` further runs follow (deeper backlogs, throughput, trouble, a used-up day), for every goal there is.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import django

from devtools.bench.copies import clean_start
from devtools.bench.push_goals import PARTS, verdicts
from devtools.terminal import Problem

SMALL = 20
HEAD_START = 2.0
SINGLES = 20


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The options of a run."""
    parser = argparse.ArgumentParser(prog="./dev bench push", description=__doc__)
    add = parser.add_argument
    add("--practices", type=int, default=20, help="how many practices (20)")
    add("--postings", type=int, default=1380, help="postings of all practices together (1380)")
    add("--backlogs", type=int, help="practices that share all but the small ones' 20 each (one per 1,000)")
    add(
        "--limit",
        type=int,
        default=100,
        help="requests a business may make in a window, 0 for no limit (100)",
    )
    add(
        "--window",
        type=int,
        default=6,
        help="length of that window in seconds (6: Sage's minute, 10 x faster)",
    )
    add("--answer-ms", type=int, default=30, help="how long Sage takes to answer (30)")
    add("--threads", type=int, default=32, help="threads of the worker (32)")
    add("--new-contacts", type=int, default=1, help="further small practices of unknown clients (1)")
    add("--slow", action="store_true", help="one further practice whose Sage takes 29 s to answer")
    add("--failing", action="store_true", help="one further practice whose Sage answers 503")
    add("--until", choices=("all", "small"), default="all", help="stop when all, or the small ones, are done")
    add("--timeout", type=int, default=900, help="seconds after which what is left is given up (900)")
    add("--workers", type=int, default=1, help="worker processes (1)")
    add(
        "--remote",
        choices=("sandbox", "lean"),
        default="sandbox",
        help="who takes the invoices: the pretend Sage, or a remote that costs next to nothing, and then the ceiling "
        "of this machine is measured beside (sandbox)",
    )
    add(
        "--day",
        type=int,
        help="requests a business may make in a day: the run ends once nothing leaves any more",
    )
    add("--requests", help="a file for the list of requests as the pretend Sage saw them, in JSON")
    add("--goals", action="store_true", help="measure every goal, in several runs that take some minutes")
    add("--deepest", type=int, default=100_000, help="the deepest backlog of --goals (100000)")
    add("--many", type=int, default=20_000, help="invoices of the throughput run of --goals (20000)")
    add("--json", action="store_true", help="end with one line of JSON on standard output")
    options = parser.parse_args(arguments)
    if options.backlogs is None:
        rest = max(0, options.postings - SMALL * options.practices)
        options.backlogs = max(1, min(options.practices - 1, round(rest / 1000)))
    return options


@dataclass
class Run:
    """Who takes part, and when their postings became due on the machine's monotonic clock."""

    big: list[Any] = field(default_factory=list)
    small: list[Any] = field(default_factory=list)
    new: list[Any] = field(default_factory=list)
    troubled: list[Any] = field(default_factory=list)
    idle: Any = None
    due: dict[str, float] = field(default_factory=dict)
    started: float = 0.0
    ended: float = 0.0
    cpu: dict[str, float | None] = field(default_factory=dict)
    #: Memory of the workers in MiB once 5,000 documents had left, and at the end.
    rss: list[float | None] = field(default_factory=list)
    singles: list[float] = field(default_factory=list)

    @property
    def measured(self) -> list[Any]:
        """Everybody whose postings are to arrive; a new list each time."""
        return [*self.big, *self.small, *self.new]


def main() -> int:
    """Measure, and print the result; 1 when an invoice was lost or arrived twice."""
    options = options_of(sys.argv[1:])
    if options.goals:
        result = _measure_every_goal(options)
    else:
        result = _measure(options)
        result["goals"] = verdicts({} if _has_other_shape(options) else {"fair": result})
    if options.json:
        print(json.dumps(result), flush=True)
    else:
        for name, value in result.items():
            print(f"{name:>32}  {value}", file=sys.stderr)
    lost = 0 if options.day else result["lost"]
    return 1 if result["duplicates"] or lost or result["failed"] else 0


def _has_other_shape(options: argparse.Namespace) -> bool:
    """Whether a run is too unlike the one whose figures the goals speak of."""
    return bool(
        options.remote != "sandbox" or not options.limit or options.day or options.slow or options.failing
    )


def _measure_every_goal(options: argparse.Namespace) -> dict[str, Any]:
    """Each part in a process and a database of its own, as each has settings of its own; what is lost adds up."""
    sizes = {"deepest": options.deepest + SMALL * 19, "many": options.many}
    parts = {name: _part(name, [each.format(**sizes) for each in given]) for name, given in PARTS.items()}
    sums = {
        "duplicates": sum(part["duplicates"] for part in parts.values()),
        "lost": sum(part["lost"] for name, part in parts.items() if name != "day"),
        "failed": sum(part["failed"] for part in parts.values()),
    }
    return {**parts["fair"], **sums, "goals": verdicts(parts), "parts": parts}


def _part(name: str, arguments: list[str]) -> dict[str, Any]:
    print(f"--- {name}: {' '.join(arguments) or 'as it is'}", file=sys.stderr, flush=True)
    with clean_start(name) as environment:
        run = subprocess.run(
            [sys.executable, "-m", "devtools.bench.push", *arguments, "--json"],
            stdout=subprocess.PIPE,
            env=environment,
            check=False,
            text=True,
        )
    if not run.stdout:
        raise Problem(f"the part “{name}” came to no result; what it said stands above")
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    found.pop("goals")
    return found


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one run."""
    os.environ |= {
        "SAGE_REQUESTS_PER_MINUTE": str(options.limit or 1_000_000),
        "SAGE_MINUTE_SECONDS": str(options.window),
        "SAGE_REQUESTS_PER_DAY": str(options.day or 1_000_000),
        "SAGE_APP_REQUESTS_PER_DAY": "100000000",
    }
    # Imported once the settings' environment is complete.
    from devtools.bench.programs import programs, start_lean_remote, start_sandbox  # noqa: PLC0415

    with programs() as running:
        url = start_sandbox(running)
        os.environ |= {
            "SAGE_TOKEN_URL": f"{url}/token",
            "SAGE_REVOKE_URL": f"{url}/revoke",
            "SAGE_API_URL": f"{url}/v3.1",
        }
        lean = start_lean_remote(running) if options.remote == "lean" else ""
        if lean:
            os.environ["SAGE_API_URL"] = f"{lean}/v3.1"
        django.setup()
        from devtools.bench.push_run import measure  # noqa: PLC0415

        return measure(options, Run(), running, url, lean)


def wait_until(done: Any, *, seconds: float, pause: float = 0.25) -> bool:
    """Whether it was done in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(pause)
    return False


if __name__ == "__main__":
    sys.exit(main())
