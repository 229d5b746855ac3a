"""What a worker records of several leased postings at once, each as `ledger.leases` and `ledger.outbox` do it for one.

One statement for all of them: every document passes here. Inside the caller's transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from ledger.errors import LeaseLost
from ledger.leases import SEND_MARGIN
from ledger.models import Posting
from practices.arrays import array
from practices.prepared import Prepared


def mark_all_attempted(postings: Sequence[Posting]) -> list[Posting]:
    """Record the intents of several postings before a byte leaves; those that are still ours, in their order."""
    values: dict[str, Any] = {"margin": SEND_MARGIN, **_ids_and_leases(postings)}
    with connection.cursor() as cursor:
        cursor.execute(_INTEND_ALL, values)
        noted = dict(cursor.fetchall())
    ours = [posting for posting in postings if posting.id in noted]
    for posting in ours:
        posting.attempted_at, posting.refused_at = noted[posting.id], None
    return ours


def withdraw_intents(postings: Sequence[Posting]) -> None:
    """Take back intents that were recorded and certainly not acted on, of postings that are still ours.

    Only for whoever recorded them, and only where no earlier try may have landed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WITHDRAW_INTENTS, _ids_and_leases(postings))
    for posting in postings:
        posting.attempted_at = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A posting whose document is in the ledger, and under which identity."""

    posting: Posting
    external_id: str
    number: str = ""
    url: str = ""
    revision: int = 1


def mark_all_posted(arrivals: Sequence[Arrival]) -> None:
    """As `mark_posted`, several at once; raises `LeaseLost` where one is somebody else's, having changed all others."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            _POST_ALL,
            {
                "now": now,
                **_ids_and_leases([arrival.posting for arrival in arrivals]),
                "external_ids": array(arrival.external_id for arrival in arrivals),
                "numbers": array(arrival.number for arrival in arrivals),
                "urls": array(arrival.url for arrival in arrivals),
                "revisions": array(arrival.revision for arrival in arrivals),
            },
        )
        if cursor.rowcount != len(arrivals):
            raise LeaseLost(arrivals[0].posting)
    for arrival in arrivals:
        _is_posted(arrival, now)


def _ids_and_leases(postings: Sequence[Posting]) -> dict[str, str]:
    return {
        "ids": array(posting.id for posting in postings),
        "leases": array(posting.lease for posting in postings),
    }


def _is_posted(arrival: Arrival, now: datetime) -> None:
    posting = arrival.posting
    posting.status, posting.settled_at = Posting.Status.POSTED, now
    posting.external_id, posting.external_number = arrival.external_id, arrival.number
    posting.external_url, posting.failure, posting.failure_detail = arrival.url, "", ""
    posting.held_revision, posting.checked_at = arrival.revision, now


_INTEND_ALL = Prepared(
    """
UPDATE ledger_posting SET attempted_at = statement_timestamp(), refused_at = NULL
FROM unnest(%(ids)s::bigint[], %(leases)s::text[]) AS mine(id, lease)
WHERE ledger_posting.id = mine.id AND ledger_posting.lease = mine.lease
    AND status = 'leased' AND lease_expires_at > statement_timestamp() + %(margin)s
RETURNING ledger_posting.id, ledger_posting.attempted_at
"""
)
_WITHDRAW_INTENTS = """
UPDATE ledger_posting SET attempted_at = NULL
FROM unnest(%(ids)s::bigint[], %(leases)s::text[]) AS mine(id, lease)
WHERE ledger_posting.id = mine.id AND ledger_posting.lease = mine.lease AND status = 'leased'
"""
_POST_ALL = Prepared(
    """
UPDATE ledger_posting SET status = 'posted', settled_at = %(now)s, failure = '', failure_detail = '',
    external_id = mine.external_id, external_number = mine.number, external_url = mine.url,
    held_revision = mine.revision, checked_at = %(now)s, lease = '', lease_expires_at = NULL
FROM unnest(%(ids)s::bigint[], %(leases)s::text[], %(external_ids)s::text[], %(numbers)s::text[], %(urls)s::text[],
    %(revisions)s::int[]) AS mine(id, lease, external_id, number, url, revision)
WHERE ledger_posting.id = mine.id AND ledger_posting.lease = mine.lease AND status <> 'posted'
"""
)
