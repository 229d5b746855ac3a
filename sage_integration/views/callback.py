"""Where Sage sends a person back to; no practice stands in the path, the signed state names it."""

import secrets

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from practices.models import Practice, User
from practices.requests import opens_own_scope
from sage_integration.authorisations import finish_authorisation
from sage_integration.errors import ConsentDenied, SignInFailed

BROWSER_KEY = "sage_browser"


def browser_of(request: HttpRequest) -> str:
    """A secret of this browser's session: a sign-in can only be finished where it was begun."""
    secret: str = request.session.setdefault(BROWSER_KEY, secrets.token_urlsafe(32))
    return secret


@opens_own_scope
@never_cache
@login_required
@require_GET
def sage_callback(request: HttpRequest) -> HttpResponse:
    """The way back from Sage: to the choice of companies, or to a page that says why not."""
    assert isinstance(request.user, User)  # noqa: S101  # login_required has seen to it
    try:
        practice = finish_authorisation(request.GET.dict(), by=request.user, browser=browser_of(request))
    except ConsentDenied as failure:
        messages.warning(request, failure.message)
        return redirect("sage:app-list", practice=failure.subject.slug)
    except SignInFailed as failure:
        return _failed(request, failure)
    return redirect("sage:business-choose", practice=practice.slug)


def _failed(request: HttpRequest, failure: SignInFailed) -> HttpResponse:
    practice = failure.subject if isinstance(failure.subject, Practice) else None
    context = {"failure": failure, "practice_to_connect": practice}
    return render(request, "sage_integration/sign_in_failed.html", context, status=failure.status)
