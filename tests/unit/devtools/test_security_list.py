"""docs/security.md is complete and true: every number has its row, every row a test or a line that is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs/security.md").read_text()
#: Requirements of ASVS 5.0 of level 1 and 2, by their public numbers; chapter 17 is about WebRTC, which is not here.
LEVEL_2 = """
1.1.1-2 1.2.1-9 1.3.1-11 1.4.1-3 1.5.1-2 2.1.1-3 2.2.1-3 2.3.1-4 2.4.1 3.2.1-2 3.3.1-4 3.4.1-6 3.5.1-5 3.7.1-2
4.1.1-3 4.2.1 4.3.1-2 4.4.1-4 5.1.1 5.2.1-3 5.3.1-2 5.4.1-3 6.1.1-3 6.2.1-11 6.3.1-3 6.4.1-4 6.5.1-5 6.6.1-3 6.8.1-4
7.1.1-3 7.2.1-4 7.3.1-2 7.4.1-5 7.5.1-2 7.6.1-2 8.1.1-2 8.2.1-3 8.3.1 8.4.1 9.1.1-3 9.2.1-4 10.1.1-2 10.2.1-2 10.3.1-4
10.4.1-11 10.5.1-5 10.6.1-2 10.7.1-3 11.1.1-2 11.2.1-3 11.3.1-3 11.4.1-3 11.5.1 11.6.1 12.1.1-3 12.2.1-2 12.3.1-4
13.1.1 13.2.1-5 13.3.1-2 13.4.1-5 14.1.1-2 14.2.1-4 14.3.1-3 15.1.1-3 15.2.1-3 15.3.1-7 16.1.1 16.2.1-5 16.3.1-4
16.4.1-3 16.5.1-3
"""


def spelled_out(ranges: str) -> set[str]:
    numbers = set()
    for word in ranges.split():
        first, _, last = word.partition("-")
        section, start = first.rsplit(".", 1)
        numbers |= {f"{section}.{n}" for n in range(int(start), int(last or start) + 1)}
    return numbers


def rows_of(heading: str) -> list[list[str]]:
    part = TEXT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip("|\n ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return [line for line in lines[2:] if line]


def names_of_tests() -> set[str]:
    names = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        names |= {
            node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)
        }
    return names


def test_every_attack_has_its_row():
    assert [int(row[0]) for row in rows_of("Attacks")] == list(range(1, 64))


def test_every_requirement_of_level_2_has_its_row():
    numbers = [number for row in rows_of("ASVS 5.0, level 2") for number in row[0].split(", ")]
    assert len(numbers) == len(set(numbers))
    assert set(numbers) == spelled_out(LEVEL_2)


@pytest.mark.parametrize("heading", ["Attacks", "Ways round row level security", "ASVS 5.0, level 2"])
def test_every_row_names_a_test_or_a_line(heading):
    assert [row[0] for row in rows_of(heading) if "`" not in row[-1]] == []


def test_every_attack_is_held_by_a_test():
    assert [row[0] for row in rows_of("Attacks") if "`test_" not in row[-1]] == []


def test_whatever_is_named_is_there():
    named = {
        name
        for line in TEXT.splitlines()
        if line.startswith("| ")
        for name in re.findall(r"`([^` ]+)`", line)
    }
    tests = {name for name in named if name.startswith("test_")}
    assert tests - names_of_tests() == set()
    files = {
        name
        for name in named
        if re.fullmatch(r"\.?[\w/.-]+\.(py|md|html|js|toml|in|yml)|Containerfile|\.dockerignore", name)
    }
    assert {name for name in files if not (ROOT / name).exists()} == set()
