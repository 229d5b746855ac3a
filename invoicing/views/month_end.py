"""The month-end page: this month beside last, client by client, with the balancing line and the sign-off."""

from collections.abc import Callable, Collection
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from clients.models import Client
from invoicing.coming import coming_and_waiting
from invoicing.errors import NothingAsked, ReasonForApproving
from invoicing.models import Invoice, MonthSignOff
from invoicing.month_clients import columns_of_clients, coming_of_clients, somebody_pays_for_others
from invoicing.month_end import ClientMonth, page_of_clients
from invoicing.month_filters import MonthView, is_clean
from invoicing.months import Funnel, Month, columns_of_funnel, funnel
from invoicing.operations import (
    approve_month,
    hold_month,
    sign_off_month,
    skip_month,
    undo_invoice,
    why_not_sign_off,
)
from invoicing.practicalities import Practicalities
from invoicing.quiet_time import in_quiet_time, leaving_soon
from money.amounts import ZERO
from practices.errors import DomainError
from practices.lists import Column, List, ShownList, file_of, in_words
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.scalars import count_of, figures, figures_with_shell
from practices.worked_lists import page_of_rows

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
    known, view = Practicalities.of(request.practice), MonthView.of(request.GET, request.practice.today())
    clients, signed = view.clients(known), _signed(view.month)
    rows, shown = _months_of(request, view.month, known, signed), ShownList(request, CLIENTS)
    if file := file_of(shown, clients, lambda found: filter(view.lets_through, rows(found))):
        return file
    # What a narrowed view comes to follows from its rows where somebody else may have received a client's invoices.
    is_worked_out = view.is_worked_out or (view.is_narrowed and somebody_pays_for_others())
    columns: dict[str, Any] = {}
    context: dict[str, Any] = {"view": view, "month": view.month, "list": shown, "form": view.form}
    if is_worked_out:
        context |= _worked_out(shown, view.narrowed(clients.order_by(*shown.order), rows))
    else:
        page = shown.page_of(clients)
        context |= {"page": page, "rows": rows(page.rows)}
        columns = columns_of_clients(view.month, clients, is_narrowed=view.is_narrowed)
    line = None
    if request.htmx:
        sums = figures(**columns) if columns else {}
        _, waiting = coming_and_waiting(view.month.last, known, today=request.practice.today())
        context["waiting_bills"] = waiting.bills
    else:
        columns |= columns_of_funnel(view.month) | {"leaving": count_of(in_quiet_time(timezone.now()))}
        sums = figures_with_shell(request, **columns)
        line = funnel(view.month, known, today=request.practice.today(), totals=sums)
        leaving = leaving_soon(timezone.now()) if sums["leaving"] else []
        context |= _head(request, view, line, signed) | {"leaving": leaving}
    if not is_worked_out:
        coming = (
            line.coming if line and not view.is_narrowed else coming_of_clients(view.month, clients, known)
        )
        context["found"] = in_words(sums["clients"], CLIENTS.nouns)
        context["before"] = sums["clients_before"] or ZERO
        context["now"] = (sums["clients_billed"] or ZERO) + coming
    return render(request, "invoicing/month_end.html" + ("#rows" if request.htmx else ""), context)


def _signed(month: Month) -> MonthSignOff | None:
    signed: MonthSignOff | None = (
        MonthSignOff.objects.filter(month=month.first).select_related("signed_by").first()
    )
    return signed


def _months_of(
    request: PracticeRequest, month: Month, known: Practicalities, signed: MonthSignOff | None
) -> Callable[[Collection[Client]], list[ClientMonth]]:
    """What makes the rows of some clients."""
    signed_at, today = (signed.signed_at if signed else None), request.practice.today()
    return lambda found: page_of_clients(month, found, known, today=today, signed_at=signed_at)


