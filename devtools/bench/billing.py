"""`./dev bench billing`: a billing run over N due bills of two lines, and in the same run the limit beside it.

Bills are shared by 200 practices, one of which has a tenth; 60 % recur every month, 20 % are upfront and 20 % on
completion. Each is two schedules of one client, and becomes one invoice with two lines. The limit is Django's
`bulk_create` writing the same rows into the same tables, empty as they are for the run, a thousand invoices a
commit, by the tables' owner and so without row level security; making the objects is not counted.

With `--goals` ten runs follow each other, each in a process of its own on empty tables, for every goal there is; with
`--silver` django-silver, one of the peers, is at work in between (`devtools.bench.peer_silver` says how to get it).
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.db import connection

from devtools.bench.billing_goals import PARTS, verdicts
from devtools.bench.peer_silver import SCHEMA

#: The parts after which the peer is at work: the two that are compared with peers.
COMPARED = ("thousand_of_one", "ten_of_one")
#: What an invoice costs it hardly depends on how many there are (13.9 ms at 1,000, 14.6 at 10,000).
SILVER_CUSTOMERS = 1000


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The options of a run."""
    parser = argparse.ArgumentParser(prog="./dev bench billing", description=__doc__)
    add = parser.add_argument
    add("--schedules", type=int, default=10_000, help="bills that are due, of two lines each (10,000)")
    add("--practices", type=int, help="how many practices share them (200, fewer for few bills)")
    add("--old", type=int, default=0, help="invoices issued in earlier months (0)")
    add("--processes", type=int, default=1, help="how many runs share the practices (1)")
    add("--shares", help="bills of each practice with commas between, instead of --schedules: 50000,10")
    add("--rivals", type=int, default=1, help="how many runs go for the same practices at once (1)")
    add("--kill", action="store_true", help="kill the run half-way and let another one finish it")
    add("--goals", action="store_true", help="measure every goal, in several runs that take some minutes")
    add("--silver", metavar="PYTHON", help="with --goals: an interpreter that has django-silver 0.11.1")
    add("--many", type=int, default=100_000, help="the most bills of --goals (100,000)")
    add("--most-old", type=int, default=1_000_000, help="the old invoices of --goals (1,000,000)")
    add("--beside", type=int, default=50_000, help="bills of the large practice of --goals (50,000)")
    add("--json", action="store_true", help="end with one line of JSON on standard output")
    return parser.parse_args(arguments)


def main() -> int:
    """Measure, and print the result; 1 when anything was billed twice, not at all, or at another amount."""
    options = options_of(sys.argv[1:])
    result = _measure_every_goal(options) if options.goals else _measure(options)
    if options.json:
        print(json.dumps(result), flush=True)
    else:
        for name, value in result.items():
            print(f"{name:>32}  {value}", file=sys.stderr)
    return 0 if result["correct"] else 1


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    django.setup()
    # Imported once Django is set up.
    from devtools.bench.billing_run import measure  # noqa: PLC0415

    return measure(options)


def _measure_every_goal(options: argparse.Namespace) -> dict[str, Any]:
    sizes = {
        "ten": options.schedules,
        "many": options.many,
        "old": options.most_old,
        "beside": options.beside,
    }
    parts: dict[str, dict[str, Any]] = {}
    peer: list[dict[str, Any]] = []
    for name, given in PARTS.items():
        parts[name] = _part(name, [each.format(**sizes) for each in given])
        if options.silver and name in COMPARED:
            peer.append(_silver(options.silver))
    correct = all(part["correct"] for part in parts.values())
    if peer:
        # The cheaper of its runs: a moment in which the machine was busy must not flatter ours.
        parts["silver"] = min(peer, key=lambda run: float(run["cpu_ms_per_invoice"]))
    return {**parts["ten"], "correct": correct, "goals": verdicts(parts), "parts": parts}


def _part(name: str, arguments: list[str]) -> dict[str, Any]:
    print(f"--- {name}: {' '.join(arguments)}", file=sys.stderr, flush=True)
    run = subprocess.run(
        [sys.executable, "-m", "devtools.bench.billing", *arguments, "--json"],
        stdout=subprocess.PIPE,
        check=False,
        text=True,
    )
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def _silver(interpreter: str) -> dict[str, Any]:
    """What django-silver costs here, in tables of its own in the database of this measurement."""
    print(f"--- django-silver: {SILVER_CUSTOMERS} bills", file=sys.stderr, flush=True)
    django.setup()
    # Imported once Django is set up.
    from devtools.bench.billing_population import as_owner  # noqa: PLC0415

    with as_owner() as cursor:
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
    environment = os.environ | {"OWNER_ROLE": settings.OWNER_ROLE}
    environment.pop("DJANGO_SETTINGS_MODULE")
    program = Path(__file__).with_name("peer_silver.py")
    run = subprocess.run(
        # Isolated: beside this program lies our `http.py`, which is not the standard library's.
        [interpreter, "-I", str(program), str(SILVER_CUSTOMERS)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env=environment,
    )
    with as_owner() as cursor:
        cursor.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    connection.close()
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
