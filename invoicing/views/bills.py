"""One bill before it is made, and chosen bills issued by hand."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from clients.models import Client
from invoicing.coming import amounts_of, terms_of
from invoicing.errors import NothingAsked, ReasonForApproving, SplitIsIncomplete
from invoicing.models import BillingSchedule, ComingBill
from invoicing.operations import (
    Item,
    approve_bill,
    change_bill,
    hold_bill,
    invoices_that_result,
    issue_by_hand,
    skip_period,
    split_bill,
    take_back_skip,
)
from invoicing.operations.coming_bills import bill_of
from invoicing.practicalities import Practicalities
from invoicing.schedule_forms import ChangeBillForm, HandItemForm, SplitForm
from invoicing.views.schedules import schedule_or_404
from money.amounts import price_line, total
from practices.errors import DomainError
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_key
from practices.templatetags.dates import written_date
from practices.templatetags.money_tags import typed_price, written
from services.queries import including_vat

#: Bills that are looked through together.
MOST = 100


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise Http404 from wrong


@requires(Can.ISSUE_INVOICES)
@require_http_methods(["GET", "POST"])
def bill_edit(request: PracticeRequest, practice: str, pk: int, starts_on: str) -> HttpResponse:
    """Change one bill before it is made: date, quantity, price (G65); and split, hold, approve or leave it out."""
    schedule, day = schedule_or_404(pk), _day(starts_on)
    bill = bill_of(schedule, day)
    known = Practicalities.of_the_practice()
    quantity, price = terms_of(schedule, bill, known)
    dated = None if bill.bills_on == date.max else bill.bills_on
    form = ChangeBillForm(
        request.POST or None,
        initial={"bills_on": dated, "quantity": typed_price(quantity), "unit_price": typed_price(price)},
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                change_bill(schedule, day, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, f"{schedule.name}: this bill is changed, this once.")
            return see_other(request, "invoicing:client-schedule", practice=practice, pk=schedule.client_id)
    context = {
        "schedule": schedule,
        "bill": bill,
        "dated": dated,
        "form": form,
        "split": SplitForm(),
        "decided": ComingBill.objects.filter(schedule=schedule, starts_on=day)
        .select_related("approved_by")
        .first(),
        "amounts": amounts_of(schedule, bill, known) if dated else None,
    }
    return render(request, "invoicing/bill_edit.html", context, status=422 if form.errors else 200)


@requires(Can.ISSUE_INVOICES)
@require_POST
def bill_act(request: PracticeRequest, practice: str, pk: int, starts_on: str) -> HttpResponse:
    """Approve, hold, leave out, take back or split one bill."""
    schedule, day = schedule_or_404(pk), _day(starts_on)
    try:
        with transaction.atomic():
            words = _act(request, schedule, day)
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{schedule.name}: {words}.")
    return see_other(request, "invoicing:client-schedule", practice=practice, pk=schedule.client_id)


def _act(request: PracticeRequest, schedule: BillingSchedule, day: date) -> str:
    """What was done, in words."""
    act, reason = request.POST.get("act", ""), request.POST.get("reason", "")
    if act == "hold":
        hold_bill(schedule, day, reason=reason)
        return "this bill is held until somebody approves it"
    if act == "skip":
        left_out = skip_period(schedule, day, reason=reason)
        return f"this bill is left out, {written(left_out.waived)} is not billed"
    if act == "unskip":
        take_back_skip(schedule, day)
        return "this bill is due again"
    if act == "split":
        form = SplitForm(request.POST)
        if not form.is_valid():
            raise SplitIsIncomplete(schedule)
        part = split_bill(schedule, day, **form.cleaned_data)
        return f"{written(part.unit_price)} of it is billed on {written_date(part.next_bill_on)}"
    if act != "approve":
        raise NothingAsked(schedule)
    if reason.strip():  # Enter, pressed in the field of the reason, is no approval.
        raise ReasonForApproving(schedule)
    approve_bill(schedule, day)
    return "this bill is approved"


@requires(Can.ISSUE_INVOICES)
@require_http_methods(["GET", "POST"])
def client_bill(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Issue chosen bills of a client by hand, after a look at prices and the number of invoices (G68)."""
    client = get_object_or_404(Client, pk=pk)
    chosen = request.POST.getlist("item") if request.method == "POST" else request.GET.getlist("selected")
    known = Practicalities.of_the_practice()
    rows = [_hand_row(request, client, key, known) for key in chosen[:MOST]]
    back = reverse("invoicing:client-schedule", args=[practice, pk])
    if not rows:
        messages.error(request, "Choose at least one thing to bill.")
        return see_other(request, back)
    is_whole = all(row["form"].is_valid() for row in rows) if request.method == "POST" else False
    items = [_item(row) for row in rows]
    error = ""
    if is_whole and request.POST.get("then") == "issue":
        try:
            with transaction.atomic():
                outcome = issue_by_hand(client, items, on=request.practice.today())
        except DomainError as refusal:
            error = refusal.message
        else:
            count = "1 invoice is" if outcome.invoices == 1 else f"{outcome.invoices} invoices are"
            messages.success(request, f"{count} issued, {written(outcome.gross)}{including_vat()}.")
            return see_other(request, "invoicing:client-invoices", practice=practice, pk=pk)
    today = request.practice.today()
    for row, item in zip(rows, items, strict=True):
        percent = known.percent(item.schedule.tax_rate_id, today)
        row["amounts"] = price_line(item.quantity, item.unit_price, percent)
    context: dict[str, Any] = {
        "client": client,
        "rows": rows,
        "error": error,
        "invoices": invoices_that_result(items),
        "total": total(row["amounts"] for row in rows),
    }
    wrong = request.method == "POST" and (error or not is_whole)
    return render(request, "invoicing/client_bill.html", context, status=422 if wrong else 200)


def _hand_row(request: PracticeRequest, client: Client, key: str, known: Practicalities) -> dict[str, Any]:
    """One chosen bill (`12:2027-04-01`) with the form of its quantity and price."""
    pk, _, day = key.partition(":")
    schedule, starts_on = schedule_or_404(row_key(pk)), _day(day)
    if schedule.client_id != client.pk:
        raise Http404
    quantity, price = terms_of(schedule, bill_of(schedule, starts_on), known)
    data = request.POST if request.method == "POST" else None
    form = HandItemForm(
        data, prefix=key, initial={"quantity": typed_price(quantity), "unit_price": typed_price(price)}
    )
    return {
        "key": key,
        "schedule": schedule,
        "starts_on": starts_on,
        "form": form,
        "terms": (quantity, price),
    }


def _item(row: dict[str, Any]) -> Item:
    """What was entered, or where that cannot be read, what was agreed."""
    form, (quantity, price) = row["form"], row["terms"]
    if form.is_bound and form.is_valid():
        quantity, price = form.cleaned_data["quantity"], form.cleaned_data["unit_price"]
    return Item(row["schedule"], row["starts_on"], quantity, price)
