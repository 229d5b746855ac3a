"""Copies that are in the ledger: changes of them asked for, and how they were found there last.

Operations, as in `ledger.outbox`: they run inside the caller's transaction.
"""

from collections.abc import Collection

from django.utils import timezone

from ledger.errors import ChangeUnderWay, NotInLedger, PostingsAreClosed
from ledger.models import Posting
from ledger.outbox import ledger_settings, locked_posting, new_posting
from ledger.signals import posting_due
from practices import audit

#: The revision that a copy holds which somebody wrote in the ledger himself: none of ours.
NEVER_HELD = 0


def request_change(
    kind: str, copy: Posting, *, label: str, basis: str = "", then: str = "", reason: str = ""
) -> Posting:
    """A change or void of a copy that is in the ledger, to leave as `request_posting` says.

    ``basis`` stands for what the ledger held when the person asked. A refused change of the copy makes way for this
    one. Raises `NotInLedger`, `PostingsAreClosed`, or `ChangeUnderWay` while another one has not come to its end.
    """
    copy = locked_posting(copy)
    if copy.status != Posting.Status.POSTED:
        raise NotInLedger(copy)
    if not ledger_settings().accepts_postings:
        raise PostingsAreClosed(copy)
    end_refused_change(copy)
    particulars = {"target": copy, "basis": basis, "then": then, "reason": reason}
    posting = new_posting(kind, copy.subject_id, label, Posting.Status.PENDING, **particulars)
    posting_due.send(Posting)
    return posting


def end_refused_change(copy: Posting) -> None:
    """A refused change of the copy makes way for what is asked for now; raises `ChangeUnderWay` for any other."""
    for earlier in Posting.objects.select_for_update().filter(target=copy).open():
        if earlier.status != Posting.Status.FAILED:
            raise ChangeUnderWay(copy)
        _give_way(earlier)


def _give_way(refused: Posting) -> None:
    """A refused change ends; whatever it left in the ledger is read there before the next one."""
    refused.status, refused.settled_at = Posting.Status.CANCELLED, timezone.now()
    refused.save(update_fields=["status", "settled_at"])
    audit.record("posting.replaced", refused, reference=refused.reference)


def mark_found(posting: Posting, *, standing: str, blocked: str) -> None:
    """How a copy was found in the ledger just now: as copied, changed, void or missing, and whether it can change."""
    posting.standing, posting.blocked, posting.checked_at = standing, blocked, timezone.now()
    Posting.objects.filter(pk=posting.pk).update(
        standing=standing, blocked=blocked, checked_at=posting.checked_at
    )


def mark_found_as_known(posting_ids: Collection[int]) -> None:
    """These copies were looked at in the ledger just now, and are as they were found last."""
    Posting.objects.filter(pk__in=posting_ids).update(checked_at=timezone.now())


def mark_held_revision(copy: Posting, revision: int) -> None:
    """The ledger's copy holds this revision of the document: a change arrived there, or was taken back here."""
    copy.held_revision = revision
    Posting.objects.filter(pk=copy.pk).update(held_revision=revision)


def relink_copy(copy: Posting, *, external_id: str, number: str, url: str) -> None:
    """Another document in the ledger is the copy from now on, because somebody says so."""
    Posting.objects.filter(pk=copy.pk, status=Posting.Status.POSTED).update(
        external_id=external_id, external_number=number, external_url=url
    )
