"""Errors that a person can act on: the class is the rule, the message is for the user."""

from typing import Any


class DomainError(Exception):
    """A rule of the practice was broken; ``message`` says what happened and what to do next."""

    message = "This cannot be done now."

    def __init__(self, subject: Any = None, *, message: str | None = None) -> None:
        self.subject = subject
        if message is not None:
            self.message = message
        super().__init__(self.message)


class NoPracticeScope(Exception):
    """A query on practice-owned rows ran outside a practice's scope: a mistake in our code."""
