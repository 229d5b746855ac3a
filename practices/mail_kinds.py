"""The kinds of messages this installation sends: their usual words, who gets them, what can stand in them.

Apps describe theirs when they start. Messages to clients have words that each practice may change; messages to the
practice's own people are templates, shown here so that they can be looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from practices.letterhead import PRACTICE_PLACEHOLDERS
from practices.models import MailWording


@dataclass(frozen=True, slots=True)
class MailKind:
    """A message to clients in words that a practice may change."""

    key: str
    name: str
    to: str
    subject: str
    body: str
    #: What the button under the words says; no button without it.
    button: str = ""
    #: Names beside `PRACTICE_PLACEHOLDERS`, and what each stands for.
    placeholders: Mapping[str, str] = field(default_factory=dict)
    #: Values to look at the message with.
    example: Mapping[str, str] = field(default_factory=dict)

    @property
    def offered(self) -> dict[str, str]:
        """Every name that may stand in the words, and what it stands for."""
        return {**self.placeholders, **PRACTICE_PLACEHOLDERS}


@dataclass(frozen=True, slots=True)
class InternalKind:
    """A message to the practice's own people; its words are templates of this installation."""

    key: str
    name: str
    to: str
    #: What its templates are given, as plain values.
    example: Mapping[str, Any]


_kinds: dict[str, MailKind] = {}
_internal: dict[str, InternalKind] = {}


def describe(*kinds: MailKind | InternalKind) -> None:
    """Make kinds of messages known; an app calls this once, when it starts."""
    for kind in kinds:
        known: dict[str, Any] = _kinds if isinstance(kind, MailKind) else _internal
        known[kind.key] = kind


def kinds() -> list[MailKind]:
    """The kinds whose words a practice may change, by name."""
    return sorted(_kinds.values(), key=lambda kind: kind.name)


def internal_kinds() -> list[InternalKind]:
    """The kinds that go to the practice's own people, by name."""
    return sorted(_internal.values(), key=lambda kind: kind.name)


def kind_of(key: str) -> MailKind | None:
    """The kind of this key whose words can be changed, or None."""
    return _kinds.get(key)


def internal_kind_of(key: str) -> InternalKind | None:
    """The kind of this key that goes to the practice's own people, or None."""
    return _internal.get(key)


def wording_of(kind: MailKind) -> MailWording:
    """The acting practice's words for a kind; the usual ones, not saved, before it has its own."""
    own: MailWording | None = MailWording.objects.filter(kind=kind.key).first()
    return own or MailWording(kind=kind.key, subject=kind.subject, body=kind.body)
