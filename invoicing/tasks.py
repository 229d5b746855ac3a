"""Celery entry points of billing."""

import structlog
from celery import shared_task
from django.utils import timezone

from invoicing.billing_run import run_billing
from invoicing.client_states import settle_all_clients
from invoicing.errors import AlreadyRunning
from invoicing.morning import send_what_waits
from invoicing.operations import close_holes
from invoicing.tallies import check_tallies, fold
from practices.models import Practice
from practices.tasks import PracticeTask, practices_from, wake
from practices.tenancy import practice_transaction

#: Chunks of one practice before it stands behind all others again: a few seconds of work.
CHUNKS_A_TURN = 5
log = structlog.get_logger(__name__)


@shared_task
def sweep_billing() -> None:
    """Start one billing run for each practice."""
    for practice_id in Practice.objects.order_by("pk").values_list("pk", flat=True):
        wake(bill_practice, practice_id)


@shared_task(base=PracticeTask)
def bill_practice(practice_id: int) -> None:
    """Bill what is due in a practice today, a turn at a time: other practices go in between."""
    today = Practice.objects.get(pk=practice_id).today()
    try:
        outcome = run_billing(today, chunks=CHUNKS_A_TURN)
    except AlreadyRunning:
        log.info("billing is already running")
        return
    log.info(
        "billing run done",
        invoices=outcome.invoices,
        periods=outcome.periods,
        refused=len(outcome.refused),
        complete=outcome.is_complete,
    )
    if not outcome.is_complete:
        wake(bill_practice, practice_id)
        return
    with practice_transaction():
        settle_all_clients(on=today)
    _close_holes()


def _close_holes() -> None:
    """Look through the whole period ledger, a thousand services a transaction."""
    after: int | None = 0
    while after is not None:
        with practice_transaction():
            _, after = close_holes(after)


@shared_task
def sweep_sending() -> None:
    """Start the morning's e-mails for each practice."""
    for practice_id in Practice.objects.order_by("pk").values_list("pk", flat=True):
        wake(send_and_remind, practice_id)


@shared_task(base=PracticeTask)
def send_and_remind(practice_id: int) -> None:
    """Send what was issued and remind of what is unpaid, as the practice wants it; repeating it sends nothing twice."""
    today = Practice.objects.get(pk=practice_id).today()
    send_what_waits(today)


@shared_task
def sweep_tallies() -> None:
    """Start a fold for each practice whose kept sums are in many rows."""
    for practice_id in practices_from("invoicing_practices_to_fold"):
        wake(fold_tallies, practice_id)


@shared_task(base=PracticeTask)
def fold_tallies(_practice_id: int) -> None:
    """Make few rows of many; the sums stay what they are however often this runs."""
    with practice_transaction():
        fold()


@shared_task
def sweep_tally_checks() -> None:
    """Hold the kept sums of each practice against its invoices."""
    for practice_id in Practice.objects.order_by("pk").values_list("pk", flat=True):
        wake(check_practice_tallies, practice_id)


@shared_task(base=PracticeTask)
def check_practice_tallies(_practice_id: int) -> None:
    """One practice's check; a difference is logged and stays on the operator's page, and is not mended by itself."""
    with practice_transaction():
        check = check_tallies(timezone.now())
    if check.differing:
        log.error("kept sums differ from invoices", kinds=check.differing)
