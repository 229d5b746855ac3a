"""The client list, and what is done with many clients at once."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from clients.bulk import BulkForm, start_bulk
from clients.listing import (
    NAME,
    ClientList,
    ListForm,
    all_columns,
    client_list_of,
    columns_of_states,
    sortable,
)
from clients.models import Client
from practices.lists import in_figures
from practices.models import SavedView
from practices.permissions import Can, may
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_keys
from practices.scalars import figures, figures_with_shell

#: A place in the list belongs to one order and one choice, so that another choice starts at the top.
PLACES = ("after", "before")


@dataclass(frozen=True, slots=True)
class Tools:
    """The list as `components/list_tools.html` knows lists; its columns come from several apps."""

    name: str
    path: str
    query: str
    file_url: str
    views: list[SavedView]
    choices: list[tuple[str, str, bool]]
    rows_asked: list[tuple[str, str]]


def tools_of(request: PracticeRequest, chosen: ClientList, views: list[SavedView]) -> Tools:
    """Kept views, columns and the file of the list as it is shown."""
    pairs = [(name, value) for name, values in request.GET.lists() for value in values if value]
    kept = [(name, value) for name, value in pairs if name not in PLACES]
    shown = {column.key for column in chosen.columns}
    file_url = reverse("clients:client-export", args=[request.practice.slug])
    return Tools(
        NAME,
        request.path,
        urlencode(kept),
        f"{file_url}?{urlencode(kept)}" if may(request.role, Can.MANAGE_CLIENTS) else "",
        views,
        [(column.key, column.label, column.key in shown) for column in all_columns()],
        [(name, value) for name, value in kept if name != "columns"],
    )


@requires(Can.SEE)
def client_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """The practice's clients by state, words and filters, in columns of one's own choice."""
    today, form = request.practice.today(), ListForm(request.GET, request.user)
    chosen = client_list_of(request.GET, form, today)
    page, headings = chosen.page(request.GET), _headings(request.GET, chosen.sort)
    columns = {**chosen.columns_of_totals(), **columns_of_states()}
    known = figures(**columns) if request.htmx else figures_with_shell(request, **columns)
    context: dict[str, Any] = {
        "page": page,
        "rows": chosen.cells(page.rows, today),
        "columns": [(column, headings.get(column.key)) for column in chosen.columns],
        "totals": chosen.totals(known),
        "count": known["count"],
        "headings": headings,
        "is_narrowed": bool(chosen.chosen or chosen.status),
        "query": request.GET.urlencode(),
        "list": tools_of(request, chosen, form.views),
        "bulk": BulkForm(people=form.people),
    }
    if not request.htmx:
        context |= _around(request, form, chosen, known)
    return render(request, "clients/client_list.html" + ("#rows" if request.htmx else ""), context)


def _around(
    request: PracticeRequest, form: ListForm, chosen: ClientList, known: dict[str, Any]
) -> dict[str, Any]:
    """What stands around the rows: tabs and filters."""
    hidden = {"status": chosen.status, "sort": request.GET.get("sort", "")}
    columns = [("columns", key) for key in request.GET.getlist("columns")]
    return {
        "form": form,
        "tabs": _status_tabs(request, chosen.status, known),
        "kept": [*((name, value) for name, value in hidden.items() if value), *columns],
        "has_filters": bool(set(chosen.chosen) - {"q"}),
    }


def _status_tabs(request: PracticeRequest, active: str, known: dict[str, Any]) -> list[dict[str, Any]]:
    counts = {state: known[f"in_{state}"] for state in Client.Status.values}
    address = reverse("clients:client-list", args=[request.practice.slug])
    current = sum(count for status, count in counts.items() if status != Client.Status.ARCHIVED)
    tabs = [{"label": "All", "url": address, "count": in_figures(current), "active": not active}]
    for value, label in Client.Status.choices:
        tabs.append(
            {
                "label": label,
                "url": f"{address}?status={value}",
                "count": in_figures(counts[value]),
                "active": value == active,
            }
        )
    return tabs


def _headings(query: QueryDict, sort: str) -> dict[str, dict[str, str]]:
    """For each column that sorts: where its heading leads, and how the list is sorted by it now."""
    headings = {}
    for name in sortable():
        turned = f"-{name}" if sort == name else name
        pairs = [(key, value) for key, values in query.lists() for value in values]
        kept = [(key, value) for key, value in pairs if key not in (*PLACES, "sort")]
        direction = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
        headings[name] = {"url": "?" + urlencode([*kept, ("sort", turned)]), "sorted": direction}
    return headings


@requires(Can.MANAGE_CLIENTS)
@require_POST
def client_bulk(request: PracticeRequest, practice: str) -> HttpResponse:
    """Do one thing with the ticked clients, or with everybody the filters let through."""
    form = BulkForm(request.POST)
    query = QueryDict(request.POST.get("query", ""))
    back = reverse("clients:client-list", args=[practice])
    if not form.is_valid():
        for problems in form.errors.values():
            messages.error(request, str(problems[0]))
        return see_other(request, f"{back}?{query.urlencode()}")
    if request.POST.get("everybody") == "1":
        listed = client_list_of(query, ListForm(query), request.practice.today())
        ids = list(listed.clients.order_by().values_list("pk", flat=True))
    else:
        ids = row_keys(request.POST)
    return see_other(request, start_bulk(form.chosen, form.value, ids))
