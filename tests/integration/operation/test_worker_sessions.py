"""Workers stand back behind pages, keep their sessions from task to task, and replace what was lost or is old."""

import os
from pathlib import Path

from celery.signals import task_postrun, task_prerun
from django.conf import settings
from django.db import connection

import ignition.celery  # noqa: F401 - what a worker begins with
from devtools.faults.interference import cut
from sage_integration.tasks import sweep_postings
from tests.integration.operation.programs import a_web_server, a_worker
from tests.racing import wait_until


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


def test_a_worker_and_its_threads_stand_back_behind_pages(brook):
    with a_worker() as worker, a_web_server() as (web, _):
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        behind = max(ours, settings.WORKER_NICENESS)
        wait_until(lambda: set(niceness(worker.pid)) == {behind}, seconds=60)
        assert set(niceness(web.pid)) == {ours}


def niceness(pid: int) -> list[int]:
    """Of each thread of a process."""
    return [os.getpriority(os.PRIO_PROCESS, int(each.name)) for each in Path(f"/proc/{pid}/task").iterdir()]
