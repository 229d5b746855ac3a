"""The month-end page: this month beside last, client by client, with the balancing line and the sign-off."""

from collections.abc import Callable, Collection
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from clients.models import Client
from invoicing.models import Invoice, MonthSignOff
from invoicing.month_clients import clients_of, columns_of_clients, coming_of_clients
from invoicing.month_end import (
    ClientMonth,
    Funnel,
    Month,
    columns_of_funnel,
    funnel,
    page_of_clients,
)
from invoicing.operations import approve_month, hold_month, sign_off_month, skip_month, undo_invoice
from invoicing.practicalities import Practicalities
from invoicing.quiet_time import in_quiet_time, leaving_soon
from money.amounts import ZERO
from practices.errors import DomainError
from practices.lists import Column, List, ShownList, file_of, in_words
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.scalars import count_of, figures, figures_with_shell
from proposals.models import EARLIEST, LATEST

CLIENTS = List(
    "month-end",
    "invoicing:month-end",
    ("client", "clients"),
    (
        Column("client", "Client", lambda row: row.client.name, fixed=True),
        Column("before", "Month before", lambda row: row.before.gross, is_figure=True),
        Column("now", "This month", lambda row: row.now.gross, is_figure=True),
        Column("changes", "What changed", lambda row: ", ".join(row.changes)),
        Column("warnings", "Look at", lambda row: ", ".join(row.warnings)),
        Column("state", "State", lambda row: ", ".join([row.state[0], *row.waits])),
    ),
    {"client": ("name_key", "pk")},
)
SHOWS = [
    ("", "Everybody"),
    ("waiting", "Waiting"),
    ("confirm", "To confirm"),
    ("approve", "To approve"),
    ("ready", "Ready"),
    ("billed", "Billed"),
]


@requires(Can.SEE)
@require_safe
def month_end(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """A month as it is closed; the rows alone for htmx."""
    month, known = _month(request, request.GET.get("month", "")), Practicalities.of(request.practice)
    show = request.GET.get("show", "")
    words = request.GET.get("q", "").strip()[:100]
    clients = clients_of(month, show, known).matching(words)
    signed = MonthSignOff.objects.filter(month=month.first).select_related("signed_by").first()

    def rows(found: Collection[Client]) -> list[ClientMonth]:
        signed_at, today = (signed.signed_at if signed else None), request.practice.today()
        return page_of_clients(month, found, known, today=today, signed_at=signed_at)

    shown = ShownList(request, CLIENTS)
    if file := file_of(shown, clients, rows):
        return file
    page = shown.page_of(clients)
    is_narrowed = bool(show or words)
    columns = columns_of_clients(month, clients, is_narrowed=is_narrowed)
    context: dict[str, Any] = {
        "month": month,
        "show": show,
        "words": words,
        "list": shown,
        "page": page,
        "rows": rows(page.rows),
    }
    if request.htmx:
        sums, coming = figures(**columns), coming_of_clients(month, clients, known)
    else:
        columns |= columns_of_funnel(month) | {"leaving": count_of(in_quiet_time(timezone.now()))}
        sums = figures_with_shell(request, **columns)
        line = funnel(month, known, today=request.practice.today(), totals=sums)
        coming = line.ready + line.waiting if not is_narrowed else coming_of_clients(month, clients, known)
        leaving = leaving_soon(timezone.now()) if sums["leaving"] else []
        context |= _head(request, month, show, line, signed) | {"leaving": leaving}
    context["found"] = in_words(sums["clients"], CLIENTS.nouns)
    context["before"] = sums["clients_before"] or ZERO
    context["now"] = (sums["clients_billed"] or ZERO) + coming
    return render(request, "invoicing/month_end.html" + ("#rows" if request.htmx else ""), context)


def _head(
    request: PracticeRequest, month: Month, show: str, line: Funnel, signed: MonthSignOff | None
) -> dict[str, Any]:
    slug = request.practice.slug
    return {
        "funnel": line,
        "signed": signed,
        "changed_since": bool(signed and signed.figures.get("billed") != str(line.billed)),
        "tabs": [
            {"label": label, "url": _address(slug, month, key), "active": key == show} for key, label in SHOWS
        ],
        "before_url": _address(slug, month.before, show),
        "after_url": _address(slug, month.after, show),
    }


def _address(slug: str, month: Month, show: str = "") -> str:
    query = {"month": month.key} | ({"show": show} if show else {})
    return reverse("invoicing:month-end", args=[slug]) + "?" + urlencode(query)


def _month(request: PracticeRequest, text: str) -> Month:
    """The month of an address (`2027-03`); this month for anything else."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        found = request.practice.today()
    return Month.of(min(max(found, EARLIEST), LATEST))


@requires(Can.ISSUE_INVOICES)
@require_POST
def month_act(request: PracticeRequest, practice: str) -> HttpResponse:
    """Approve, hold or leave out the ticked clients' bills, or those of everybody in the view."""
    month, show = _month(request, request.POST.get("month", "")), request.POST.get("show", "")
    if request.POST.get("everybody"):
        clients = clients_of(month, show, Practicalities.of(request.practice))
        chosen = list(clients.matching(request.POST.get("q", "")[:100]).values_list("pk", flat=True))
    else:
        chosen = [int(pk) for pk in request.POST.getlist("selected") if pk.isdecimal() and len(pk) < 19]
    reason, today = request.POST.get("reason", ""), request.practice.today()
    acts: dict[str, tuple[Callable[[], int], str]] = {
        "approve": (
            lambda: approve_month(month, chosen, on=today),
            "approved: they are billed on their dates",
        ),
        "hold": (
            lambda: hold_month(month, chosen, reason=reason, on=today),
            "held until somebody approves them",
        ),
        "skip": (lambda: skip_month(month, chosen, reason=reason, on=today), "left out, with the reason"),
    }
    act, words = acts.get(request.POST.get("act", ""), acts["approve"])
    try:
        count = act()
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        bills = "1 bill is" if count == 1 else f"{count} bills are"
        messages.success(request, f"{bills} {words}." if count else "Nothing of these clients waits.")
    return see_other(request, _address(practice, month, show))


@requires(Can.ISSUE_INVOICES)
@require_POST
def month_sign_off(request: PracticeRequest, practice: str) -> HttpResponse:
    """Keep who says that the month is billed, and the figures."""
    month = _month(request, request.POST.get("month", ""))
    sign_off_month(month, by=request.user, on=request.practice.today())
    messages.success(request, f"{month} is signed off.")
    return see_other(request, _address(practice, month))


@requires(Can.ISSUE_INVOICES)
@require_POST
def invoice_undo(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take an invoice back that has not left yet."""
    invoice = undo_invoice(get_object_or_404(Invoice, pk=pk))
    messages.success(
        request,
        f"{invoice.number_label} is undone: nothing went to Sage, and what it billed is held until somebody"
        " approves it.",
    )
    return see_other(request, _address(practice, Month.of(invoice.tax_point)))
