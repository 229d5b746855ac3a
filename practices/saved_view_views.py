"""Keeping and forgetting views of lists."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from practices.models import SavedView
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.saved_views import save_view


class ViewForm(forms.Form):
    """A view of a list and its name."""

    list = forms.SlugField(max_length=40)
    name = forms.CharField(max_length=40)
    query = forms.CharField(max_length=2000, required=False)
    back = forms.CharField(max_length=500)


@requires(Can.SEE)
@require_POST
def view_save(request: PracticeRequest, practice: str) -> HttpResponse:
    """Keep the filters, sort and columns of a list under a name, for oneself."""
    form = ViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, "A view needs a name of at most 40 characters. Nothing was kept.")
        return see_other(request, _back(request, request.POST.get("back", "")))
    kept = form.cleaned_data
    view = save_view(request.user, kept["list"], kept["name"], kept["query"])
    messages.success(request, f"The view {view.name} is kept for you.")
    return see_other(request, _back(request, f"{kept['back']}?{view.query}"))


@requires(Can.SEE)
@require_POST
def view_forget(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Forget one of one's own views."""
    get_object_or_404(SavedView, pk=pk, user=request.user).delete()
    return see_other(request, _back(request, request.POST.get("back", "")))


def _back(request: PracticeRequest, path: str) -> str:
    """The list again, never another site or practice."""
    home = f"/p/{request.practice.slug}/"
    is_ours = path.startswith(home) and url_has_allowed_host_and_scheme(path, None)
    return path if is_ours else home
