"""The page of one client that says how it stands in Sage."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from clients.activity import in_words
from clients.client_page import client_page
from clients.contributions import belongings_of
from clients.models import Client
from practices.models import AuditEntry
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from sage_integration.connections import current_connection
from sage_integration.models import ContactLink

LAST = 5


@requires(Can.SEE)
@require_safe
def client_sage(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Which contact the client is in Sage, and the last things that happened there."""
    client = get_object_or_404(Client.objects.select_related("merged_into__practice"), pk=pk)
    connection = current_connection()
    link = None
    if connection is not None and connection.business_id:
        link = ContactLink.objects.filter(client=client, business_id=connection.business_id).first()
    postings = belongings_of(client).get("ledger.posting", [])
    entries = AuditEntry.objects.filter(subject_type="ledger.posting", subject_id__in=postings)
    latest = entries.select_related("actor").order_by("-pk")[:LAST]
    context = client_page(request, client, "Sage") | {
        "link": link,
        "is_connected": connection is not None and bool(connection.business_id),
        "events": [in_words(entry) for entry in latest],
    }
    return render(request, "sage_integration/client_sage.html", context)
