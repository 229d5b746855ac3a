"""Linking a client with a contact in Sage by hand (F53)."""

from itertools import islice

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from clients.models import Client
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tenancy import practice_transaction
from sage_integration.app_clients.suggestions import likely_contact
from sage_integration.connections import current_connection
from sage_integration.contact_links import link_client, unlink_client, waiting_for_a_contact, why_unusable
from sage_integration.explanations import sentence_of
from sage_integration.models import ContactLink, SageConnection
from sage_integration.sage.errors import SageError
from sage_integration.sage.resources.contacts import Contact
from sage_integration.sessions import open_sage

#: Contacts shown for one search; a narrower one shows the rest.
SHOWN = 20


@opens_own_scope
@requires(Can.POST_TO_LEDGER)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_choose(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Sage's contacts by name, to link the client with one; or to have it found or made again."""
    with practice_transaction():
        client, connection = get_object_or_404(Client, pk=pk), current_connection()
    if connection is None or not connection.business_id:
        return see_other(request, "sage:connection-detail", practice=practice)
    if request.method == "POST":
        return _change(request, client, connection)
    words = request.GET.get("q", client.name.split()[0]).strip()
    found, problem = list[Contact](), ""
    try:
        with open_sage(connection, urgent=True) as sage:
            found = list(islice(sage.contacts.list(search=words or None), SHOWN + 1))
    except SageError as error:
        problem = sentence_of(error)
    with practice_transaction():
        links = ContactLink.objects.filter(business_id=connection.business_id).select_related("client")
        taken = {link.sage_contact_id: link.client for link in links}
        own = next((link for link in links if link.client_id == client.pk), None)
        context = {
            "client": client,
            "sage": connection,
            "words": words,
            "problem": problem,
            "link": own,
            "likely": None if own else likely_contact(client, connection.business_id),
            "waiting": 0 if own else waiting_for_a_contact(client),
            "has_more": len(found) > SHOWN,
            "rows": [
                (contact, _why_not(contact, client, taken.get(contact["id"]), request.practice.currency))
                for contact in found[:SHOWN]
            ],
        }
        status = 503 if problem else 200
        return render(request, "sage_integration/contact_choose.html", context, status=status)


def _why_not(contact: Contact, client: Client, holder: Client | None, currency: str) -> str:
    if holder == client:
        return "It is this one already."
    if holder is not None:
        return f"It stands for {holder.name}."
    problem = why_unusable(contact, currency=currency)
    return f"{problem}." if problem else ""


def _change(request: PracticeRequest, client: Client, connection: SageConnection) -> HttpResponse:
    contact_id = request.POST.get("contact", "")
    back = see_other(request, "sage:contact-choose", practice=request.practice.slug, pk=client.pk)
    if not contact_id:
        with practice_transaction():
            count = unlink_client(client, connection.business_id)
        words = f"{client.name} is linked with the next invoice: by its exact name, or with a new contact."
        messages.success(request, _and_leaving(words, count))
        return back
    try:
        with open_sage(connection, urgent=True) as sage:
            contact = sage.contacts.get(contact_id)
    except SageError as error:
        messages.error(request, f"{sentence_of(error)} Nothing was changed.")
        return back
    with practice_transaction():
        count = link_client(client, contact, connection.business_id, currency=request.practice.currency)
    words = f"{client.name} is linked with {contact['displayed_as']} for invoices from now on."
    messages.success(request, _and_leaving(words, count))
    return back


def _and_leaving(words: str, count: int) -> str:
    """The words, and how many refused invoices leave again by that."""
    if not count:
        return words
    waited = "invoice that waited for it leaves" if count == 1 else "invoices that waited for it leave"
    return f"{words} {count} {waited} now."
