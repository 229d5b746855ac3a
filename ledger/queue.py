"""The queue as a whole: stopping it, letting it go on, and clearing it when its ledger is gone for good."""

from django.utils import timezone

from ledger.models import LedgerSettings, Posting, PostingQuerySet
from ledger.outbox import ledger_settings
from ledger.signals import posting_due
from practices import audit

Status = Posting.Status


def pause_postings() -> LedgerSettings:
    """Nothing leaves from now on; what is requested meanwhile waits in the queue. Safe to repeat."""
    settings = _locked_settings()
    if settings.paused_at is None:
        settings.paused_at = timezone.now()
        settings.save(update_fields=["paused_at"])
        audit.record("ledger.paused", settings)
    return settings


def resume_postings() -> LedgerSettings:
    """The queue leaves again, in its old order. Safe to repeat."""
    settings = _locked_settings()
    if settings.paused_at is not None:
        settings.paused_at = None
        settings.save(update_fields=["paused_at"])
        audit.record("ledger.resumed", settings)
        posting_due.send(Posting)
    return settings


def _locked_settings() -> LedgerSettings:
    found: LedgerSettings = LedgerSettings.objects.select_for_update().get(pk=ledger_settings().pk)
    return found


def unsettled() -> PostingQuerySet:
    """Everything that is not in the ledger and was not withdrawn, held documents included."""
    found: PostingQuerySet = Posting.objects.open()
    return found


def unsent() -> PostingQuerySet:
    """The part of it that has certainly not left."""
    return unsettled().filter(attempted_at=None)


def on_its_way() -> PostingQuerySet:
    """The part of it that was meant for the ledger connected last; held documents were meant for none yet."""
    found: PostingQuerySet = Posting.objects.filter(status__in=[Status.PENDING, Status.LEASED, Status.FAILED])
    return found


def withdraw(postings: PostingQuerySet, *, reason: str) -> int:
    """Take these out of the queue, whoever held them; how many. Only for a ledger that is not connected any more."""
    return _change(postings, Status.CANCELLED, "posting.cancelled", reason)


def hold(postings: PostingQuerySet, *, reason: str) -> int:
    """Keep these until a person releases them; how many. Only for what has certainly not left."""
    return _change(postings.filter(attempted_at=None), Status.HELD, "posting.held", reason)


def _change(postings: PostingQuerySet, status: str, action: str, reason: str) -> int:
    chosen: list[Posting] = list(postings.select_for_update().order_by("id"))
    settled_at = timezone.now() if status == Status.CANCELLED else None
    for posting in chosen:
        audit.record(action, posting, reference=posting.reference, reason=reason)
    Posting.objects.filter(pk__in=[posting.pk for posting in chosen]).update(
        status=status, settled_at=settled_at, lease="", lease_expires_at=None, failure="", failure_detail=""
    )
    return len(chosen)
