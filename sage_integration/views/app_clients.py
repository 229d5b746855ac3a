"""Sage's customers under Clients: what each is likely to be, what becomes of it, and taking that back (F36–F48)."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Sum
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from money.amounts import ZERO
from practices.job_models import Job
from practices.lists import PAGE, Column, List, ShownList, file_of
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_keys
from practices.scalars import count_of, figures
from practices.tasks import wake
from practices.templatetags.money_tags import written
from sage_integration.app_clients.decisions import Act, Decision, plan_for
from sage_integration.app_clients.importing import ignore_contact, reconsider_contact
from sage_integration.app_clients.standing import contacts_of
from sage_integration.app_clients.suggestions import candidates_of, reasons_of
from sage_integration.client_columns import contacts_gone
from sage_integration.connections import current_connection
from sage_integration.freshness import freshen_contacts
from sage_integration.jobs import imports_to_undo, start_import, start_undo
from sage_integration.models import ContactLink, SageConnection, SageContact, SyncRun
from sage_integration.sync.runs import request_run
from sage_integration.tasks import read_contacts
from sage_integration.views.onwards import to_connection

#: Contacts reviewed at once; a further page of them follows.
MOST_REVIEWED = 500
#: Every tab: its name in the address, its label, and what an empty one says.
TABS = (
    ("suggested", "Suggested link", "Nothing to confirm: no contact looks like a client of yours."),
    ("decide", "Needs a decision", "No contact needs a decision."),
    ("new", "New", "Every contact in Sage looks like a client that is here already."),
    ("linked", "Already linked", "No client is linked with a contact yet."),
    ("ignored", "Not imported", "No contact was set aside."),
)


def _client_of(row: dict[str, Any]) -> str:
    found = row["link"] or row["best"]
    return found.client.name if found else ""


CONTACTS = List(
    "app-clients",
    "sage:app-client-list",
    ("contact", "contacts"),
    (
        Column("contact", "Contact in Sage", lambda row: row["contact"].name, fixed=True),
        Column("reference", "Reference", lambda row: row["contact"].reference, hidden=True),
        Column("email", "E-mail", lambda row: row["contact"].email),
        Column("postcode", "Postcode", lambda row: row["contact"].postal_code),
        Column("owed", "Owes in Sage", lambda row: row["contact"].owed, is_figure=True),
        Column("client", "Client", _client_of),
        Column("currency", "Currency", lambda row: row["contact"].currency, hidden=True),
    ),
    {"contact": ("name", "pk")},
)


@requires(Can.MANAGE_CLIENTS)
def app_client_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Every customer of the connected company, by what matching says of it (F36)."""
    connection = current_connection()
    if connection is None or not connection.business_id:
        return to_connection(request)
    freshen_contacts()
    known = figures(
        **{name: count_of(contacts_of(name, connection.business_id)) for name, _, _ in TABS},
        twins=count_of(SageContact.objects.of_business(connection.business_id).exclude(twins=[])),
    )
    counts = {name: known[name] for name, _, _ in TABS}
    tab = _tab(request, counts)
    words = request.GET.get("q", "")
    found = contacts_of(tab, connection.business_id).matching(words)
    shown = ShownList(request, CONTACTS)
    if file := file_of(shown, found, lambda contacts: _rows(list(contacts), connection.business_id)):
        return file
    page = shown.page_of(found)
    in_pounds = found.order_by().filter(currency__in=["", request.practice.currency])
    address = reverse("sage:app-client-list", args=[request.practice.slug])
    context = {
        "sage": connection,
        "tab": tab,
        "tabs": [
            {"label": label, "url": f"{address}?tab={name}", "count": counts[name], "active": name == tab}
            for name, label, _ in TABS
        ],
        "empty": next(text for name, _, text in TABS if name == tab),
        "words": words,
        "list": shown,
        "page": page,
        "found": shown.counted(found),
        "owed": in_pounds.aggregate(owed=Sum("owed"))["owed"] or ZERO,
        "rows": _rows(list(page.rows), connection.business_id),
        "run": SyncRun.objects.filter(kind=SyncRun.Kind.CONTACTS).first(),
        "undecided": counts["suggested"] + counts["decide"] + counts["new"],
        "gone": contacts_gone(connection),
        "imports": imports_to_undo(timezone.now()),
        "twins": known["twins"],
    }
    template = "sage_integration/app_client_list.html" + ("#rows" if request.htmx else "")
    return render(request, template, context)


def _tab(request: PracticeRequest, counts: dict[str, int]) -> str:
    """The tab that was asked for, else the first with something to do."""
    asked = request.GET.get("tab", "")
    return asked if asked in counts else next((name for name in counts if counts[name]), "suggested")


def _rows(contacts: list[SageContact], business_id: str) -> list[dict[str, Any]]:
    """What the list shows of each contact: its client, or the best candidate with the reasons."""
    links = ContactLink.objects.filter(business_id=business_id).select_related("client")
    holders = {
        link.sage_contact_id: link
        for link in links.filter(sage_contact_id__in=[contact.sage_id for contact in contacts])
    }
    candidates = candidates_of(contacts, set(links.values_list("client_id", flat=True)))
    return [
        {
            "contact": contact,
            "link": holders.get(contact.sage_id),
            "best": next(iter(candidates[contact.pk]), None),
            "others": max(0, len(candidates[contact.pk]) - 1),
        }
        for contact in contacts
    ]


