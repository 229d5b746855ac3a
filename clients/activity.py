"""What happened with a client: its own changes, and those of everything that belongs to it (G51)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from clients.contributions import belongings_of
from clients.models import Client
from practices.models import AuditEntry

#: Fields of a client in words; others are their own name.
FIELDS = {
    "posts_automatically": "copying to Sage",
    "aml_status": "checks",
    "aml_reviewer": "checked by",
    "aml_reviewed_on": "checked on",
    "aml_review_due_on": "next review",
    "billed_to": "invoices go to",
    "also_tells": "also told",
    "utr": "UTR",
    "vat_number": "VAT number",
    "postal_code": "postcode",
    "people": "people",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the trail as a person reads it; without an actor it was Ignition itself."""

    text: str
    at: datetime
    who: str
    changes: Sequence[Change]


def activity_of(client: Client, *, before: int | None, most: int) -> list[AuditEntry]:
    """The newest entries about the client and what belongs to it; ``before`` is the id that a page begins after."""
    found = chain.from_iterable(
        _newest(subject_type, rows, before, most)
        for subject_type, rows in belongings_of(client).items()
        if rows
    )
    return sorted(found, key=lambda entry: -entry.pk)[:most]


def _newest(subject_type: str, rows: Sequence[int], before: int | None, most: int) -> list[AuditEntry]:
    entries = AuditEntry.objects.filter(subject_type=subject_type, subject_id__in=rows)
    if before is not None:
        entries = entries.filter(pk__lt=before)
    return list(entries.select_related("actor").order_by("-pk")[:most])


def in_words(entry: AuditEntry) -> Event:
    """The entry as a sentence, by whom, and what changed; which one it was once `practices.subjects` named it."""
    own = entry.subject_type == "clients.client"
    name = entry.data.get("name") or entry.data.get("title") or entry.data.get("reference") or ""
    if not own:
        name = entry.called or name
    elif entry.action != "client.file_attached":
        name = ""
    text = f"{entry.in_words}: {name}" if name else entry.in_words
    if entry.action == "client.posting_switched":
        text = f"Copying to Sage turned {'on' if entry.data.get('on') else 'off'}"
    return Event(text, entry.at, entry.who, _changes(entry.data))


def _changes(data: dict[str, Any]) -> list[Change]:
    changes = data.get("changes")
    if not isinstance(changes, dict):
        return []
    pairs = {name: pair for name, pair in changes.items() if isinstance(pair, list) and len(pair) == 2}
    return [
        Change(FIELDS.get(name, name.replace("_", " ")), _written(pair[0]), _written(pair[1]))
        for name, pair in pairs.items()
    ]


def _written(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(str(part) for part in value) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("\n", ", ") if value not in ("", None) else "nothing"
