"""The pages about clients."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from clients.forms import ClientForm, PeopleFormSet
from clients.models import Client, ContactPerson
from clients.operations import add_client, amend_client, archive_client, restore_client, switch_posting
from clients.queries import likely_matches
from ledger.outbox import ledger_settings
from practices import audit
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other

PAGE = 50
TONES: dict[str, str] = {Client.Status.ACTIVE: "good", Client.Status.LEAD: "info"}


@requires(Can.SEE)
def client_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """The practice's clients, found by name, number, postcode or contact person."""
    words, status = request.GET.get("q", ""), request.GET.get("status", "")
    clients = Client.objects.matching(words)
    clients = clients.filter(status=status) if status in Client.Status.values else clients.current()
    page = Paginator(clients, PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "words": words, "status": status, "tabs": _status_tabs(request, status)}
    template = "clients/client_list.html" + ("#rows" if request.htmx else "")
    return render(request, template, context)


def _status_tabs(request: PracticeRequest, active: str) -> list[dict[str, Any]]:
    counts = dict(Client.objects.values_list("status").order_by().annotate(Count("pk")))
    address = reverse("clients:client-list", args=[request.practice.slug])
    current = sum(count for status, count in counts.items() if status != Client.Status.ARCHIVED)
    tabs = [{"label": "All", "url": address, "count": current, "active": not active}]
    for value, label in Client.Status.choices:
        tabs.append(
            {
                "label": label,
                "url": f"{address}?status={value}",
                "count": counts.get(value, 0),
                "active": value == active,
            }
        )
    return tabs


@requires(Can.SEE)
def client_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One client: particulars, people and what happened."""
    client = get_object_or_404(Client, pk=pk)
    context = {
        "client": client,
        "people": client.people.filter(has_left=False),
        "tone": TONES.get(client.status, "neutral"),
        "trail": audit.trail_of(client)[:20],
    }
    return render(request, "clients/client_detail.html", context)


@requires(Can.MANAGE_CLIENTS)
def client_new(request: PracticeRequest, practice: str) -> HttpResponse:
    """Add a client; a likely double is shown before anything is added."""
    blank = Client(posts_automatically=ledger_settings().posts_new_clients)
    return _edit(request, blank, ContactPerson.objects.none())


@requires(Can.MANAGE_CLIENTS)
def client_edit(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Change a client's particulars and people."""
    client = get_object_or_404(Client, pk=pk)
    return _edit(request, client, client.people.filter(has_left=False))


def _edit(request: PracticeRequest, client: Client, people: Any) -> HttpResponse:
    is_new = client.pk is None
    form = ClientForm(request.POST or None, instance=client)
    formset = PeopleFormSet(request.POST or None, queryset=people, prefix="people")
    matches: list[Client] = []
    if request.method == "POST" and form.is_valid() and formset.is_valid():
        matches = likely_matches(client.name, _first_email(formset)) if is_new else []
        if not matches or form.cleaned_data["is_another"]:
            save = add_client if is_new else amend_client
            saved = save(form.save(commit=False), _people(formset))
            messages.success(request, f"{saved.name} is saved.")
            return see_other(request, "clients:client-detail", practice=request.practice.slug, pk=saved.pk)
    context = {"form": form, "formset": formset, "client": client, "is_new": is_new, "matches": matches}
    return render(
        request, "clients/client_edit.html", context, status=422 if request.method == "POST" else 200
    )


def _people(formset: Any) -> list[ContactPerson]:
    """The contact persons as entered, without empty and deleted rows."""
    rows = [form for form in formset.forms if form.has_changed() or form.instance.pk]
    return [form.save(commit=False) for form in rows if not form.cleaned_data.get("DELETE")]


def _first_email(formset: Any) -> str:
    return next((person.email for person in _people(formset) if person.email), "")


@requires(Can.MANAGE_CLIENTS)
@require_POST
def client_switch_posting(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Turn the client's own switch for invoices in Sage (F18)."""
    client = switch_posting(get_object_or_404(Client, pk=pk), on=request.POST.get("on") == "1")
    state = "are created in Sage" if client.posts_automatically else "stay here until you copy them"
    messages.success(request, f"From now on invoices of {client.name} {state}.")
    return see_other(request, "clients:client-detail", practice=practice, pk=pk)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def client_archive(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Put a client out of the way."""
    client = archive_client(get_object_or_404(Client, pk=pk))
    messages.success(request, f"{client.name} is archived. You can restore it at any time.")
    return see_other(request, "clients:client-detail", practice=practice, pk=pk)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def client_restore(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Bring an archived client back."""
    client = restore_client(get_object_or_404(Client, pk=pk))
    messages.success(request, f"{client.name} is back.")
    return see_other(request, "clients:client-detail", practice=practice, pk=pk)
