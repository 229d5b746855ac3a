"""To which practices Sage is offered at all."""

from django.conf import settings

from practices.errors import DomainError
from practices.models import Practice
from sage_integration.errors import (
    DemoStaysHere,
    NotConnected,
    PlanLacksSage,
    PracticeNotInUK,
    SageNotConfigured,
)


def why_not_connected(practice: Practice) -> DomainError:
    """What to answer where a connection is needed and the practice has none."""
    return DemoStaysHere(practice) if practice.is_demo else NotConnected(practice)


def refusal_to_connect(practice: Practice) -> DomainError | None:
    """Why this practice cannot connect Sage (F01, F09); None when it can."""
    if practice.is_demo:
        return DemoStaysHere(practice)
    if practice.country != "GB":
        return PracticeNotInUK(practice)
    if settings.SAGE_PLANS and practice.plan not in settings.SAGE_PLANS:
        return PlanLacksSage(practice)
    if not (settings.SAGE_CLIENT_ID and settings.SAGE_CLIENT_SECRET):
        return SageNotConfigured(practice)
    return None
