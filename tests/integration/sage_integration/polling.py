"""Polls of a practice's Sage."""

from decimal import Decimal

from ledger.models import Posting
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import SyncRun
from sage_integration.sync import pull

GROSS = Decimal("120.00")


def poll(practice) -> SyncRun | None:
    """One run of the worker's poll task."""
    with acting_for(practice.pk):
        return pull.poll_payments()


def polled(practice) -> SyncRun:
    """The same, after which nothing may be wrong."""
    run = poll(practice)
    assert run is not None
    assert run.problem == ""
    return run


def standing_of(copied) -> str:
    """What is known of a copy in Sage: that it was voided there, changed, is missing."""
    with practice_scope(copied.posting.practice_id):
        standing: str = Posting.objects.get(pk=copied.posting.pk).standing
    return standing
