"""Workers keep their sessions with PostgreSQL from task to task, and replace what was lost or has served its time."""

from celery.signals import task_postrun, task_prerun
from django.db import connection

import ignition.celery  # noqa: F401 - what a worker begins with
from devtools.faults.interference import cut
from sage_integration.tasks import sweep_postings


def session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_a_session_that_was_lost_between_two_tasks_is_replaced_before_the_next(brook):
    before = session()
    cut()
    task_prerun.send(sender=sweep_postings)
    assert session() != before


def test_a_session_is_kept_from_task_to_task_until_it_has_served_its_time(brook):
    before = session()
    task_postrun.send(sender=sweep_postings)
    task_prerun.send(sender=sweep_postings)
    assert session() == before
    connection.close_at = 0.0
    task_postrun.send(sender=sweep_postings)
    assert session() != before
