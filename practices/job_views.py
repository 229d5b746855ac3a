"""Long work as people follow it: what runs, how far it is, and what became of each row."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from practices.job_models import Job, JobRow
from practices.job_rows import WAITING, as_they_stand, counts_of, standing_of, with_what_came_later
from practices.jobs import cancel_job, resume_job
from practices.lists import Column, List, ShownList, file_of
from practices.permissions import Can, may
from practices.requests import PracticeRequest, requires, see_other

#: What a row's badge says, in the order of the tabs.
STANDS = {
    JobRow.Outcome.DONE: "Done",
    WAITING: "On its way",
    JobRow.Outcome.NEEDS_YOU: "Needs you",
    JobRow.Outcome.FAILED: "Failed",
    JobRow.Outcome.SKIPPED: "Left out",
}


def _standing(job: Any) -> str:
    """What the badge says, in a file."""
    return standing_of(job, needs_you=job.needs_you_by_now, waiting=job.waiting_by_now).label


WORK = List(
    "jobs",
    "practices:job-list",
    ("job", "jobs"),
    (
        Column("title", "Work", lambda job: job.title, fixed=True),
        Column("state", "State", _standing),
        Column("done", "Done", lambda job: job.done, is_figure=True),
        Column("total", "Of", lambda job: job.total, is_figure=True),
        Column("needs_you", "Need you", lambda job: job.needs_you_by_now, is_figure=True, hidden=True),
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
        Column("outcome", "Outcome", lambda row: STANDS[row.stands]),
        Column("message", "What happened", lambda row: row.says),
    ),
    {"label": ("position",)},
)


@requires(Can.SEE)
def job_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Long work of the practice, newest first, by state and by words of its title."""
    state, words = request.GET.get("state", ""), request.GET.get("q", "").strip()
    jobs = with_what_came_later(Job.objects.select_related("started_by")).filter(title__icontains=words)
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
    """How far one job is, and how each row stands by now; htmx asks again until nothing is on its way."""
    job = get_object_or_404(Job.objects.select_related("started_by"), pk=pk)
    wanted, words = request.GET.get("outcome", ""), request.GET.get("q", "").strip()[:100]
    rows, shown = as_they_stand(JobRow.objects.filter(job=job)), ShownList(request, OUTCOMES)
    if words:
        rows = rows.filter(label__icontains=words)
    if wanted in STANDS:
        rows = rows.filter(stands=wanted)
    if file := file_of(shown, rows):
        return file
    page, counts = shown.page_of(rows), counts_of(job)
    waiting = counts.get(WAITING)
    context = {
        "job": job,
        "list": shown,
        "page": page,
        "rows": page.rows,
        "found": shown.counted(rows),
        "words": words,
        "wanted": wanted,
        "tabs": _tabs(job, counts, wanted),
        "well": counts.get(JobRow.Outcome.DONE, 0),
        "needs_you": counts.get(JobRow.Outcome.NEEDS_YOU, 0),
        "failed": counts.get(JobRow.Outcome.FAILED, 0),
        "left_out": counts.get(JobRow.Outcome.SKIPPED, 0),
        "waiting": waiting,
        "behind_it": job.done - (waiting or 0),
        "asks_again": _asks_again(request, job),
        "may_steer": may(request.role, Can[job.right]),
    }
    part = "#progress" if request.htmx else ""
    response = render(request, "practices/job_detail.html" + part, context)
    if request.htmx and not job.is_live and "live" in request.GET:
        response.headers["HX-Refresh"] = "true"  # Its header and what can be done have changed too.
    return response


def _asks_again(request: PracticeRequest, job: Job) -> str:
    """Where htmx asks for the same part again; ``live`` says that the job was still running when it was drawn."""
    query = request.GET.copy()
    query.pop("live", None)
    if job.is_live:
        query["live"] = "1"
    return f"{request.path}?{query.urlencode()}"


def _tabs(job: Job, counts: dict[str, int], wanted: str) -> list[dict[str, Any]]:
    """All rows, or those that stand one way; each with its count."""
    return [
        {"label": "All", "url": "?", "active": not wanted, "count": job.done},
        *(
            {"label": label, "url": f"?outcome={key}", "active": wanted == key, "count": counts.get(key, 0)}
            for key, label in STANDS.items()
            if key != WAITING or key in counts or wanted == key
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
