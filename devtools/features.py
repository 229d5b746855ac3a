"""./dev features: which rows of the feature list have tests, and whether they passed in the last full run."""

import argparse
import json
import os
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from devtools.paths import ROOT, TEST_RESULTS
from devtools.terminal import Problem, counted, say

FEATURES_FILE = "../shared/FEATURES.md"
FIRST_RELEASE = "1"


@dataclass(slots=True)
class Row:
    """How the tests that name one row went."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def holds(self) -> bool:
        """Whether something proves the row and nothing speaks against it."""
        return self.passed > 0 and self.failed == 0


def features(arguments: list[str]) -> int:
    """Print the report; 1 if a test of some row failed, else 0."""
    parser = argparse.ArgumentParser(
        prog="./dev features", description="Which feature rows have passing tests."
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    options = parser.parse_args(arguments)
    rows = proven_rows(TEST_RESULTS)
    wanted = wanted_rows(ROOT / os.environ.get("FEATURES_FILE", FEATURES_FILE))
    missing = [name for name in wanted if name not in rows]
    failing = [name for name, row in sorted(rows.items()) if row.failed]
    if options.json:
        listed = [
            {"id": name, "tests": row.passed + row.failed + row.skipped, "passed": row.holds}
            for name, row in sorted(rows.items())
        ]
        print(json.dumps({"features": listed, "missing": missing}))
    else:
        _print_table(rows, missing)
    return 1 if failing else 0


def proven_rows(results: Path) -> dict[str, Row]:
    """The rows that the tests of this JUnit file name."""
    try:
        cases = ElementTree.parse(results).iter("testcase")  # noqa: S314 - written by our own test run
    except FileNotFoundError as error:
        raise Problem("There are no test results yet: run ./dev test without arguments first.") from error
    except ElementTree.ParseError as error:
        raise Problem(f"{results} is not whole: run ./dev test without arguments again.") from error
    rows: dict[str, Row] = defaultdict(Row)
    for case in cases:
        names = {each.get("value", "") for each in case.iter("property") if each.get("name") == "feature"}
        for name in names:
            if case.find("failure") is not None or case.find("error") is not None:
                rows[name].failed += 1
            elif case.find("skipped") is not None:
                rows[name].skipped += 1
            else:
                rows[name].passed += 1
    return dict(rows)


def wanted_rows(document: Path) -> list[str]:
    """Every F-row, and of the G-rows those meant for the first release, in order."""
    wanted = {f"F{number:02}" for number in range(1, 90)}
    if not document.exists():
        say(f"{document} is not there (FEATURES_FILE names it): only F01 to F89 are looked for")
        return sorted(wanted)
    for line in document.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if re.fullmatch(r"G\d{2}", cells[0]) and len(cells) > 5 and cells[5] == FIRST_RELEASE:
            wanted.add(cells[0])
    return sorted(wanted)


def _print_table(rows: dict[str, Row], missing: list[str]) -> None:
    for name, row in sorted(rows.items()):
        verdict = "passed" if row.holds else "FAILED" if row.failed else "skipped"
        print(f"{name}  {verdict:<8} {counted(row.passed + row.failed + row.skipped, 'test')}")
    holding = sum(row.holds for row in rows.values())
    print(f"{counted(holding, 'row')} proven, {len(missing)} without a test: {' '.join(missing)}")
    sys.stdout.flush()
