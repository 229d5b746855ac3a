"""Entering and leaving a practice as an operator, and looking at its pages as one of its members."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from practices.errors import DomainError
from practices.forms import OperatorReasonForm
from practices.models import Membership, Practice
from practices.operator_site import inside, may_operate, operators, to_the_door
from practices.operators import (
    SESSION_KEY,
    Visit,
    enter_practice,
    leave_practice,
    look_as,
    stop_looking,
    visit_of,
)
from practices.requests import opens_own_scope, see_other
from practices.tenancy import practice_scope


def operators_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Lets only operators of the service reach the view; everybody else goes to the door."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return view(request, *args, **kwargs) if may_operate(request) else to_the_door(request)

    return guarded


@opens_own_scope
@operators_only
def practice_enter(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the reason, then enter."""
    practice = get_object_or_404(Practice, pk=pk)
    form = OperatorReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with practice_scope(practice.pk):
                visit = enter_practice(practice, reason=form.cleaned_data["reason"], now=timezone.now())
        except DomainError as refusal:
            form.add_error("reason", refusal.message)
        else:
            request.session[SESSION_KEY] = visit.stored()
            return see_other(request, "admin:index")
    context = {**operators.each_context(request), "form": form, "entering": practice, "title": "Enter"}
    return render(request, "admin/practice_enter.html", context, status=422 if form.is_bound else 200)


@operators_only
@require_POST
def practice_leave(request: HttpRequest) -> HttpResponse:
    """The end of the visit."""
    visit = _visit(request)
    leave_practice(Practice.objects.get(pk=visit.practice_id))
    del request.session[SESSION_KEY]
    return see_other(request, "admin:index")


@operators_only
@require_POST
def member_look(request: HttpRequest, pk: int) -> HttpResponse:
    """Look at the practice's pages as this member sees them."""
    visit = _visit(request)
    member = get_object_or_404(Membership, pk=pk, practice=visit.practice_id)
    request.session[SESSION_KEY] = look_as(visit, member, now=timezone.now()).stored()
    return see_other(request, "home", practice=member.practice.slug)


@operators_only
@require_POST
def look_end(request: HttpRequest) -> HttpResponse:
    """Back to the operator's own pages."""
    request.session[SESSION_KEY] = stop_looking(_visit(request)).stored()
    messages.success(request, f"You no longer look at the pages of {inside(request)['visited']}.")
    return see_other(request, "admin:index")


def _visit(request: HttpRequest) -> Visit:
    visit = visit_of(request, timezone.now())
    if visit is None:
        raise PermissionDenied("Your visit is over. Enter the practice again.")
    return visit
