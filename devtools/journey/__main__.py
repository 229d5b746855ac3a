"""`python -m devtools.journey`: run the main job, one line a step, and exit 0 only when all of it holds."""

import argparse
import json
import sys
import time
from typing import Any

import requests

from devtools.journey.browser import NotAsExpected
from devtools.journey.steps import STEPS, Journey


def main() -> int:
    """Walk through the steps until one fails; the exit code."""
    parser = argparse.ArgumentParser(
        prog="./dev journey", description="The main job from end to end, over HTTP."
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON on standard output")
    parser.add_argument("--keep", action="store_true", help="use and keep the development data")
    options = parser.parse_args()
    journey, steps, started = Journey(), [], time.monotonic()
    for name, step in STEPS:
        begun = time.monotonic()
        problem = attempt(step, journey)
        seconds = round(time.monotonic() - begun, 1)
        steps.append({"name": name, "ok": not problem, "seconds": seconds})
        say(
            f"{'FAIL' if problem else 'ok'.ljust(4)} {seconds:6.1f} s  {name}{': ' if problem else ''}{problem}"
        )
        if problem:
            break
    result = {
        "ok": len(steps) == len(STEPS) and all(step["ok"] for step in steps),
        "seconds": round(time.monotonic() - started, 1),
        "steps": steps,
        **journey.outcome(),
    }
    if options.json:
        print(json.dumps(result), flush=True)
    else:
        figures = "{invoices_posted} invoices posted, {duplicates} twice, difference £{difference}"
        say(figures.format(**result))
    return 0 if result["ok"] else 1


def attempt(step: Any, journey: Journey) -> str:
    """What went wrong in a step; empty when all is well."""
    try:
        step(journey)
    except (NotAsExpected, requests.RequestException) as problem:
        return f"{problem}"
    return ""


def say(line: str) -> None:
    """A line of progress, on standard error so that standard output stays one line of JSON."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
