"""The period ledger of the whole practice: what is missing by day, and every service by month."""

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from invoicing.models import BillingSchedule
from invoicing.practicalities import Practicalities
from invoicing.unbilled import calendar, unbilled_before
from practices.permissions import Can
from practices.requests import PracticeRequest, requires

PAGE = 50


@requires(Can.SEE)
@require_safe
def period_ledger(request: PracticeRequest, practice: str) -> HttpResponse:
    """Holes by day with their value, then a calendar of services by month: billed, due, left out, missing in red."""
    today, after = request.practice.today(), request.GET.get("after", "")
    live = BillingSchedule.objects.filter(
        Q(status=BillingSchedule.Status.ACTIVE) | Q(status=BillingSchedule.Status.PAUSED),
        billing=BillingSchedule.Billing.RECURRING,
    )
    if after.isdecimal() and len(after) <= 18:
        live = live.filter(pk__gt=int(after))
    found = list(live.select_related("client").order_by("pk")[: PAGE + 1])
    shown = found[:PAGE]
    known = Practicalities.of(request.practice)
    months, rows = calendar(shown, today, known)
    context = {
        "today": today,
        "this_month": today.replace(day=1),
        "missing": unbilled_before(today, known),
        "months": months,
        "rows": rows,
        "next": f"?after={shown[-1].pk}" if len(found) > PAGE else "",
    }
    return render(request, "invoicing/period_ledger.html", context)
