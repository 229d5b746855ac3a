"""What happens here when a practice opens."""

from typing import Any

from practices.signals import practice_opened
from proposals.models import Terms
from proposals.starter_terms import STARTER_TERMS


def connect() -> None:
    """Listen to the apps below."""
    practice_opened.connect(add_starter_terms, dispatch_uid="starter terms")


def add_starter_terms(sender: Any, **_: Any) -> None:
    """Every practice has terms to send from its first day, marked as not yet reviewed."""
    Terms.objects.create(version=1, body=STARTER_TERMS)
