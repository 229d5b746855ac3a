"""Taking postings for a worker, and the intent it records before a byte leaves.

A lease lasts for some minutes, so that nobody waits for a worker that was lost. Inside the caller's transaction.
"""

from datetime import timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from django.db import connection
from django.db.models.functions import Now

from ledger.errors import LeaseLost
from ledger.models import Posting
from practices.prepared import Prepared
from practices.rows import columns_of, rows_from

LEASE = timedelta(minutes=5)
#: A send is only begun with this much of the lease left: longer than the HTTP deadline of 30 seconds.
SEND_MARGIN = timedelta(seconds=60)


def lease_due_postings(limit: int = 50, *, announced: bool = False) -> list[Posting]:
    """Due postings, now ours for five minutes; none while another worker drains this practice.

    Where they are ``announced``, the intent to send is recorded with the lease for new invoices that were never tried
    (`was_announced`): for whoever sends nearly all of them at once, and takes the other intents back first.

    The settings row is the practice's turnstile: locking it lets one worker at a time decide, so that Sage
    sees one write at a time from a business (FACTS.md 4) and nobody waits for a locked row.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TURNSTILE)
        if cursor.fetchone() is None:
            return []
    values = {"lease": uuid4().hex, "length": LEASE}
    if due := rows_from(Posting, _lease_ripe(limit, announced), values):
        return sorted(due, key=lambda posting: posting.id)
    return rows_from(Posting, _lease_lost(), values)


# A statement of its own: what is read after the lock was taken is as the turn before has left it.
_TURNSTILE = Prepared(
    "SELECT 1 FROM ledger_ledgersettings WHERE accepts_postings AND paused_at IS NULL FOR UPDATE SKIP LOCKED"
)
# The database's clock alone says when a lease begins and ends, what is ripe, and when something was tried, in every
# statement below: the clocks of two machines differ, and one that is ahead would take over what the other is about to
# send, or look a second time at once and send again.
# Chosen once, for sure: a subquery could be asked again for each row it is joined to, and give others then.
_LEASE = """
WITH due AS MATERIALIZED (
    SELECT id FROM ledger_posting WHERE {due} AND NOT EXISTS
        (SELECT FROM ledger_posting WHERE status = 'leased' AND lease_expires_at > statement_timestamp())
    ORDER BY {order} LIMIT {limit} FOR UPDATE SKIP LOCKED
)
UPDATE ledger_posting SET status = 'leased', lease = %(lease)s,
    lease_expires_at = statement_timestamp() + %(length)s, attempts = attempts + 1,
    times_lost = times_lost + {lost}{announced}
FROM due WHERE ledger_posting.id = due.id
RETURNING {columns}
"""

_ANNOUNCED = """,
    attempted_at = CASE WHEN kind = 'invoice.create' AND attempted_at IS NULL AND times_lost = 0
        THEN statement_timestamp() ELSE attempted_at END"""


@cache
def _lease_ripe(limit: int, announced: bool) -> Prepared:  # noqa: FBT001 - one of the two statements
    # The number stands in it: a plan for any number of rows would not follow the order of the index.
    return Prepared(
        _LEASE.format(
            due="status = 'pending' AND not_before <= statement_timestamp()",
            order="id",
            limit=int(limit),
            lost=0,
            announced=_ANNOUNCED if announced else "",
            columns=columns_of(Posting),
        )
    )


@cache
def _lease_lost() -> Prepared:
    """Of postings whose worker was lost.

    One of them may be what killed it, so each is taken by itself, after all others: it can hold up nobody.
    """
    return Prepared(
        _LEASE.format(
            due="status = 'leased' AND lease_expires_at <= statement_timestamp()",
            order="attempts, id",
            limit=1,
            lost=1,
            announced="",
            columns=columns_of(Posting),
        )
    )


def lease_posting(posting: Posting) -> Posting:
    """This very posting, now ours for five minutes; raises `LeaseLost` while another worker holds it.

    For a posting that another one cannot leave without: a client's contact, before the client's invoice.
    """
    ours = rows_from(Posting, _lease_one(), {"id": posting.pk, "lease": uuid4().hex, "length": LEASE})
    if not ours:
        raise LeaseLost(posting)
    return ours[0]


@cache
def _lease_one() -> str:
    return f"""
UPDATE ledger_posting SET status = 'leased', lease = %(lease)s,
    lease_expires_at = statement_timestamp() + %(length)s, attempts = attempts + 1
WHERE id = %(id)s AND (status = 'pending' OR status = 'leased' AND lease_expires_at <= statement_timestamp())
RETURNING {columns_of(Posting)}
"""  # noqa: S608 - names of ours


def was_announced(posting: Posting) -> bool:
    """Whether the intent of a leased posting was recorded with its lease: both are of the same moment."""
    begins, ends = posting.attempted_at, posting.lease_expires_at
    return begins is not None and ends is not None and begins + LEASE == ends


def still_ours(posting: Posting) -> bool:
    """Whether the lease holds and nobody settled the posting meanwhile."""
    held: bool = Posting.objects.filter(
        pk=posting.pk, status=Posting.Status.LEASED, lease=posting.lease, lease_expires_at__gt=Now()
    ).exists()
    return held


def mark_attempted(posting: Posting) -> None:
    """Record the intent before a byte leaves; raises `LeaseLost` when somebody else took over."""
    values: dict[str, Any] = {"id": posting.pk, "lease": posting.lease, "margin": SEND_MARGIN}
    with connection.cursor() as cursor:
        cursor.execute(_INTEND, values)
        noted = cursor.fetchone()
    if noted is None:
        raise LeaseLost(posting)
    (posting.attempted_at,), posting.refused_at = noted, None


# Written out because every document passes it: through a queryset it costs several times as much.
_INTEND = """
UPDATE ledger_posting SET attempted_at = statement_timestamp(), refused_at = NULL
WHERE id = %(id)s AND status = 'leased' AND lease = %(lease)s
    AND lease_expires_at > statement_timestamp() + %(margin)s
RETURNING attempted_at
"""
