"""`./dev bench clients`: a CSV file of 50,000 clients from upload to the last row, and matching beside it.

The file is uploaded, checked and imported by the same steps a worker runs, in one process, into a practice that has a
thousand of its clients already. Matching 20,000 contacts against 20,000 clients runs in a process of its own.
"""

import argparse
import json
import os
import subprocess
import sys
from typing import Any

import django

from devtools.paths import PYTHON, ROOT
from devtools.terminal import say


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The options of a run."""
    parser = argparse.ArgumentParser(prog="./dev bench clients", description=__doc__)
    add = parser.add_argument
    add("--rows", type=int, default=50_000, help="rows of the file (50,000)")
    add("--only", choices=("csv", "match"), help="one half alone")
    add("--json", action="store_true", help="end with one line of JSON on standard output")
    return parser.parse_args(arguments)


def main() -> int:
    """Measure, and print the result; 1 when a row was lost or made twice."""
    options = options_of(sys.argv[1:])
    result: dict[str, Any] = {}
    if options.only != "match":
        django.setup()
        # Imported once Django is set up.
        from devtools.bench.clients_csv import measure  # noqa: PLC0415

        result |= measure(options.rows)
    if options.only != "csv":
        result = _with_matching(result)
    if options.json:
        print(json.dumps(result), flush=True)
    else:
        for name, value in result.items():
            print(f"{name:>32}  {value}", file=sys.stderr)
    return 0 if result.get("csv_correct", True) else 1


def _with_matching(result: dict[str, Any]) -> dict[str, Any]:
    """The other half beside it; the peak is that of the larger process."""
    say("matching 20,000 contacts against 20,000 clients")
    command = [str(PYTHON), "-m", "devtools.bench.matching"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    peak = max(found["peak_rss_mib"], result.get("peak_rss_mib", 0))
    return result | found | {"match_peak_rss_mib": found["peak_rss_mib"], "peak_rss_mib": peak}


if __name__ == "__main__":
    sys.exit(main())
