"""The customers of the connected company as pages here know them, kept by reading what changed in Sage.

A reading is kept whole or not at all: a page that fails half-way leaves the book, and how far it was read, as they
were. What was deleted or erased over there leaves the book; a client that was linked with it is asked about.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import structlog
from django.utils import timezone

from practices import audit
from practices.tenancy import practice_transaction
from sage_integration.app_clients.suggestions import refresh_suggestions
from sage_integration.connections import current_connection
from sage_integration.models import ContactLink, SageConnection, SageContact, SyncCursor, SyncRun
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import SageError
from sage_integration.sage.paging import ROWS_PER_PAGE
from sage_integration.sage.resources.contacts import CUSTOMER, Contact
from sage_integration.sage.resources.resource import web_address
from sage_integration.sessions import open_sage
from sage_integration.sync import outcomes
from sage_integration.sync.feeds import OVERLAP, instant
from sage_integration.sync.names import bring_names
from sage_integration.sync.runs import finish_run, run_to_do

log = structlog.get_logger(__name__)

#: Before there was Sage's accounting in the cloud: a first reading asks for everything.
THE_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
CHANGED, DELETED = "contacts", "deleted_contacts"
#: Readings of a list that keeps moving; what is still new after that comes with the next one.
MOST_READINGS = 3
_COPIED = sorted(
    {each.name for each in SageContact._meta.fields}
    - {"id", "practice", "business_id", "sage_id", "verdict", "candidates", "twins", "is_ignored", "job"}
)


@dataclass
class Reading:
    """What changed since the last reading, and Sage's own time of the newest change."""

    changed: dict[str, Contact] = field(default_factory=dict)
    deleted: dict[str, Contact] = field(default_factory=dict)
    newest: dict[str, datetime] = field(default_factory=dict)


def sync_contacts() -> SyncRun | None:
    """Bring the book up to date and match it with the clients; None when there is no company to read.

    Opens transactions of its own; what goes wrong with Sage is kept on the run, not raised (F57, F59).
    """
    with practice_transaction():
        connection = current_connection()
        if connection is None or not connection.business_id:
            return None
        run = run_to_do(SyncRun.Kind.CONTACTS)
        since = {name: _read_until(name, connection.business_id) for name in (CHANGED, DELETED)}
    try:
        with open_sage(connection) as sage:
            reading = _read(sage, since)
            with practice_transaction():
                is_kept = _keep(connection, reading, run)
            if is_kept:
                _bring_names(connection, sage, run)
    except SageError as error:
        outcomes.pause_business(error, connection.business_id)
        log.warning("reading contacts failed", error=type(error).__name__, detail=error.detail)
        with practice_transaction():
            finish_run(run, counts=run.counts, problem=str(error))
    return run


def _bring_names(connection: SageConnection, sage: SageClient, run: SyncRun) -> None:
    """Let names follow, now that the book is up to date; how many is added to the run."""
    if renamed := bring_names(connection, sage):
        with practice_transaction():
            finish_run(run, counts=run.counts | renamed)


def _read_until(feed: str, business_id: str) -> datetime:
    cursor = SyncCursor.objects.filter(business_id=business_id, feed=feed).first()
    return cursor.since if cursor else THE_BEGINNING


def _read(sage: SageClient, since: dict[str, datetime]) -> Reading:
    """Both feeds to their end; network only, raises `SageError`."""
    reading = Reading()
    reading.changed = _settled(sage.contacts.changed, since[CHANGED] - OVERLAP)
    if since[DELETED] > THE_BEGINNING:
        reading.deleted = _settled(
            lambda when: sage.contacts.list(deleted_since=when), since[DELETED] - OVERLAP
        )
    stamps = [instant(row["updated_at"]) for row in reading.changed.values()]
    reading.newest[CHANGED] = max([since[CHANGED], *stamps])
    # What was deleted before the first reading never was in the book.
    gone = [instant(row["deleted_at"] or row["updated_at"]) for row in reading.deleted.values()]
    reading.newest[DELETED] = (
        max([since[DELETED], *gone]) if gone else max(since[DELETED], reading.newest[CHANGED])
    )
    return reading


def _settled(read: Callable[[datetime], Iterable[Contact]], since: datetime) -> dict[str, Contact]:
    """The rows by id. Rows may move between pages while they are read, so several pages are read again."""
    rows: dict[str, Contact] = {}
    for _ in range(MOST_READINGS):
        page = list(read(since))
        is_known = all(rows.get(row["id"]) == row for row in page)
        rows |= {row["id"]: row for row in page}
        if is_known or len(page) <= ROWS_PER_PAGE:
            break
    return rows


