"""The log of everything between here and Sage, its export, and *Replay*."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from ledger.log_tabs import log_tabs
from ledger.models import Posting
from practices.activity_views import chosen_entries
from practices.lists import Column, List, ShownList, file_of
from practices.models import AuditEntry, Membership
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.log import events_of, log_entries
from sage_integration.log_words import BAD, GOOD, PARTS
from sage_integration.models import SyncRun
from sage_integration.replaying import rehearse, replay

EVENTS = List(
    "sage-log",
    "sage:log-list",
    ("event", "events"),
    (
        Column("when", "When", lambda event: event.entry.at, fixed=True),
        Column("what", "What happened", lambda event: event.sentence),
        Column("who", "Who", lambda event: event.who),
        Column(
            "cause",
            "Cause",
            lambda event: event.explanation.cause if event.explanation else "",
            hidden=True,
        ),
        Column(
            "way_out",
            "Way out",
            lambda event: event.explanation.way_out if event.explanation else "",
            hidden=True,
        ),
        Column(
            "reference",
            "Reference",
            lambda event: event.posting.reference if event.posting else "",
            hidden=True,
        ),
        Column(
            "answer",
            "Sage's answer",
            lambda event: ", ".join(each.result for each in event.exchanges),
            hidden=True,
        ),
        Column("milliseconds", "Milliseconds", lambda event: event.milliseconds, is_figure=True, hidden=True),
    ),
    {"when": ("-pk",)},
    prepared=events_of,
)
READINGS = List(
    "readings",
    "sage:run-list",
    ("reading", "readings"),
    (
        Column("began", "Began", lambda run: run.started_at, fixed=True),
        Column("kind", "What for", lambda run: run.get_kind_display()),
        Column("ended", "Ended", lambda run: run.finished_at),
        Column("counts", "Counted", lambda run: run.counts_in_words),
        Column("problem", "What was wrong", lambda run: run.problem),
    ),
    {"began": ("-pk",)},
)
RESULTS = ((BAD, "Went wrong"), ("warn", "Has to be looked at"), (GOOD, "Went well"))


@requires(Can.SEE)
@require_safe
def log_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Events in sentences, newest first, with cause, way out and what was said."""
    shown, entries = ShownList(request, EVENTS), _chosen(request)
    if file := file_of(shown, entries):
        return file
    page = shown.page_of(entries)
    members = Membership.objects.filter(practice=request.practice).select_related("user")
    context = {
        "list": shown,
        "count": shown.counted(entries, page, order=("-pk",)),
        "page": page,
        "events": events_of(page.rows),
        "is_connected": bool(page.rows) or current_connection() is not None,
        "parts": PARTS.items(),
        "results": RESULTS,
        "people": [(str(member.user_id), str(member.user)) for member in members],
        "chosen": {name: request.GET.get(name, "") for name in ("part", "result", "q", "who", "from", "to")},
        "here": request.get_full_path(),
        "tabs": log_tabs(practice, "Events"),
    }
    return render(request, "sage_integration/log_list.html" + ("#rows" if request.htmx else ""), context)


def _chosen(request: PracticeRequest) -> QuerySet[AuditEntry]:
    chosen = log_entries(
        part=request.GET.get("part", ""), result=request.GET.get("result", ""), words=request.GET.get("q", "")
    )
    return chosen_entries(request.GET, chosen)


@requires(Can.SEE)
@require_safe
def run_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Readings of Sage: when, how long, what they counted and what was wrong."""
    runs = SyncRun.objects.all()
    kind = request.GET.get("kind", "")
    if kind in SyncRun.Kind.values:
        runs = runs.filter(kind=kind)
    if request.GET.get("result") == BAD:
        runs = runs.exclude(problem="")
    shown = ShownList(request, READINGS)
    if file := file_of(shown, runs):
        return file
    page = shown.page_of(runs)
    context = {
        "list": shown,
        "count": shown.counted(runs),
        "page": page,
        "is_connected": bool(page.rows) or current_connection() is not None,
        "kinds": SyncRun.Kind.choices,
        "chosen": {"kind": kind, "result": request.GET.get("result", "")},
        "tabs": log_tabs(practice, "Readings"),
    }
    return render(request, "sage_integration/run_list.html" + ("#rows" if request.htmx else ""), context)


@opens_own_scope
@requires(Can.POST_TO_LEDGER)
@require_POST
def posting_replay(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Do what is still to be done about a posting, or with ``dry`` only say what; in Sage already, it is looked at."""
    with practice_transaction():
        posting = get_object_or_404(Posting, pk=pk)
    outcome = rehearse(posting) if "dry" in request.POST else replay(posting)
    with practice_transaction():
        tell = messages.success if outcome.is_well else messages.warning
        tell(request, f"{posting.reference}: {outcome.words}")
        back = request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
            return see_other(request, back)
        return see_other(request, "sage:posting-detail", practice=practice, pk=pk)
