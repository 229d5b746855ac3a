"""The balance between here and Sage, the penny report of a month, and a difference located to its line."""

from datetime import date, timedelta

import structlog
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from invoicing.models import Invoice
from ledger.log_tabs import log_tabs
from ledger.outbox import ledger_settings
from practices.errors import DomainError
from practices.limits import costly
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.spreadsheets import csv_response
from practices.tenancy import practice_transaction
from sage_integration.balance import balance, comparisons, line_by_line, troubles_of_invoices
from sage_integration.connections import current_connection
from sage_integration.explanations import sentence_of
from sage_integration.penny_report import RateRow, penny_report, penny_rows
from sage_integration.sage.errors import SageError
from sage_integration.sessions import open_sage
from sage_integration.sign_offs import (
    LONGEST_NOTE,
    latest_sign_off,
    sign_month_off,
    still_holds,
    why_not_signed,
)
from sage_integration.sync.wanted import newest_link

#: Nightly comparisons on the page.
COMPARISONS_SHOWN = 7
log = structlog.get_logger(__name__)


@requires(Can.SEE)
@require_safe
def balance_page(request: PracticeRequest, practice: str) -> HttpResponse:
    """The balance in one line, the nightly comparisons, what needs somebody, and a month to the penny."""
    return _balance_page(request, _month(request))


def _balance_page(
    request: PracticeRequest, month: date, *, note: str = "", error: str = "", status: int = 200
) -> HttpResponse:
    connection, practice = current_connection(), request.practice.slug
    report = penny_report(month, connection.business_id if connection else "")
    here = reverse("sage:balance", args=[practice])
    before = (month - timedelta(days=1)).replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    signed = latest_sign_off(month)
    stands = balance()
    context = {
        "sage": connection,
        "tabs": log_tabs(practice, "Balance"),
        "balance": stands,
        "leaves": connection is not None and connection.is_enabled and ledger_settings().paused_at is None,
        "subtitle": ", ".join(filter(None, (stands.in_words, stands.rest_in_words)))
        if stands.intended
        else "",
        "comparisons": comparisons(COMPARISONS_SHOWN),
        "troubles": troubles_of_invoices(),
        "report": report,
        "why_not": why_not_signed(report),
        "signed": signed,
        "holds": signed is not None and still_holds(signed, report),
        "note": note,
        "error": error,
        "before_url": f"{here}?month={before:%Y-%m}",
        "after_url": f"{here}?month={after:%Y-%m}" if after <= request.practice.today() else "",
        "csv_url": f"{reverse('sage:penny-report', args=[practice])}?month={month:%Y-%m}",
    }
    return render(request, "sage_integration/balance.html", context, status=status)


@requires(Can.POST_TO_LEDGER)
@require_POST
def month_sign_off(request: PracticeRequest, practice: str) -> HttpResponse:
    """Sign a month's penny report off, with a note where the sides differ."""
    month, connection = _month(request), current_connection()
    report = penny_report(month, connection.business_id if connection else "")
    note = request.POST.get("note", "")
    try:
        sign_month_off(report, by=request.user, note=note)
    except DomainError as refusal:
        return _balance_page(request, month, note=note[:LONGEST_NOTE], error=refusal.message, status=422)
    messages.success(request, f"The penny report of {month:%B %Y} is signed off.")
    return see_other(request, f"{reverse('sage:balance', args=[practice])}?month={month:%Y-%m}")


@requires(Can.SEE)
@require_safe
@costly
def penny_csv(request: PracticeRequest, practice: str) -> HttpResponse:
    """The penny report of a month as a spreadsheet."""
    month = _month(request)
    connection = current_connection()
    business_id = connection.business_id if connection else ""
    heads = ["Invoice", "Client", "Date", "Number in Sage", "Ours", "In Sage", "Difference"]
    rows = [
        [
            row.invoice.number_label,
            row.invoice.client.name,
            row.invoice.tax_point,
            row.number,
            row.invoice.gross,
            row.theirs,
            row.difference,
        ]
        for row in penny_rows(month, business_id)
    ]
    rates = [row for rate in penny_report(month, business_id).rates for row in _csv_of_rate(rate)]
    return csv_response(f"penny-report-{month:%Y-%m}", heads, [*rows, *rates])


def _csv_of_rate(rate: RateRow) -> list[list[object]]:
    """Net and VAT of a rate on both sides, under the columns of the invoices."""
    at = "of no known rate" if rate.percent is None else f"at {rate.percent}%"
    return [
        [f"Net {at}", "", "", "", rate.ours.net, rate.theirs.net, rate.net_difference],
        [f"VAT {at}", "", "", "", rate.ours.vat, rate.theirs.vat, rate.vat_difference],
    ]


@opens_own_scope
@requires(Can.SEE)
@require_safe
def invoice_lines(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """An invoice beside its copy in Sage as it is now, line by line; nothing is changed."""
    with practice_transaction():
        invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
        lines, connection = list(invoice.lines.all()), current_connection()
        link = newest_link(pk, connection.business_id) if connection else None
    if connection is None or link is None:
        return see_other(request, "sage:invoice-differences", practice=practice, pk=pk)
    pairs, why = [], ""
    try:
        with open_sage(connection, urgent=True) as sage:
            stored = sage.sales_invoices.get(link.sage_id)
    except SageError as error:
        log.warning("reading an invoice failed", error=type(error).__name__, status=error.status)
        why = sentence_of(error)
    else:
        pairs = line_by_line(lines, stored.get("invoice_lines") or [])
    with practice_transaction():
        context = {"invoice": invoice, "link": link, "pairs": pairs, "why": why}
        return render(request, "sage_integration/invoice_lines.html", context)


def _month(request: PracticeRequest) -> date:
    """The first day of the month asked for; of the current month for anything else."""
    try:
        return date.fromisoformat(f"{request.POST.get('month') or request.GET.get('month', '')}-01")
    except ValueError:
        return request.practice.today().replace(day=1)
