"""`./dev bench http`: sustained load on the busiest pages and API calls, against a trivial view of the same server.

The server is the one of production (granian, two workers). `--soak MINUTES` goes on with all of them mixed at 80 % of
what the mixture measured, and watches memory: `--soak 10` takes ten minutes, while `--seconds` counts seconds.
"""

import argparse
import json
import os
import sys

import django


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The options of a run."""
    parser = argparse.ArgumentParser(prog="./dev bench http", description=__doc__)
    add = parser.add_argument
    add("--seconds", type=float, default=3, help="how long each page is asked for (3)")
    add("--clients", type=int, default=8, help="browsers and programs at a time (8)")
    add("--invoices", type=int, default=5000, help="invoices of the practice (5000)")
    add("--workers", type=int, default=2, help="web processes (2)")
    soak = "minutes (not seconds) of all pages mixed at 80 %% of what they can do (none)"
    add("--soak", type=float, default=0, metavar="MINUTES", help=soak)
    add("--json", action="store_true", help="end with one line of JSON on standard output")
    return parser.parse_args(arguments)


def main() -> int:
    """Measure, and print the result; 1 when an answer was wrong."""
    options = options_of(sys.argv[1:])
    os.environ |= {"API_REQUESTS_PER_MINUTE": "1000000000", "LOG_LEVEL": "ERROR"}
    # Imported once the settings' environment is complete.
    from devtools.bench.programs import programs  # noqa: PLC0415

    with programs() as running:
        django.setup()
        from devtools.bench.http_run import measure  # noqa: PLC0415

        result = measure(options, running)
    if options.json:
        print(json.dumps(result), flush=True)
    return 1 if result["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
