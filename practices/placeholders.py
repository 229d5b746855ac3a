"""Placeholders in letters and messages: `{{client.name}}` stands for a value and is nothing but a value.

No template language: a name that is not offered is a problem to be shown, never something to run.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

_SPACE = r"(?:\s|&nbsp;)*"
_PLACEHOLDER = re.compile(r"\{\{" + _SPACE + r"([A-Za-z][A-Za-z0-9_.]*)" + _SPACE + r"\}\}")
_BRACES = re.compile(r"\{\{|\}\}")


@dataclass(frozen=True, slots=True)
class Problem:
    """A placeholder that cannot be filled in, and why."""

    name: str
    why: str

    def __str__(self) -> str:
        return self.why


def names_in(text: str) -> list[str]:
    """The placeholders of a text, each once, in order."""
    return list(dict.fromkeys(match[1] for match in _PLACEHOLDER.finditer(text)))


def unknown_in(text: str, offered: Mapping[str, str]) -> list[Problem]:
    """What is wrong with a text whatever the values: names that are not offered, and braces without a name."""
    problems = [
        Problem(name, f"There is no placeholder called “{name}”.")
        for name in names_in(text)
        if name not in offered
    ]
    if _BRACES.search(_PLACEHOLDER.sub("", text)):
        problems.append(Problem("{{", "Two braces stand alone: a placeholder is written {{client.name}}."))
    return problems


def missing_in(text: str, values: Mapping[str, str], offered: Mapping[str, str]) -> list[Problem]:
    """Everything that keeps a text from being filled in: `unknown_in`, and offered names without a value."""
    empty = [
        Problem(name, f"“{offered[name]}” ({name}) is empty.")
        for name in names_in(text)
        if name in offered and not values.get(name, "").strip()
    ]
    return unknown_in(text, offered) + empty


def filled(text: str, values: Mapping[str, str]) -> str:
    """Plain text with its values; a name without one leaves nothing."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], ""), text)


def filled_html(html: str, values: Mapping[str, str]) -> str:
    """Harmless HTML with its values escaped; the lines of a value stay lines."""
    return _PLACEHOLDER.sub(lambda match: escape(values.get(match[1], "")).replace("\n", "<br>"), html)
