"""`./dev bench billing`: a billing run over N due bills of two lines, and in the same run the limit beside it.

Bills are shared by 200 practices, one of which has a tenth; 60 % recur every month, 20 % are upfront and 20 % on
completion. Each is two schedules of one client, and becomes one invoice with two lines. The limit is Django's
`bulk_create` writing the same rows into the same tables, empty as they are for the run, a thousand invoices a
commit, by the tables' owner and so without row level security; making the objects is not counted.
"""

import argparse
import json
import sys
from typing import Any

import django


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The options of a run."""
    parser = argparse.ArgumentParser(prog="./dev bench billing", description=__doc__)
    add = parser.add_argument
    add("--schedules", type=int, default=10_000, help="bills that are due, of two lines each (10,000)")
    add("--practices", type=int, help="how many practices share them (200, fewer for few bills)")
    add("--old", type=int, default=0, help="invoices issued in earlier months (0)")
    add("--processes", type=int, default=1, help="how many runs share the practices (1)")
    add("--json", action="store_true", help="end with one line of JSON on standard output")
    return parser.parse_args(arguments)


def main() -> int:
    """Measure, and print the result; 1 when anything was billed twice, not at all, or at another amount."""
    options = options_of(sys.argv[1:])
    django.setup()
    # Imported once Django is set up.
    from devtools.bench.billing_run import measure  # noqa: PLC0415

    result: dict[str, Any] = measure(options)
    if options.json:
        print(json.dumps(result), flush=True)
    else:
        for name, value in result.items():
            print(f"{name:>32}  {value}", file=sys.stderr)
    return 0 if result["correct"] else 1


if __name__ == "__main__":
    sys.exit(main())
