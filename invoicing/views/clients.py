"""The pages of one client that tell what it is billed and what it owes."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from clients.client_page import client_page
from clients.models import Client
from invoicing.client_plan import client_plan
from invoicing.coming import amounts_of, next_bills
from invoicing.models import Allocation, BillingSchedule, CreditNote, Invoice
from invoicing.operations import end_services
from invoicing.practicalities import Practicalities
from invoicing.queries import OF_A_ROW, ledger_facts, state_of, totals_of
from invoicing.schedule_forms import EndForm
from invoicing.services_billed import state_of_service
from invoicing.views.credit_notes import credit_rows
from ledger.outbox import ledger_settings
from money.amounts import price_line
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_key
from practices.templatetags.dates import written_date

PAGE = 50
MOST = 200


def _client(pk: int) -> Client:
    client: Client = get_object_or_404(Client.objects.select_related("merged_into__practice"), pk=pk)
    return client


def _rows(schedules: list[BillingSchedule], request: PracticeRequest) -> list[dict[str, Any]]:
    """The schedules, each with its next period and what that comes to."""
    recurring = [row for row in schedules if row.billing == BillingSchedule.Billing.RECURRING]
    today, known = request.practice.today(), Practicalities.of(request.practice)
    coming = next_bills(recurring, known)
    rows = []
    for schedule in schedules:
        following = coming.get(schedule.pk)
        percent = known.percent(schedule.tax_rate_id, today)
        amounts = (
            amounts_of(schedule, following, known)
            if following
            else price_line(schedule.quantity, schedule.unit_price, percent)
        )
        state = state_of_service(schedule, today)
        rows.append({"schedule": schedule, "next": following, "amounts": amounts, "state": state})
    return rows


@requires(Can.SEE)
@require_safe
def client_services(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """What the client has agreed to: price, rhythm, next bill, end, and the proposal it comes from."""
    client = _client(pk)
    schedules = BillingSchedule.objects.filter(client=client).select_related(
        "tax_rate", "proposal_line__proposal"
    )
    rows = _rows(list(schedules.order_by("status", "id")[:MOST]), request)
    live = [row for row in rows if not row["schedule"].ends_by(request.practice.today())]
    recurring = BillingSchedule.Billing.RECURRING
    context = client_page(request, client, "Services") | {
        "rows": rows,
        "live": live,
        "renews": any(row["schedule"].billing == recurring for row in live),
        "end": EndForm(initial={"on": request.practice.today()}),
    }
    return render(request, "invoicing/client_services.html", context)


@requires(Can.ISSUE_INVOICES)
@require_POST
def client_end(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """End everything the client is billed for on one day, today without one (G41)."""
    client, form = _client(pk), EndForm(request.POST)
    if form.is_valid():
        today = request.practice.today()
        on = form.cleaned_data["on"] or today
        ended = end_services(client, on=on, today=today)
        words = "1 service ends" if ended == 1 else f"{ended} services end"
        messages.success(
            request, f"{words} on {written_date(on)}. Each can be taken up again on its own page."
        )
    else:
        messages.error(request, "Enter the last day as a date. Nothing was changed.")
    return see_other(request, "invoicing:client-services", practice=practice, pk=pk)


@requires(Can.SEE)
@require_safe
def client_schedule(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """What is billed by hand, what is late on top (G63, G64), and the coming bills by date with their sums."""
    client, today = _client(pk), request.practice.today()
    live = BillingSchedule.objects.filter(client=client).exclude(status=BillingSchedule.Status.ENDED)
    schedules = list(live.select_related("tax_rate", "proposal_line__proposal").order_by("id")[:MOST])
    paused = [each for each in schedules if each.status == BillingSchedule.Status.PAUSED]
    plan = client_plan([each for each in schedules if each not in paused], on=today)
    context = client_page(request, client, "Billing schedule") | {
        "plan": plan,
        "paused": paused,
        "today": today,
    }
    return render(request, "invoicing/client_schedule.html", context)


@requires(Can.SEE)
@require_safe
def client_invoices(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """The client's invoices, newest first, and what they add up to."""
    client, today = _client(pk), request.practice.today()
    before = row_key(request.GET.get("before", ""))
    invoices = Invoice.objects.filter(client=client)
    page = invoices.filter(pk__lt=before) if before else invoices
    found = list(page.only(*OF_A_ROW, "client").order_by("-pk")[: PAGE + 1])
    shown = found[:PAGE]
    for invoice in shown:
        invoice.client = client
    facts, ledger = ledger_facts([invoice.pk for invoice in shown]), ledger_settings()
    given_up = set(Allocation.objects.filter(invoice__in=facts).given_up().values_list("invoice", flat=True))
    context = client_page(request, client, "Invoices") | {
        "rows": [
            {
                "invoice": invoice,
                "settlement": invoice.settlement(
                    today,
                    is_credited=facts[invoice.pk].is_credited,
                    is_written_off=invoice.pk in given_up,
                ),
                "posting": facts[invoice.pk].posting,
                "state": state_of(invoice, facts[invoice.pk], ledger),
            }
            for invoice in shown
        ],
        "credit_notes": credit_rows(
            list(CreditNote.objects.filter(client=client).select_related("invoice")[:PAGE]), request.role
        ),
        "totals": totals_of(invoices.issued()),
        "next": "?" + urlencode({"before": shown[-1].pk}) if len(found) > PAGE else "",
    }
    return render(request, "invoicing/client_invoices.html", context)
