"""Writes into the JUnit results which rows of the feature list a test proves, for `./dev features`.

A test carries the number of the row in its name or docstring, or in its class's: `test_f73_…`, "G08: …".
"""

import inspect
import re

import pytest

ROW = re.compile(r"(?<![A-Z0-9])[FG]\d{2}(?!\d)", re.IGNORECASE)
RANGE = re.compile(r"(?<![A-Z0-9])([FG])(\d{2})\s?[-–]\s?\1?(\d{2})(?!\d)", re.IGNORECASE)


def rows_named(text: str) -> set[str]:
    """The rows that a text names: "F10", and each of "F10–F12"."""
    rows = {found.upper() for found in ROW.findall(text)}
    for letter, first, last in RANGE.findall(text):
        rows |= {f"{letter.upper()}{number:02}" for number in range(int(first), int(last) + 1)}
    return rows


def pytest_itemcollected(item: pytest.Item) -> None:
    subject = getattr(item, "obj", None)
    owner = getattr(item, "cls", None)
    texts = [
        item.name,
        inspect.getdoc(subject) or "",
        owner.__name__ if owner else "",
        getattr(owner, "__doc__", "") or "",
    ]
    for row in sorted(rows_named("\n".join(texts))):
        item.user_properties.append(("feature", row))
