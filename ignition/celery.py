"""The Celery application: workers, and beat's schedule, are configured in settings."""

import gc
import os
import sys

from celery import Celery
from celery.signals import task_postrun, task_prerun, worker_init, worker_process_init, worker_ready

from ignition.broker import keep_clients
from practices.prepared import keep_plans

#: Seconds for which a thread of a worker keeps its session with PostgreSQL. A new one costs as much as sending some
#: twenty documents, and a thread may have no more to do in a minute.
SESSION_SECONDS = 15 * 60
#: Seconds after which a thread that waits for the interpreter looks again. Thirty that wait, as they do on a busy
#: machine, look six thousand times a second at Python's own 5 ms: counted beside plain work, that was a quarter of all
#: cycles, and is next to nothing from 20 ms on. Whoever waits for an answer lets go of the interpreter much sooner.
SWITCH_SECONDS = 0.05
#: How much has to be there before the collector looks for what refers to itself. Next to nothing of ours does, and
#: looking at Python's own 700 costs some 4 % of a push (6, 1 and 5 in three pairs of runs at the same time).
GARBAGE = (20_000, 20, 20)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ignition.settings")


def is_beat(arguments: list[str]) -> bool:
    """Whether this process is beat: it sends names of tasks, so it needs neither models nor pages, nor their 70 MiB."""
    return "celery" in arguments[0] and "beat" in arguments[1:]


keep_clients()
# Without its fixups Celery does not set Django up.
app = Celery("ignition", fixups=[] if is_beat(sys.argv) else None)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def hold_what_is_loaded(**_: object) -> None:
    """Let the collector of garbage leave alone what stays as long as the process: going through it takes as long as
    sending twenty-five documents, and would be done again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


worker_ready.connect(hold_what_is_loaded, weak=False)
worker_process_init.connect(hold_what_is_loaded, weak=False)
if is_beat(sys.argv):
    from django.conf import settings
    from django.utils.log import configure_logging

    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
else:
    from django.conf import settings
    from django.db import close_old_connections, connections

    def stand_back(**_: object) -> None:
        """Let pages go first where they share the machine: somebody waits for them, and for a task hardly ever.

        Threads and processes that a worker starts later stand where it stands.
        """
        already = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, max(already, settings.WORKER_NICENESS))

    def settle_in(**_: object) -> None:
        """Work as many threads do that mostly wait for answers, each with a session that it keeps from task to task."""
        keep_plans()
        connections.settings["default"]["CONN_MAX_AGE"] = SESSION_SECONDS
        sys.setswitchinterval(SWITCH_SECONDS)

    worker_init.connect(stand_back, weak=False)
    worker_init.connect(settle_in, weak=False)
    # What is broken or has served its time (`CONN_MAX_AGE`) is replaced around every task: without it a thread whose
    # session was lost would fail until its worker is started anew. Celery itself would close all
    # (`CELERY_DB_REUSE_MAX`).
    task_prerun.connect(close_old_connections)
    task_postrun.connect(close_old_connections)
