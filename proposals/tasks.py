"""Celery entry points: proposals run out at the end of their last day, and those who do not sign are reminded."""

from celery import shared_task

from practices.models import Practice
from practices.tasks import PracticeTask, wake
from practices.tenancy import practice_transaction
from proposals import operations


@shared_task
def sweep_expiry() -> None:
    """Start one run for each practice."""
    for practice_id in Practice.objects.values_list("pk", flat=True):
        wake(expire_proposals, practice_id)


@shared_task(base=PracticeTask)
def expire_proposals(practice_id: int) -> None:
    """Expire the practice's proposals whose last day has passed in its own time zone."""
    today = Practice.objects.get(pk=practice_id).today()
    with practice_transaction():
        operations.expire_proposals(today)
    with practice_transaction():
        operations.remind_proposals(today)
