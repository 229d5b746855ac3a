"""`./dev bench proposals`: a saved row of the editor, a page of the client and a PDF, each many times in one process.

The practice has 200 services and 100 templates; one proposal has 20 lines, another 200. Requests go through the whole
application (middleware, database, templates) without a socket. The letter is six pages long or longer.
"""

import argparse
import json
import sys

import django


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The options of a run."""
    parser = argparse.ArgumentParser(prog="./dev bench proposals", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="how often each thing is done (60)")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON on standard output")
    return parser.parse_args(arguments)


def main() -> int:
    """Measure, and print the result."""
    options = options_of(sys.argv[1:])
    django.setup()
    # Imported once Django is set up.
    from devtools.bench.proposals_run import measure  # noqa: PLC0415

    result = measure(options.rounds)
    if options.json:
        print(json.dumps(result), flush=True)
    else:
        for name, value in result.items():
            print(f"{name:>32}  {value}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
