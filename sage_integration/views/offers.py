"""Sage's customers in the client picker of a proposal (F47, F48, F58).

The picker loads `sage:client-offers` with the words typed so far as `client_words`. What it shows stands inside the
picker's own form: each contact is a radio button named `client` with the value `sage:<id>`, which no form takes for a
client, so going on with it is refused; and a button that saves it by htmx, whose answer is the same radio button with
the new client's id. Nothing else of that form is sent or lost.
"""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from clients.models import Client
from practices.errors import DomainError
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from practices.row_keys import row_key
from sage_integration.app_clients.importing import AlreadyAClient, confirm_link, import_contact
from sage_integration.app_clients.suggestions import candidates_of
from sage_integration.connections import current_connection
from sage_integration.models import ContactLink, SageContact

#: Fewer letters find too many.
FEWEST_LETTERS = 3
SHOWN = 8


@requires(Can.PREPARE_PROPOSALS)
@require_safe
def client_offers(request: PracticeRequest, practice: str) -> HttpResponse:
    """Contacts of Sage that are no clients yet and match the words, for the picker."""
    connection = current_connection()
    words = request.GET.get("client_words", "").strip()
    contacts: list[SageContact] = []
    if connection is not None and connection.business_id and len(words) >= FEWEST_LETTERS:
        contacts = list(SageContact.objects.unlinked(connection.business_id).matching(words)[:SHOWN])
    linked = ContactLink.objects.values_list("client_id", flat=True) if contacts else []
    candidates = candidates_of(contacts, set(linked))
    context = {
        "offers": [
            {"contact": contact, "best": next(iter(candidates[contact.pk]), None)} for contact in contacts
        ]
    }
    return render(request, "sage_integration/client_offers.html", context)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def client_offer_save(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """The contact saved as a client, or linked with the one it is (`link`); the answer is the client, chosen."""
    contact = get_object_or_404(SageContact, pk=pk)
    currency = request.practice.currency
    link = request.POST.get("link", "")
    try:
        if key := row_key(link):
            client = get_object_or_404(Client, pk=key)
            confirm_link(contact, client, currency=currency)
        else:
            is_another = request.POST.get("another") == "1"
            client = import_contact(contact, currency=currency, is_another=is_another)
    except AlreadyAClient as error:
        return _again(request, contact, error, error.subject)
    except DomainError as error:
        return _again(request, contact, error, [])
    return render(request, "sage_integration/client_offers.html#saved", {"client": client})


def _again(
    request: PracticeRequest, contact: SageContact, error: DomainError, exact: list[Client]
) -> HttpResponse:
    """What stands against it, and what can be done instead."""
    context: dict[str, Any] = {"contact": contact, "problem": error.message, "exact": exact}
    return render(request, "sage_integration/client_offers.html#refused", context, status=422)
