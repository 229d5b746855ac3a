"""The practice in the path decides whom a request acts for."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from practices import audit
from practices.errors import DomainError
from practices.members import membership_of
from practices.models import Membership, User
from practices.operators import LOOKING_METHODS, Visit, visit_of
from practices.remembered import remembering
from practices.requests import PracticeRequest, address_of
from practices.second_factors import SET_UP_PAGE, must_set_up
from practices.tenancy import acting_for, practice_transaction

PREFIX = "/p/"
#: Programs come in by a door of their own, which answers them in their own way.
API = "/api/v1/"
#: Operators of the service, who enter one practice at a time.
OPERATORS = "/admin/"


class PracticeMiddleware:
    """Checks membership under `/p/<practice>/` and wraps the request in the practice's scope.

    Strangers get 404, so that nobody learns which practices exist. `ATOMIC_REQUESTS` rolls a failed view
    back inside the scope's transaction.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if holds_a_nul(request) and not request.path_info.startswith(API):
            return render(request, "400.html", status=400)
        user = request.user if request.user.is_authenticated else None
        with audit.acting_as(user):
            if not request.path_info.startswith(PREFIX):
                return self._answer_outside(request, user)
            if user is None:
                return redirect_to_login(request.get_full_path())
            return self._answer_inside(request)

    def _answer_outside(self, request: HttpRequest, user: User | None) -> HttpResponse:
        """Pages of nobody's practice, and of the one an operator has entered."""
        inside = user is not None and request.path_info.startswith(OPERATORS) and not opens_own(request)
        visit = visit_of(request, timezone.now()) if inside else None
        if visit is None:
            return self.get_response(request)
        with acting_for(visit.practice_id), practice_transaction():
            return self.get_response(request)

    def _answer_inside(self, request: HttpRequest) -> HttpResponse:
        slug = request.path_info.removeprefix(PREFIX).split("/", 1)[0]
        visit = visit_of(request, timezone.now())
        if visit and visit.membership_id and visit.looks(timezone.now()):
            looked_as = Membership.objects.filter(pk=visit.membership_id, practice__slug=slug)
            if member := looked_as.select_related("practice", "user").first():
                return self._look(request, visit, member)
        known = getattr(request, "known_member", None)
        if not (member := known or membership_of(request.user.pk, slug)):
            return self._not_found(request)
        if must_set_up(member):
            messages.warning(
                request, f"{member.practice} asks its owners for a second factor. Set one up to go on."
            )
            return redirect(SET_UP_PAGE)
        return self._answer_member(request, member)

    def _look(self, request: HttpRequest, visit: Visit, member: Membership) -> HttpResponse:
        """The page as the member sees it, recorded as the operator's; whatever would change something is refused."""
        if request.method not in LOOKING_METHODS:
            message = "You are looking at these pages as somebody else, so nothing can be changed here."
            return render(request, "problem.html", {"message": message}, status=403)
        if not request.headers.get("HX-Request"):
            with acting_for(member.practice_id), practice_transaction():
                audit.record("operator.looked", member, path=request.path_info[:200])
        operator, request.user = request.user, member.user
        try:
            return self._answer_member(request, member, visit)
        finally:
            request.user = operator

    def _answer_member(
        self, request: HttpRequest, member: Membership, visit: Visit | None = None
    ) -> HttpResponse:
        inside = cast(PracticeRequest, request)
        inside.practice, inside.role, inside.visit = member.practice, member.role, visit
        zone = timezone.override(ZoneInfo(member.practice.time_zone))
        transaction = nullcontext() if opens_own(request) else practice_transaction()
        looks = request.method in LOOKING_METHODS and not opens_own(request)
        memory = remembering(member.practice, getattr(member, "marked", None)) if looks else nullcontext()
        with zone, acting_for(member.practice_id), transaction, memory:
            if visit is None and not opens_own(request):
                record_arrival(inside, member)
            response = self.get_response(request)
            # What was on a screen is gone with the session, also behind the browser's back button.
            response.headers.setdefault("Cache-Control", "private, no-store")
            return self._in_words(request, response) if response.status_code == 405 else response

    def _in_words(self, request: HttpRequest, refused: HttpResponse) -> HttpResponse:
        """A refused method (Django's answer is a blank page) with a sentence and the way on."""
        page = render(request, "405.html", status=405)
        page.headers["Allow"] = refused.headers["Allow"]
        return page

    def _not_found(self, request: HttpRequest) -> HttpResponse:
        return render(request, "404.html", status=404)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A broken rule answers with its message: back on the page it came from, or as a page of its own."""
        if not isinstance(error, DomainError):
            return None
        back = request.headers.get("Referer", "")
        if request.method == "POST" and url_has_allowed_host_and_scheme(
            back, {request.get_host()}, request.is_secure()
        ):
            messages.error(request, error.message)
            response = HttpResponseRedirect(back)
            response.status_code = 303
            return response
        return render(request, "problem.html", {"message": error.message}, status=409)


def holds_a_nul(request: HttpRequest) -> bool:
    """Whether the address holds a NUL character, which PostgreSQL cannot look for; forms refuse it themselves."""
    words = (word for values in request.GET.lists() for word in values[1])
    return "\x00" in request.path_info or any("\x00" in word for word in words)


def opens_own(request: HttpRequest) -> bool:
    """Whether the view of this path is marked `@opens_own_scope`."""
    try:
        return getattr(resolve(request.path_info).func, "opens_own_scope", False)
    except (Resolver404, Http404):
        return False


def record_arrival(request: PracticeRequest, member: Membership) -> None:
    """The first request of a sign-in to a practice goes into its audit trail, once a session."""
    seen = request.session.get("practices", [])
    if member.practice_id in seen:
        return
    request.session["practices"] = [*seen, member.practice_id]
    audit.record(
        "member.signed_in",
        member,
        address=address_of(request),
        browser=request.headers.get("User-Agent", "")[:200],
    )
