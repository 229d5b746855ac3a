"""Changing a service that a client has: other price, quantity or service, with before and after (G35)."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from invoicing.fee_letters import FeeLetter, send_fee_letter
from invoicing.models import BillingSchedule, ServiceChange
from invoicing.operations.changing import particulars_of, plan_change, withdraw_change
from invoicing.uplift_forms import AmendForm
from invoicing.views.schedules import schedule_or_404
from practices.errors import DomainError
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.templatetags.dates import written_date
from practices.templatetags.money_tags import written
from services.models import Service

LABELS = {
    "name": "Name",
    "quantity": "Quantity",
    "unit_price": "Price each",
    "service": "Service of the library",
}


@requires(Can.ISSUE_INVOICES)
@require_http_methods(["GET", "HEAD", "POST"])
def schedule_amend(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Enter the change, look at before and after, then save it; the client is told if wanted."""
    schedule, today = schedule_or_404(pk), request.practice.today()
    form = AmendForm(request.POST or None, schedule=schedule, today=today)
    context: dict[str, Any] = {"schedule": schedule, "form": form}
    if not form.is_bound or not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "invoicing/schedule_amend.html", context, status=status)
    if "save" not in request.POST:
        context["rows"] = differences(schedule, form.after, request.practice.currency)
        return render(request, "invoicing/schedule_amend.html", context)
    try:
        change = plan_change(schedule, form.after, effective_on=form.cleaned_data["effective_on"], on=today)
    except DomainError as problem:
        form.add_error(None, problem.message)
        return render(request, "invoicing/schedule_amend.html", context, status=422)
    messages.success(
        request, f"Changed from {written_date(change.effective_on)}.{_tell(change, form.letter)}"
    )
    return see_other(request, "invoicing:schedule-detail", practice=practice, pk=pk)


def _tell(change: ServiceChange, notice: str) -> str:
    """Write to the client where that is wanted; what happened, in words."""
    if not notice:
        return ""
    letter = FeeLetter(change.schedule.client, change.effective_on, [change], notice)
    change.told = send_fee_letter(letter, key=f"change:{change.pk}", at=timezone.now())
    change.save(update_fields=["told"])
    return (
        f" A letter is on its way to {', '.join(change.told)}."
        if change.told
        else " Nobody could be written to."
    )


def differences(schedule: BillingSchedule, after: dict[str, Any], currency: str) -> list[dict[str, Any]]:
    """Before and after, field by field, for `components/diff_table.html`."""
    before = particulars_of(schedule)
    wanted = after | {"service": after["service"].pk}
    names = dict(
        Service.objects.filter(pk__in=[before["service"], wanted["service"]]).values_list("pk", "name")
    )

    def shown(name: str, value: Any) -> str:
        if name == "unit_price":
            return written(type(schedule.unit_price)(value), currency)
        if name == "quantity":
            return f"{type(schedule.quantity)(value).normalize():f}"
        return names[value] if name == "service" else str(value)

    return [
        {
            "label": label,
            "left": shown(name, before[name]),
            "right": shown(name, wanted[name]),
            "changed": shown(name, before[name]) != shown(name, wanted[name]),
        }
        for name, label in LABELS.items()
    ]


@requires(Can.ISSUE_INVOICES)
@require_POST
def change_undo(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Undo a planned change before its day."""
    change = get_object_or_404(ServiceChange.objects.select_related("schedule"), pk=pk)
    withdraw_change(change, on=request.practice.today())
    messages.success(request, "Undone. The service stays as it is.")
    return see_other(request, "invoicing:schedule-detail", practice=practice, pk=change.schedule_id)
