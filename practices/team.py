"""The pages about colleagues."""

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from practices.api_keys import live_keys_of
from practices.forms import InviteForm, RoleForm
from practices.limits import costly
from practices.lists import Column, List, ShownList
from practices.models import Invitation, Membership
from practices.operations import (
    LastOwner,
    change_role,
    invite_again,
    invite_member,
    remove_member,
    withdraw_invitation,
)
from practices.permissions import PURPOSE, RIGHTS, Can, Role
from practices.requests import PracticeRequest, requires, see_other
from practices.views import settings_tabs
from practices.worked_lists import worked_file, worked_page

TEAM = List(
    "team",
    "practices:member-list",
    ("person", "people"),
    (
        Column("person", "Person", lambda member: member.user.name or member.user.email, fixed=True),
        Column("email", "E-mail", lambda member: member.user.email, hidden=True),
        Column("role", "Role", lambda member: member.get_role_display()),
        Column("since", "Since", lambda member: member.joined_at),
    ),
    {"person": ("person",), "role": ("role",), "since": ("since",)},
)


def _render_team(request: PracticeRequest, form: InviteForm, status: int = 200) -> HttpResponseBase:
    members = list(
        Membership.objects.filter(practice=request.practice).select_related("user").order_by("user__name")
    )
    shown = ShownList(request, TEAM)
    if file := worked_file(shown, members):
        return file
    owners = [member for member in members if member.role == Membership.Role.OWNER]
    context = {
        "form": form,
        "list": shown,
        "page": worked_page(shown, members),
        "only_owner": owners[0] if len(owners) == 1 else None,
        "why_not": LastOwner.message,
        "roles": Membership.Role.choices,
        "invitations": open_invitations(),
        "now": timezone.now(),
        "tabs": settings_tabs(request, "Team"),
    }
    return render(request, "practices/member_list.html", context, status=status)


def open_invitations() -> list[Invitation]:
    """The newest invitation of each address that nobody accepted, expired ones too: they can be sent again."""
    newest = {invitation.email: invitation for invitation in Invitation.objects.order_by("pk")}
    return [each for each in reversed(newest.values()) if each.accepted_at is None]


@requires(Can.SEE)
def member_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Who belongs to the practice, and who was invited."""
    return _render_team(request, InviteForm())


@requires(Can.MANAGE_TEAM)
@require_POST
@costly
def member_invite(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Send an invitation."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _render_team(request, form, status=422)
    invitation = invite_member(
        request.practice, form.cleaned_data["email"], form.cleaned_data["role"], by=request.user
    )
    messages.success(request, f"An invitation is on its way to {invitation.email}. It lasts a week.")
    return see_other(request, "practices:member-list", practice=practice)


@requires(Can.MANAGE_TEAM)
@require_POST
@costly
def invitation_send_again(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """Send an invitation that nobody accepted once more, for a new week."""
    invitation = invite_again(get_object_or_404(Invitation, pk=pk), by=request.user)
    messages.success(
        request,
        f"A new invitation is on its way to {invitation.email}. It lasts a week; the earlier link is dead.",
    )
    return see_other(request, "practices:member-list", practice=practice)


@requires(Can.MANAGE_TEAM)
@require_POST
def invitation_withdraw(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """Take an invitation back; its link opens nothing from now on."""
    invitation = get_object_or_404(Invitation, pk=pk)
    withdraw_invitation(invitation)
    messages.success(request, f"The invitation to {invitation.email} is withdrawn. Its link opens nothing.")
    return see_other(request, "practices:member-list", practice=practice)


@requires(Can.MANAGE_TEAM)
@require_POST
def member_role(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """Give a member another role; it counts from their next click."""
    membership = get_object_or_404(Membership, pk=pk, practice=request.practice)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _render_team(request, InviteForm(), status=422)
    membership = change_role(membership, form.cleaned_data["role"])
    messages.success(request, f"{membership.user} is now {membership.get_role_display().lower()}.")
    return see_other(request, "practices:member-list", practice=practice)


@requires(Can.MANAGE_TEAM)
@require_POST
def member_remove(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """Take a member out of the practice."""
    membership = get_object_or_404(
        Membership.objects.select_related("user"), pk=pk, practice=request.practice
    )
    remove_member(membership)
    messages.success(request, f"{membership.user} no longer belongs to {request.practice}.")
    if keys := live_keys_of(membership):
        named = ", ".join(key.name for key in keys)
        messages.warning(
            request,
            f"{membership.user} issued API keys that still work: {named}. Revoke them under Settings → API keys"
            " unless a program of yours needs them.",
        )
    return see_other(
        request, "front-door" if membership.user == request.user else f"/p/{practice}/settings/team/"
    )


@requires(Can.SEE)
def role_matrix(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """What each role may do, as one table."""
    roles = [{"label": Role(role).label, "purpose": PURPOSE[role]} for role in RIGHTS]
    rights = [
        {"words": right.value, "held": [right in rights for rights in RIGHTS.values()]} for right in Can
    ]
    context = {"roles": roles, "rights": rights, "tabs": settings_tabs(request, "Team")}
    return render(request, "practices/role_matrix.html", context)
