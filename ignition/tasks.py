"""Celery entry points of what concerns all apps."""

from celery import shared_task
from django.utils import timezone

from ignition.moving_in.uploads import take_in_what_waits
from ignition.retention import keep_to_retention
from ignition.weekly import send_weekly_summary
from practices.models import Practice
from practices.tasks import PracticeTask, practices_from, wake
from practices.tenancy import acting_practice_id, practice_transaction


@shared_task
def sweep_retention() -> None:
    """Let go, in each practice, of what has been kept long enough."""
    for practice_id in Practice.objects.order_by("pk").values_list("pk", flat=True):
        wake(apply_retention, practice_id)


@shared_task
def sweep_weekly_summaries() -> None:
    """Write each practice's weekly summary."""
    for practice_id in Practice.objects.order_by("pk").values_list("pk", flat=True):
        wake(tell_of_the_week, practice_id)


@shared_task
def sweep_arrivals() -> None:
    """Take up practices that wait to be taken in and whose message was lost or whose worker died."""
    for practice_id in practices_from("arrival_practices_due"):
        wake(take_in_arrival, practice_id)


@shared_task(base=PracticeTask)
def take_in_arrival(_practice_id: int) -> None:
    """Take in the practice that an operator has asked for; done once however often this runs."""
    take_in_what_waits()


@shared_task(base=PracticeTask)
def tell_of_the_week(_practice_id: int) -> None:
    """One practice's weekly summary, written once however often this runs in a week."""
    with practice_transaction():
        practice = Practice.objects.get(pk=acting_practice_id())
        send_weekly_summary(practice, practice.today())


@shared_task(base=PracticeTask)
def apply_retention(_practice_id: int) -> None:
    """One practice's nightly round."""
    with practice_transaction():
        practice = Practice.objects.get(pk=acting_practice_id())
        keep_to_retention(on=practice.today(), now=timezone.now())
