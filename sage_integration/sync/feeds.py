"""Reading Sage's change feeds without missing a row, and remembering how far they were read.

The cursor is Sage's own clock, taken from the rows; each reading begins a little before it, because rows of
the same second may appear later (FACTS.md 3). Rows can move between pages while they are being read, so a
reading of more than one page is repeated until it brings nothing new.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Generic, TypeVar

from practices.rows import rows_of
from practices.tenancy import practice_transaction
from sage_integration.models import SyncCursor
from sage_integration.sage.paging import ROWS_PER_PAGE

OVERLAP = timedelta(minutes=3)
#: The stamp of feeds of deleted records.
DELETED_AT = "deleted_at"
Row = TypeVar("Row", bound=Mapping[str, Any])


@dataclass(frozen=True)
class Feed(Generic[Row]):
    """A change feed of Sage: its name, the stamp its rows are ordered by, and how to ask for it."""

    name: str
    stamp: str
    rows: Callable[[datetime], Iterable[Row]]

    @property
    def is_of_deleted(self) -> bool:
        """Whether its rows are of what is not there any more."""
        return self.stamp == DELETED_AT


def changed(name: str, rows: Callable[..., Any]) -> Feed[Any]:
    """The feed of what was created or changed, of a resource's list."""
    return Feed(f"{name}.updated", "updated_at", lambda since: rows(updated_or_created_since=since))


def deleted(name: str, rows: Callable[..., Any]) -> Feed[Any]:
    """The feed of what was deleted, of a resource's list."""
    return Feed(f"{name}.deleted", DELETED_AT, lambda since: rows(deleted_since=since))


def instant(text: str) -> datetime:
    """Sage's time stamp (`2027-03-10T09:00:00Z`) as an instant in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def read_feed(
    feed: Feed[Row],
    business_id: str,
    *,
    begin: datetime,
    record: Callable[[list[Row]], None],
    cursor: SyncCursor | None = None,
) -> int:
    """Hand every row changed since the last reading to `record`, and say how many rows were new.

    ``begin`` is where a feed that was never read starts, ``cursor`` where the caller knows it to stand. `record` runs
    inside a transaction, a page at a time; the last page and the cursor are saved together, so the cursor is never
    ahead of the rows. Where nothing came, nothing is written.
    """
    since = _stands(cursor, feed.name, business_id, begin).since
    handled: set[tuple[str, str]] = set()
    newest = since
    while True:
        waiting: list[Row] = []
        rows_seen, new_rows = 0, 0
        for page in _pages(feed.rows(since - OVERLAP)):
            if waiting:
                with practice_transaction():
                    record(waiting)
            waiting = [row for row in page if _key(row, feed) not in handled]
            handled |= {_key(row, feed) for row in waiting}
            rows_seen, new_rows = rows_seen + len(page), new_rows + len(waiting)
            newest = max([newest, *_moments(page, feed)])
        is_stable = rows_seen <= ROWS_PER_PAGE or not new_rows
        if waiting or newest > since:
            with practice_transaction():
                record(waiting)
                if is_stable:
                    _move_cursor(feed.name, business_id, newest)
        if is_stable:
            return len(handled)


@dataclass(frozen=True)
class Glance:
    """What a feed that only tells whether anything happened says now, until `keep` makes it known."""

    name: str
    business_id: str
    is_news: bool
    newest: datetime
    seen: list[str]
    #: Nothing is other than what is remembered already.
    is_known: bool

    def keep(self) -> None:
        """Remember what was seen, in the caller's transaction: after whatever the news made somebody read."""
        SyncCursor.objects.filter(business_id=self.business_id, feed=self.name).update(
            since=self.newest, seen=self.seen
        )


def glance_at(
    feed: Feed[Row], business_id: str, *, begin: datetime, cursor: SyncCursor | None = None
) -> Glance:
    """Whether a feed brings a row that was not there at the last glance; nothing is remembered yet.

    Rows near the cursor come again with every reading, so those seen are remembered by id and stamp.
    """
    cursor = _stands(cursor, feed.name, business_id, begin)
    known = set(cursor.seen)
    rows = list(feed.rows(cursor.since - OVERLAP))
    newest = max([cursor.since, *_moments(rows, feed)])
    seen = sorted("@".join(_key(row, feed)) for row in rows if instant(_stamp(row, feed)) >= newest - OVERLAP)
    is_news = any("@".join(_key(row, feed)) not in known for row in rows)
    is_known = (newest, seen) == (cursor.since, sorted(cursor.seen))
    return Glance(feed.name, business_id, is_news, newest, seen, is_known)


def cursors_of(business_id: str) -> dict[str, SyncCursor]:
    """How far each feed of a business was read, by its name; inside a scope."""
    return {cursor.feed: cursor for cursor in rows_of(SyncCursor, "business_id = %s", business_id)}


def _pages(rows: Iterable[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while page := list(islice(remaining, ROWS_PER_PAGE)):
        yield page


def _key(row: Row, feed: Feed[Row]) -> tuple[str, str]:
    return row["id"], _stamp(row, feed)


def _stamp(row: Row, feed: Feed[Row]) -> str:
    """When the row changed: a void that shows among the deleted ones need not say when it was deleted (17.12)."""
    stamp: str = row.get(feed.stamp) or row["updated_at"]
    return stamp


def _moments(rows: Iterable[Row], feed: Feed[Row]) -> Iterator[datetime]:
    return (instant(_stamp(row, feed)) for row in rows)


def _stands(cursor: SyncCursor | None, name: str, business_id: str, begin: datetime) -> SyncCursor:
    if cursor is None:
        with practice_transaction():
            cursor, _ = SyncCursor.objects.get_or_create(
                business_id=business_id, feed=name, defaults={"since": begin}
            )
    return cursor


def _move_cursor(name: str, business_id: str, to: datetime) -> None:
    """Forwards only: of two pollers at once, the one that read further wins."""
    SyncCursor.objects.filter(business_id=business_id, feed=name, since__lt=to).update(since=to)
