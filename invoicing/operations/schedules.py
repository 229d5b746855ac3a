"""Accepted lines being billed: started, completed, paused, resumed, skipped, ended.

active ⇄ paused
   └─ billed once and for all, or past its last period → ended
"""

from collections.abc import Sequence
from datetime import date

from invoicing.errors import (
    EndsBeforeItStarts,
    NeedsAReason,
    NotAPeriod,
    NotBilling,
    NothingToComplete,
    NotPaused,
    NotRecurring,
    PeriodIsSettled,
)
from invoicing.models import BilledPeriod, BillingSchedule, Invoice, InvoiceLine
from invoicing.operations.invoices import draft_invoice, issue_invoice
from invoicing.queries import invoice_day, settled_periods
from practices import audit
from practices.templatetags.dates import written_date
from proposals.models import Proposal, ProposalLine

Status = BillingSchedule.Status
Billing = BillingSchedule.Billing


def start_billing(proposal: Proposal, *, on: date) -> Invoice | None:
    """The issued invoice of the upfront lines, or None without any; every priced line is being billed from now on.

    ``on`` is the day of acceptance: upfront lines are dated it whenever the engagement starts (D14). Safe to
    repeat: a proposal whose billing has started is left alone (F60). Included lines are never billed (F22).
    """
    Proposal.objects.select_for_update().get(pk=proposal.pk)
    if BillingSchedule.objects.filter(proposal_line__proposal=proposal).exists():
        return None
    lines = (
        ProposalLine.objects.agreed()
        .filter(proposal=proposal, is_included=False)
        .select_related("service", "tax_rate")
    )
    schedules = BillingSchedule.objects.bulk_create([_schedule_of(line, proposal, on) for line in lines])
    audit.record("billing.started", proposal, schedules=len(schedules))
    upfront = [schedule for schedule in schedules if schedule.billing == Billing.UPFRONT]
    return _bill_for_good(upfront, Invoice.Source.UPFRONT, proposal, on) if upfront else None


def _schedule_of(line: ProposalLine, proposal: Proposal, on: date) -> BillingSchedule:
    begins_on = line.begins_on(starts_on=proposal.starts_on, accepted_on=on)
    return BillingSchedule(
        client=proposal.client,
        proposal_line=line,
        service=line.service,
        name=line.name,
        description=line.description,
        quantity=line.quantity,
        unit_price=line.billed_price,
        tax_rate=line.tax_rate,
        starts_on=begins_on,
        bills_from=max(begins_on, on),
        ends_on=line.last_period_on(begins_on),
        **line.rule.fields,
    )


def complete_schedule(schedule: BillingSchedule, *, on: date) -> Invoice:
    """The issued invoice of work that is done, dated today (F61); raises `NothingToComplete` the second time."""
    schedule = _locked(schedule)
    if schedule.billing != Billing.ON_COMPLETION or schedule.status != Status.ACTIVE:
        raise NothingToComplete(schedule)
    audit.record("schedule.completed", schedule, on=str(on))
    return _bill_for_good([schedule], Invoice.Source.ON_COMPLETION, schedule.proposal_line.proposal, on)


def _bill_for_good(
    schedules: Sequence[BillingSchedule], source: str, proposal: Proposal, on: date
) -> Invoice:
    """One issued invoice for schedules that are billed a single time, which ends them."""
    lines = [line_of(schedule) for schedule in schedules]
    draft = draft_invoice(schedules[0].client, lines, tax_point=on, source=source, proposal=proposal)
    invoice = issue_invoice(draft, on=on)
    BilledPeriod.objects.bulk_create(
        [BilledPeriod(schedule=schedule, starts_on=on, invoice=invoice) for schedule in schedules]
    )
    BillingSchedule.objects.filter(pk__in=[schedule.pk for schedule in schedules]).update(status=Status.ENDED)
    return invoice


