"""The month-end page: this month beside last, client by client, with the balancing line and the sign-off."""

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from invoicing.models import Invoice, MonthSignOff
from invoicing.month_end import Month, clients_of, columns_of_funnel, funnel, leaving_soon, page_of_clients
from invoicing.operations import approve_month, hold_month, sign_off_month, skip_month, undo_invoice
from invoicing.practicalities import Practicalities
from practices.errors import DomainError
from practices.paging import keyset_page
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.scalars import figures_with_shell
from proposals.models import EARLIEST, LATEST

PAGE = 50
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
def month_end(request: PracticeRequest, practice: str) -> HttpResponse:
    """A month as it is closed; the rows alone for htmx."""
    month, known = _month(request, request.GET.get("month", "")), Practicalities.of(request.practice)
    show = request.GET.get("show", "")
    clients = clients_of(month, show, known)
    page = keyset_page(clients, ("name_key", "pk"), request.GET, size=PAGE)
    signed = MonthSignOff.objects.filter(month=month.first).select_related("signed_by").first()
    context: dict[str, Any] = {
        "month": month,
        "show": show,
        "page": page,
        "rows": page_of_clients(
            month,
            page.rows,
            known,
            today=request.practice.today(),
            signed_at=signed.signed_at if signed else None,
        ),
    }
    if not request.htmx:
        context |= _head(request, month, show, known, signed)
    return render(request, "invoicing/month_end.html" + ("#rows" if request.htmx else ""), context)


def _head(
    request: PracticeRequest, month: Month, show: str, known: Practicalities, signed: MonthSignOff | None
) -> dict[str, Any]:
    slug = request.practice.slug
    totals = figures_with_shell(request, **columns_of_funnel(month))
    line = funnel(month, known, today=request.practice.today(), totals=totals)
    return {
        "funnel": line,
        "signed": signed,
        "changed_since": bool(signed and signed.figures.get("billed") != str(line.billed)),
        "leaving": leaving_soon(timezone.now()),
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
        chosen = list(
            clients_of(month, show, Practicalities.of(request.practice)).values_list("pk", flat=True)
        )
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
