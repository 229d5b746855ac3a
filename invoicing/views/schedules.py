"""One service being billed: its periods, and how its billing can be changed."""

from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from invoicing.models import BillingSchedule
from invoicing.operations import move_periods, pause_billing, reopen_billing, set_mode, shift_when_moved
from invoicing.period_ledger import ledger_of
from invoicing.schedule_forms import EndForm, MoveForm, PauseForm
from invoicing.services_billed import state_of_service
from practices.errors import DomainError
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.templatetags.dates import written_date

#: Days the page of a service looks back and ahead.
BACK, AHEAD = 400, 400


def schedule_or_404(pk: int) -> BillingSchedule:
    """The schedule with everything its pages show."""
    schedule: BillingSchedule = get_object_or_404(
        BillingSchedule.objects.select_related("client", "service", "tax_rate", "proposal_line__proposal"),
        pk=pk,
    )
    return schedule


@requires(Can.SEE)
@require_safe
def schedule_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """A service's periods: billed, left out, due, coming; and how its billing can be changed."""
    schedule, today = schedule_or_404(pk), request.practice.today()
    since, until = today - timedelta(days=BACK), today + timedelta(days=AHEAD)
    entries = list(ledger_of([schedule], since=since, until=until, on=today))
    is_over = schedule.status == BillingSchedule.Status.ENDED
    context = {
        "schedule": schedule,
        "state": state_of_service(schedule, today),
        "entries": entries,
        "changes": schedule.changes.select_related("planned_by")[:20],
        "today": today,
        "pause": PauseForm(),
        "may_reopen": schedule.has_own_end or (is_over and not schedule.periods.exists()),
        "end": EndForm(initial={"on": today}),
        "move": MoveForm(initial={"starts_on": schedule.next_starts_on}),
        "is_recurring": schedule.billing == BillingSchedule.Billing.RECURRING,
    }
    return render(request, "invoicing/schedule_detail.html", context)


@requires(Can.ISSUE_INVOICES)
@require_POST
def schedule_hold(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Pause a service until a day, with the reason (G66)."""
    schedule, form = schedule_or_404(pk), PauseForm(request.POST)
    if form.is_valid():
        until, today = form.cleaned_data["until"], request.practice.today()
        pause_billing(schedule, on=today, until=until, reason=form.cleaned_data["reason"])
        when = f"until {written_date(until)}" if until else "until somebody resumes it"
        messages.success(request, f"{schedule.name} is paused {when}.")
    else:
        messages.error(request, "Enter the day on which billing goes on, or leave it empty.")
    return see_other(request, "invoicing:schedule-detail", practice=practice, pk=pk)


@requires(Can.ISSUE_INVOICES)
@require_POST
def schedule_reopen(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take the end of a service back (G41)."""
    schedule = reopen_billing(schedule_or_404(pk))
    words = "goes on to its agreed end" if schedule.ends_on else "has no last day any more"
    if schedule.status == BillingSchedule.Status.PAUSED:
        words += ", and stays paused"
    elif schedule.next_bill_on:
        words += f": its next invoice is dated {written_date(schedule.next_bill_on)}"
    messages.success(request, f"{schedule.name} {words}.")
    return see_other(request, "invoicing:schedule-detail", practice=practice, pk=pk)


@requires(Can.ISSUE_INVOICES)
@require_POST
def schedule_mode(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Bill a service by hand, or by itself again (G57)."""
    mode = BillingSchedule.Mode.MANUAL
    if request.POST.get("mode") == BillingSchedule.Mode.AUTOMATIC:
        mode = BillingSchedule.Mode.AUTOMATIC
    schedule = set_mode(schedule_or_404(pk), mode)
    messages.success(request, f"{schedule.name} is billed {schedule.get_mode_display().lower()} from now on.")
    return see_other(request, "invoicing:schedule-detail", practice=practice, pk=pk)


@requires(Can.ISSUE_INVOICES)
@require_http_methods(["GET", "POST"])
def schedule_move(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Count the coming periods from another day; the overlap or gap is shown before anything is saved (G67)."""
    schedule = schedule_or_404(pk)
    form = MoveForm(request.POST if request.method == "POST" else request.GET or None)
    shift = None
    if form.is_valid():
        day = form.cleaned_data["starts_on"]
        try:
            shift = shift_when_moved(schedule, day)
            if request.method == "POST":
                with transaction.atomic():
                    move_periods(schedule, starts_on=day, on=request.practice.today())
                messages.success(
                    request, f"The periods of {schedule.name} are counted from {written_date(day)}."
                )
                return see_other(request, "invoicing:schedule-detail", practice=practice, pk=pk)
        except DomainError as refusal:
            form.add_error(None, refusal.message)
    context = {"schedule": schedule, "form": form, "shift": shift, "is_checked": form.is_valid()}
    return render(request, "invoicing/schedule_move.html", context, status=422 if form.errors else 200)
