"""Clients from a CSV file and into one."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.exports import export_file
from clients.forms import ImportForm
from clients.import_fields import FIELDS
from clients.listing import ListForm, client_list_of
from clients.models import ClientImport, ImportRow
from clients.operations.imports import (
    begin_import,
    choose_columns,
    counts_of,
    decide_rows,
    start_import,
    undo_import,
)
from practices.errors import DomainError
from practices.limits import costly
from practices.paging import keyset_page
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.uploads import in_megabytes, was_too_large

PAGE = 50
LAST = 10
Status = ClientImport.Status
STEPS = [
    ("Upload", {Status.UPLOADED}),
    ("Columns", {Status.UPLOADED}),
    ("Check", {Status.CHECKING, Status.CHECKED}),
    ("Import", {Status.IMPORTING, Status.IMPORTED, Status.UNDOING, Status.UNDONE}),
]


@requires(Can.MANAGE_CLIENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def import_new(request: PracticeRequest, practice: str) -> HttpResponse:
    """Choose a file; its columns come next."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if request.method == "POST":
        is_whole = form.is_valid()
        if was_too_large(request):
            form.add_error(
                "file", f"A file may have {in_megabytes(settings.UPLOAD_MAX_BYTES)}. Nothing was imported."
            )
        elif is_whole:
            file = form.cleaned_data["file"]
            try:
                return see_other(request, begin_import(file.file, file.name, now=timezone.now()))
            except DomainError as error:
                form.add_error("file", error.message)
    context = {
        "form": form,
        "imports": ClientImport.objects.select_related("started_by")[:LAST],
        "fields": [label for label, _ in FIELDS.values()],
        "most": in_megabytes(settings.UPLOAD_MAX_BYTES),
        "most_rows": f"{settings.IMPORT_MAX_ROWS:,}",
    }
    return render(
        request, "clients/import_new.html", context, status=422 if request.method == "POST" else 200
    )


@requires(Can.MANAGE_CLIENTS)
@require_safe
def import_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Where an import stands, and what it needs next; htmx asks again while a job of it runs."""
    source = get_object_or_404(ClientImport.objects.select_related("job", "practice"), pk=pk)
    is_live = source.job is not None and source.job.is_live
    context: dict[str, Any] = {
        "source": source,
        "is_live": is_live,
        "steps": _steps(source),
        "can_be_undone": source.can_be_undone(timezone.now()),
    }
    if source.status == Status.UPLOADED or (source.status == Status.CHECKED and "columns" in request.GET):
        context |= _columns(source)
    elif source.status == Status.CHECKED:
        context |= _review(request, source)
    part = "#progress" if request.htmx else ""
    response = render(request, "clients/import_detail.html" + part, context)
    if request.htmx and not is_live:
        response.headers["HX-Refresh"] = "true"
    return response


def _steps(source: ClientImport) -> list[dict[str, str]]:
    here = max(number for number, (_, statuses) in enumerate(STEPS) if source.status in statuses)
    states = [
        "done" if number < here else "current" if number == here else "todo" for number in range(len(STEPS))
    ]
    return [{"label": label, "state": state} for (label, _), state in zip(STEPS, states, strict=True)]


def _columns(source: ClientImport) -> dict[str, Any]:
    """Each column with what it is read as, and its first cells."""
    samples = [
        [row[number] if number < len(row) else "" for row in source.sample]
        for number in range(len(source.header))
    ]
    return {
        "columns": [
            {
                "number": number,
                "name": name,
                "field": source.mapping.get(str(number), ""),
                "cells": samples[number],
            }
            for number, name in enumerate(source.header)
        ],
        "fields": [(key, label) for key, (label, _) in FIELDS.items()],
    }


def _review(request: PracticeRequest, source: ClientImport) -> dict[str, Any]:
    """What the check found: numbers, and the rows of one verdict."""
    counts = counts_of(source, source.on_match)
    first = next(
        (word for word in (ImportRow.Verdict.DOUBTFUL, ImportRow.Verdict.NEW) if counts[word]), "new"
    )
    wanted = request.GET.get("verdict", first)
    rows = source.rows.filter(verdict=wanted).select_related("client")
    return {
        "counts": counts,
        "tabs": [
            {
                "label": label,
                "url": "?" + urlencode({"verdict": word}),
                "count": counts[word],
                "active": word == wanted,
            }
            for word, label in ImportRow.Verdict.choices
        ],
        "wanted": wanted,
        "is_open": wanted in (ImportRow.Verdict.DOUBTFUL, ImportRow.Verdict.REPEATED),
        "page": keyset_page(rows, ("position", "pk"), request.GET, size=PAGE),
        "query": request.GET.urlencode(),
    }


@requires(Can.MANAGE_CLIENTS)
@require_POST
def import_columns(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Say what each column is, and have every row checked."""
    source = get_object_or_404(ClientImport, pk=pk)
    chosen = {number: request.POST.get(f"column-{number}", "") for number in range(len(source.header))}
    choose_columns(source, chosen)
    return see_other(request, source)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def import_decide(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Decide the doubtful rows of a page."""
    source = get_object_or_404(ClientImport, pk=pk)
    choices = {
        int(name.removeprefix("row-")): value
        for name, value in request.POST.items()
        if name.startswith("row-") and name.removeprefix("row-").isdecimal()
    }
    decided = decide_rows(source, {place: str(value) for place, value in choices.items()})
    messages.success(request, f"{decided} row{'' if decided == 1 else 's'} decided.")
    return see_other(request, f"{source.get_absolute_url()}?{request.POST.get('query', '')}")


@requires(Can.MANAGE_CLIENTS)
@require_POST
def import_start(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Import what was checked and decided."""
    source = get_object_or_404(ClientImport, pk=pk)
    wanted = request.POST.get("on_match", "")
    on_match = wanted if wanted in ClientImport.OnMatch.values else ClientImport.OnMatch.SKIP
    start_import(source, on_match=on_match, now=timezone.now())
    return see_other(request, source)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def import_undo(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take an import back."""
    source = get_object_or_404(ClientImport, pk=pk)
    undo_import(source, now=timezone.now())
    return see_other(request, source)


@requires(Can.MANAGE_CLIENTS)
@require_safe
@costly
def client_export(request: PracticeRequest, practice: str) -> FileResponse:
    """The clients of the list as a CSV file, with the columns that are shown."""
    today = request.practice.today()
    listed = client_list_of(request.GET, ListForm(request.GET), today)
    response = FileResponse(export_file(listed, today), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=f"clients-{today.isoformat()}.csv"
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response
