"""`./dev bench pages`: server time, questions to the database and bytes of every page on a large database.

Practices share the invoices; one has a tenth of them and 20,000 clients, and is the one that is measured, beside one
of the others for what a page costs in a practice of ordinary size. Pages are asked for in process by an owner who is
signed in: each in turn with the same page of the other practice and with the plain page that it is held against, and
some times more after everything of the practice has changed, when nothing is known from the time before.
"""

import argparse
import json
import sys
from typing import Any

import django


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The options of a run."""
    parser = argparse.ArgumentParser(prog="./dev bench pages", description=__doc__)
    add = parser.add_argument
    add("--invoices", type=int, default=1_000_000, help="invoices in all (1,000,000)")
    add("--practices", type=int, default=200, help="how many practices share them (200)")
    add("--clients", type=int, default=20_000, help="clients of the largest practice (20,000)")
    add("--small", action="store_true", help="20,000 invoices, 10 practices and 1,000 clients, to try it out")
    add("--rounds", type=int, default=7, help="how often each page is asked for in each of three repeats (7)")
    add("--only", default="", help="pages whose address contains this")
    add("--json", action="store_true", help="end with one line of JSON on standard output")
    options = parser.parse_args(arguments)
    if options.small:
        options.invoices, options.practices, options.clients = 20_000, 10, 1_000
    return options


def main() -> int:
    """Measure, and print the result; 1 when a page did not answer."""
    options = options_of(sys.argv[1:])
    django.setup()
    # Imported once Django is set up.
    from devtools.bench.pages_run import measure  # noqa: PLC0415

    result: dict[str, Any] = measure(options)
    if options.json:
        print(json.dumps(result), flush=True)
    else:
        for page in result["pages"]:
            row = "{p50_ms:>8} {p95_ms:>8} {p95_cpu_ms!s:>8} {after_a_change_ms!s:>8} {queries:>4} {bytes:>8}  {url}"
            row = row.format(**page)
            print(row, file=sys.stderr)
    for goal in result["goals"]:
        verdict = {True: "met", False: "MISSED", None: "not measured here"}[goal["met"]]
        print(
            f"{goal['id']:<5} {goal['what']:<66} {goal['value']} (must {goal['must']}): {verdict}",
            file=sys.stderr,
        )
    return 0 if not result["unanswered"] else 1


if __name__ == "__main__":
    sys.exit(main())
