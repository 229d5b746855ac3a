"""Celery entry points, and how tasks act for a practice.

A message names a task and a practice, never the work: the work is in the database. So one message of a task
and a practice is enough however often somebody asks, and a busy practice stands in the queue once.
"""

import math
from functools import lru_cache
from typing import Any

import structlog
from celery import Task, shared_task
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from kombu.exceptions import OperationalError
from psycopg2.sql import SQL, Identifier
from redis import Redis
from redis.exceptions import RedisError

from practices.change_marks import fold_marks
from practices.delivery import deliver_queued_emails
from practices.job_steps import run_live_jobs
from practices.tenancy import acting_for, practice_transaction
from practices.webhooks import deliver_due

log = structlog.get_logger(__name__)


#: Seconds after which a message that nobody has taken counts as lost, and another may be sent.
LOST_AFTER = 30


class PracticeTask(Task):
    """A task whose first argument is the practice it acts for."""

    def __call__(self, practice_id: int, *args: Any, **kwargs: Any) -> Any:
        _taken(self, practice_id)
        with acting_for(practice_id), structlog.contextvars.bound_contextvars(practice_id=practice_id):
            return super().__call__(practice_id, *args, **kwargs)


def wake(task: Task, practice_id: int, *, in_seconds: float = 0.0) -> None:
    """Hint to a worker that a practice has work, now or after a while; one hint at a time is on its way.

    Losing the hint loses nothing: the sweep finds the row.
    """
    try:
        if cache.add(_hint(task, practice_id), 1, timeout=math.ceil(in_seconds) + LOST_AFTER):
            task.apply_async((practice_id,), countdown=in_seconds or None)
    except (OperationalError, RedisError):
        log.warning("broker away, the next sweep will find the work", task=task.name, practice_id=practice_id)


def nobody_waits(task: Task) -> bool:
    """Whether no message waits in the queue of a task, so that whoever works may go on; False while that is unknown."""
    route = settings.CELERY_TASK_ROUTES.get(task.name, {})
    try:
        return not _broker(settings.CELERY_BROKER_URL).llen(
            route.get("queue", settings.CELERY_TASK_DEFAULT_QUEUE)
        )
    except RedisError:
        return False


@lru_cache(maxsize=4)
def _broker(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)


def _taken(task: Task, practice_id: int) -> None:
    """From here on the task looks for work, so what comes up now needs a hint of its own."""
    try:
        cache.delete(_hint(task, practice_id))
    except RedisError:
        log.warning("broker away, hints are held back for a while", task=task.name, practice_id=practice_id)


def _hint(task: Task, practice_id: int) -> str:
    return f"hint:{task.name}:{practice_id}"


def practices_from(function: str) -> list[int]:
    """Practice ids from one of the small SECURITY DEFINER functions, the only look across practices."""
    with connection.cursor() as cursor:
        cursor.execute(SQL("SELECT * FROM {}()").format(Identifier(function)))
        return [row[0] for row in cursor.fetchall()]


@shared_task
def sweep_emails() -> None:
    """Start one delivery for each practice with messages waiting."""
    for practice_id in practices_from("mail_practices_due"):
        wake(deliver_emails, practice_id)


@shared_task(base=PracticeTask)
def deliver_emails(_practice_id: int) -> None:
    """Send a practice's queued messages."""
    deliver_queued_emails()


@shared_task
def sweep_jobs() -> None:
    """Take up jobs whose message was lost or whose worker died."""
    for practice_id in practices_from("job_practices_due"):
        wake(run_jobs, practice_id)


@shared_task(base=PracticeTask)
def run_jobs(practice_id: int) -> None:
    """Do a practice's waiting jobs; one that has to wait for something elsewhere goes on after a while."""
    seconds = run_live_jobs()
    if seconds is not None:
        wake(run_jobs, practice_id, in_seconds=seconds)


@shared_task
def sweep_marks() -> None:
    """Start a fold for each practice of whose tables many changes are marked."""
    for practice_id in practices_from("practices_with_marks_to_fold"):
        wake(fold_practice_marks, practice_id)


@shared_task(base=PracticeTask)
def fold_practice_marks(_practice_id: int) -> None:
    """Make few marks of many, so that pages have few to read."""
    with practice_transaction():
        fold_marks()


@shared_task
def sweep_webhooks() -> None:
    """Start one delivery for each practice with messages to its own programs waiting."""
    for practice_id in practices_from("webhook_practices_due"):
        wake(deliver_webhooks, practice_id)


@shared_task(base=PracticeTask)
def deliver_webhooks(_practice_id: int) -> None:
    """Tell a practice's programs what happened."""
    deliver_due()
