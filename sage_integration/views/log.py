"""The log of everything between here and Sage, its export, and *Replay*."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from ledger.models import Posting
from practices.activity_views import chosen_entries
from practices.models import AuditEntry, Membership
from practices.paging import keyset_page
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.spreadsheets import csv_response
from practices.tenancy import practice_transaction
from sage_integration.log import events_of, log_entries
from sage_integration.log_words import BAD, GOOD, PARTS
from sage_integration.models import SyncRun
from sage_integration.replaying import replay
from sage_integration.views.log_tabs import log_tabs

PAGE = 50
#: Events in one file, and events put into words together.
MOST_ROWS, CHUNK = 20_000, 500
RESULTS = ((BAD, "Went wrong"), ("warn", "Has to be looked at"), (GOOD, "Went well"))


@requires(Can.SEE)
@require_safe
def log_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """Events in sentences, newest first, with cause, way out and what was said."""
    page = keyset_page(_chosen(request), ["-id"], request.GET, size=PAGE)
    members = Membership.objects.filter(practice=request.practice).select_related("user")
    context = {
        "page": page,
        "events": events_of(page.rows),
        "parts": PARTS.items(),
        "results": RESULTS,
        "people": [(str(member.user_id), str(member.user)) for member in members],
        "chosen": {name: request.GET.get(name, "") for name in ("part", "result", "q", "who", "from", "to")},
        "export": f"{reverse('sage:log-export', args=[practice])}?{request.GET.urlencode()}",
        "here": request.get_full_path(),
        "tabs": log_tabs(practice, "Events"),
    }
    return render(request, "sage_integration/log_list.html" + ("#rows" if request.htmx else ""), context)


def _chosen(request: PracticeRequest) -> QuerySet[AuditEntry]:
    chosen = log_entries(
        part=request.GET.get("part", ""), result=request.GET.get("result", ""), words=request.GET.get("q", "")
    )
    return chosen.filter(pk__in=chosen_entries(request.GET).values("pk"))


@requires(Can.SEE)
@require_safe
def log_export(request: PracticeRequest, practice: str) -> HttpResponse:
    """The chosen events as a spreadsheet, at most 20,000 of them."""
    heads = [
        "When (UTC)",
        "Who",
        "What happened",
        "Cause",
        "Way out",
        "Reference",
        "Sage's answer",
        "Milliseconds",
    ]
    entries = list(_chosen(request).order_by("-id")[:MOST_ROWS])
    rows = [
        [
            event.entry.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            event.who,
            event.sentence,
            event.explanation.cause if event.explanation else "",
            event.explanation.way_out if event.explanation else "",
            event.posting.reference if event.posting else "",
            ", ".join(each.result for each in event.exchanges),
            event.milliseconds,
        ]
        for start in range(0, len(entries), CHUNK)
        for event in events_of(entries[start : start + CHUNK])
    ]
    return csv_response("sage-log", heads, rows)


@requires(Can.SEE)
@require_safe
def run_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """Readings of Sage: when, how long, what they counted and what was wrong."""
    runs = SyncRun.objects.all()
    kind = request.GET.get("kind", "")
    if kind in SyncRun.Kind.values:
        runs = runs.filter(kind=kind)
    if request.GET.get("result") == BAD:
        runs = runs.exclude(problem="")
    page = keyset_page(runs, ["-id"], request.GET, size=PAGE)
    context = {
        "page": page,
        "kinds": SyncRun.Kind.choices,
        "chosen": {"kind": kind, "result": request.GET.get("result", "")},
        "tabs": log_tabs(practice, "Readings"),
    }
    return render(request, "sage_integration/run_list.html" + ("#rows" if request.htmx else ""), context)


@opens_own_scope
@requires(Can.POST_TO_LEDGER)
@require_POST
def posting_replay(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Do what is still to be done about a posting; in Sage already, it is only looked at."""
    with practice_transaction():
        posting = get_object_or_404(Posting, pk=pk)
    outcome = replay(posting)
    with practice_transaction():
        tell = messages.success if outcome.is_well else messages.warning
        tell(request, f"{posting.reference}: {outcome.words}")
        back = request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
            return see_other(request, back)
        return see_other(request, "sage:posting-detail", practice=practice, pk=pk)
