"""The Celery application: workers, and beat's schedule, are configured in settings."""

import os
import sys

from celery import Celery
from celery.signals import worker_init

from practices.prepared import keep_plans

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ignition.settings")


def is_beat(arguments: list[str]) -> bool:
    """Whether this process is beat: it sends names of tasks, so it needs neither models nor pages, nor their 70 MiB."""
    return "celery" in arguments[0] and "beat" in arguments[1:]


# Without its fixups Celery does not set Django up.
app = Celery("ignition", fixups=[] if is_beat(sys.argv) else None)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Workers keep their sessions with PostgreSQL from task to task.
worker_init.connect(lambda **_: keep_plans(), weak=False)
if is_beat(sys.argv):
    from django.conf import settings
    from django.utils.log import configure_logging

    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
