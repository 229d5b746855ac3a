"""The billing page: work to complete, what recurs, and the run."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.models import Client
from invoicing import billing_run as run
from invoicing.coming import coming_totals
from invoicing.errors import AlreadyRunning, NotConfirmed
from invoicing.models import BillingRun, BillingSchedule
from invoicing.operations import (
    BillingOutcome,
    complete_schedule,
    end_service,
    invoicing_settings,
    pause_billing,
    resume_billing,
    set_billing_rules,
)
from invoicing.practicalities import Practicalities
from invoicing.queries import columns_of_month, month_figures
from invoicing.schedule_forms import BillingRulesForm, EndForm
from invoicing.services_billed import (
    ACTS,
    VIEWS,
    act_on_services,
    billed_rows,
    services_billed,
    totals_of_services,
)
from practices.lists import Column, List, ShownList, file_of
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.row_keys import row_keys
from practices.scalars import count_of, figures_with_shell
from practices.templatetags.dates import written_date
from practices.templatetags.money_tags import written
from practices.tenancy import practice_transaction
from proposals.periods import day_in_month
from services.queries import columns_without_vat, including_vat

SERVICES = List(
    "services-billed",
    "invoicing:billing",
    ("service", "services"),
    (
        Column("service", "Service", lambda row: row.schedule.name, fixed=True),
        Column("client", "Client", lambda row: row.schedule.client.name),
        Column(
            "proposal", "Proposal", lambda row: row.schedule.proposal_line.proposal.number_label, hidden=True
        ),
        Column("rule", "Billed", lambda row: row.schedule.rule_in_words),
        Column("next", "Next invoice", lambda row: row.next and row.next.bills_on),
        Column("due", "Due to be complete", lambda row: row.schedule.completes_on),
        Column("net", "Net", lambda row: row.amounts.net, is_figure=True),
        Column("vat", "VAT", lambda row: row.amounts.vat, is_figure=True),
        Column("gross", "Gross", lambda row: row.amounts.gross, is_figure=True),
        Column("state", "State", lambda row: row.state[0]),
    ),
    {"proposal": ("pk",), "service": ("name", "pk")},
)
#: What of the list's address somebody comes back to after a change.
KEPT = ("show", "q", "sort", "columns")


@requires(Can.SEE)
@require_safe
def billing(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """What recurs with its next invoice date, and what is billed when somebody marks it complete."""
    today, known = request.practice.today(), Practicalities.of(request.practice)
    view = request.GET.get("show", "") if request.GET.get("show", "") in VIEWS else ""
    words = request.GET.get("q", "").strip()[:100]
    schedules = services_billed(view, words, today).select_related("client", "proposal_line__proposal")
    without = {"rule", "next", "state"} if view else {"due"}
    shown = ShownList(request, SERVICES, without=without | columns_without_vat())
    if file := file_of(shown, schedules, lambda found: billed_rows(found, known, today)):
        return file
    page = shown.page_of(schedules)
    count, amounts = totals_of_services(schedules, known, today)
    context: dict[str, Any] = {
        "today": today,
        "view": view,
        "words": words,
        "list": shown,
        "page": page,
        "rows": list(billed_rows(page.rows, known, today)),
        "count": count,
        "totals": amounts,
    }
    if not request.htmx:
        context |= _around(request, view, known)
    return render(request, "invoicing/billing.html" + ("#rows" if request.htmx else ""), context)


def _around(request: PracticeRequest, view: str, known: Practicalities) -> dict[str, Any]:
    """The figures of the month, the last run, and the tabs."""
    today = request.practice.today()
    ready, this_month = coming_totals([today, day_in_month(today.year, today.month, 31)], known)
    waiting = {key: count_of(services_billed(key, "", today).order_by()) for key in VIEWS if key}
    known_figures = figures_with_shell(request, **columns_of_month(today), **waiting)
    return {
        "tabs": [
            {
                "label": label,
                "url": f"?show={key}" if key else "?",
                "active": key == view,
                "count": known_figures.get(key),
            }
            for key, label in VIEWS.items()
        ],
        "ready": ready,
        "month": month_figures(known_figures, this_month.amounts),
        "run": BillingRun.objects.first(),
    }


@requires(Can.ISSUE_INVOICES)
@require_POST
def billing_act(request: PracticeRequest, practice: str) -> HttpResponse:
    """Mark the ticked services complete, or pause, resume or end them; each by itself, the others none the worse."""
    act, ids = request.POST.get("act", ""), row_keys(request.POST)
    if act not in ACTS or not ids:
        messages.error(request, "Tick services, and choose what to do with them. Nothing was changed.")
    else:
        done, refused = act_on_services(act, ids, on=request.practice.today())
        if done:
            services = "1 service is" if done == 1 else f"{done} services are"
            messages.success(request, f"{services} {ACTS[act][1]}.")
        for reason in refused:
            messages.error(request, reason)
    return _back_to_list(request)


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
    done = f"{invoices} issued for {periods}, {written(outcome.gross)}{including_vat()}."
    if not outcome.waiting:
        return done
    left = "1 more bill waits" if outcome.waiting == 1 else f"{outcome.waiting} more bills wait"
    return f"{done} {left} for your approval on the month-end page."


@requires(Can.ISSUE_INVOICES)
@require_POST
def schedule_complete(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Mark work complete and bill it (F61); what has no final price yet is priced first, on the way to its invoice."""
    schedule = get_object_or_404(BillingSchedule, pk=pk)
    try:
        with transaction.atomic():
            invoice = complete_schedule(schedule, on=request.practice.today())
    except NotConfirmed:
        messages.info(request, f"Confirm quantity and price of {schedule.name}, then issue it.")
        review = reverse("invoicing:client-bill", args=[practice, schedule.client_id])
        return see_other(request, f"{review}?selected={schedule.pk}:{schedule.starts_on}")
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
    ended = end_service(schedule, on=on, today=today)
    if ended.ends_on is None:
        messages.success(request, f"{schedule.name} is called off: it never begins, and nothing is billed.")
    else:
        messages.success(request, f"{schedule.name} ends on {written_date(on)}: {_until_then(ended)}.")
    if "on" not in request.POST:  # from the list of everything that is billed
        return _back_to_list(request)
    return see_other(request, "invoicing:schedule-detail", practice=practice, pk=pk)


def _until_then(ended: BillingSchedule) -> str:
    """What a last day means for a service as it stands."""
    if ended.status == BillingSchedule.Status.PAUSED:
        return "it stays paused, and no period that begins later is billed"
    if ended.billing == BillingSchedule.Billing.RECURRING:
        return "no period that begins later is billed"
    if ended.status == BillingSchedule.Status.ACTIVE:
        return "until then it can be marked complete and billed"
    return "nothing more of it is billed"


def _change(
    request: PracticeRequest, pk: int, change: Callable[..., BillingSchedule], words: str
) -> HttpResponse:
    today = request.practice.today()
    schedule = change(get_object_or_404(BillingSchedule, pk=pk), on=today)
    messages.success(request, words.format(schedule.name, written_date(today)))
    return _back_to_list(request)


def _back_to_list(request: PracticeRequest) -> HttpResponse:
    """303 to the services as they were looked at: view, words, order and columns."""
    sent = QueryDict(request.POST.get("query", ""))
    kept = urlencode([(name, value) for name in KEPT for value in sent.getlist(name)])
    address = reverse("invoicing:billing", args=[request.practice.slug])
    return see_other(request, f"{address}?{kept}" if kept else address)


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
