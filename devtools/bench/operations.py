"""`./dev bench operations`: idle memory, locks of migrations, sweeps, policies and bloat (ME3 to ME7).

ME1 is measured by `./dev bench push`, ME2 by `./dev bench http --soak 10`. The goals are for 1,000,000 rows; smaller
numbers are for a quick look.
"""

import argparse
import json
import os
import sys

import django

PARTS = ("idle", "sweep", "policies", "bloat", "locks")


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The options of a run."""
    parser = argparse.ArgumentParser(prog="./dev bench operations", description=__doc__)
    add = parser.add_argument
    add("--only", choices=PARTS, action="append", help="one part; may be given several times (all)")
    add("--rows", type=int, default=100_000, help="invoices, and finished postings (100000)")
    add("--pushes", type=int, default=5000, help="postings taken from pending to posted for the bloat (5000)")
    add("--json", action="store_true", help="end with one line of JSON on standard output")
    return parser.parse_args(arguments)


def main() -> int:
    """Measure, and print the result; 1 when a goal was missed."""
    options = options_of(sys.argv[1:])
    os.environ["LOG_LEVEL"] = "ERROR"
    # Imported once the settings' environment is complete.
    from devtools.bench.programs import programs  # noqa: PLC0415

    with programs() as running:
        django.setup()
        from devtools.bench.operations_run import measure  # noqa: PLC0415

        result = measure(options, running)
    if options.json:
        print(json.dumps(result), flush=True)
    return 0 if all(goal["met"] is not False for goal in result["goals"]) else 1


if __name__ == "__main__":
    sys.exit(main())
