"""The page of one client that holds what it was offered and what it signed."""

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from clients.client_page import client_page
from clients.models import Client
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from proposals.models import Proposal

MOST = 100


@requires(Can.SEE)
@require_safe
def client_letters(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """The client's proposals and the terms that each was signed under."""
    client = get_object_or_404(Client.objects.select_related("merged_into__practice"), pk=pk)
    proposals = Proposal.objects.filter(client=client).select_related("terms")
    signed = Count("signatures", distinct=True)
    context = client_page(request, client, "Letters") | {
        "proposals": proposals.annotate(signed=signed).order_by("-pk")[:MOST]
    }
    return render(request, "proposals/client_letters.html", context)
