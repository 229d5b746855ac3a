"""Workers in processes of their own, killed by SIGKILL at a named moment.

They are forked from a server process that has loaded the application once, so one costs some 30 ms, and no lock
of a thread of ours is ever inherited. The clock that a test moves is theirs too.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from typing import Any

import django
import time_machine
from django.apps import apps

if not apps.ready:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ignition.settings")
    django.setup()

from django.conf import settings
from django.db import connection
from django.utils import timezone

from devtools.faults.database_clock import move_along
from devtools.faults.interference import Moment, at, kill
from ignition.tasks import take_in_arrival
from invoicing.billing_run import run_billing
from practices.prepared import keep_plans
from practices.tenancy import acting_for
from sage_integration import tasks, tokens
from sage_integration.sage.errors import SageError

#: What a worker may be doing when it dies.
JOBS: dict[str, Callable[[int], object]] = {
    "push": tasks.push_due_postings,
    "poll": tasks.poll_payments,
    "night": tasks.nightly_sync,
    "arrive": take_in_arrival,
    "bill": lambda practice_id: _acting(practice_id, lambda: run_billing(timezone.localdate())),
    "token": lambda practice_id: _acting(practice_id, tokens.access_token),
}
KILLED = -signal.SIGKILL
PATIENCE = 60
#: Settings that differ between a test and the process its workers are forked from.
_SURROUNDINGS = (
    "CACHES",
    "CELERY_BROKER_URL",
    "FIELD_ENCRYPTION_KEYS",
    "REDIS_URL",
    "SAGE_API_URL",
    "SAGE_AUTHORIZE_URL",
    "SAGE_CLIENT_ID",
    "SAGE_CLIENT_SECRET",
    "SAGE_REQUESTS_PER_DAY",
    "SAGE_REQUESTS_PER_MINUTE",
    "SAGE_REVOKE_URL",
    "SAGE_TIMEOUT",
    "SAGE_TOKEN_URL",
)
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])
move_along()
keep_plans()


def run_victim(job: str, practice_id: int, moment: Moment | None) -> int:
    """The exit code of a worker that did a job until it was killed: `KILLED`, 0, or 1 after a mistake."""
    surroundings = {name: getattr(settings, name) for name in _SURROUNDINGS}
    worker = _context.Process(
        target=_work,
        args=(job, practice_id, moment),
        kwargs={"surroundings": surroundings, "database": dict(connection.settings_dict), "now": time.time()},
    )
    worker.start()
    worker.join(PATIENCE)
    if worker.is_alive():
        worker.kill()
        worker.join()
        raise TimeoutError(f"A worker that should {job} did not end within {PATIENCE} s")
    return worker.exitcode or 0


def _work(
    job: str,
    practice_id: int,
    moment: Moment | None,
    *,
    surroundings: dict[str, Any],
    database: dict[str, Any],
    now: float,
) -> None:
    for name, value in surroundings.items():
        setattr(settings, name, value)
    connection.settings_dict.update(database)
    clock = time_machine.travel(datetime.fromtimestamp(now, UTC), tick=True)
    with clock, suppress(SageError), at(moment, kill) if moment else nullcontext():
        JOBS[job](practice_id)


def _acting(practice_id: int, job: Callable[[], object]) -> None:
    with acting_for(practice_id):
        job()
