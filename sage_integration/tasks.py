"""Celery entry points: what talks to Sage runs here, one task a practice."""

import time

import structlog
from celery import shared_task
from django.utils import timezone

from practices.tasks import PracticeTask, nobody_waits, practices_from, wake
from practices.tenancy import practice_transaction
from sage_integration import alerts, exchanges, queue, tokens
from sage_integration.sage.errors import ReauthorisationRequired, SageError
from sage_integration.sync import audit, contact_book, existing, pull, push, reference_data

log = structlog.get_logger(__name__)

#: Seconds for which a practice takes further turns in the same task while nobody else waits: a message costs as much as
#: two documents, and a worker that is to end waits for its tasks.
GOES_ON_FOR = 2.0


@shared_task
def sweep_postings() -> None:
    """Start one push for each practice with due postings: what makes losing a hint harmless."""
    for practice_id in practices_from("ledger_practices_due"):
        wake(push_due_postings, practice_id)


@shared_task(base=PracticeTask)
def push_due_postings(practice_id: int) -> None:
    """Push a practice's due postings to Sage; what is left over queues up again, behind everybody else's.

    Where nobody else waits it goes on for a while. A practice whose budget is used up comes back in the very moment
    there is some again.
    """
    until = time.monotonic() + GOES_ON_FOR
    turn = push.take_turn()
    while turn.next_in == 0 and time.monotonic() < until and nobody_waits(push_due_postings):
        turn = push.take_turn()
    if turn.next_in is not None:
        wake(push_due_postings, practice_id, in_seconds=turn.next_in)


@shared_task
def sweep_payments() -> None:
    """Start one poll for each connected practice whose time has come."""
    for practice_id in practices_from("sage_practices_to_poll"):
        wake(poll_when_due, practice_id)


@shared_task(base=PracticeTask)
def poll_when_due(_practice_id: int) -> None:
    """Mirror what changed in a practice's Sage, at its own pace."""
    pull.poll_if_due()


@shared_task(base=PracticeTask)
def poll_payments(_practice_id: int) -> None:
    """Mirror what changed in a practice's Sage now, because somebody asked for it."""
    pull.poll_payments()


@shared_task
def sweep_nightly() -> None:
    """Start the nightly round of each practice that is signed in, and look after queues nobody came back for."""
    for practice_id in practices_from("sage_practices_signed_in"):
        wake(nightly_sync, practice_id)
    for practice_id in practices_from("sage_practices_with_an_old_queue"):
        wake(withdraw_old_queue, practice_id)


@shared_task(base=PracticeTask)
def nightly_sync(_practice_id: int) -> None:
    """Keep a practice's authorisation alive, read its accounts and rates, compare its documents."""
    try:
        tokens.keep_alive()
    except ReauthorisationRequired:
        return  # Its owners have been told; until somebody signs in again there is nothing to read.
    except SageError as error:
        # What follows may work all the same, with a token that still lives; each says by itself how it went.
        log.warning("keeping the authorisation alive failed", error=type(error).__name__)
    reference_data.sync_reference_data()
    contact_book.sync_contacts()
    pull.reread_open_invoices()
    audit.audit_documents()
    forget_old_exchanges()


def forget_old_exchanges() -> None:
    """Remove what was said to Sage and is kept no longer, a part at a time."""
    number = 1
    while number:
        with practice_transaction():
            number = exchanges.forget_old(timezone.now())


@shared_task(base=PracticeTask)
def withdraw_old_queue(_practice_id: int) -> None:
    """Withdraw what has waited too long for a practice that is no longer connected."""
    with practice_transaction():
        queue.withdraw_old_queue()


@shared_task(base=PracticeTask)
def read_reference_data(_practice_id: int) -> None:
    """Read a practice's accounts and VAT rates, because somebody asked for it."""
    reference_data.sync_reference_data()


@shared_task
def sweep_alerts() -> None:
    """Start one digest for each practice where something has needed somebody for long enough."""
    for practice_id in practices_from("sage_practices_to_alert"):
        wake(tell_of_what_needs_somebody, practice_id)


@shared_task(base=PracticeTask)
def tell_of_what_needs_somebody(_practice_id: int) -> None:
    """Write a practice's digest of what needs somebody."""
    with practice_transaction():
        alerts.tell_of_what_needs_somebody(timezone.now())


@shared_task
def sweep_contacts() -> None:
    """Start one reading of contacts where something changed in Sage within two hours; elsewhere every two hours.

    Besides, they are read whenever somebody opens a page that shows them (`freshness`, P15): an idle company's requests
    are worth more than a list nobody looks at.
    """
    for practice_id in practices_from("sage_practices_to_read_contacts"):
        wake(read_contacts, practice_id)


@shared_task(base=PracticeTask)
def read_contacts(_practice_id: int) -> None:
    """Read what changed among a practice's contacts, and what was deleted."""
    contact_book.sync_contacts()


@shared_task(base=PracticeTask)
def read_existing_invoices(_practice_id: int) -> None:
    """Look in Sage for what a practice holds, because somebody asked for it."""
    existing.find_existing_invoices()
