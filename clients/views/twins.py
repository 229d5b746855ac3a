"""Clients that are here twice: finding them, merging them, taking a merge back."""

from collections import Counter

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.contributions import belongings_of
from clients.models import Client, ClientMerge, TwinPair
from clients.operations.merging import dismiss_twins, merge_clients, undo_merge
from clients.twin_finder import start_finding
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other

PAGE = 50
#: Kinds of rows in words, for what a merge moves; what is not listed moves all the same.
KINDS = {
    "proposals.proposal": "proposals",
    "invoicing.invoice": "invoices",
    "invoicing.billingschedule": "services being billed",
    "invoicing.payment": "payments",
}


@requires(Can.MANAGE_CLIENTS)
@require_safe
def twin_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """Pairs that are likely the same, the surest first, with the evidence."""
    pairs = TwinPair.objects.filter(dismissed_at=None, first__merged_into=None, second__merged_into=None)
    shown = list(pairs.select_related("first", "second")[:PAGE])
    rows = [
        {
            "pair": pair,
            "reasons": [reason for reason in pair.reasons if not reason.startswith("-")],
            "against": [reason[1:] for reason in pair.reasons if reason.startswith("-")],
        }
        for pair in shown
    ]
    merges = ClientMerge.objects.select_related("survivor", "merged", "merged_by")[:10]
    now = timezone.now()
    context = {"rows": rows, "merges": [(merge, merge.can_be_undone(now)) for merge in merges]}
    return render(request, "clients/twin_list.html", context)


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
