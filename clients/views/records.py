"""The page of one client, and adding, changing, archiving and restoring it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from clients.client_page import client_page
from clients.forms import ClientForm, FileForm, NoteForm, PeopleFormSet
from clients.models import Client, ContactPerson
from clients.operations import (
    add_client,
    amend_client,
    archive_client,
    restore_client,
    switch_posting,
    tag_client,
)
from clients.queries import likely_matches
from ledger.outbox import ledger_settings
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other

MOST_NOTES = 20


@requires(Can.SEE)
def client_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One client: particulars, people, checks, notes and files."""
    related = ("manager", "partner", "group", "billed_to", "aml_reviewer", "merged_into__practice")
    client = get_object_or_404(Client.objects.select_related(*related), pk=pk)
    context = client_page(request, client, "Summary") | {
        "people": client.people.filter(has_left=False),
        "tags": client.tags.all(),
        "pays_for": Client.objects.filter(billed_to=client),
        "notes": client.notes.select_related("author")[:MOST_NOTES],
        "attachments": client.attachments.defer("content").select_related("added_by"),
        "note_form": NoteForm(),
        "file_form": FileForm(),
        "review_is_due": client.review_is_due(request.practice.today()),
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
            if "tag_names" in form.changed_data:
                tag_client(saved, form.tags)
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
