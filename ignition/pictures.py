"""The pictures of the home page: income, recurring services, debt, proposals, and how copying to Sage goes."""

from collections.abc import Mapping
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from invoicing.figures import debt_by_age, income_by_month, monthly_by_service
from invoicing.listing import AGES
from ledger.pulse import last_days
from money.amounts import ZERO
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from practices.templatetags.dates import written_date
from proposals.models import Proposal
from proposals.queries import counts_by_status

#: Services with a bar of their own; the rest share one.
SHOWN = 8
#: The way of a proposal; what ended otherwise is in the list.
WAY = (Proposal.Status.DRAFT, Proposal.Status.IN_REVIEW, Proposal.Status.SENT, Proposal.Status.ACCEPTED)


@requires(Can.SEE)
@require_safe
def pictures(request: PracticeRequest, practice: str) -> HttpResponse:
    """The pictures as a page of their own; alone for the home page, which fetches them."""
    today = request.practice.today()
    days, months, debts = last_days(today), income_by_month(today), debt_by_age(today)
    counts = counts_by_status(Proposal.objects.all())
    context = {
        "income": [(f"{month.first:%b %Y}", [month.raised, month.posted, month.paid]) for month in months],
        "has_income": any(month.raised for month in months),
        "income_series": ["Raised", "In Sage", "Paid or credited"],
        "services": _services(),
        "debt": [
            (label, amount, f"{_invoices(request)}&age={key}", "")
            for (label, amount), key in zip(debts, AGES, strict=True)
        ],
        "has_debt": any(amount for _, amount in debts),
        "funnel": _funnel(request, counts),
        "has_proposals": any(counts.values()),
        "days": [
            (written_date(day.on).rsplit(" ", 1)[0], [Decimal(day.arrived), Decimal(day.refused)])
            for day in days
        ],
        "days_series": ["Arrived in Sage", "Refused, still open"],
        "is_copying": any(day.arrived or day.refused for day in days),
    }
    return render(request, "pictures.html" + ("#all" if request.htmx else ""), context)


def _invoices(request: PracticeRequest) -> str:
    return reverse("invoicing:invoice-list", args=[request.practice.slug]) + "?view=unpaid"


def _services() -> list[tuple[str, Decimal, str, str]]:
    found = monthly_by_service()
    rows = [(name, amount, "", "") for name, amount in found[:SHOWN]]
    rest = found[SHOWN:]
    if rest:
        rows.append((f"{len(rest)} more", sum((amount for _, amount in rest), ZERO), "", ""))
    return rows


def _funnel(request: PracticeRequest, counts: Mapping[str, int]) -> list[tuple[str, Decimal, str, str]]:
    address = reverse("proposals:proposal-list", args=[request.practice.slug])
    return [
        (Proposal.Status(status).label, Decimal(counts[status]), address + _list_of(status), "")
        for status in WAY
    ]


def _list_of(status: str) -> str:
    """The list of a state; what is with clients is in two tabs, signed by nobody and in part, and in one choice."""
    return "?show=awaiting" if status == Proposal.Status.SENT else f"?status={status}"
