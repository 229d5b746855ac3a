"""What is kept of the traffic with Sage: everything that changes something, everything about a document, every failure.

Reading feeds every few minutes is not kept while it goes well; that would bury what somebody looks for.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.utils import timezone

from practices.arrays import LONG_TEXTS, array, long_texts
from practices.prepared import Prepared
from practices.tenancy import acting_practice_id, practice_transaction
from sage_integration.models import SageExchange
from sage_integration.sage.transport import Exchange

log = structlog.get_logger(__name__)

#: Bodies hold the particulars of clients, so they go after this long; the trail of what was done stays.
KEPT = timedelta(days=90)
#: Requests of one session that are kept at most, the newest ones.
MOST_OF_A_SESSION = 200
#: Rows removed in one statement.
CHUNK = 5000
_about: ContextVar[int | None] = ContextVar("posting that is talked about", default=None)
_session: ContextVar["Kept | None"] = ContextVar("session with Sage", default=None)


@contextmanager
def about(posting_id: int | None) -> Iterator[None]:
    """Everything said to Sage inside concerns this posting."""
    token = _about.set(posting_id)
    try:
        yield
    finally:
        _about.reset(token)


@contextmanager
def kept() -> Iterator["Kept"]:
    """What the session with Sage inside says and hears; what was not written down by its end is written down then."""
    noted = Kept()
    token = _session.set(noted)
    try:
        yield noted
    finally:
        _session.reset(token)
        noted.write()


def write_down() -> None:
    """Store what the open session has noted so far, in the caller's transaction, and so together with its results."""
    if (noted := _session.get()) is not None:
        noted.insert()


class Kept:
    """What one session with Sage says and hears, written down together at its end.

    A process that is killed in between loses its words, and nothing else: intents and results have rows of their own.
    """

    def __init__(self) -> None:
        self._noted: deque[tuple[int | None, datetime, Exchange]] = deque(maxlen=MOST_OF_A_SESSION)

    def note(self, exchange: Exchange) -> None:
        """Remember an exchange if it is one to keep."""
        posting_id = _about.get()
        is_well = exchange.status is not None and exchange.status < 400
        if posting_id is not None or exchange.method != "GET" or not is_well:
            self._noted.append((posting_id, timezone.now(), exchange))

    def write(self) -> None:
        """Store what was noted, in a transaction of its own; a log that cannot be kept stops nobody."""
        if not self._noted:
            return
        try:
            with practice_transaction():
                self.insert()
        except Exception:
            log.exception("what was said to Sage could not be kept")

    def insert(self) -> None:
        """The same in the caller's transaction, in one statement; it stays noted unless that is committed."""
        if not self._noted:
            return
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, (acting_practice_id(), *_columns(list(self._noted))))
        transaction.on_commit(self._noted.clear)


_INSERT = Prepared(
    f"""
INSERT INTO sage_integration_sageexchange
    (practice_id, posting_id, business_id, at, milliseconds, method, path, status, failure, request_id, sent, received)
SELECT %s, *
FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::int[], %s::text[], %s::text[], %s::smallint[], %s::text[],
    %s::text[], {LONG_TEXTS.format("%s")}, {LONG_TEXTS.format("%s")})
"""  # noqa: S608 - words of ours
)


def _columns(noted: list[tuple[int | None, datetime, Exchange]]) -> list[str]:
    said = [exchange for _, _, exchange in noted]
    columns = [
        array([posting_id for posting_id, _, _ in noted]),
        array([exchange.business_id or "" for exchange in said]),
        array([str(at) for _, at, _ in noted]),
        array([round(exchange.seconds * 1000) for exchange in said]),
        array([exchange.method for exchange in said]),
        array([exchange.path[:200] for exchange in said]),
        array([exchange.status for exchange in said]),
        array([exchange.failure[:60] for exchange in said]),
        array([(exchange.request_id or "")[:80] for exchange in said]),
        long_texts([exchange.sent for exchange in said]),
        long_texts([exchange.received for exchange in said]),
    ]
    # The one character that the database cannot hold.
    return [column.replace("\0", "") for column in columns]


def forget_old(now: datetime) -> int:
    """Remove what was kept long enough; how many exchanges. In the caller's transaction, a part of them at a time."""
    old = SageExchange.objects.filter(at__lt=now - KEPT).order_by("at").values_list("pk", flat=True)[:CHUNK]
    number, _ = SageExchange.objects.filter(pk__in=list(old)).delete()
    return number
