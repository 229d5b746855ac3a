"""Aged debt, and the files that can be taken away."""

from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from invoicing.aged_debt import BUCKETS, BY, aged_debt
from invoicing.exports import EXPORTS, Choice
from invoicing.listing import ListForm, invoice_list_of
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from practices.spreadsheets import csv_file
from practices.workbooks import workbook

#: Rows shown; the file has all of them.
SHOWN = 200
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@requires(Can.SEE)
@require_safe
def aged_debt_page(request: PracticeRequest, practice: str) -> HttpResponse:
    """What clients owe by how long it is due, by client, manager or service, beside what Sage says."""
    by = request.GET.get("by", "client")
    by = by if by in dict(BY) else "client"
    debt = aged_debt(by, request.practice.today())
    context = {
        "by": by,
        "tabs": [{"label": label, "url": f"?by={key}", "active": key == by} for key, label in BY],
        "debt": debt,
        "rows": debt.rows[:SHOWN],
        "buckets": BUCKETS,
        "export": "aged-debt" if by == "client" else f"aged-debt-by-{by}",
    }
    return render(request, "invoicing/aged_debt.html", context)


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
