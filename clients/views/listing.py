"""The client list, and what is done with many clients at once."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from clients.bulk import BulkForm, start_bulk
from clients.listing import ClientList, ListForm, all_columns, client_list_of, sortable, status_counts
from clients.models import Client
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.saved_views import views_of

#: A place in the list belongs to one order and one choice, so that another choice starts at the top.
PLACES = ("after", "before")


@requires(Can.SEE)
def client_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """The practice's clients by state, words and filters, in columns of one's own choice."""
    today, form = request.practice.today(), ListForm(request.GET)
    chosen = client_list_of(request.GET, form, today)
    page, headings = chosen.page(request.GET), _headings(request.GET, chosen.sort)
    context: dict[str, Any] = {
        "page": page,
        "rows": chosen.cells(page.rows, today),
        "columns": [(column, headings.get(column.key)) for column in chosen.columns],
        "totals": chosen.totals(today),
        "count": chosen.clients.order_by().count(),
        "headings": headings,
        "is_narrowed": bool(chosen.chosen or chosen.status),
        "query": request.GET.urlencode(),
        "bulk": BulkForm(),
    }
    if not request.htmx:
        context |= _around(request, form, chosen)
    return render(request, "clients/client_list.html" + ("#rows" if request.htmx else ""), context)


def _around(request: PracticeRequest, form: ListForm, chosen: ClientList) -> dict[str, Any]:
    """What stands around the rows: tabs, filters, columns to choose from, saved views."""
    shown = {column.key for column in chosen.columns}
    hidden = {"status": chosen.status, "sort": request.GET.get("sort", "")}
    return {
        "form": form,
        "tabs": _status_tabs(request, chosen.status),
        "kept": [(name, value) for name, value in hidden.items() if value],
        "all_columns": [(column.key, column.label, column.key in shown) for column in all_columns()],
        "has_filters": bool(set(chosen.chosen) - {"q"}),
        "views": views_of(request.user, "clients"),
    }


def _status_tabs(request: PracticeRequest, active: str) -> list[dict[str, Any]]:
    counts = status_counts()
    address = reverse("clients:client-list", args=[request.practice.slug])
    current = sum(count for status, count in counts.items() if status != Client.Status.ARCHIVED)
    tabs = [{"label": "All", "url": address, "count": current, "active": not active}]
    for value, label in Client.Status.choices:
        tabs.append(
            {
                "label": label,
                "url": f"{address}?status={value}",
                "count": counts.get(value, 0),
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
        ids = [int(value) for value in request.POST.getlist("selected") if value.isdecimal()]
    return see_other(request, start_bulk(form.chosen, form.value, ids))
