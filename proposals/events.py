"""What happened to a sent proposal, as a chain: each event carries the hash of the one before, so none can be changed,
left out or put in without the rest disagreeing.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from proposals.models import Proposal, ProposalEvent

#: What each kind of event means, for readers.
CHAIN_WORDS = {
    "sent": "Sent",
    "opened": "Opened",
    "downloaded": "PDF downloaded",
    "link_renewed": "Fresh link asked for",
    "question": "Question asked by",
    "recalled": "Recalled",
    "signed": "Signed by",
    "recorded": "Acceptance recorded by the practice for",
    "accepted": "Accepted",
    "declined": "Declined",
    "lost": "Marked as lost by the practice",
}


def note_event(proposal: Proposal, kind: str, **data: Any) -> ProposalEvent:
    """The event at the end of the proposal's chain; the proposal must be locked, so that there is one end."""
    last = ProposalEvent.objects.filter(proposal=proposal.pk).order_by("-number").first()
    number, previous = (last.number + 1, last.sha256) if last else (1, "")
    at = timezone.now()
    sha256 = event_hash(previous, number, kind, at, data)
    event: ProposalEvent = ProposalEvent.objects.create(
        proposal=proposal,
        number=number,
        kind=kind,
        at=at,
        data=data,
        previous_sha256=previous,
        sha256=sha256,
    )
    return event


def event_hash(previous: str, number: int, kind: str, at: datetime, data: dict[str, Any]) -> str:
    """The SHA-256 of an event and, through ``previous``, of all before it."""
    return hash_of_written(written_event(previous, number, kind, at, data))


def written_event(
    previous: str, number: int, kind: str, at: datetime, data: dict[str, Any]
) -> dict[str, Any]:
    """The event as it is hashed and handed out, without its own hash."""
    return {"previous": previous, "number": number, "kind": kind, "at": at.isoformat(), "data": data}


def hash_of_written(event: dict[str, Any]) -> str:
    """The SHA-256 of a written event: sorted keys, no spare space, UTF-8."""
    text = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def written_chain(events: Iterable[ProposalEvent]) -> list[dict[str, Any]]:
    """The events as data, each with its hash."""
    return [
        written_event(event.previous_sha256, event.number, event.kind, event.at, event.data)
        | {"sha256": event.sha256}
        for event in events
    ]


def chain_holds(chain: list[dict[str, Any]]) -> bool:
    """Whether every event follows from the one before and says what it said when it was noted."""
    previous = ""
    for number, event in enumerate(chain, 1):
        bare = {key: value for key, value in event.items() if key != "sha256"}
        if (event["number"], event["previous"]) != (number, previous) or event["sha256"] != hash_of_written(
            bare
        ):
            return False
        previous = event["sha256"]
    return True
