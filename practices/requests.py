"""What a view knows about the person and the practice, and how it answers a change."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django_htmx.middleware import HtmxDetails

from practices.models import Practice, User
from practices.operators import Visit
from practices.permissions import Can, may

PracticeView = Callable[..., HttpResponseBase]
View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class PracticeRequest(HttpRequest):
    """A request under `/p/<practice>/` by one of its members; the middleware lets nobody else through."""

    user: User
    practice: Practice
    role: str
    #: Set while an operator of the service looks at the pages as a member.
    visit: Visit | None
    htmx: HtmxDetails


def requires(right: Can) -> Callable[[PracticeView], PracticeView]:
    """Lets only members with this right reach the view; everybody else gets 403 (strangers got 404 before)."""

    def guard(view: PracticeView) -> PracticeView:
        @wraps(view)
        def guarded(request: PracticeRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not may(request.role, right):
                raise PermissionDenied(
                    f"Your role does not let you {right}. Ask an owner of {request.practice}."
                )
            return view(request, *args, **kwargs)

        guarded.requires = right  # type: ignore[attr-defined]  # read by the test that every URL has a right
        return guarded

    return guard


def opens_own_scope(view: View) -> View:
    """Marks a view that talks to the network: no transaction is open until it opens one. Outermost decorator."""
    view.opens_own_scope = True  # type: ignore[attr-defined]
    return transaction.non_atomic_requests(view)


def address_of(request: HttpRequest) -> str:
    """The network address somebody asks from, found as the sign-in pages find it (our own proxies taken off)."""
    address: str = get_adapter().get_client_ip(request)
    return address


def see_other(_request: HttpRequest, to: str | models.Model, *args: Any, **kwargs: Any) -> HttpResponse:
    """303 to the page that shows the result of a change."""
    response = HttpResponseRedirect(resolve_url(to, *args, **kwargs))
    response.status_code = 303
    return response
