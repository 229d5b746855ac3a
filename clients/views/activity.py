"""A client's activity."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from clients.activity import activity_of, in_words
from clients.client_page import client_page
from clients.models import Client
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from practices.row_keys import row_key
from practices.subjects import named

PAGE = 50


@requires(Can.SEE)
def client_activity(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """What happened with a client, here and in Sage, newest first (G51)."""
    client = get_object_or_404(Client.objects.select_related("merged_into__practice"), pk=pk)
    before = row_key(request.GET.get("before", ""))
    found = activity_of(client, before=before or None, most=PAGE + 1)
    context = client_page(request, client, "Activity") | {
        "events": [in_words(entry) for entry in named(found[:PAGE])],
        "next_before": found[PAGE - 1].pk if len(found) > PAGE else None,
    }
    return render(request, "clients/client_activity.html", context)
