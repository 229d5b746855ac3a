"""The outbox's operations: with `ledger.leases`, `ledger.batches` and the like the only code that changes a posting.

    held ─release→ pending ─lease→ leased ─→ posted | pending again | failed
    held, pending, failed ─cancel→ cancelled

Operations run inside the caller's transaction: no invoice without its posting, no posting without its invoice.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection
from django.db.models import F
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from ledger.errors import (
    CannotCancel,
    LeaseLost,
    NotFailed,
    NotHeld,
    PostingsAreClosed,
)
from ledger.models import LedgerSettings, Posting
from ledger.signals import posting_due
from practices import audit
from practices.arrays import array
from practices.remembered import practice_and
from practices.statements import Change, run_together
from practices.tenancy import acting_practice_id
from practices.webhooks import emit

#: Letters and digits that cannot be mistaken for one another when read out on the telephone.
MARK_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
REFERENCE_LENGTH, MARK_LENGTH, IDEMPOTENCY_LENGTH = 25, 6, 32
#: A letter for each byte: marks only have to differ, so that some letters are a little likelier does no harm.
_LETTERS = bytes(ord(MARK_ALPHABET[byte % len(MARK_ALPHABET)]) for byte in range(256))


def ledger_settings() -> LedgerSettings:
    """The practice's ledger settings, there since it was opened, with their practice."""
    practice, found = practice_and(LedgerSettings)
    if found is None:
        raise LedgerSettings.DoesNotExist
    found.practice = practice
    return found


def request_posting(
    kind: str, subject_id: int, *, label: str, not_before: datetime | None = None, reason: str = ""
) -> Posting:
    """A posting that will leave as soon as the ledger accepts postings; held until then.

    ``label`` is how the practice knows the document (`INV-000123`); the reference adds a random mark to it.
    It leaves at ``not_before`` at the earliest, and at once where that is None. ``reason`` is why a person asked for
    it, where one has to say so.
    """
    if not ledger_settings().accepts_postings:
        return hold_posting(kind, subject_id, label=label, reason=reason)
    particulars = {"not_before": not_before or timezone.now(), "reason": reason}
    posting = new_posting(kind, subject_id, label, Posting.Status.PENDING, **particulars)
    posting_due.send(Posting)
    return posting


def hold_posting(kind: str, subject_id: int, *, label: str, reason: str = "") -> Posting:
    """A posting that stays until a person releases it."""
    return new_posting(kind, subject_id, label, Posting.Status.HELD, reason=reason)


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that was never posted: its id, how the practice knows it, and whether it leaves by itself."""

    subject_id: int
    label: str
    leaves: bool = True


def request_postings(
    kind: str,
    documents: Sequence[NewDocument],
    *,
    not_before: datetime | None = None,
    beside: Mapping[str, Change] | None = None,
) -> int:
    """One posting for each of many new documents, in one statement; how many may leave.

    As `request_posting` and `hold_posting` do it one by one: what leaves does so from ``not_before`` on (at once
    where that is None), and nothing leaves while the ledger is closed. Raises IntegrityError
    (`one_live_posting_for_a_copy`) for a document that has a posting already. ``beside`` are changes that the
    caller makes in the same statement: the documents themselves, for one.
    """
    now, actor = timezone.now(), audit.current_actor()
    marks = _marks(len(documents))
    postings = Change(
        _NEW_POSTINGS,
        [
            acting_practice_id(),
            kind,
            now if not_before is None else max(not_before, now),
            now,
            actor.pk if actor else None,
            acting_practice_id(),
            array(document.subject_id for document in documents),
            array(_reference(document.label, mark) for document, mark in zip(documents, marks, strict=True)),
            array(_idempotency_ids(len(documents))),
            array(document.leaves for document in documents),
        ],
    )
    leaving: int
    (leaving,) = run_together({**(beside or {}), "postings": postings}, _LEAVING)
    if leaving:
        posting_due.send(Posting)
    return leaving


_NEW_POSTINGS = """
    INSERT INTO ledger_posting
        (practice_id, kind, not_before, requested_at, requested_by_id, subject_id, reference, idempotency_id,
         status, copy, attempts, times_lost, lease, external_id, external_number, external_url,
         failure, failure_detail, remedy)
    SELECT %s, %s, %s, %s, %s::bigint, subject_id, reference, idempotency_id,
           CASE WHEN leaves AND (SELECT accepts_postings FROM ledger_ledgersettings WHERE practice_id = %s)
               THEN 'pending' ELSE 'held' END,
           1, 0, 0, '', '', '', '', '', '', ''
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::boolean[])
        AS posting(subject_id, reference, idempotency_id, leaves)
    RETURNING status
