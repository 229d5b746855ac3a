"""What the machines around the service ask: is it alive, may it be sent requests, how does it do."""

import hmac
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST
from redis.exceptions import RedisError

from ignition.metrics import exposition
from practices.views import health


def ready(_request: HttpRequest) -> HttpResponse:
    """200 when this process can do its work, else 503 with what it lacks: database, schema or broker."""
    found = readiness()
    return JsonResponse({"ready": all(found.values()), **found}, status=200 if all(found.values()) else 503)


def readiness() -> dict[str, bool]:
    """What this process needs, and whether it is there."""
    checks: dict[str, Callable[[], bool]] = {
        "database": _database_answers,
        "schema": _schema_is_current,
        "valkey": _valkey_answers,
    }
    return {name: check() for name, check in checks.items()}


#: What other machines ask this one.
PROBES = {"/healthz": health, "/readyz": ready}


def answer_probes(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: probes come by address and over plain HTTP, so neither host nor scheme is asked of them.

    Nor does anything else have to be well for an answer: no transaction is opened around it.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info) if request.method in ("GET", "HEAD") else None
        return probe(request) if probe else get_response(request)

    return middleware


def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus, for whoever holds METRICS_TOKEN; without one there is no such page."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted = settings.METRICS_TOKEN
    if not wanted or scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), wanted.encode()):
        raise Http404
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _schema_is_current() -> bool:
    """Whether every migration of this version was made; an older process of a rolling upgrade stays ready."""
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False


def _valkey_answers() -> bool:
    try:
        cache.get("ready")
    except RedisError:
        return False
    return True
