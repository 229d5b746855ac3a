"""Celery entry points of billing."""

import structlog
from celery import shared_task

from invoicing.billing_run import run_billing
from invoicing.client_states import settle_all_clients
from invoicing.errors import AlreadyRunning
from invoicing.morning import send_what_waits
from invoicing.operations import close_holes
from practices.models import Practice
from practices.tasks import PracticeTask, wake
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