"""
_LEAVING = "SELECT count(*) FROM postings WHERE status = 'pending'"


def new_posting(kind: str, subject_id: int, label: str, status: str, **particulars: Any) -> Posting:
    """The next copy of a document, in this state; for this module and `ledger.copies` alone."""
    latest = Posting.objects.live().of(kind, subject_id).first()
    posting: Posting = Posting.objects.create(
        kind=kind,
        subject_id=subject_id,
        copy=latest.copy + 1 if latest else 1,
        reference=reference_for(label),
        idempotency_id=uuid4().hex,
        status=status,
        requested_by=audit.current_actor(),
        **particulars,
    )
    return posting


def reference_for(label: str) -> str:
    """`INV-000123-K7Q2M9`: the label and a random mark, at most 25 characters (FACTS.md 9.1)."""
    return _reference(label, _marks(1)[0])


def _reference(label: str, mark: str) -> str:
    return f"{label[: REFERENCE_LENGTH - len(mark) - 1]}-{mark}"


def _marks(count: int) -> list[str]:
    """So many random marks, drawn together."""
    letters = secrets.token_bytes(MARK_LENGTH * count).translate(_LETTERS).decode()
    return [letters[start : start + MARK_LENGTH] for start in range(0, len(letters), MARK_LENGTH)]


def _idempotency_ids(count: int) -> list[str]:
    """So many random ids, half of each shared by all: side by side in their index, however many others it has."""
    half = IDEMPOTENCY_LENGTH // 2
    shared, digits = secrets.token_hex(half // 2), secrets.token_hex(half // 2 * count)
    return [shared + digits[start : start + half] for start in range(0, len(digits), half)]


def release_posting(posting: Posting) -> Posting:
    """Let a held posting leave; raises `PostingsAreClosed` or `NotHeld`."""
    posting = locked_posting(posting)
    if posting.status != Posting.Status.HELD:
        raise NotHeld(posting)
    if not ledger_settings().accepts_postings:
        raise PostingsAreClosed(posting)
    posting.status, posting.not_before = Posting.Status.PENDING, timezone.now()
    posting.requested_by = audit.current_actor() or posting.requested_by
    posting.save(update_fields=["status", "not_before", "requested_by"])
    audit.record("posting.released", posting, reference=posting.reference)
    posting_due.send(Posting)
    return posting


def adopt_posting(posting: Posting, *, external_id: str, number: str, url: str) -> Posting:
    """A held posting whose document turned out to be in the ledger: settled, and never sent. Raises `NotHeld`."""
    posting = locked_posting(posting)
    if posting.status != Posting.Status.HELD:
        raise NotHeld(posting)
    posting.status, posting.settled_at = Posting.Status.POSTED, timezone.now()
    posting.external_id, posting.external_number, posting.external_url = external_id, number, url
    posting.save(update_fields=["status", "settled_at", "external_id", "external_number", "external_url"])
    audit.record("posting.posted", posting, reference=posting.reference, number=number, adopted=True)
    return posting


def retry_posting(posting: Posting) -> Posting:
    """Let a refused posting try again, safe to press any number of times; raises `NotFailed`."""
    posting = locked_posting(posting)
    if posting.status != Posting.Status.FAILED:
        raise NotFailed(posting)
    posting.status, posting.not_before = Posting.Status.PENDING, timezone.now()
    posting.failure = posting.failure_detail = posting.remedy = ""
    posting.save(update_fields=["status", "not_before", "failure", "failure_detail", "remedy"])
    audit.record("posting.retried", posting, reference=posting.reference)
    posting_due.send(Posting)
    return posting


def cancel_posting(posting: Posting) -> Posting:
    """Withdraw what is certainly not in the ledger; raises `CannotCancel` once a try may have landed."""
    posting = locked_posting(posting)
    withdrawable = (Posting.Status.HELD, Posting.Status.PENDING, Posting.Status.FAILED)
    if posting.status not in withdrawable or posting.may_have_landed:
        raise CannotCancel(posting)
    posting.status, posting.settled_at = Posting.Status.CANCELLED, timezone.now()
    posting.save(update_fields=["status", "settled_at"])
    audit.record("posting.cancelled", posting, reference=posting.reference)
    return posting


def doubt_all() -> int:
    """After a backup was restored: look in the ledger for everything not known to be there before sending it.

    How many postings that concerns. What left after the backup was made looks here as if it never had.
    """
    unsure = Posting.objects.filter(attempted_at=None).exclude(
        status__in=[Posting.Status.POSTED, Posting.Status.CANCELLED]
    )
    doubted: int = unsure.update(attempted_at=Now())
    return doubted


def mark_posted(
    posting: Posting, *, external_id: str, number: str = "", url: str = "", revision: int = 1
) -> None:
    """The document is in the ledger under this identity; raises `LeaseLost` if somebody else settled it.

    ``revision`` says which one of the document the ledger holds from now on.
    """
    now = timezone.now()
    names: dict[str, Any] = {"external_id": external_id, "number": number, "url": url, "revision": revision}
    with connection.cursor() as cursor:
        cursor.execute(_POST, {"now": now, "id": posting.pk, "lease": posting.lease, **names})
        if cursor.rowcount != 1:
            raise LeaseLost(posting)
    posting.status, posting.settled_at = Posting.Status.POSTED, now
    posting.external_id, posting.external_number, posting.external_url = external_id, number, url
    posting.failure = posting.failure_detail = ""
    posting.held_revision, posting.checked_at = revision, now


# Written out because every document passes it: through a queryset it costs several times as much.
_POST = """
UPDATE ledger_posting SET status = 'posted', settled_at = %(now)s, failure = '', failure_detail = '',
    external_id = %(external_id)s, external_number = %(number)s, external_url = %(url)s,
    held_revision = %(revision)s, checked_at = %(now)s, lease = '', lease_expires_at = NULL
