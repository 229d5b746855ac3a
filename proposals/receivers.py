"""What happens here when a practice opens."""

from typing import Any

from practices.signals import practice_opened
from proposals.models import Terms
from proposals.starter_letter import STARTER_LETTER


def connect() -> None:
    """Listen to the apps below."""
    practice_opened.connect(add_starter_terms, dispatch_uid="starter terms")


def add_starter_terms(sender: Any, **_: Any) -> None:
    """Every practice has a letter to send from its first day, marked as not yet reviewed."""
    Terms.objects.bulk_create(Terms(part=part, version=1, body=body) for part, body in STARTER_LETTER.items())
