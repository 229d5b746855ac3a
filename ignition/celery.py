"""The Celery application: workers, and beat's schedule, are configured in settings."""

import os

from celery import Celery
from celery.signals import task_postrun, task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ignition.settings")

app = Celery("ignition")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# A thread keeps its connection from task to task, as a web process does from request to request: opening one costs more
# than most tasks. What is broken or has served its time (`CONN_MAX_AGE`) is replaced around every task; Celery itself
# would close all (`CELERY_DB_REUSE_MAX`).
task_prerun.connect(close_old_connections)
task_postrun.connect(close_old_connections)