WHERE id = %(id)s AND lease = %(lease)s AND status <> 'posted'
"""


def renumber(posting: Posting, number: str) -> None:
    """The document in the ledger has got another number there: a draft was made final, or somebody changed it."""
    Posting.objects.filter(pk=posting.pk, status=Posting.Status.POSTED).update(external_number=number)


def postpone(posting: Posting, *, seconds: float, failure: str = "", detail: str = "") -> None:
    """Try again after so many seconds; ``failure`` names the reason shown meanwhile.

    The trail tells of it once for a reason, however often it is tried in vain.
    """
    if failure and failure != posting.failure:
        audit.record("posting.postponed", posting, reference=posting.reference, failure=failure)
    posting.status, posting.failure, posting.failure_detail = Posting.Status.PENDING, failure, detail
    _settle(posting, not_before=_in(seconds))


def put_back(
    postings: Sequence[Posting], *, seconds: float | None, failure: str | None = None, detail: str = ""
) -> None:
    """Return leased postings that nothing was sent for: the try does not count.

    Without ``seconds`` they keep their place in the queue, and without a ``failure`` the reason shown so far.
    What another worker has taken over is left alone.
    """
    changes: dict[str, Any] = {
        "status": Posting.Status.PENDING,
        "lease": "",
        "lease_expires_at": None,
        "times_lost": 0,
    }
    if seconds is not None:
        changes["not_before"] = _in(seconds)
    if failure is not None:
        changes |= {"failure": failure, "failure_detail": detail}
    mine = Posting.objects.filter(
        pk__in=[posting.pk for posting in postings],
        lease__in={posting.lease for posting in postings},
        status=Posting.Status.LEASED,
    )
    mine.update(attempts=Greatest(F("attempts") - 1, 0), **changes)


def _in(seconds: float) -> CombinedExpression:
    """So many seconds from now, by the database's clock."""
    return Now() + timedelta(seconds=seconds)


def mark_refused(posting: Posting, *, failure: str, detail: str = "", remedy: str = "") -> None:
    """As `mark_failed`, where the ledger clearly refused the only try: nothing landed, and it may be withdrawn."""
    posting.refused_at = timezone.now()
    mark_failed(posting, failure=failure, detail=detail, remedy=remedy)


def mark_failed(posting: Posting, *, failure: str, detail: str = "", remedy: str = "") -> None:
    """A person has to mend the cause before `retry_posting`; ``remedy`` are the words of the button for it."""
    posting.status, posting.settled_at = Posting.Status.FAILED, timezone.now()
    posting.failure, posting.failure_detail, posting.remedy = failure, detail, remedy
    _settle(posting, "settled_at", "remedy", "refused_at")
    audit.record("posting.failed", posting, reference=posting.reference, failure=failure)
    if posting.kind == Posting.Kind.INVOICE_CREATE:
        emit("invoice.failed", invoice=posting.subject_id, reference=posting.reference, failure=failure)


def _settle(posting: Posting, *fields: str, **worked_out: CombinedExpression) -> None:
    """Write the outcome unless another worker settled this posting first; the database works some of it out."""
    values = {name: getattr(posting, name) for name in ("status", "failure", "failure_detail", *fields)}
    mine = Posting.objects.filter(pk=posting.pk, lease=posting.lease).exclude(status=Posting.Status.POSTED)
    if mine.update(lease="", lease_expires_at=None, times_lost=0, **values, **worked_out) != 1:
        raise LeaseLost(posting)
    posting.lease, posting.lease_expires_at, posting.times_lost = "", None, 0


def locked_posting(posting: Posting) -> Posting:
    """The posting as stored, nobody else's to change before the transaction ends."""
    locked: Posting = Posting.objects.select_for_update().get(pk=posting.pk)
    return locked
