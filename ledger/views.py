"""The list of what is on its way to the ledger, and what a person can do about one row."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from ledger.actions import Subject
from ledger.log_tabs import log_tabs
from ledger.models import Posting
from ledger.outbox import cancel_posting, ledger_settings, release_posting, retry_posting
from ledger.queries import (
    ALL,
    UNSETTLED,
    VIEWS,
    PostingView,
    causes,
    columns_of_views,
    counts_by_view,
    postings_in,
    view_named,
)
from ledger.releases import retry_all
from ledger.states import posting_state
from ledger.subjects import page_about, with_clients
from practices.lists import COUNTED, Column, List, ShownList, file_of, in_figures, in_words
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.scalars import figures, figures_with_shell

POSTINGS = List(
    "postings",
    "ledger:posting-list",
    ("document", "documents"),
    (
        Column("document", "Document", lambda posting: posting.reference, fixed=True),
        Column("client", "Client", lambda posting: posting.client_name),
        Column("kind", "Kind", lambda posting: posting.get_kind_display(), hidden=True),
        Column("state", "State", lambda posting: posting.state_in_files),
        Column("in_sage", "In Sage", lambda posting: posting.external_number),
        Column("asked", "Asked for", lambda posting: posting.requested_at),
        Column("settled", "Settled", lambda posting: posting.settled_at, hidden=True),
        Column("tries", "Tries", lambda posting: posting.attempts, is_figure=True),
    ),
    {"asked": ("-pk",)},
)


@requires(Can.SEE)
@require_safe
def posting_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Postings by how far they got and by their reference or number in Sage, newest first."""
    view, words = view_named(request.GET.get("view", "")), request.GET.get("q", "").strip()
    postings, shown = with_clients(postings_in(view).named(words)), ShownList(request, POSTINGS)
    if file := file_of(shown, postings):
        return file
    page, columns = shown.page_of(postings, view.parts), columns_of_views()
    known = figures(**columns) if request.htmx else figures_with_shell(request, **columns)
    counts, ledger = counts_by_view(known), ledger_settings()
    context = {
        "view": view,
        "list": shown,
        "page": page,
        "rows": [
            (
                posting,
                posting_state(posting, Subject(), ledger).visible_to(request.role),
                page_about(posting, practice),
            )
            for posting in page
        ],
        "words": words,
        "causes": causes() if view.key == "needs-you" else [],
        "found": shown.counted(postings) if words else _in_words(view, counts[view.key]),
        "sections": log_tabs(request.practice.slug, "Queue"),
        "tabs": [
            _tab(choice, counts, active=choice == view)
            for choice in (ALL, *VIEWS, UNSETTLED)
            if choice in (view, ALL, *VIEWS)
        ],
        "refused": counts["needs-you"],
        "held": counts["held"],
        "is_open": ledger.accepts_postings,
        "here": request.get_full_path(),
    }
    return render(request, "ledger/posting_list.html" + ("#rows" if request.htmx else ""), context)


def _in_words(view: PostingView, count: int) -> str:
    """How many documents the view holds; what is open is counted to the last of it."""
    return in_words(count, POSTINGS.nouns, up_to=COUNTED if view.grows else None)


def _tab(choice: PostingView, counts: dict[str, int], *, active: bool) -> dict[str, Any]:
    return {
        "label": choice.label,
        "url": f"?view={choice.key}",
        "count": in_figures(counts[choice.key]) if choice.grows else counts[choice.key],
        "active": active,
    }


@requires(Can.POST_TO_LEDGER)
@require_POST
def posting_retry(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Let a refused posting try again."""
    return _change(request, pk, retry_posting, "{} is tried again. It will not be created twice.")


@requires(Can.POST_TO_LEDGER)
@require_POST
def posting_retry_all(request: PracticeRequest, practice: str) -> HttpResponse:
    """Let everything that failed for one reason try again, once that is mended."""
    count = retry_all({request.POST.get("failure", "")})
    words = "document is" if count == 1 else "documents are"
    messages.success(request, f"{count} {words} tried again. None of them will be created twice.")
    return see_other(request, reverse("ledger:posting-list", args=[practice]) + "?view=needs-you")


@requires(Can.POST_TO_LEDGER)
@require_POST
def posting_release(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Let a held posting leave."""
    return _change(request, pk, release_posting, "{} is on its way to Sage.")


@requires(Can.POST_TO_LEDGER)
@require_POST
def posting_cancel(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Withdraw a posting that has certainly not left."""
    return _change(request, pk, cancel_posting, "{} is withdrawn and stays out of Sage.")


def _change(
    request: PracticeRequest, pk: int, change: Callable[[Posting], Posting], words: str
) -> HttpResponse:
    """Make the change and go back to the page it was asked on."""
    posting = change(get_object_or_404(Posting, pk=pk))
    messages.success(request, words.format(posting.reference))
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        return see_other(request, back)
    return see_other(request, "ledger:posting-list", practice=request.practice.slug)
