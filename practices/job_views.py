"""Long work as people follow it: what runs, how far it is, and what became of each row."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from practices.jobs import cancel_job, resume_job
from practices.lists import Column, List, ShownList, file_of
from practices.models import Job, JobRow
from practices.permissions import Can, may
from practices.requests import PracticeRequest, requires, see_other

PAGE = 50
WORK = List(
    "jobs",
    "practices:job-list",
    ("job", "jobs"),
    (
        Column("title", "Work", lambda job: job.title, fixed=True),
        Column("state", "State", lambda job: job.get_status_display()),
        Column("done", "Done", lambda job: job.done, is_figure=True),
        Column("total", "Of", lambda job: job.total, is_figure=True),
        Column("needs_you", "Need you", lambda job: job.needs_you, is_figure=True, hidden=True),
        Column("failed", "Failed", lambda job: job.failed, is_figure=True, hidden=True),
        Column("started", "Started", lambda job: job.created_at),
        Column("by", "By", lambda job: job.started_by or "Ignition"),
    ),
    {"started": ("-pk",)},
)
OUTCOMES = List(
    "job-rows",
    "practices:job-detail",
    ("row", "rows"),
    (
        Column("label", "Row", lambda row: row.label, fixed=True),
        Column("outcome", "Outcome", lambda row: row.get_outcome_display()),
        Column("message", "What happened", lambda row: row.message),
    ),
    {"label": ("position",)},
)


@requires(Can.SEE)
def job_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Long work of the practice, newest first, by state and by words of its title."""
    state, words = request.GET.get("state", ""), request.GET.get("q", "").strip()
    jobs = Job.objects.select_related("started_by").filter(title__icontains=words)
    if state in Job.Status.values:
        jobs = jobs.filter(status=state)
    shown = ShownList(request, WORK)
    if file := file_of(shown, jobs):
        return file
    context = {
        "list": shown,
        "page": shown.page_of(jobs),
        "count": shown.counted(jobs),
        "states": Job.Status.choices,
        "state": state,
        "words": words,
    }
    return render(request, "practices/job_list.html" + ("#rows" if request.htmx else ""), context)


@requires(Can.SEE)
def job_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """How far one job is, and the outcome of each row; htmx asks again while it runs."""
    job = get_object_or_404(Job.objects.select_related("started_by"), pk=pk)
    wanted, after = request.GET.get("outcome", ""), request.GET.get("after", "")
    rows = JobRow.objects.filter(job=job).order_by("position")
    if wanted in JobRow.Outcome.values:
        rows = rows.filter(outcome=wanted)
    if file := file_of(ShownList(request, OUTCOMES), rows):
        return file
    if after.isdecimal():
        rows = rows.filter(position__gt=int(after))
    shown = list(rows[: PAGE + 1])
    context = {
        "job": job,
        "rows": shown[:PAGE],
        "more": len(shown) > PAGE,
        "wanted": wanted,
        "tabs": outcome_tabs(job, wanted),
        "may_steer": may(request.role, Can[job.right]),
    }
    part = "#progress" if request.htmx else ""
    response = render(request, "practices/job_detail.html" + part, context)
    if request.htmx and not job.is_live:
        response.headers["HX-Refresh"] = "true"  # Its header and what can be done have changed too.
    return response


def outcome_tabs(job: Job, wanted: str) -> list[dict[str, Any]]:
    """All rows, or those with one outcome; each with its count."""
    counts = {
        JobRow.Outcome.DONE: job.succeeded,
        JobRow.Outcome.NEEDS_YOU: job.needs_you,
        JobRow.Outcome.FAILED: job.failed,
        JobRow.Outcome.SKIPPED: job.skipped,
    }
    return [
        {"label": "All", "url": "?", "active": not wanted, "count": job.done},
        *(
            {"label": word.label, "url": f"?outcome={word}", "active": wanted == word, "count": count}
            for word, count in counts.items()
        ),
    ]


@requires(Can.SEE)
@require_POST
def job_cancel(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Stop a job before its next chunk."""
    job = cancel_job(_steerable(request, pk))
    messages.success(request, f"Cancelled. {job.done} of {job.total} were done before.")
    return see_other(request, job)


@requires(Can.SEE)
@require_POST
def job_resume(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take a stopped job up again."""
    return see_other(request, resume_job(_steerable(request, pk)))


def _steerable(request: PracticeRequest, pk: int) -> Job:
    job = get_object_or_404(Job, pk=pk)
    if not may(request.role, Can[job.right]):
        raise PermissionDenied(f"Your role does not let you {Can[job.right]}. Ask an owner.")
    return job
