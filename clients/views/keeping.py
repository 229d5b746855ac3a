"""What is kept with a client: notes and files."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from clients.errors import FileTooLarge
from clients.forms import FileForm, NoteForm
from clients.models import Attachment, Client, Note
from clients.operations import attach_file, remove_file, remove_note, write_note
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.uploads import in_megabytes, was_too_large


@requires(Can.MANAGE_CLIENTS)
@require_POST
def note_write(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Write a note."""
    client = get_object_or_404(Client, pk=pk)
    form = NoteForm(request.POST)
    if form.is_valid():
        write_note(client, form.cleaned_data["body"])
    else:
        messages.error(request, "A note has between 1 and 5,000 characters. Nothing was kept.")
    return see_other(request, "clients:client-detail", practice=practice, pk=pk)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def note_remove(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Delete a note."""
    note = get_object_or_404(Note.objects.select_related("client"), pk=pk)
    remove_note(note)
    return see_other(request, "clients:client-detail", practice=practice, pk=note.client_id)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def file_attach(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Keep a file with the client."""
    client = get_object_or_404(Client, pk=pk)
    form = FileForm(request.POST, request.FILES)
    if was_too_large(request):
        raise FileTooLarge(
            message=f"A file may have {in_megabytes(settings.ATTACHMENT_MAX_BYTES)}. Nothing was added."
        )
    if form.is_valid():
        file = form.cleaned_data["file"]
        attachment = attach_file(client, file.name, file, file.size)
        messages.success(request, f"{attachment.name} is kept with {client.name}.")
    else:
        messages.error(request, "Choose a file first. Nothing was added.")
    return see_other(request, "clients:client-detail", practice=practice, pk=pk)


@requires(Can.SEE)
@require_safe
def file_open(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """The file itself, always to be saved and never shown inside the application."""
    attachment = get_object_or_404(Attachment, pk=pk)
    response = HttpResponse(bytes(attachment.content), content_type=attachment.content_type)
    response.headers["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=attachment.name
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@requires(Can.MANAGE_CLIENTS)
@require_POST
def file_remove(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Delete a file."""
    attachment = get_object_or_404(Attachment.objects.select_related("client").defer("content"), pk=pk)
    remove_file(attachment)
    messages.success(request, f"{attachment.name} is removed.")
    return see_other(request, "clients:client-detail", practice=practice, pk=attachment.client_id)
