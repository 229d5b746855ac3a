"""Aged debt, and the files that can be taken away."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clients.models.search import words_of
from invoicing.aged_debt import BUCKETS, BY, Debt, Place, added_up, aged_debt, on_account_total
from invoicing.exports import EXPORTS, Choice
from invoicing.figures import debt_by_age
from invoicing.listing import AGES, ListForm, invoice_list_of
from money.amounts import ZERO
from practices.limits import costly
from practices.lists import PAGE, Column, List, ShownList
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from practices.spreadsheets import csv_file
from practices.workbooks import workbook
from practices.worked_lists import (
    asks_for_file,
    file_of_rows,
    page_asked,
    page_found,
    worked_file,
    worked_page,
)


def _figure(place: int) -> Callable[[Debt], Decimal]:
    return lambda row: row.figures[place]


DEBTS = List(
    "aged-debt",
    "invoicing:aged-debt",
    ("row", "rows"),
    (
        Column("name", "Owed by", lambda row: row.name, fixed=True),
        *(
            Column(f"bucket_{place}", label, _figure(place), is_figure=True)
            for place, label in enumerate(BUCKETS)
        ),
        Column("total", "Total", lambda row: row.total, is_figure=True),
        Column("invoices", "Open invoices", lambda row: row.invoices, is_figure=True, hidden=True),
        Column("oldest", "Oldest due", lambda row: row.oldest),
    ),
    {
        "total": ("-",),
        "name": ("name",),
        "oldest": ("oldest",),
        **{f"bucket_{place}": (f"-bucket_{place}",) for place in range(len(BUCKETS))},
    },
)
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@requires(Can.SEE)
@require_safe
def aged_debt_page(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """What clients owe by how long it is due, by client, manager or service, beside what Sage says."""
    by = request.GET.get("by", "client")
    by = by if by in dict(BY) else "client"
    today = request.practice.today()
    shown = ShownList(request, DEBTS, without={"oldest"} if by == "service" else ())
    debt = aged_debt(by, today, _place(shown))
    # Clients are many: chosen, put in order and added up in the database. Managers and services are few.
    file = file_of_rows(shown, debt.rows) if by == "client" else worked_file(shown, debt.rows)
    if file:
        return file
    if by == "client":
        page = page_found(shown, debt.rows, debt.count)
    else:
        page = worked_page(shown, debt.rows)
        debt = added_up(page.everything)
    words = request.GET.get("q", "").strip()
    context = {
        "by": by,
        "tabs": [{"label": label, "url": f"?by={key}", "active": key == by} for key, label in BY],
        "is_searched": bool(words_of(words) if by == "client" else words),
        "list": shown,
        "page": page,
        "rows": [
            {
                "debt": row,
                "figures": [
                    (age, figure)
                    for place, (age, figure) in enumerate(zip(AGES, row.figures, strict=True))
                    if f"bucket_{place}" in shown
                ],
            }
            for row in page
        ],
        "figures": [figure for place, figure in enumerate(debt.figures) if f"bucket_{place}" in shown],
        "total": debt.total,
        "invoices": debt.invoices,
        "export": "aged-debt" if by == "client" else f"aged-debt-by-{by}",
    }
    if request.htmx:
        return render(request, "invoicing/aged_debt.html#rows", context)
    return render(request, "invoicing/aged_debt.html", context | _headline(today))


def _headline(on: date) -> dict[str, Decimal]:
    """What stands above the rows, whichever of them are shown."""
    owed = [amount for _, amount in debt_by_age(on)]
    return {
        "outstanding": sum(owed, ZERO),
        "overdue": sum(owed[1:], ZERO),
        "on_account": on_account_total(),
    }


def _place(shown: ShownList) -> Place:
    """The clients the address asks for: a page of them, or all of them for the file."""
    asked = Place(shown.sort.removeprefix("-"), shown.sort.startswith("-"), shown.request.GET.get("q", ""))
    return asked if asks_for_file(shown) else replace(asked, page=page_asked(shown), size=PAGE)


@requires(Can.SEE)
@require_safe
def export_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """The files there are, for everything or for a stretch of time."""
    form = ListForm(request.GET)
    listed = invoice_list_of(request.GET, request.practice.today())
    context = {"form": form, "exports": EXPORTS.items(), "query": listed.address().lstrip("?")}
    return render(request, "invoicing/export_list.html", context)


@requires(Can.SEE)
@require_safe
@costly
def export_file(request: PracticeRequest, practice: str, name: str, kind: str) -> HttpResponseBase:
    """One file, of the invoices that the address chooses as the list does."""
    if name not in EXPORTS or kind not in TYPES:
        raise Http404
    export, listed = EXPORTS[name], invoice_list_of(request.GET, request.practice.today())
    dates = listed.form.cleaned_data
    choice = Choice(listed.invoices, request.practice.today(), dates.get("since"), dates.get("until"))
    rows = export.rows(choice)
    file = csv_file(export.heads, rows) if kind == "csv" else workbook(export.name, export.heads, rows)
    saved_as = f"{name}-{choice.on:%Y-%m-%d}.{kind}"
    return FileResponse(file, as_attachment=True, filename=saved_as, content_type=TYPES[kind])
