"""In which ways two names that mean the same are written differently."""

import re
from collections.abc import Callable

from clients.likeness.names import ABBREVIATIONS, FORMS, Name, unaccented, words_of
from clients.likeness.reasons import Reason

_MARKS = re.compile(r"[^\w\s&+]|_")
_AND = re.compile(r"[&+]|\band\b", re.IGNORECASE)
_WORDS = re.compile(r"[^\W_]+")
_ODD_SPACE = re.compile(r"\s{2,}|[^\S ]")
_COUNTED_ELSEWHERE = {word for spelling, _ in FORMS for word in spelling} | {"the", "and"}


def differs_by(left: Name, right: Name) -> list[Reason]:
    """Why two names with the same key are not written alike, at least one reason."""
    found = []
    if left.form != right.form:
        found.append(Reason.FORM_MISSING)
    elif _form_as_written(left) != _form_as_written(right):
        found.append(Reason.FORM_SPELLING)
    found += [reason for reason, look in _WAYS if look(left.written) != look(right.written)]
    if left.title != right.title:
        found.append(Reason.TITLE)
    ours, theirs = _letters(left.written), _letters(right.written)
    if ours != theirs and ours.casefold() == theirs.casefold():
        found.append(Reason.CASE)
    if left.words != right.words or _ODD_SPACE.search(f"{left.written.strip()}{right.written.strip()}"):
        found.append(Reason.SPACING)
    return found or [Reason.PUNCTUATION]


def _form_as_written(name: Name) -> str:
    words = words_of(name.exact)
    return words[-1] if name.form and words else ""


def _letters(text: str) -> str:
    """The letters as written, without the words that other reasons are about."""
    return "".join(word for word in _WORDS.findall(text) if word.casefold() not in _COUNTED_ELSEWHERE)


def _ands(text: str) -> list[str]:
    return [sign.casefold() for sign in _AND.findall(text)]


def _begins_with_the(text: str) -> bool:
    return text.strip().casefold().startswith("the ")


def _accents(text: str) -> int:
    return sum(1 for letter in text.casefold() if letter.isalpha() and unaccented(letter) != letter)


def _abbreviations(text: str) -> list[str]:
    return [word for word in words_of(text) if word in ABBREVIATIONS]


_WAYS: tuple[tuple[Reason, Callable[[str], object]], ...] = (
    (Reason.AMPERSAND, _ands),
    (Reason.LEADING_THE, _begins_with_the),
    (Reason.ACCENTS, _accents),
    (Reason.ABBREVIATION, _abbreviations),
    (Reason.PUNCTUATION, _MARKS.findall),
)
