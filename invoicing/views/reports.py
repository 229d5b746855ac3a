"""Aged debt, and the files that can be taken away."""

from collections.abc import Callable
from decimal import Decimal

from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from invoicing.aged_debt import BUCKETS, BY, Debt, aged_debt
from invoicing.exports import EXPORTS, Choice
from invoicing.listing import AGES, ListForm, invoice_list_of
from money.amounts import ZERO
from practices.lists import Column, List, ShownList
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from practices.spreadsheets import csv_file
from practices.workbooks import workbook
from practices.worked_lists import worked_file, worked_page


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
    debt = aged_debt(by, request.practice.today())
    shown = ShownList(request, DEBTS, without={"oldest"} if by == "service" else ())
    if file := worked_file(shown, debt.rows):
        return file
    page = worked_page(shown, debt.rows)
    totals = [sum(column, ZERO) for column in zip(*(row.figures for row in page.everything), strict=True)]
    context = {
        "by": by,
        "tabs": [{"label": label, "url": f"?by={key}", "active": key == by} for key, label in BY],
        "debt": debt,
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
        "figures": [figure for place, figure in enumerate(totals) if f"bucket_{place}" in shown],
        "total": sum(totals, ZERO),
        "invoices": sum(row.invoices for row in page.everything),
        "export": "aged-debt" if by == "client" else f"aged-debt-by-{by}",
    }
    return render(request, "invoicing/aged_debt.html" + ("#rows" if request.htmx else ""), context)


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
