"""Clients that are here twice: finding them, merging them, taking a merge back."""

from collections import Counter

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.contributions import belongings_of
from clients.models import Client, ClientMerge, TwinPair
from clients.operations.merging import dismiss_twins, merge_clients, undo_merge
from clients.twin_finder import start_finding
from practices.lists import Column, List, ShownList
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.worked_lists import worked_file, worked_page

#: Pairs listed; the surest are decided first, and more follow.
MOST = 1000
PAIRS = List(
    "twins",
    "clients:twin-list",
    ("pair", "pairs"),
    (
        Column("first", "Client", lambda row: row["pair"].first.name, fixed=True),
        Column("second", "Perhaps the same", lambda row: row["pair"].second.name),
        Column("reasons", "Evidence", lambda row: ", ".join(row["reasons"])),
        Column("against", "Against it", lambda row: ", ".join(row["against"]), hidden=True),
    ),
    {"reasons": (), "first": ("first",), "second": ("second",)},
)
#: Kinds of rows in words, for what a merge moves; what is not listed moves all the same.
KINDS = {
    "proposals.proposal": "proposals",
    "invoicing.invoice": "invoices",
    "invoicing.billingschedule": "services being billed",
    "invoicing.payment": "payments",
}


@requires(Can.MANAGE_CLIENTS)
@require_safe
def twin_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Pairs that are likely the same, the surest first, with the evidence."""
    pairs = TwinPair.objects.filter(dismissed_at=None, first__merged_into=None, second__merged_into=None)
    rows = [
        {
            "pair": pair,
            "reasons": [reason for reason in pair.reasons if not reason.startswith("-")],
            "against": [reason[1:] for reason in pair.reasons if reason.startswith("-")],
        }
        for pair in pairs.select_related("first", "second")[:MOST]
    ]
    shown = ShownList(request, PAIRS)
    if file := worked_file(shown, rows):
        return file
    merges = ClientMerge.objects.select_related("survivor", "merged", "merged_by")[:10]
    now = timezone.now()
    context = {
        "list": shown,
        "page": worked_page(shown, rows),
        "merges": [(merge, merge.can_be_undone(now)) for merge in merges],
    }
    return render(request, "clients/twin_list.html" + ("#rows" if request.htmx else ""), context)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def twin_find(request: PracticeRequest, practice: str) -> HttpResponse:
    """Look through all clients."""
    return see_other(request, start_finding())


@requires(Can.MANAGE_CLIENTS)
@require_POST
def twin_dismiss(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Say that the two of a pair are two."""
    dismiss_twins(
        get_object_or_404(TwinPair.objects.select_related("first", "second"), pk=pk), now=timezone.now()
    )
    return see_other(request, "clients:twin-list", practice=practice)


@requires(Can.MANAGE_CLIENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def client_merge(request: PracticeRequest, practice: str, pk: int, other: int) -> HttpResponse:
    """Merge the other client into this one, once its effect in numbers was seen."""
    survivor, merged = get_object_or_404(Client, pk=pk), get_object_or_404(Client, pk=other)
    if request.method == "POST":
        merge_clients(survivor, merged, now=timezone.now())
        messages.success(
            request, f"{merged.name} was merged into {survivor.name}. You can undo it for 24 hours."
        )
        return see_other(request, "clients:client-detail", practice=practice, pk=pk)
    counts = Counter({KINDS[kind]: len(ids) for kind, ids in belongings_of(merged).items() if kind in KINDS})
    context = {
        "survivor": survivor,
        "merged": merged,
        "counts": [(kind, count) for kind, count in counts.items() if count],
        "sides": [
            (survivor, survivor.people.filter(has_left=False)),
            (merged, merged.people.filter(has_left=False)),
        ],
    }
    return render(request, "clients/client_merge.html", context)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def merge_undo(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take a merge back."""
    client = undo_merge(get_object_or_404(ClientMerge, pk=pk), now=timezone.now())
    messages.success(request, f"{client.name} is back, with what was its own.")
    return see_other(request, "clients:client-detail", practice=practice, pk=client.pk)
