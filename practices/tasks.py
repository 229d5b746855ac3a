"""Celery entry points, and how tasks act for a practice."""

from typing import Any

import structlog
from celery import Task, shared_task
from django.db import connection
from kombu.exceptions import OperationalError
from psycopg2.sql import SQL, Identifier

from practices.delivery import deliver_queued_emails
from practices.tenancy import acting_for

log = structlog.get_logger(__name__)


class PracticeTask(Task):
    """A task whose first argument is the practice it acts for."""

    def __call__(self, practice_id: int, *args: Any, **kwargs: Any) -> Any:
        with acting_for(practice_id), structlog.contextvars.bound_contextvars(practice_id=practice_id):
            return super().__call__(practice_id, *args, **kwargs)


def wake(task: Task, practice_id: int) -> None:
    """Hint to a worker that a practice has work. Losing the hint loses nothing: the sweep finds the row."""
    try:
        task.delay(practice_id)
    except OperationalError:
        log.warning("broker away, the next sweep will find the work", task=task.name, practice_id=practice_id)


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
