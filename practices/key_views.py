"""The keys of programs, as an owner issues and revokes them."""

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from practices.api_keys import issue_api_key, revoke_api_key
from practices.forms import ApiKeyForm
from practices.lists import Column, List, ShownList
from practices.models import ApiKey
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.views import settings_tabs
from practices.worked_lists import worked_file, worked_page

KEYS = List(
    "api-keys",
    "practices:api-key-list",
    ("key", "keys"),
    (
        Column("program", "Program", lambda key: key.name, fixed=True),
        Column("may", "May", lambda key: ", ".join(key.scopes)),
        Column("used", "Last used", lambda key: key.last_used_at),
        Column("issued", "Issued", lambda key: key.created_at),
        Column("by", "Issued by", lambda key: str(key.created_by), hidden=True),
        Column("revoked", "Revoked", lambda key: key.revoked_at, hidden=True),
    ),
    {"issued": (), "program": ("program",), "used": ("-used",)},
)


def _render_keys(
    request: PracticeRequest, form: ApiKeyForm, *, secret: str = "", status: int = 200
) -> HttpResponseBase:
    keys, shown = (
        ApiKey.objects.filter(practice=request.practice).select_related("created_by"),
        ShownList(request, KEYS),
    )
    if file := worked_file(shown, keys):
        return file
    context = {
        "form": form,
        "secret": secret,
        "list": shown,
        "page": worked_page(shown, keys),
        "tabs": settings_tabs(request, "API keys"),
    }
    response = render(request, "practices/api_key_list.html", context, status=status)
    if secret:
        response.headers["Cache-Control"] = "no-store"
    return response


@requires(Can.MANAGE_SETTINGS)
def api_key_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Which programs have a key, and what each may do."""
    return _render_keys(request, ApiKeyForm())


@requires(Can.MANAGE_SETTINGS)
@require_POST
def api_key_issue(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """A new key; its secret is on this answer and nowhere else, so this one change is not redirected."""
    form = ApiKeyForm(request.POST)
    if not form.is_valid():
        return _render_keys(request, form, status=422)
    _, secret = issue_api_key(
        request.practice, form.cleaned_data["name"], form.cleaned_data["scopes"], by=request.user
    )
    return _render_keys(request, ApiKeyForm(), secret=secret)


@requires(Can.MANAGE_SETTINGS)
@require_POST
def api_key_revoke(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """The key opens nothing from now on."""
    key = revoke_api_key(get_object_or_404(ApiKey, pk=pk, practice=request.practice))
    messages.success(request, f"{key.name} can no longer sign in.")
    return see_other(request, "practices:api-key-list", practice=practice)
