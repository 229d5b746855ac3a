"""Personal data: how long it is kept, all of it about one client as a file, and erasing it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.models import Client
from ignition.client_records import records_file, rows_about
from ignition.erasure import amend_retention, erase_client, last_document, retention, what_goes_on
from ignition.forms import ErasureForm, RetentionForm
from ignition.models import ClientErasure
from practices import audit
from practices.limits import costly
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.views import settings_tabs


@requires(Can.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def data_settings(request: PracticeRequest, practice: str) -> HttpResponse:
    """How long what is kept, and whose data was erased."""
    form = RetentionForm(request.POST or None, instance=retention())
    if request.method == "POST" and form.is_valid():
        amend_retention(form.save(commit=False))
        messages.success(request, "Saved. It counts from tonight.")
        return see_other(request, "data-settings", practice=practice)
    context = {
        "form": form,
        "erasures": ClientErasure.objects.select_related("client", "erased_by")[:50],
        "tabs": settings_tabs(request, "Personal data"),
    }
    return render(request, "data_settings.html", context, status=422 if form.errors else 200)


@requires(Can.MANAGE_SETTINGS)
@require_safe
def client_data(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """What is kept about a client, the file with all of it, and the way to erase it."""
    client = get_object_or_404(Client, pk=pk)
    return render(request, "client_data.html", _context(client, ErasureForm(client=client)))


@requires(Can.MANAGE_SETTINGS)
@require_safe
@costly
def client_data_file(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Everything about the client, to hand over."""
    client = get_object_or_404(Client, pk=pk)
    content = records_file(client)
    audit.record("client.data_handed_over", client)
    name = f"client-{client.pk}-{request.practice.today().isoformat()}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="application/zip", headers=headers)


@requires(Can.MANAGE_SETTINGS)
@require_POST
def client_erase(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Erase the client's personal data, as far as the law lets it."""
    client = get_object_or_404(Client, pk=pk)
    form = ErasureForm(request.POST, client=client)
    if not form.is_valid():
        return render(request, "client_data.html", _context(client, form), status=422)
    erase_client(client, reason=form.cleaned_data["reason"], on=request.practice.today())
    messages.success(request, "The personal data is erased.")
    return see_other(request, "client-data", practice=practice, pk=pk)


def _context(client: Client, form: ErasureForm) -> dict[str, object]:
    found = rows_about(client)
    kept = sorted((model._meta.verbose_name_plural, len(ids)) for model, ids in found.items())
    return {
        "client": client,
        "form": form,
        "kept": [(str(name).capitalize(), count) for name, count in kept],
        "going_on": what_goes_on(client),
        "last": last_document(client),
        "years": retention().documents_years,
        "erasure": ClientErasure.objects.filter(client=client).select_related("erased_by").first(),
    }
