"""`./dev bench poll`: a sweep over idle practices that have been paid, beside the bare requests it consists of.

Every practice has invoices in the pretend Sage, one of them paid, and was read since. What is measured is one reading
at the quiet pace, with a new token each, as it happens every quarter of an hour.
"""

import argparse
import json
import os
import sys

import django

from devtools.bench.poll_goals import goals_of


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The options of a run."""
    parser = argparse.ArgumentParser(prog="./dev bench poll", description=__doc__)
    add = parser.add_argument
    add("--practices", type=int, default=100, help="how many idle practices (100)")
    add("--invoices", type=int, default=2, help="invoices of each practice in Sage (2)")
    add("--many", type=int, default=40, help="invoices of each of the four practices with many (40)")
    add("--threads", type=int, default=16, help="readings at a time (16)")
    add("--json", action="store_true", help="end with one line of JSON on standard output")
    return parser.parse_args(arguments)


def main() -> int:
    """Measure, and print the result; 1 when a reading went wrong."""
    options = options_of(sys.argv[1:])
    os.environ |= {
        "SAGE_REQUESTS_PER_MINUTE": "1000000",
        "SAGE_REQUESTS_PER_DAY": "1000000",
        "SAGE_APP_REQUESTS_PER_DAY": "100000000",
        "POLL_SECONDS": "225",
    }
    # Imported once the settings' environment is complete.
    from devtools.bench.programs import programs, start_sandbox  # noqa: PLC0415

    with programs() as running:
        url = start_sandbox(running)
        os.environ |= {
            "SAGE_TOKEN_URL": f"{url}/token",
            "SAGE_REVOKE_URL": f"{url}/revoke",
            "SAGE_API_URL": f"{url}/v3.1",
        }
        django.setup()
        from devtools.bench.poll_run import measure  # noqa: PLC0415

        result = measure(options, url)
    result["goals"] = goals_of(result)
    if options.json:
        print(json.dumps(result), flush=True)
    else:
        for name, value in result.items():
            print(f"{name:>32}  {value}", file=sys.stderr)
    return 1 if result["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
