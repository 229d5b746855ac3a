"""Taking everything along: asking for the full export, and fetching it."""

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from practices.export_models import PracticeExport
from practices.exporting import archive_of, start_export
from practices.limits import costly
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.views import settings_tabs


@requires(Can.MANAGE_SETTINGS)
@require_safe
def export_detail(request: PracticeRequest, practice: str) -> HttpResponse:
    """What the export holds, how far it is, and the file once it is whole."""
    export = PracticeExport.objects.select_related("job", "asked_by").first()
    context = {"export": export, "tabs": settings_tabs(request, "Export")}
    return render(request, "practices/export.html", context)


@requires(Can.MANAGE_SETTINGS)
@require_POST
@costly
def export_start(request: PracticeRequest, practice: str) -> HttpResponse:
    """Begin a new export in place of the last one."""
    export = start_export()
    messages.success(request, "The export is being made. It is on this page when it is whole.")
    return see_other(request, export.job)


@requires(Can.MANAGE_SETTINGS)
@require_safe
def export_file(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """The whole export as one archive."""
    export = get_object_or_404(PracticeExport, pk=pk)
    name = f"{request.practice.slug}-{export.asked_at:%Y-%m-%d}.zip"
    return FileResponse(archive_of(export), as_attachment=True, filename=name, content_type="application/zip")
