"""The front door, and pages that belong to no practice."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from practices.models import Membership


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 in words: the form was too old or came from elsewhere, and nothing was changed."""
    return render(
        request,
        "problem.html",
        {"message": "This form is out of date, so nothing was changed. Go back, reload the page and try again."},
        status=403,
    )


@login_required
def front_door(request: HttpRequest) -> HttpResponse:
    """The person's only practice, or a choice of them."""
    memberships = list(Membership.objects.filter(user=request.user.pk).select_related("practice").order_by("practice__name"))
    if len(memberships) == 1:
        return redirect("home", practice=memberships[0].practice.slug)
    return render(request, "practices/practice_choose.html", {"memberships": memberships})


def health(request: HttpRequest) -> HttpResponse:
    """200 while this process answers requests."""
    return JsonResponse({"ok": True})
