"""Celery entry points: what talks to Sage runs here, one task a practice."""

from celery import shared_task

from practices.tasks import PracticeTask, practices_from, wake
from sage_integration import tokens
from sage_integration.sync import audit, pull, push, reference_data

#: Postings of one practice in one task; the rest goes behind everybody else's.
TURN = 25


@shared_task
def sweep_postings() -> None:
    """Start one push for each practice with due postings: what makes losing a hint harmless."""
    for practice_id in practices_from("ledger_practices_due"):
        wake(push_due_postings, practice_id)


@shared_task(base=PracticeTask)
def push_due_postings(practice_id: int) -> None:
    """Push a practice's due postings to Sage; what is left over queues up again, behind everybody else's.

    A practice whose budget is used up comes back in the very moment there is some again.
    """
    turn = push.take_turn(limit=TURN)
    if turn.next_in is not None:
        wake(push_due_postings, practice_id, in_seconds=turn.next_in)


@shared_task
def sweep_payments() -> None:
    """Start one poll for each connected practice."""
    for practice_id in practices_from("sage_connected_practices"):
        wake(poll_payments, practice_id)


@shared_task(base=PracticeTask)
def poll_payments(_practice_id: int) -> None:
    """Mirror a practice's payments from Sage."""
    pull.poll_payments()


@shared_task
def sweep_nightly() -> None:
    """Start the nightly round of each connected practice."""
    for practice_id in practices_from("sage_connected_practices"):
        wake(nightly_sync, practice_id)


@shared_task(base=PracticeTask)
def nightly_sync(_practice_id: int) -> None:
    """Keep a practice's authorisation alive, read its accounts and rates, compare its documents."""
    tokens.keep_alive()
    reference_data.sync_reference_data()
    audit.audit_documents()


@shared_task(base=PracticeTask)
def read_reference_data(_practice_id: int) -> None:
    """Read a practice's accounts and VAT rates, because somebody asked for it."""
    reference_data.sync_reference_data()