@requires(Can.MANAGE_CLIENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def app_client_review(request: PracticeRequest, practice: str) -> HttpResponse:
    """The chosen contacts, each with its decision: checked, shown in numbers, then carried out (F43, F44)."""
    connection = current_connection()
    if connection is None or not connection.business_id:
        return to_connection(request)
    contacts = _chosen(request, connection)
    if not contacts:
        messages.warning(request, "Tick the contacts to go on with first.")
        return see_other(request, "sage:app-client-list", practice=practice)
    plan = plan_for(
        contacts,
        connection.business_id,
        currency=request.practice.currency,
        decisions=_decisions(request, contacts),
    )
    is_posted = request.method == "POST"
    numbers = plan.numbers
    something = numbers[Act.LINK] + numbers[Act.NEW] + numbers[Act.IGNORE]
    if is_posted and request.POST.get("step") == "confirm" and plan.is_sound and something:
        job = start_import(plan, business_id=connection.business_id, currency=request.practice.currency)
        return see_other(request, job)
    context = {
        "sage": connection,
        "plan": plan,
        "numbers": numbers,
        "is_checked": is_posted and plan.is_sound,
        "something": something,
        "problems": sum(bool(row.problem) for row in plan.rows) if is_posted else 0,
        "shows_problems": is_posted,
    }
    status = 422 if is_posted and not (plan.is_sound and request.POST.get("step") != "confirm") else 200
    return render(request, "sage_integration/app_client_review.html", context, status=status)


def _chosen(request: PracticeRequest, connection: SageConnection) -> list[SageContact]:
    """The contacts named in the request, or every one of a tab."""
    given = request.POST if request.method == "POST" else request.GET
    contacts = SageContact.objects.unlinked(connection.business_id)
    tab = given.get("all", "")
    if tab in {"suggested", "decide", "new", "ignored"}:
        contacts = contacts_of(tab, connection.business_id)
    else:
        contacts = contacts.filter(pk__in=row_keys(given, "contact")[:MOST_REVIEWED])
    return list(contacts[:MOST_REVIEWED])


def _decisions(request: PracticeRequest, contacts: list[SageContact]) -> list[Decision]:
    if request.method != "POST":
        return []
    return [
        Decision.read(
            contact.pk,
            request.POST.get(f"decision-{contact.pk}", ""),
            is_another=request.POST.get(f"another-{contact.pk}") == "1",
        )
        for contact in contacts
        if f"decision-{contact.pk}" in request.POST
    ]


@requires(Can.MANAGE_CLIENTS)
@require_POST
def app_client_set_aside(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One contact set aside, or back among those to be decided (F45)."""
    contact = get_object_or_404(SageContact, pk=pk)
    if request.POST.get("back") == "1":
        reconsider_contact(contact)
        messages.success(request, f"{contact.name} is back on the list.")
    else:
        ignore_contact(contact)
        messages.success(request, f"{contact.name} is not imported. You find it under “Not imported”.")
    return see_other(request, "sage:app-client-list", practice=practice)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def app_client_undo(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take an import back, for 24 hours after it."""
    job = start_undo(get_object_or_404(Job, pk=pk), now=timezone.now())
    return see_other(request, job)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def contact_sync(request: PracticeRequest, practice: str) -> HttpResponse:
    """Read Sage's contacts now; pressed twice quickly, it runs once (F59)."""
    if request_run(SyncRun.Kind.CONTACTS):
        practice_id = request.practice.pk
        transaction.on_commit(lambda: wake(read_contacts, practice_id))
        messages.info(request, "Reading the contacts from Sage.")
    else:
        messages.info(request, "They are being read already, or were a moment ago.")
    return see_other(request, "sage:app-client-list", practice=practice)


@requires(Can.MANAGE_CLIENTS)
def contact_twins(request: PracticeRequest, practice: str) -> HttpResponse:
    """Contacts in Sage that are likely the same, with what speaks for it; never merged by us (P03)."""
    connection = current_connection()
    if connection is None or not connection.business_id:
        return to_connection(request)
    found = SageContact.objects.of_business(connection.business_id).exclude(twins=[])
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    first = list(page.object_list)
    wanted = {twin["contact"] for contact in first for twin in contact.twins}
    others = SageContact.objects.in_bulk(wanted)
    keys = {contact.sage_id for contact in (*first, *others.values())}
    links = ContactLink.objects.filter(business_id=connection.business_id, sage_contact_id__in=keys)
    holders = {link.sage_contact_id: link.client.name for link in links.select_related("client")}
    pairs = [
        {
            "left": contact,
            "right": others[twin["contact"]],
            "reasons": reasons_of(twin["reasons"]),
            "rows": _side_by_side(contact, others[twin["contact"]], holders),
        }
        for contact in first
        for twin in contact.twins
        if twin["contact"] in others
    ]
    context = {"sage": connection, "pairs": pairs, "page": page}
    return render(request, "sage_integration/contact_twins.html", context)


def _side_by_side(left: SageContact, right: SageContact, holders: dict[str, str]) -> list[dict[str, Any]]:
    """Two contacts field by field, as `diff_table` shows them."""
    fields: list[tuple[str, Callable[[SageContact], str]]] = [
        ("Name", lambda contact: contact.name),
        ("Reference", lambda contact: contact.reference),
        ("E-mail", lambda contact: contact.email),
        ("Address", lambda contact: ", ".join(contact.address_lines)),
        ("VAT number", lambda contact: contact.tax_number),
        (
            "Owes",
            lambda contact: "" if contact.owed is None else written(contact.owed, contact.currency or "GBP"),
        ),
        ("Client here", lambda contact: holders.get(contact.sage_id, "")),
    ]
    return [
        {"label": label, "left": of(left) or "—", "right": of(right) or "—", "changed": of(left) != of(right)}
        for label, of in fields
    ]
