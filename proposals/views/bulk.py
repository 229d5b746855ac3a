"""Proposals for many clients at once, and one act on many proposals."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from clients.listing import ListForm, client_list_of
from clients.models import Client
from practices.errors import DomainError
from practices.permissions import Can, may
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_keys
from practices.scalars import count_of, figures
from proposals.bulk import ACTS, rows_of_clients, start_act, start_drafting
from proposals.bulk_forms import BulkForm
from proposals.models import ProposalTemplate
from proposals.operations import VALIDITY

#: Clients listed to be ticked; all of the list can be chosen however long it is.
MOST_LISTED = 50


@requires(Can.PREPARE_PROPOSALS)
@require_http_methods(["GET", "HEAD", "POST"])
def bulk_new(request: PracticeRequest, practice: str) -> HttpResponse:
    """Choose a template and the clients: ticked in a filtered list, all of it, or named by a file."""
    today, is_save = request.practice.today(), "save" in request.POST
    initial = {"starts_on": today, "valid_until": today + VALIDITY}
    form = BulkForm(
        request.POST if is_save else None,
        request.FILES if is_save else None,
        may_send=may(request.role, Can.SEND_PROPOSALS),
        initial=initial,
    )
    if is_save and form.is_valid():
        rows = form.rows or rows_of_clients(_chosen(request))
        try:
            return see_other(request, start_drafting(form.plan, rows))
        except DomainError as problem:
            form.add_error(None, problem.message)
    context = {"form": form, "has_templates": ProposalTemplate.objects.exists(), **_clients(request)}
    return render(request, "proposals/bulk_new.html", context, status=422 if is_save else 200)


def _chosen(request: PracticeRequest) -> list[int]:
    """The clients that were ticked, or everybody the filters let through."""
    if request.POST.get("everybody") == "1":
        return list(_listed(QueryDict(request.POST.get("query", "")), request).values_list("pk", flat=True))
    return _ids(request)


def _ids(request: PracticeRequest) -> list[int]:
    return row_keys(request.POST)


def _listed(query: QueryDict, request: PracticeRequest) -> Any:
    found = client_list_of(query, ListForm(query), request.practice.today()).clients
    return found.order_by("name_key", "pk")


def _clients(request: PracticeRequest) -> dict[str, Any]:
    """The clients to choose from, and those ticked: as they come from the list of clients, or as the filters find."""
    comes_with_ticks = request.method == "POST" and request.POST.get("everybody") != "1"
    query = QueryDict(request.POST.get("query", "")) if request.method == "POST" else request.GET
    ticked = set(_ids(request))
    listed = Client.objects.filter(pk__in=ticked) if comes_with_ticks and ticked else _listed(query, request)
    return {
        "clients": listed.order_by("name_key", "pk")[:MOST_LISTED],
        **figures(count=count_of(listed)),
        "ticked": ticked,
        "query": query.urlencode(),
        "everybody": request.POST.get("everybody") == "1",
        "filters": ListForm(query),
    }


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def bulk_act(request: PracticeRequest, practice: str) -> HttpResponse:
    """Do one thing with the ticked proposals."""
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        messages.error(request, "Choose what is to be done with the proposals.")
        return see_other(request, "proposals:proposal-list", practice=practice)
    if not may(request.role, act.right):
        raise PermissionDenied(f"Your role does not let you {act.right}. Ask an owner of {request.practice}.")
    return see_other(request, start_act(request.POST["act"], _ids(request)))
