"""One e-mail about everything that has needed somebody for a while, never one for each failure."""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from practices.mail import queue_email
from practices.models import Membership, Practice, User
from practices.tenancy import acting_practice_id
from sage_integration.attention import Kind, Thing, things
from sage_integration.models import SageConnection
from sage_integration.stakes import stake_of

#: Things named in a digest; the rest is counted.
MOST_NAMED = 20


def tell_of_what_needs_somebody(now: datetime) -> int:
    """Write one digest of what has needed somebody longer than the practice wants to wait; of how many things.

    What a digest told of once is not told of again, and a lost authorisation, of which the owners hear at once, not at
    all. It goes to the owners, and to whoever looks after one of the things. In the caller's transaction.
    """
    connection: SageConnection | None = SageConnection.objects.live().select_for_update().first()
    if connection is None or not connection.alert_after_minutes:
        return 0
    until = now - timedelta(minutes=connection.alert_after_minutes)
    practice = Practice.objects.get(pk=acting_practice_id())
    today, told = practice.today(), connection.alerted_until
    due = [
        thing
        for thing in things()
        if thing.since <= until
        and (told is None or thing.since > told)
        and thing.state_on(today) == "open"
        and not (
            thing.kind == Kind.CONNECTION and connection.status == SageConnection.Status.NEEDS_REAUTHORISATION
        )
    ]
    if told is None or until > told:
        SageConnection.objects.filter(pk=connection.pk).update(alerted_until=until)
    if due:
        _write(due, practice, connection, event=f"sage-alert:{connection.pk}:{until.timestamp():.0f}")
    return len(due)


def _write(due: list[Thing], practice: Practice, connection: SageConnection, *, event: str) -> None:
    context = {
        "practice": practice,
        "things": due[:MOST_NAMED],
        "number": len(due),
        "more": max(0, len(due) - MOST_NAMED),
        "minutes": connection.alert_after_minutes,
        "stake": stake_of(due),
        "url": settings.PUBLIC_URL + reverse("sage:inbox", args=[practice.slug]),
    }
    for person in _recipients(due, practice):
        queue_email(person.email, "sage_integration/needs_you", context, event=f"{event}:{person.pk}")


def _recipients(due: list[Thing], practice: Practice) -> list[User]:
    members = Membership.objects.filter(practice=practice).select_related("user").order_by("pk")
    asked = {thing.owner.pk for thing in due if thing.owner}
    return [
        member.user for member in members if member.role == Membership.Role.OWNER or member.user_id in asked
    ]
