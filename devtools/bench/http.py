"""`./dev bench http`: sustained load on the busiest pages and API calls, against a trivial view of the same server.

The server is the one of production (granian, two workers) on a large database, as `./dev bench pages` makes it. After
the ceiling and the bare list come ten pages and four API calls alone, then all mixed. `--beside SECONDS` asks again
while a billing run and a worker that pushes share the machine. `--soak MINUTES` goes on at 80 % of what the mixture
measured and watches memory, for so many minutes and until `--requests` were answered: `--soak 10` takes ten minutes
at least, while `--seconds` counts seconds.
"""

import argparse
import json
import os
import sys
from typing import Any

import django


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The options of a run."""
    parser = argparse.ArgumentParser(prog="./dev bench http", description=__doc__)
    add = parser.add_argument
    add("--seconds", type=float, default=10, help="how long each page is asked for (10)")
    add("--clients", type=int, default=8, help="browsers and programs at a time (8)")
    add("--workers", type=int, default=2, help="web processes (2)")
    add("--invoices", type=int, default=1_000_000, help="invoices of all practices (1,000,000)")
    add("--practices", type=int, default=200, help="how many practices share them (200)")
    add("--most-clients", type=int, default=20_000, help="clients of the largest practice (20,000)")
    add("--small", action="store_true", help="20,000 invoices, 10 practices and 1,000 clients, to try it out")
    add("--beside", type=float, default=0, metavar="SECONDS", help="pages beside billing and pushing (0: no)")
    soak = "minutes (not seconds) of all pages mixed at 80 %% of what they can do (none)"
    add("--soak", type=float, default=0, metavar="MINUTES", help=soak)
    add("--requests", type=int, default=50_000, help="requests that a soak answers at least (50,000)")
    add("--json", action="store_true", help="end with one line of JSON on standard output")
    options = parser.parse_args(arguments)
    if options.small:
        options.invoices, options.practices, options.most_clients = 20_000, 10, 1_000
    return options


def main() -> int:
    """Measure, and print the result; 1 when an answer was wrong."""
    options = options_of(sys.argv[1:])
    # Imported once the settings' environment is complete.
    from devtools.bench.programs import programs, start_sandbox  # noqa: PLC0415

    with programs() as running:
        os.environ |= {"API_REQUESTS_PER_MINUTE": "1000000000", "LOG_LEVEL": "ERROR"}
        sandbox = start_sandbox(running) if options.beside else ""
        os.environ |= _pushing_to(sandbox) if sandbox else {}
        django.setup()
        from devtools.bench.http_run import measure  # noqa: PLC0415

        result: dict[str, Any] = measure(options, running, sandbox)
    for goal in result["goals"]:
        verdict = {True: "met", False: "MISSED", None: "not measured here"}[goal["met"]]
        print(
            f"{goal['id']:<5} {goal['what']:<66} {goal['value']} (must {goal['must']}): {verdict}",
            file=sys.stderr,
        )
    if options.json:
        print(json.dumps(result), flush=True)
    return 1 if result["errors"] else 0


def _pushing_to(sandbox: str) -> dict[str, str]:
    """Sage is the pretend one, whose minute takes six seconds as in `./dev bench push`."""
    return {
        "SAGE_TOKEN_URL": f"{sandbox}/token",
        "SAGE_REVOKE_URL": f"{sandbox}/revoke",
        "SAGE_API_URL": f"{sandbox}/v3.1",
        "SAGE_REQUESTS_PER_MINUTE": "100",
        "SAGE_MINUTE_SECONDS": "6",
        "SAGE_REQUESTS_PER_DAY": "1000000",
    }


if __name__ == "__main__":
    sys.exit(main())
