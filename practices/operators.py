"""Staff of the service inside a practice: one at a time, with a reason, for a while, and never unseen.

Whoever enters a practice in `/admin/` sees its rows there and may set going again what stands still. Looking at
its pages as one of its members changes nothing at all. The practice reads both in its own activity.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from allauth.usersessions.models import UserSession
from django.http import HttpRequest

from practices import audit
from practices.models import Membership, Practice, User

#: How long an operator stays inside a practice, and how long they look at its pages as somebody, without asking again.
STAY = timedelta(hours=1)
LOOK = timedelta(minutes=30)
SESSION_KEY = "operator"
#: What a look at somebody's pages may ask for.
LOOKING_METHODS = ("GET", "HEAD", "OPTIONS")

log = structlog.get_logger(__name__)

_barriers: list[Callable[[], None]] = []


@dataclass(frozen=True, slots=True)
class Visit:
    """An operator inside a practice: why, until when (UTC), and as which member they look at its pages, if any."""

    practice_id: int
    reason: str
    until: datetime
    membership_id: int | None = None
    looks_until: datetime | None = None

    def looks(self, now: datetime) -> bool:
        """Whether the pages are looked at as a member now."""
        return self.membership_id is not None and self.looks_until is not None and now < self.looks_until

    def stored(self) -> dict[str, Any]:
        """The visit as a session keeps it."""
        return {
            "practice_id": self.practice_id,
            "reason": self.reason,
            "until": self.until.isoformat(),
            "membership_id": self.membership_id,
            "looks_until": self.looks_until.isoformat() if self.looks_until else None,
        }


def visit_of(request: HttpRequest, now: datetime) -> Visit | None:
    """The visit of this operator's session; None when there is none, it is over, or they are an operator no more."""
    stored = request.session.get(SESSION_KEY)
    user = request.user
    if not stored or not (user.is_active and getattr(user, "is_staff", False)):
        return None
    looks_until = stored["looks_until"]
    visit = Visit(
        practice_id=stored["practice_id"],
        reason=stored["reason"],
        until=datetime.fromisoformat(stored["until"]),
        membership_id=stored["membership_id"],
        looks_until=datetime.fromisoformat(looks_until) if looks_until else None,
    )
    return visit if now < visit.until else None


def keep_out_by(barrier: Callable[[], None]) -> None:
    """Let this raise a `DomainError` where the acting practice may not be entered; an app calls it when it starts."""
    if barrier not in _barriers:
        _barriers.append(barrier)


def enter_practice(practice: Practice, *, reason: str, now: datetime) -> Visit:
    """An operator's visit to the practice, recorded where the practice reads it; raises what keeps them out."""
    for barrier in _barriers:
        barrier()
    visit = Visit(practice.pk, reason, now + STAY)
    audit.record("operator.entered", practice, reason=reason, until=visit.until.isoformat())
    return visit


def leave_practice(practice: Practice) -> None:
    """The end of a visit, recorded."""
    audit.record("operator.left", practice)


def look_as(visit: Visit, member: Membership, *, now: datetime) -> Visit:
    """The visit, from now on also looking at the pages as this member does; recorded."""
    until = min(now + LOOK, visit.until)
    audit.record("operator.looks", member, reason=visit.reason, at=str(member.user), until=until.isoformat())
    return replace(visit, membership_id=member.pk, looks_until=until)


def sign_out(person: User) -> int:
    """End every session of somebody, on every device, at once; how many there were."""
    sessions = list(UserSession.objects.filter(user=person))
    for session in sessions:
        session.end()
    log.warning("signed out everywhere by an operator", user_id=person.pk, sessions=len(sessions))
    return len(sessions)


def stop_looking(visit: Visit) -> Visit:
    """The visit without the look, which is recorded as over."""
    if visit.membership_id is not None:
        audit.record("operator.stopped_looking", Membership.objects.get(pk=visit.membership_id))
    return replace(visit, membership_id=None, looks_until=None)
