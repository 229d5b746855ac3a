"""The period ledger of the whole practice: what is missing by day, and every service by month."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from invoicing.practicalities import Practicalities
from invoicing.services_billed import services_billed
from invoicing.unbilled import Day, Unbilled, calendar, unbilled_before
from money.amounts import ZERO
from practices.lists import PAGE, Column, List, ShownList
from practices.paging import keyset_page
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from practices.worked_lists import worked_file, worked_page

MISSING = List(
    "not-billed",
    "invoicing:period-ledger",
    ("bill", "bills"),
    (
        Column("dated", "Dated", lambda row: row.bill.bills_on, fixed=True),
        Column("service", "Service", lambda row: row.schedule.name),
        Column("client", "Client", lambda row: row.schedule.client.name),
        Column("period", "Period from", lambda row: row.bill.period.starts_on, hidden=True),
        Column("why", "Why", lambda row: row.why),
        Column("gross", "Gross", lambda row: row.gross, is_figure=True),
    ),
    {
        "dated": ("dated",),
        "client": ("client",),
        "service": ("service",),
        "why": ("why",),
        "gross": ("-gross",),
    },
)
CALENDAR = "calendar"


@requires(Can.SEE)
@require_safe
def period_ledger(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Holes by day with their value; or a calendar of services by month: billed, due, left out, missing in red."""
    show = CALENDAR if request.GET.get("show") == CALENDAR else ""
    known = Practicalities.of(request.practice)
    context: dict[str, Any] = {"show": show, "words": request.GET.get("q", "").strip()[:100]}
    if show:
        context |= _calendar(request, context["words"], known)
    else:
        missing = unbilled_before(request.practice.today(), known)
        bills = [bill for day in missing.days for bill in day.bills]
        shown = ShownList(request, MISSING)
        if file := worked_file(shown, bills):
            return file
        page = worked_page(shown, bills)
        context |= {
            "missing": missing,
            "list": shown,
            "page": page,
            "rows": _with_days(page.rows, missing.days),
            "gross": sum((bill.gross for bill in page.everything), ZERO),
        }
    context["tabs"] = [
        {"label": "Not billed", "url": "?", "active": not show},
        {"label": "Services by month", "url": f"?show={CALENDAR}", "active": bool(show)},
    ]
    return render(request, "invoicing/period_ledger.html" + ("#rows" if request.htmx else ""), context)


def _with_days(bills: Sequence[Unbilled], days: Iterable[Day]) -> list[dict[str, Any]]:
    """Each bill with the day it is dated on, so that the first of a day can say what the whole day is worth."""
    known = {day.on: day for day in days}
    return [{"each": bill, "day": known[bill.bill.bills_on]} for bill in bills]


def _calendar(request: PracticeRequest, words: str, known: Practicalities) -> dict[str, Any]:
    """Fifty services and the twelve months around today."""
    today = request.practice.today()
    page = keyset_page(
        services_billed("", words, today).select_related("client"), ("pk",), request.GET, size=PAGE
    )
    months, rows = calendar(list(page.rows), today, known)
    return {"this_month": today.replace(day=1), "months": months, "rows": rows, "page": page}
