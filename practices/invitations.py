"""The page behind an invitation's link: outside `/p/`, because whoever opens it is no member yet."""

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from practices.errors import DomainError
from practices.forms import JoinForm
from practices.models import Invitation, User
from practices.operations import accept_invitation, open_invitation, read_invitation_token
from practices.requests import opens_own_scope, see_other
from practices.tenancy import practice_scope

SIGN_IN_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@opens_own_scope
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Join the practice: as the person signed in, or with a new account for the invited address."""
    try:
        practice_id, invitation_id = read_invitation_token(token)
        with practice_scope(practice_id):
            return _join(request, open_invitation(invitation_id))
    except DomainError as problem:
        return render(request, "practices/invitation_over.html", {"message": problem.message}, status=410)


def _join(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    if request.user.is_authenticated:
        if request.method == "POST":
            accept_invitation(invitation, request.user)
            return see_other(request, "home", practice=invitation.practice.slug)
        return render(request, "practices/invitation_accept.html", {"invitation": invitation, "form": None})
    if User.objects.filter(email__iexact=invitation.email).exists():
        return render(request, "practices/invitation_sign_in.html", {"invitation": invitation})
    form = JoinForm(request.POST or None, email=invitation.email)
    if request.method == "POST" and form.is_valid():
        user = form.save()
        accept_invitation(invitation, user)
        login(request, user, backend=SIGN_IN_BACKEND)
        return see_other(request, "home", practice=invitation.practice.slug)
    status = 422 if request.method == "POST" else 200
    return render(
        request, "practices/invitation_accept.html", {"invitation": invitation, "form": form}, status=status
    )