def _worked_out(shown: ShownList, months: list[ClientMonth]) -> dict[str, Any]:
    """A page of these months, and what all of them come to."""
    page = page_of_rows(shown, months)
    return {
        "page": page,
        "rows": page.rows,
        "found": page.found,
        "before": sum((each.before.gross for each in months), ZERO),
        "now": sum((each.now.gross for each in months), ZERO),
    }


def _head(
    request: PracticeRequest, view: MonthView, line: Funnel, signed: MonthSignOff | None
) -> dict[str, Any]:
    slug, month = request.practice.slug, view.month
    refusal = why_not_sign_off(month, line, on=request.practice.today())
    return {
        "funnel": line,
        "waiting_bills": line.waiting_bills,
        "signed": signed,
        "why_not_sign_off": refusal.message if refusal else "",
        "changed_since": bool(signed and signed.figures.get("billed") != str(line.billed)),
        "tabs": [
            {"label": label, "url": _address(slug, view, show=key), "active": key == view.show}
            for key, label in SHOWS
        ],
        "before_url": _address(slug, view, month=month.before.key),
        "after_url": _address(slug, view, month=month.after.key),
    }


def _address(slug: str, view: MonthView, **other: str) -> str:
    return reverse("invoicing:month-end", args=[slug]) + "?" + view.query(**other)


def _month_address(slug: str, month: Month) -> str:
    return reverse("invoicing:month-end", args=[slug]) + f"?month={month.key}"


@requires(Can.ISSUE_INVOICES)
@require_POST
def month_act(request: PracticeRequest, practice: str) -> HttpResponse:
    """Approve, hold or leave out the ticked clients' bills, or those of everybody in the view; or approve the clean."""
    view = MonthView.of(request.POST, request.practice.today())
    month, chosen = view.month, _acted_on(request, view)
    reason, today = request.POST.get("reason", ""), request.practice.today()
    approving = (lambda: approve_month(month, chosen, on=today), "approved: they are billed on their dates")
    acts: dict[str, tuple[Callable[[], int], str]] = {
        "approve": approving,
        "approve-clean": approving,
        "hold": (
            lambda: hold_month(month, chosen, reason=reason, on=today),
            "held until somebody approves them",
        ),
        "skip": (lambda: skip_month(month, chosen, reason=reason, on=today), "left out, with the reason"),
    }
    asked = request.POST.get("act", "")
    try:
        if asked not in acts:
            raise NothingAsked(month)
        if (
            asked == "approve" and reason.strip()
        ):  # Enter, pressed in the field of the reason, is no approval.
            raise ReasonForApproving(month)
        act, words = acts[asked]
        count = act()
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        bills = "1 bill is" if count == 1 else f"{count} bills are"
        messages.success(request, f"{bills} {words}." if count else "Nothing of these clients waits.")
    return see_other(request, _address(practice, view))


def _acted_on(request: PracticeRequest, view: MonthView) -> list[int]:
    """The clients whose bills an act is about: the ticked ones, everybody in the view, or the clean among them."""
    only_clean = request.POST.get("act") == "approve-clean"
    if not only_clean and not request.POST.get("everybody"):
        return [int(pk) for pk in request.POST.getlist("selected") if pk.isdecimal() and len(pk) < 19]
    known = Practicalities.of(request.practice)
    clients = view.clients(known)
    if not only_clean and not view.is_worked_out:
        return list(clients.values_list("pk", flat=True))
    months = view.narrowed(clients, _months_of(request, view.month, known, _signed(view.month)))
    return [each.client.pk for each in months if not only_clean or is_clean(each)]


@requires(Can.ISSUE_INVOICES)
@require_POST
def month_sign_off(request: PracticeRequest, practice: str) -> HttpResponse:
    """Keep who says that the month is billed, and the figures."""
    month = MonthView.of(request.POST, request.practice.today()).month
    sign_off_month(month, by=request.user, on=request.practice.today())
    messages.success(request, f"{month} is signed off.")
    return see_other(request, _month_address(practice, month))


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
    return see_other(request, _month_address(practice, Month.of(invoice.tax_point)))
