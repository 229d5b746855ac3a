"""The page of one client that says how it stands in Sage (4.7)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from clients.activity import in_words
from clients.client_page import client_page
from clients.contributions import belongings_of
from clients.models import Client
from ledger.models import Posting
from practices.models import AuditEntry
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.subjects import named
from sage_integration.app_clients.suggestions import likely_contact
from sage_integration.connections import current_connection
from sage_integration.forms import ClientAccountForm
from sage_integration.freshness import freshen_contacts
from sage_integration.models import (
    ClientAccount,
    ContactLink,
    SageConnection,
    SageContact,
    SageLedgerAccount,
)
from sage_integration.setup import choose_client_account, usable_accounts
from sage_integration.views.onwards import to_connection

LAST = 5
#: What each trouble of a linked contact means for the money, before somebody decides.
TROUBLES = {
    ContactLink.Trouble.DELETED: "The contact was deleted in Sage, or merged with another one there.",
    ContactLink.Trouble.ERASED: "The contact was erased in Sage for data protection, and takes no more invoices.",
}


@requires(Can.SEE)
@require_safe
def client_sage(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Which contact the client is in Sage, both sides of it, and the last things that happened there."""
    client = get_object_or_404(Client.objects.select_related("merged_into__practice"), pk=pk)
    connection = current_connection()
    context = client_page(request, client, "Sage")
    context |= {"is_connected": connection is not None and bool(connection.business_id), "link": None}
    if connection is not None and connection.business_id:
        freshen_contacts()
        context |= _in_sage(client, connection)
    return render(request, "sage_integration/client_sage.html", context)


def _in_sage(client: Client, connection: SageConnection) -> dict[str, Any]:
    link = ContactLink.objects.filter(client=client, business_id=connection.business_id).first()
    book = SageContact.objects.of_business(connection.business_id)
    contact = book.filter(sage_id=link.sage_contact_id).first() if link else None
    postings = belongings_of(client).get("ledger.posting", [])
    entries = AuditEntry.objects.filter(subject_type="ledger.posting", subject_id__in=postings)
    latest = entries.select_related("actor").order_by("-pk")[:LAST]
    named_alike = SageContact.objects.unlinked(connection.business_id).filter(name=client.name)
    namesakes = named_alike.count()
    return {
        "sage": connection,
        "link": link,
        "trouble": TROUBLES[ContactLink.Trouble(link.trouble)] if link and link.trouble else "",
        "contact": contact,
        "sides": side_by_side(client, contact) if contact else [],
        "namesakes": namesakes,
        "likely": None if link or namesakes else likely_contact(client, connection.business_id),
        **_invoices_of(postings, connection),
        "events": [in_words(entry) for entry in named(list(latest))],
        "account_form": account_form(client, connection),
    }


def _invoices_of(postings: Sequence[int], connection: SageConnection) -> dict[str, int]:
    """How many of these postings the company has, and how many invoices among them are held here."""
    in_sage = Q(sage_link__business_id=connection.business_id)
    held = Q(kind=Posting.Kind.INVOICE_CREATE, status=Posting.Status.HELD)
    found: dict[str, int] = Posting.objects.filter(pk__in=postings).aggregate(
        in_sage=Count("pk", filter=in_sage), held=Count("pk", filter=held)
    )
    return found


def account_form(
    client: Client, connection: SageConnection, data: Mapping[str, Any] | None = None
) -> ClientAccountForm:
    """The choice of the client's own sales account, with what holds now."""
    own = ClientAccount.objects.filter(client=client, business_id=connection.business_id).first()
    default = SageLedgerAccount.objects.filter(sage_id=connection.default_account_id).first()
    return ClientAccountForm(
        data,
        accounts=usable_accounts(),
        default=str(default or "not chosen yet"),
        initial={"account": own.ledger_account_id if own else ""},
    )


@requires(Can.POST_TO_LEDGER)
@require_POST
def client_account(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Give the client's fees a sales account of their own, or the default one again (4.7)."""
    client, connection = get_object_or_404(Client, pk=pk), current_connection()
    if connection is None or not connection.business_id:
        return to_connection(request)
    form = account_form(client, connection, request.POST)
    if form.is_valid():
        choose_client_account(client, form.cleaned_data["account"])
        messages.success(request, f"Saved, for invoices of {client.name} from now on.")
    else:
        messages.error(request, "Choose one of the sales accounts offered. Nothing was changed.")
    return see_other(request, "sage:client-sage", practice=practice, pk=pk)


def side_by_side(client: Client, contact: SageContact) -> list[dict[str, Any]]:
    """The client and its contact field by field, as `diff_table` shows them."""
    person = client.people.filter(has_left=False).first()
    rows = [
        ("Name", client.name, contact.name),
        ("Person", person.name if person else "", contact.person_name),
        ("E-mail", person.email if person else "", contact.email),
        ("Telephone", client.phone or (person.phone if person else ""), contact.phone),
        ("Address", ", ".join(client.address_lines), ", ".join(contact.address_lines)),
        ("VAT number", client.vat_number, contact.tax_number),
    ]
    return [
        {"label": label, "left": ours or "—", "right": theirs or "—", "changed": ours != theirs}
        for label, ours, theirs in rows
    ]
