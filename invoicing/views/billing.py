"""The billing page: work to complete, what recurs, and the run."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST

from clients.models import Client
from invoicing import billing_run as run
from invoicing.coming import coming_totals, next_bills
from invoicing.errors import AlreadyRunning
from invoicing.models import BillingRun, BillingSchedule, BillingScheduleQuerySet
from invoicing.operations import (
    BillingOutcome,
    call_off_billing,
    complete_schedule,
    end_billing,
    invoicing_settings,
    pause_billing,
    resume_billing,
    set_billing_rules,
)
from invoicing.practicalities import Practicalities
from invoicing.queries import columns_of_month, month_figures
from invoicing.schedule_forms import BillingRulesForm, EndForm
from money.amounts import price_line
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.scalars import figures_with_shell
from practices.templatetags.dates import written_date
from practices.templatetags.money_tags import written
from practices.tenancy import practice_transaction
from proposals.periods import day_in_month
from services.queries import including_vat

PAGE = 50


@requires(Can.SEE)
def billing(request: PracticeRequest, practice: str) -> HttpResponse:
    """What is billed when somebody marks it complete, and what recurs with its next invoice date."""
    today, known = request.practice.today(), Practicalities.of(request.practice)
    recurring = BillingSchedule.objects.filter(
        Q(status=BillingSchedule.Status.ACTIVE) | Q(status=BillingSchedule.Status.PAUSED),
        billing=BillingSchedule.Billing.RECURRING,
    )
    only_overdue = request.GET.get("work") == "overdue"
    schedules = BillingSchedule.objects.all()
    to_complete = schedules.overdue_by_hand(today) if only_overdue else schedules.to_complete()
    ready, this_month = coming_totals([today, day_in_month(today.year, today.month, 31)], known)
    context = {
        "today": today,
        "to_complete": _page(request, to_complete, "complete_after", known),
        "only_overdue": only_overdue,
        "recurring": _page(request, recurring, "after", known),
        "ready": ready,
        "month": month_figures(figures_with_shell(request, **columns_of_month(today)), this_month.amounts),
        "run": BillingRun.objects.first(),
    }
    return render(request, "invoicing/billing.html", context)


def _page(
    request: PracticeRequest, schedules: BillingScheduleQuerySet, parameter: str, known: Practicalities
) -> dict[str, Any]:
    """Up to fifty rows after the id in the address, with amount and next period, and the id to go on from."""
    after = request.GET.get(parameter, "")
    if after.isdecimal():
        schedules = schedules.filter(pk__gt=int(after))
    found = list(schedules.select_related("client", "proposal_line__proposal").order_by("pk")[: PAGE + 1])
    shown = found[:PAGE]
    recurring = [schedule for schedule in shown if schedule.billing == BillingSchedule.Billing.RECURRING]
    coming, on = next_bills(recurring, known), request.practice.today()
    rows = [
        {
            "schedule": schedule,
            "amounts": price_line(
                schedule.quantity, schedule.unit_price, known.percent(schedule.tax_rate_id, on)
            ),
            "next": coming.get(schedule.pk),
        }
        for schedule in shown
    ]
    return {"rows": rows, "next_after": shown[-1].pk if len(found) > PAGE else None}


@opens_own_scope
@requires(Can.ISSUE_INVOICES)
@require_POST
def billing_run(request: PracticeRequest, practice: str) -> HttpResponse:
    """Bill everything that is due today, in short transactions of its own."""
    try:
        outcome = run.run_billing(request.practice.today())
    except AlreadyRunning as running:
        messages.info(request, running.message)
        return see_other(request, "invoicing:billing", practice=practice)
    with practice_transaction():
        messages.success(request, outcome_in_words(outcome))
        names = dict(Client.objects.filter(pk__in=dict(outcome.refused)).values_list("pk", "name"))
    for client, reason in outcome.refused:
        messages.error(request, f"{names.get(client, 'A client')} could not be billed. {reason}")
    return see_other(request, "invoicing:billing", practice=practice)


def outcome_in_words(outcome: BillingOutcome) -> str:
    """`2 invoices issued for 3 periods, £360.00 including VAT.`"""
    if not outcome.invoices and outcome.waiting:
        bills = "1 bill waits" if outcome.waiting == 1 else f"{outcome.waiting} bills wait"
        return f"{bills} for your approval on the month-end page. No invoice was issued."
    if not outcome.invoices:
        return "Nothing is due to be billed today. No invoice was issued."
    invoices = "1 invoice" if outcome.invoices == 1 else f"{outcome.invoices} invoices"
    periods = "1 period" if outcome.periods == 1 else f"{outcome.periods} periods"
    return f"{invoices} issued for {periods}, {written(outcome.gross)}{including_vat()}."


@requires(Can.ISSUE_INVOICES)
@require_POST
def schedule_complete(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Mark work complete and bill it (F61)."""
    schedule = get_object_or_404(BillingSchedule, pk=pk)
    invoice = complete_schedule(schedule, on=request.practice.today())
    messages.success(
        request, f"{invoice.number_label} is issued for {schedule.name}, {written(invoice.gross)}."
    )
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=invoice.pk)


@requires(Can.ISSUE_INVOICES)
@require_POST
def schedule_pause(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Stop billing a service for a while."""
    return _change(request, pk, pause_billing, "{} is paused: nothing dated from {} on is billed.")


@requires(Can.ISSUE_INVOICES)
@require_POST
def schedule_resume(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Go on billing a service; what fell into the pause stays unbilled."""
    return _change(request, pk, resume_billing, "{} is billed again from {}. The pause stays unbilled.")


@requires(Can.ISSUE_INVOICES)
@require_POST
def schedule_end(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """End billing of a service on a day, today without one; what has not begun by then is called off."""
    schedule, form = get_object_or_404(BillingSchedule, pk=pk), EndForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Enter the last day as a date. Nothing was changed.")
        return see_other(request, "invoicing:schedule-detail", practice=practice, pk=pk)
    today = request.practice.today()
    on = form.cleaned_data["on"] or today
    if on < schedule.starts_on:
        call_off_billing(schedule, on=today)
        messages.success(request, f"{schedule.name} is called off: it never begins, and nothing is billed.")
    else:
        end_billing(schedule, on=on)
        day = written_date(on)
        messages.success(request, f"{schedule.name} ends on {day}: no period that begins later is billed.")
    if "on" not in request.POST:  # from the list of everything that is billed
        return see_other(request, "invoicing:billing", practice=practice)
    return see_other(request, "invoicing:schedule-detail", practice=practice, pk=pk)


def _change(
    request: PracticeRequest, pk: int, change: Callable[..., BillingSchedule], words: str
) -> HttpResponse:
    today = request.practice.today()
    schedule = change(get_object_or_404(BillingSchedule, pk=pk), on=today)
    messages.success(request, words.format(schedule.name, written_date(today)))
    return see_other(request, "invoicing:billing", practice=request.practice.slug)


@requires(Can.MANAGE_BILLING)
@require_http_methods(["GET", "POST"])
def billing_rules(request: PracticeRequest, practice: str) -> HttpResponse:
    """How bills are grouped, what the practice wants to be asked about, and how long invoices stay here."""
    form = BillingRulesForm(request.POST or None, instance=invoicing_settings())
    if request.method == "POST" and form.is_valid():
        set_billing_rules(**form.cleaned_data)
        messages.success(request, "Saved. It holds for everything billed from now on.")
        return see_other(request, "invoicing:billing-rules", practice=practice)
    status = 422 if form.errors else 200
    return render(request, "invoicing/billing_rules.html", {"form": form}, status=status)
