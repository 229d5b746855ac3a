"""Celery entry points of billing."""

import structlog
from celery import shared_task

from invoicing.billing_run import run_billing
from practices.models import Practice
from practices.tasks import PracticeTask, wake

log = structlog.get_logger(__name__)


@shared_task
def sweep_billing() -> None:
    """Start one billing run for each practice."""
    for practice_id in Practice.objects.order_by("pk").values_list("pk", flat=True):
        wake(bill_practice, practice_id)


@shared_task(base=PracticeTask)
def bill_practice(practice_id: int) -> None:
    """Bill what is due in a practice today."""
    outcome = run_billing(Practice.objects.get(pk=practice_id).today())
    log.info(
        "billing run done", invoices=outcome.invoices, periods=outcome.periods, refused=len(outcome.refused)
    )
