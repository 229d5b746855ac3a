"""What becomes of the queue once its company is no longer connected (ruling D16)."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from ledger import queue
from practices import audit
from practices.mail import queue_email
from practices.models import Membership, Practice
from practices.tenancy import acting_practice_id
from sage_integration.models import SageConnection

#: How long the queue of a disconnected company is kept.
KEPT = timedelta(days=90)


def last_ended() -> SageConnection | None:
    """The newest connection that got as far as a company and was ended."""
    ended = SageConnection.objects.filter(status=SageConnection.Status.DISCONNECTED).exclude(business_id="")
    latest: SageConnection | None = ended.order_by("-id").first()
    return latest


def withdraw_for(before: SageConnection) -> int:
    """Withdraw what was on its way to the company connected before; how many documents.

    What may have arrived there is withdrawn as well: a person has said that it goes nowhere else.
    """
    return queue.withdraw(queue.on_its_way(), reason=f"Another company than {before} was connected.")


def hold_for(before: SageConnection) -> int:
    """Hold what has not left for the company connected before, so that a person may release it to the new one.

    What may have arrived there is withdrawn: sent on, it would be in two companies.
    """
    reason = f"Another company than {before} was connected."
    held = queue.hold(queue.on_its_way(), reason=reason)
    queue.withdraw(queue.on_its_way(), reason=reason)
    return held


#: What a person can decide about the queue, by the word of the form.
DECISIONS: dict[str, Callable[[SageConnection], int]] = {"withdraw": withdraw_for, "hold": hold_for}


def withdraw_old_queue() -> int:
    """Withdraw what has waited ninety days since the company was disconnected, and tell the owners; how many.

    What may have arrived in Sage stays: it is settled by looking there, should that company come back.
    """
    if SageConnection.objects.live().exists():
        return 0
    ended = last_ended()
    if ended is None or ended.ended_at is None or ended.ended_at > timezone.now() - KEPT:
        return 0
    number = queue.withdraw(queue.unsent(), reason=f"{ended} was disconnected {KEPT.days} days ago.")
    if number:
        entry = audit.record("sage.queue_withdrawn", ended, business=ended.business_name, documents=number)
        _tell_the_owners(ended, number, entry.pk)
    return number


def _tell_the_owners(ended: SageConnection, number: int, entry_id: int) -> None:
    practice = Practice.objects.get(pk=acting_practice_id())
    context = {
        "practice": practice,
        "connection": ended,
        "number": number,
        "days": KEPT.days,
        "url": settings.PUBLIC_URL + reverse("ledger:posting-list", args=[practice.slug]) + "?view=withdrawn",
    }
    owners = Membership.objects.filter(practice=practice, role=Membership.Role.OWNER).select_related("user")
    for owner in owners:
        event = f"sage-queue-withdrawn:{entry_id}:{owner.user_id}"
        queue_email(owner.user.email, "sage_integration/queue_withdrawn", context, event=event)
