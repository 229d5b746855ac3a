"""The operator's pages about practices that arrive from another installation: bring, look, take in, or give up."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ignition.models import PracticeArrival
from ignition.moving_in import CannotTakeIn
from ignition.moving_in.uploads import MOST_TRIES, ask_for, give_up, keep_upload, rows_written
from ignition.tasks import take_in_arrival
from practices.errors import DomainError
from practices.models import Practice
from practices.operator_site import operators
from practices.operator_views import operators_only
from practices.requests import opens_own_scope, see_other
from practices.tasks import wake
from practices.tenancy import practice_scope
from practices.uploads import was_too_large

TOO_LARGE = (
    "This file is larger than an upload may be (UPLOAD_MAX_BYTES), so nothing was written. "
    "Use `manage.py import_practice FILE` on the machine itself."
)


class ArrivalForm(forms.Form):
    """The file of a full export."""

    file = forms.FileField(
        label="Full export",
        help_text="The ZIP file that the practice fetched under Settings → Export. It is only checked for now.",
        widget=forms.FileInput(attrs={"accept": ".zip"}),
    )


@opens_own_scope
@operators_only
@require_http_methods(["GET", "POST"])
def arrival_new(request: HttpRequest) -> HttpResponse:
    """Ask for the file, read it from end to end, and go to what was found in it."""
    form = ArrivalForm(request.POST, request.FILES) if request.method == "POST" else ArrivalForm()
    if was_too_large(request):
        form.fields["file"].error_messages["required"] = TOO_LARGE
    if request.method == "POST" and form.is_valid():
        upload: UploadedFile[bytes] = form.cleaned_data["file"]
        try:
            arrival = keep_upload(upload.file, upload.name or "export.zip", by=request.user)  # type: ignore[arg-type]
        except CannotTakeIn as refusal:
            form.add_error("file", refusal.message)
        else:
            return redirect("operator-arrival", arrival.practice_id)
    context = {**operators.each_context(request), "form": form, "title": "Bring a practice here"}
    return render(request, "admin/arrival_new.html", context, status=422 if form.errors else 200)


@opens_own_scope
@operators_only
@require_safe
def arrival_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What is in the file, what will happen, and how far it is."""
    practice = _practice(pk)
    with practice_scope(pk):
        arrival = _arrival()
        context: dict[str, Any] = {
            **operators.each_context(request),
            "title": str(practice),
            "practice": practice,
            "arrival": arrival,
            "written": rows_written(),
            "most_tries": MOST_TRIES,
        }
        return render(request, "admin/arrival_detail.html", context)


@opens_own_scope
@operators_only
@require_POST
def arrival_take_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a worker begin."""
    _practice(pk)
    try:
        with practice_scope(pk):
            ask_for(_arrival())
    except DomainError as problem:
        messages.warning(request, problem.message)
    else:
        wake(take_in_arrival, pk)
    return see_other(request, "operator-arrival", pk)


@opens_own_scope
@operators_only
@require_POST
def arrival_give_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget the file and the practice that was to be."""
    practice = _practice(pk)
    try:
        with practice_scope(pk):
            is_gone = give_up(_arrival())
    except DomainError as problem:
        messages.warning(request, problem.message)
        return see_other(request, "operator-arrival", pk)
    stays = "" if is_gone else " The empty practice stays, because of what its activity tells of."
    messages.success(request, f"{practice} was not taken in, and its file is forgotten.{stays}")
    return see_other(request, "admin:index")


def _practice(pk: int) -> Practice:
    practice = Practice.objects.filter(pk=pk).first()
    if practice is None:
        raise Http404
    return practice


def _arrival() -> PracticeArrival:
    """The arrival of the acting practice; nothing but that of any practice is shown here."""
    arrival = PracticeArrival.objects.select_related("uploaded_by").first()
    if arrival is None:
        raise Http404
    return arrival
