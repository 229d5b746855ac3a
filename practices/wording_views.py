"""The pages of what messages say: each kind with a preview, and the practice's own words for those to clients."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from practices.forms import WordingForm
from practices.letterhead import brand_of, practice_values
from practices.mail import Written, write_internal, write_message
from practices.mail_kinds import (
    InternalKind,
    MailKind,
    internal_kind_of,
    internal_kinds,
    kind_of,
    kinds,
    wording_of,
)
from practices.mail_views import message_page
from practices.models import MailWording, Practice
from practices.operations import drop_wording, write_wording
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.views import settings_tabs

EXAMPLE_URL = "https://example.invalid/the-link"


@requires(Can.SEE)
@require_safe
def wording_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """Every kind of message: to clients, whose words can be changed, and to the practice's own people."""
    own = set(MailWording.objects.values_list("kind", flat=True))
    context = {
        "kinds": [(kind, kind.key in own) for kind in kinds()],
        "internal": internal_kinds(),
        "tabs": settings_tabs(request, "Wording"),
    }
    return render(request, "practices/wording_list.html", context)


@requires(Can.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def wording_edit(request: PracticeRequest, practice: str, kind: str) -> HttpResponse:
    """One kind of message as it looks, with its words to change where it goes to clients."""
    found = kind_of(kind)
    if found is None:
        internal = _internal(kind)
        context = {"kind": internal, "written": _internal_example(internal, request.practice)}
        return render(request, "practices/wording_edit.html", context)
    wording = wording_of(found)
    form = WordingForm(request.POST or None, instance=wording, kind=found)
    if request.method == "POST" and form.is_valid():
        write_wording(found, form.cleaned_data["subject"], form.cleaned_data["body"])
        messages.success(request, "Saved. Messages written from now on say it like this.")
        return see_other(request, "practices:wording-edit", practice=practice, kind=kind)
    values = practice_values(request.practice)
    context = {
        "kind": found,
        "form": form,
        "is_own": wording.pk is not None,
        "written": _example(found, wording_of(found), request.practice),
        "placeholders": [
            (name, words, values.get(name, found.example.get(name, "")))
            for name, words in found.offered.items()
        ],
    }
    return render(request, "practices/wording_edit.html", context, status=422 if form.errors else 200)


@requires(Can.SEE)
@require_safe
@xframe_options_sameorigin
def wording_preview(request: PracticeRequest, practice: str, kind: str) -> HttpResponse:
    """A message of this kind with example values, for the frame on its page."""
    found = kind_of(kind)
    if found is None:
        return message_page(_internal_example(_internal(kind), request.practice).html)
    return message_page(_example(found, wording_of(found), request.practice).html)


@requires(Can.MANAGE_SETTINGS)
@require_POST
def wording_drop(request: PracticeRequest, practice: str, kind: str) -> HttpResponse:
    """Go back to the usual words."""
    found = kind_of(kind)
    if found is None:
        raise Http404
    drop_wording(found)
    messages.success(request, "The usual words are back.")
    return see_other(request, "practices:wording-edit", practice=practice, kind=kind)


def _internal(key: str) -> InternalKind:
    found = internal_kind_of(key)
    if found is None:
        raise Http404
    return found


def _internal_example(kind: InternalKind, practice: Practice) -> Written:
    context = {"practice": practice, "url": EXAMPLE_URL, **kind.example}
    return write_internal(kind.key, context, brand_of(practice))


def _example(kind: MailKind, wording: MailWording, practice: Practice) -> Written:
    values = {**kind.example, **practice_values(practice)}
    return write_message(kind, wording, values, brand_of(practice), url=EXAMPLE_URL)
