"""Readings of Sage: asked for by a person, done by a worker, and only one of a kind at a time (F59)."""

from datetime import timedelta

from django.utils import timezone

from sage_integration.connections import locked_connection
from sage_integration.models import SyncRun

#: A run that has not ended after this long was lost with its worker.
RUN_LIMIT = timedelta(minutes=5)
#: Pressing again this soon after a run shows nothing new.
RUN_PAUSE = timedelta(seconds=10)


def request_run(kind: str) -> SyncRun | None:
    """A run to be done by a worker; None while one is under way or has only just ended (F59)."""
    locked_connection()
    now = timezone.now()
    runs = SyncRun.objects.filter(kind=kind)
    if runs.filter(finished_at=None, started_at__gt=now - RUN_LIMIT).exists():
        return None
    if runs.filter(finished_at__gt=now - RUN_PAUSE).exists():
        return None
    run: SyncRun = SyncRun.objects.create(kind=kind)
    return run


def run_to_do(kind: str) -> SyncRun:
    """The run somebody asked for, or a new one."""
    asked_for = SyncRun.objects.filter(kind=kind, finished_at=None)
    run: SyncRun = asked_for.filter(started_at__gt=timezone.now() - RUN_LIMIT).first() or (
        SyncRun.objects.create(kind=kind)
    )
    return run


def finish_run(run: SyncRun, *, counts: dict[str, int] | None = None, problem: str = "") -> None:
    """Record how the run went, for the pages that show it."""
    run.finished_at, run.counts, run.problem = timezone.now(), counts or {}, problem
    run.save(update_fields=["finished_at", "counts", "problem"])
