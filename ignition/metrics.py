"""Figures of the service for Prometheus: requests of this process, and the state of queues as the database knows it.

Counters of requests live in each web process; with `PROMETHEUS_MULTIPROC_DIR` those of all of them are added up.
The state of queues is read when it is asked for, by one small function that sees across practices and returns counts.
"""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Histogram, generate_latest, multiprocess
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from practices import figures
from sage_integration.sessions import limiter

REQUESTS = Histogram(
    "ignition_request_seconds",
    "Time to answer a request, by route.",
    ["method", "route", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


def measured(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: counts each request by its route, which has no ids, so that there are few of them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = get_response(request)
        match = request.resolver_match
        # Whoever asks may make methods up, and each new label would stay in memory.
        method = request.method if request.method in METHODS else "other"
        labels = (method, match.route if match else "-", str(response.status_code))
        REQUESTS.labels(*labels).observe(time.perf_counter() - started)
        return response

    return middleware


class Queues(Collector):
    """Queue depth and age for each practice, and how far behind the readings of Sage are."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Read from the database now."""
        depth = GaugeMetricFamily(
            "ignition_queue_depth",
            "Rows that wait, by practice and state.",
            labels=["practice", "queue", "state"],
        )
        age = GaugeMetricFamily(
            "ignition_queue_age_seconds",
            "Age of the oldest that waits.",
            labels=["practice", "queue", "state"],
        )
        for practice_id, queue, state, count, oldest in queue_states():
            labels = [str(practice_id), queue, state]
            depth.add_metric(labels, count)
            age.add_metric(labels, oldest)
        return [depth, age]


class Postings(Collector):
    """What came of documents on their way to Sage, as workers have counted it."""

    def collect(self) -> Iterable[CounterMetricFamily]:
        """`posted`, or the kind of failure."""
        found = CounterMetricFamily("ignition_postings", "What came of attempts to post.", labels=["outcome"])
        for outcome, count in figures.totals("postings").items():
            found.add_metric([outcome], count)
        return [found]


class Budget(Collector):
    """Requests to Sage of this day (UTC), of all businesses together and of each, beside what is allowed."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Read from Valkey now; nothing while it is away."""
        used = GaugeMetricFamily(
            "ignition_sage_requests_today", "Requests to Sage since midnight UTC.", labels=["business"]
        )
        allowed = GaugeMetricFamily(
            "ignition_sage_requests_a_day", "Requests to Sage that are allowed a day.", labels=["of"]
        )
        allowed.add_metric(["all"], settings.SAGE_APP_REQUESTS_PER_DAY)
        allowed.add_metric(["each"], settings.SAGE_REQUESTS_PER_DAY)
        with suppress(RedisError):
            for business, count in limiter().used_of_the_day().items():
                used.add_metric([business or "all"], count)
        return [used, allowed]


def queue_states() -> list[tuple[int, str, str, int, float]]:
    """Practice, queue, state, how many, and the age of the oldest in seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT practice_id, queue, state, waiting, oldest FROM operation_queue_states()")
        rows: list[tuple[int, str, str, int, float]] = cursor.fetchall()
    return rows


def exposition() -> bytes:
    """Everything in Prometheus' text format."""
    registry = CollectorRegistry()
    for each in (Queues(), Postings(), Budget()):
        registry.register(each)
    text = generate_latest(registry)
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        processes = CollectorRegistry()
        multiprocess.MultiProcessCollector(processes)  # type: ignore[no-untyped-call]
        return text + generate_latest(processes)
    return text + generate_latest()