def line_of(schedule: BillingSchedule, period: tuple[date, date] | None = None) -> InvoiceLine:
    """The unsaved invoice line of a schedule; its name says which period it is for."""
    name = schedule.name
    if period:
        name = f"{name}, {written_date(period[0])} to {written_date(period[1])}"
    return InvoiceLine(
        service=schedule.service,
        name=name,
        description=schedule.description,
        quantity=schedule.quantity,
        unit_price=schedule.unit_price,
        tax_rate=schedule.tax_rate,
    )


def pause_billing(schedule: BillingSchedule, *, on: date) -> BillingSchedule:
    """The schedule paused: no period dated today or later is billed until it is resumed. Raises `NotBilling`."""
    schedule = _locked_recurring(schedule)
    if schedule.status != Status.ACTIVE:
        raise NotBilling(schedule)
    schedule.status, schedule.paused_on = Status.PAUSED, on
    return _saved(schedule, "schedule.paused", on=str(on))


def resume_billing(schedule: BillingSchedule, *, on: date) -> BillingSchedule:
    """The schedule billing again; what fell due during the pause is never billed. Raises `NotPaused`."""
    schedule = _locked_recurring(schedule)
    if schedule.status != Status.PAUSED or schedule.paused_on is None:
        raise NotPaused(schedule)
    settled = settled_periods([schedule])[schedule.pk]
    missed = [
        BilledPeriod(schedule=schedule, starts_on=period.starts_on, skip_reason="Billing was paused")
        for period in schedule.rhythm(invoice_day()).due(on)
        if schedule.paused_on <= period.billed_on < on and period.starts_on not in settled
    ]
    BilledPeriod.objects.bulk_create(missed)
    schedule.status, schedule.paused_on = Status.ACTIVE, None
    return _saved(schedule, "schedule.resumed", on=str(on), skipped=len(missed))


def end_billing(schedule: BillingSchedule, *, on: date) -> BillingSchedule:
    """The schedule with its last day; raises `NotBilling` or `EndsBeforeItStarts`.

    Periods that began by then are still billed, once each; the daily run marks the schedule ended after that.
    """
    schedule = _locked(schedule)
    if schedule.status == Status.ENDED:
        raise NotBilling(schedule)
    if on < schedule.starts_on:
        raise EndsBeforeItStarts(schedule)
    schedule.ends_on = on
    if schedule.billing != Billing.RECURRING or schedule.status == Status.PAUSED:
        schedule.status, schedule.paused_on = Status.ENDED, None
    return _saved(schedule, "schedule.ended", on=str(on))


def skip_period(schedule: BillingSchedule, starts_on: date, *, reason: str) -> BilledPeriod:
    """The period left out for a reason.

    Raises `NeedsAReason`, `NotAPeriod`, or `PeriodIsSettled` once it was billed or skipped.
    """
    schedule = _locked_recurring(schedule)
    if not reason.strip():
        raise NeedsAReason(schedule)
    if schedule.rhythm(invoice_day()).find(starts_on) is None:
        raise NotAPeriod(schedule)
    if starts_on in settled_periods([schedule])[schedule.pk]:
        raise PeriodIsSettled(schedule)
    audit.record("schedule.period_skipped", schedule, starts_on=str(starts_on), reason=reason)
    period: BilledPeriod = BilledPeriod.objects.create(
        schedule=schedule, starts_on=starts_on, skip_reason=reason.strip()
    )
    return period


def _saved(schedule: BillingSchedule, action: str, **data: object) -> BillingSchedule:
    schedule.save(update_fields=["status", "paused_on", "ends_on"])
    audit.record(action, schedule, **data)
    return schedule


def _locked(schedule: BillingSchedule) -> BillingSchedule:
    """The schedule, locked: billing it, completing it and changing it wait for each other."""
    locked: BillingSchedule = (
        BillingSchedule.objects.select_for_update(of=["self"])
        .select_related("client", "service", "tax_rate", "proposal_line__proposal")
        .get(pk=schedule.pk)
    )
    return locked


def _locked_recurring(schedule: BillingSchedule) -> BillingSchedule:
    schedule = _locked(schedule)
    if schedule.billing != Billing.RECURRING:
        raise NotRecurring(schedule)
    return schedule
