"""The operator's page about the machinery: what waits, where and since when, and whether each part is there."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from redis import Redis
from redis.exceptions import RedisError

from ignition.metrics import queue_states
from ignition.probes import readiness
from practices.models import Practice
from practices.operator_site import operators
from practices.operator_views import operators_only

#: Celery's queues, each a list in Valkey.
QUEUES = ("default", "posting", "polling")
#: Queues are shown by age; beyond so many rows only Prometheus has them all.
MOST_ROWS = 200


@operators_only
def queues_and_health(request: HttpRequest) -> HttpResponse:
    """Readiness, messages in the broker, and what waits in each practice, the oldest first."""
    context = {
        **operators.each_context(request),
        "title": "Queues and health",
        "version": settings.VERSION,
        "parts": readiness(),
        "messages_waiting": broker_queues(),
        "rows": waiting_rows(),
    }
    return render(request, "admin/queues_and_health.html", context)


def broker_queues() -> list[tuple[str, int | None]]:
    """Each queue and how many messages wait in it; None while the broker is away."""
    try:
        with Redis.from_url(settings.CELERY_BROKER_URL, socket_connect_timeout=2) as valkey:
            return [(queue, int(valkey.llen(queue))) for queue in QUEUES]
    except RedisError:
        return [(queue, None) for queue in QUEUES]


def waiting_rows() -> list[dict[str, Any]]:
    """What waits in each practice by queue and state, the oldest first; ages to the second."""
    states = sorted(queue_states(), key=lambda row: -row[4])[:MOST_ROWS]
    practices = Practice.objects.in_bulk({practice_id for practice_id, *_ in states})
    return [
        {
            "practice": practices[practice_id],
            "queue": queue,
            "state": state,
            "count": count,
            "age": timedelta(seconds=round(oldest)),
        }
        for practice_id, queue, state, count, oldest in states
    ]
