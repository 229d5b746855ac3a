"""The Celery application: workers, and beat's schedule, are configured in settings."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ignition.settings")

app = Celery("ignition")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
