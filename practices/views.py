"""The front door and the practice's settings."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from practices.forms import PracticeForm, PracticeOpenForm
from practices.models import Membership
from practices.operations import amend_practice, open_practice
from practices.permissions import Can, may
from practices.requests import PracticeRequest, requires, see_other

PAGE = 50


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 in words: the form was too old or came from elsewhere, and nothing was changed."""
    message = "This form is out of date, so nothing was changed. Go back, reload the page and try again."
    return render(request, "problem.html", {"message": message}, status=403)


@transaction.non_atomic_requests
@login_required
def front_door(request: HttpRequest) -> HttpResponse:
    """The person's only practice, a choice of them, or a form to open the first one."""
    memberships = list(
        Membership.objects.filter(user=request.user.pk).select_related("practice").order_by("practice__name")
    )
    if len(memberships) == 1 and request.method == "GET":
        return redirect("home", practice=memberships[0].practice.slug)
    if not memberships and request.user.is_staff and request.method == "GET":
        return redirect("admin:index")
    form = PracticeOpenForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and request.user.is_authenticated:
        practice = open_practice(request.user, form.cleaned_data["practice_name"])
        return see_other(request, "home", practice=practice.slug)
    status = 422 if request.method == "POST" else 200
    context = {"memberships": memberships, "form": form}
    return render(request, "practices/practice_choose.html", context, status=status)


def health(request: HttpRequest) -> HttpResponse:
    """200 while this process answers requests and reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"ok": True})


OWNERS_PAGES = [
    ("Personal data", "data-settings"),
    ("API keys", "practices:api-key-list"),
    ("Webhooks", "practices:webhook-list"),
    ("Export", "practices:export"),
]


def settings_tabs(request: PracticeRequest, active: str) -> list[dict[str, Any]]:
    """The views of the practice's settings, for `components/tabs.html`."""
    is_owner = may(request.role, Can.MANAGE_SETTINGS)
    pages = [
        ("Practice", "practices:settings"),
        *([("Profile", "practices:profile-edit")] if is_owner else []),
        ("Team", "practices:member-list"),
        ("Clients", "clients:settings"),
        ("Sent mail", "practices:email-list"),
        ("Wording", "practices:wording-list"),
        ("Activity", "practices:activity"),
        ("Weekly summary", "weekly-summary"),
        *(OWNERS_PAGES if is_owner else []),
    ]
    return [
        {"label": label, "url": reverse(name, args=[request.practice.slug]), "active": label == active}
        for label, name in pages
    ]


def _render_settings(request: PracticeRequest, form: PracticeForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "tabs": settings_tabs(request, "Practice")}
    return render(request, "practices/settings.html", context, status=status)


@requires(Can.SEE)
def settings(request: PracticeRequest, practice: str) -> HttpResponse:
    """The practice's particulars."""
    return _render_settings(request, PracticeForm(instance=request.practice))


@requires(Can.MANAGE_SETTINGS)
@require_POST
def practice_amend(request: PracticeRequest, practice: str) -> HttpResponse:
    """Change the practice's particulars."""
    form = PracticeForm(request.POST, instance=request.practice)
    if not form.is_valid():
        return _render_settings(request, form, status=422)
    amend_practice(form.save(commit=False))
    messages.success(request, "Saved.")
    return see_other(request, "practices:settings", practice=practice)
