"""Many postings let go at once: what was refused tries again, what was held leaves.

A few statements however many they are; inside the caller's transaction, as `ledger.outbox` does it for one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone

from ledger.errors import PostingsAreClosed
from ledger.models import Posting, PostingQuerySet
from ledger.outbox import ledger_settings
from ledger.signals import posting_due
from practices import audit
from practices.arrays import array

Values = dict[str, str | int | datetime | None]


@dataclass(frozen=True, slots=True)
class LetGo:
    """A posting that leaves from now on, and the document it is about."""

    posting_id: int
    subject_id: int
    reference: str


def retry_postings(ids: Collection[int]) -> list[LetGo]:
    """Let those of these postings that were refused try again; which ones. Safe to press any number of times."""
    gone = _let_go(_RETRY, {"ids": array(ids), "now": timezone.now()})
    return _told("posting.retried", gone)


def retry_all(failures: Collection[str], among: PostingQuerySet | None = None) -> int:
    """Let everything that failed for one of these reasons try again, of all postings or among these; how many.

    Safe to press any number of times.
    """
    postings = Posting.objects.all() if among is None else among
    failed = postings.filter(status=Posting.Status.FAILED, failure__in=failures)
    return len(retry_postings(failed.values_list("pk", flat=True)))


def release_postings(ids: Collection[int]) -> list[LetGo]:
    """Let those of these postings that are held leave; which ones. Raises `PostingsAreClosed`."""
    if not ledger_settings().accepts_postings:
        raise PostingsAreClosed
    actor = audit.current_actor()
    values: Values = {"ids": array(ids), "now": timezone.now(), "actor": actor.pk if actor else None}
    return _told("posting.released", _let_go(_RELEASE, values))


def _let_go(statement: str, values: Values) -> list[LetGo]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [LetGo(*row) for row in cursor.fetchall()]


def _told(action: str, gone: list[LetGo]) -> list[LetGo]:
    if gone:
        audit.record_many(
            action, Posting, ((each.posting_id, {"reference": each.reference}) for each in gone)
        )
        posting_due.send(Posting)
    return gone


# Locked in the order of their ids, as everybody does who takes several.
_RETRY = """
WITH chosen AS (
    SELECT id FROM ledger_posting WHERE id = ANY(%(ids)s::bigint[]) AND status = 'failed' ORDER BY id FOR UPDATE
)
UPDATE ledger_posting SET status = 'pending', not_before = %(now)s, failure = '', failure_detail = '', remedy = ''
FROM chosen WHERE ledger_posting.id = chosen.id
RETURNING ledger_posting.id, subject_id, reference
"""
_RELEASE = """
WITH chosen AS (
    SELECT id FROM ledger_posting WHERE id = ANY(%(ids)s::bigint[]) AND status = 'held' ORDER BY id FOR UPDATE
)
UPDATE ledger_posting SET status = 'pending', not_before = %(now)s,
    requested_by_id = coalesce(%(actor)s::bigint, requested_by_id)
FROM chosen WHERE ledger_posting.id = chosen.id
RETURNING ledger_posting.id, subject_id, reference
"""
