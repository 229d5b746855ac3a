"""Groups of clients, and who in them pays for whom."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from clients.errors import GroupNameTaken
from clients.forms import GroupForm, MemberForm
from clients.models import Client, ClientGroup
from clients.operations import add_group, bill_to, put_in_group, remove_group, rename_group
from practices.lists import Column, List, ShownList
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_key
from practices.worked_lists import worked_file, worked_page

GROUPS = List(
    "groups",
    "clients:group-list",
    ("group", "groups"),
    (
        Column("group", "Group", lambda group: group.name, fixed=True),
        Column("clients", "Clients", lambda group: group.size, is_figure=True),
    ),
    {"group": ("group",), "clients": ("-clients",)},
)


@requires(Can.SEE)
@require_safe
def group_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """The practice's groups."""
    groups = _groups()
    if file := worked_file(ShownList(request, GROUPS), groups):
        return file
    return _list(request, groups, GroupForm())


def _groups() -> list[ClientGroup]:
    """Each group with the number of its clients (`size`)."""
    return list(ClientGroup.objects.annotate(size=Count("members")).order_by("name", "id"))


def _list(
    request: PracticeRequest, groups: list[ClientGroup], form: GroupForm, status: int = 200
) -> HttpResponse:
    shown = ShownList(request, GROUPS)
    page = worked_page(shown, groups)
    context = {
        "list": shown,
        "page": page,
        "clients": sum(group.size for group in page.everything),
        "form": form,
    }
    part = "#rows" if request.htmx else ""
    return render(request, f"clients/group_list.html{part}", context, status=status)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def group_add(request: PracticeRequest, practice: str) -> HttpResponse:
    """Make a group."""
    form = GroupForm(request.POST)
    if form.is_valid():
        try:
            return see_other(request, add_group(form.cleaned_data["name"]))
        except GroupNameTaken as error:
            form.add_error("name", error.message)
    return _list(request, _groups(), form, status=422)


@requires(Can.SEE)
def group_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One group: its clients, and whose invoices go to whom."""
    return _show(request, get_object_or_404(ClientGroup, pk=pk), MemberForm())


def _show(request: PracticeRequest, group: ClientGroup, form: MemberForm, status: int = 200) -> HttpResponse:
    members = list(group.members.select_related("billed_to"))
    paying = {member.billed_to_id for member in members if member.billed_to_id}
    context = {
        "group": group,
        "members": members,
        "payers": [member for member in members if not member.billed_to_id],
        "paying": paying,
        "form": form,
        "name_form": GroupForm(initial={"name": group.name}, auto_id="group_%s"),
    }
    return render(request, "clients/group_detail.html", context, status=status)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def group_rename(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Give a group another name."""
    form = GroupForm(request.POST)
    group = get_object_or_404(ClientGroup, pk=pk)
    if form.is_valid():
        rename_group(group, form.cleaned_data["name"])
    return see_other(request, group)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def group_remove(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Dissolve a group."""
    group = get_object_or_404(ClientGroup, pk=pk)
    remove_group(group)
    messages.success(request, f"{group.name} is dissolved. Its clients stay, and each pays for itself.")
    return see_other(request, "clients:group-list", practice=practice)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def group_join(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Put a client into the group."""
    group = get_object_or_404(ClientGroup, pk=pk)
    form = MemberForm(request.POST)
    if not form.is_valid():
        return _show(request, group, form, status=422)
    client = put_in_group(form.cleaned_data["client"], group)
    messages.success(request, f"{client.name} belongs to {group.name}.")
    return see_other(request, group)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def group_leave(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take a client out of its group; ``pk`` is the client's."""
    client = get_object_or_404(Client.objects.select_related("group"), pk=pk)
    group = client.group
    put_in_group(client, None)
    if group is None:
        return see_other(request, "clients:client-detail", practice=practice, pk=pk)
    return see_other(request, group)


@requires(Can.MANAGE_CLIENTS)
@require_POST
def client_bill_to(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Choose who pays for a client; nothing chosen means itself."""
    client = get_object_or_404(Client.objects.select_related("group"), pk=pk)
    chosen = request.POST.get("payer", "")
    payer = get_object_or_404(Client, pk=row_key(chosen)) if chosen else None
    client = bill_to(client, payer)
    messages.success(request, f"From now on invoices for {client.name} are made out to {client.payer.name}.")
    return see_other(request, client.group or client)