def _keep(read_for: SageConnection, reading: Reading, run: SyncRun) -> bool:
    """Store what was read, unless the company was changed or disconnected meanwhile; whether it was kept."""
    connection = current_connection()
    if connection is None or connection.business_id != read_for.business_id:
        finish_run(run, problem="The company was changed while it was being read.")
        return False
    counts = store_contacts(connection.business_id, list(reading.changed.values()), list(reading.deleted))
    for feed, newest in reading.newest.items():
        SyncCursor.objects.update_or_create(
            business_id=connection.business_id, feed=feed, defaults={"since": newest}
        )
    counts |= refresh_suggestions(connection.business_id)
    finish_run(run, counts=counts)
    return True


def store_contacts(business_id: str, rows: Sequence[Contact], deleted: Sequence[str]) -> dict[str, int]:
    """The book with these rows added or changed, and without the deleted and erased ones; how many of each."""
    now = timezone.now()
    erased = [row["id"] for row in rows if row.get("gdpr_obfuscated")]
    kept = [_contact(row, business_id, now) for row in rows if _belongs(row)]
    book = SageContact.objects.of_business(business_id)
    ids = [row.sage_id for row in kept]
    known = dict(book.filter(sage_id__in=ids).values_list("sage_id", "changed_at"))
    SageContact.objects.bulk_create(
        kept,
        update_conflicts=True,
        unique_fields=["practice", "business_id", "sage_id"],
        update_fields=_COPIED,
        batch_size=500,
    )
    _ask_about(business_id, deleted, ContactLink.Trouble.DELETED)
    _ask_about(business_id, erased, ContactLink.Trouble.ERASED)
    gone = [*erased, *deleted]
    book.filter(sage_id__in=gone).delete()
    return {
        "new": sum(row.sage_id not in known for row in kept),
        "changed": sum(row.sage_id in known and row.changed_at != known[row.sage_id] for row in kept),
        "gone": len(gone),
        "contacts": book.count(),
    }


def _ask_about(business_id: str, sage_ids: Sequence[str], trouble: str) -> None:
    """Mark the links whose contact has gone: its client's page asks what is to become of it (D15)."""
    links = ContactLink.objects.filter(business_id=business_id, sage_contact_id__in=sage_ids, trouble="")
    for link in links.select_related("client"):
        link.trouble, link.trouble_since = trouble, timezone.now()
        link.save(update_fields=["trouble", "trouble_since"])
        audit.record("contact.gone", link.client, trouble=str(trouble), sage_contact=link.sage_contact_id)


def _belongs(row: Contact) -> bool:
    """Whether a contact may be shown: a customer, not Sage's own, neither deleted nor erased (FACTS.md 6)."""
    kinds = [kind["id"] for kind in row.get("contact_types") or []]
    if kinds and CUSTOMER not in kinds:
        return False
    return not (row.get("system") or row.get("gdpr_obfuscated") or row.get("deleted_at"))


def _contact(row: Contact, business_id: str, now: datetime) -> SageContact:
    person, address = row.get("main_contact_person") or {}, row.get("main_address") or {}
    country, currency = address.get("country"), row.get("currency")
    owed = row.get("balance")
    return SageContact(
        business_id=business_id,
        sage_id=row["id"],
        name=_text(row.get("name") or row["displayed_as"], 255),
        displayed_as=_text(row["displayed_as"], 255),
        reference=_text(row.get("reference"), 40),
        email=_text(person.get("email") or row.get("email"), 255),
        person_name=_text(person.get("name"), 100),
        phone=_text(person.get("telephone") or person.get("mobile"), 50),
        tax_number=_text(row.get("tax_number"), 255),
        address_line_1=_text(address.get("address_line_1"), 100),
        address_line_2=_text(address.get("address_line_2"), 100),
        city=_text(address.get("city"), 100),
        region=_text(address.get("region"), 100),
        postal_code=_text(address.get("postal_code"), 20),
        country=_text(country["id"] if country else "", 2),
        currency=_text(currency["id"] if currency else "", 3),
        owed=owed.quantize(Decimal("0.01")) if owed is not None else None,
        is_active=row.get("is_active") is not False,
        web_address=_text(web_address(row.get("links")), 300),
        changed_at=instant(row["updated_at"]),
        seen_at=now,
    )


def _text(value: object, length: int) -> str:
    """Text that fits; Sage writes an absent one as null, as empty, or as the word "null" (FACTS.md 3)."""
    text = str(value or "").replace("\x00", "").strip()
    return "" if text == "null" else text[:length]
