"""What happens here when another app says that something happened there."""

from typing import Any

from django.db import transaction

from ledger.signals import posting_due
from practices.tasks import wake
from practices.tenancy import acting_practice_id
from sage_integration.tasks import push_due_postings


def connect() -> None:
    """Listen to the apps below."""
    posting_due.connect(_wake_a_worker, dispatch_uid="sage_integration.wake_a_worker")


def _wake_a_worker(**_: Any) -> None:
    practice_id = acting_practice_id()
    transaction.on_commit(lambda: wake(push_due_postings, practice_id))
