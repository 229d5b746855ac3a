"""Clients beside their proposals: what one was offered and signed, and one added in the middle of a draft."""

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from clients.client_page import client_page
from clients.models import Client
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_key
from proposals.client_forms import NewClientForm
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


@requires(Can.MANAGE_CLIENTS)
@require_POST
def client_add(request: PracticeRequest, practice: str) -> HttpResponse:
    """The client added and chosen where the picker asked; without a script the draft's page, with it chosen."""
    form, draft = NewClientForm(request.POST), request.GET.get("draft", "")
    if not form.is_valid() or form.matches:
        template = "proposals/client_add.html" + ("#fields" if request.htmx else "")
        return render(request, template, {"form": form, "draft": draft}, status=422)
    client = form.add()
    if request.htmx:
        return render(request, "proposals/client_add.html#added", {"client": client})
    if key := row_key(draft):
        chosen = urlencode({"client_words": client.name})
        return see_other(request, f"{reverse('proposals:proposal-edit', args=[practice, key])}?{chosen}")
    return see_other(request, f"{reverse('proposals:proposal-new', args=[practice])}?client={client.pk}")
