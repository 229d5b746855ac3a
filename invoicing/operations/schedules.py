"""Accepted lines being billed: started, completed, paused, resumed, skipped, ended.

active ⇄ paused
   └─ billed once and for all, or past its last period → ended
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q

from clients.models import Client
from clients.operations import check_may_bill, may_bill
from invoicing.century import check_century
from invoicing.client_states import settle_clients
from invoicing.coming import settled_and_decided
from invoicing.due import Decision, due_by
from invoicing.errors import (
    ClientIsArchived,
    EndsBeforeItStarts,
    NotBilling,
    NotConfirmed,
    NotEnded,
    NothingLeftToBill,
    NothingToComplete,
    NotPaused,
    NotRecurring,
    PauseIsOver,
)
from invoicing.models import BilledPeriod, BillingSchedule, Invoice, InvoiceLine
from invoicing.operations.advancing import locked, restood
from invoicing.operations.coming_bills import bill_of, left_out
from invoicing.operations.invoices import draft_invoice, issue_invoice
from invoicing.practicalities import Practicalities
from invoicing.queries import invoice_day
from money.amounts import to_pence
from practices import audit
from practices.templatetags.dates import written_date
from proposals.billing_rules import Rule
from proposals.models import Proposal, ProposalLine

Status = BillingSchedule.Status
Billing = BillingSchedule.Billing
ONE_DAY = timedelta(days=1)


def start_billing(proposal: Proposal, *, on: date) -> Invoice | None:
    """The issued invoice of the upfront lines, or None without any; every priced line is being billed from now on.

    ``on`` is the day of acceptance: upfront lines are dated it whenever the engagement starts (D14); those billed by
    hand or at a price to be confirmed wait for somebody (G56, G57). Safe to repeat: a proposal whose billing has
    started is left alone (F60). Included lines are never billed (F22).
    """
    Proposal.objects.select_for_update().get(pk=proposal.pk)
    if BillingSchedule.objects.filter(proposal_line__proposal=proposal).exists():
        return None
    lines = (
        ProposalLine.objects.agreed()
        .filter(proposal=proposal, is_included=False)
        .select_related("service", "tax_rate")
    )
    day = invoice_day()
    schedules = BillingSchedule.objects.bulk_create([_schedule_of(line, proposal, on, day) for line in lines])
    schedules += BillingSchedule.objects.bulk_create(
        [_deposit_of(schedule, on) for schedule in schedules if schedule.proposal_line.deposit]
    )
    audit.record("billing.started", proposal, schedules=len(schedules))
    upfront = [schedule for schedule in schedules if schedule.billing == Billing.UPFRONT]
    # The billing run makes the invoice of those that wait once the client's checks are cleared, or somebody approves.
    now = [schedule for schedule in upfront if not schedule.waits_for_somebody]
    if not may_bill(proposal.client, on=on):
        now = []
    waiting = [schedule.pk for schedule in upfront if schedule not in now]
    BillingSchedule.objects.filter(pk__in=waiting).update(next_bill_on=on)
    return _bill_for_good(now, Invoice.Source.UPFRONT, proposal, on) if now else None


def _schedule_of(line: ProposalLine, proposal: Proposal, on: date, day: int) -> BillingSchedule:
    begins_on = line.begins_on(starts_on=proposal.starts_on, accepted_on=on)
    if line.billing == Billing.UPFRONT:
        begins_on = on  # Whenever the engagement starts (D14): what is changed or undone keeps that date.
    schedule = BillingSchedule(
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
        invoice_day=proposal.client.invoice_day,
        next_starts_on=begins_on,
        next_bill_on=line.completes_on,
        mode=line.billing_mode,
        needs_confirming=line.needs_confirming,
        **line.rule.fields,
    )
    if line.deposit:
        # Billed on acceptance already, so what is left of the whole line is one price.
        schedule.unit_price = to_pence(line.quantity * line.billed_price) - line.deposit
        schedule.quantity = Decimal(1)
    if schedule.billing == Billing.RECURRING:
        first = next(schedule.rhythm(day).after(None))
        schedule.next_starts_on, schedule.next_bill_on = first.starts_on, first.billed_on
    return schedule


def _deposit_of(schedule: BillingSchedule, on: date) -> BillingSchedule:
    """The part of work billed on completion that is billed on acceptance, a line of its own (G12)."""
    return BillingSchedule(
        client=schedule.client,
        proposal_line=schedule.proposal_line,
        split_from=schedule,
        service=schedule.service,
        name=f"Deposit: {schedule.name}"[:120],
        quantity=Decimal(1),
        unit_price=schedule.proposal_line.deposit,
        tax_rate=schedule.tax_rate,
        starts_on=on,
        bills_from=on,
        next_starts_on=on,
        mode=schedule.mode,
        **Rule().fields,
    )


def complete_schedule(schedule: BillingSchedule, *, on: date) -> Invoice:
    """The issued invoice of work that is done, dated today (F61).

    Raises `NothingToComplete` the second time, `NotConfirmed` while its price waits for somebody (G56),
    `ClientIsArchived` or `NeedsMoneyLaunderingChecks`.
    """
    schedule = locked(schedule)
    if schedule.billing != Billing.ON_COMPLETION or schedule.status != Status.ACTIVE:
        raise NothingToComplete(schedule)
    if schedule.client.status == Client.Status.ARCHIVED:
        raise ClientIsArchived(schedule)
    if schedule.needs_confirming and not bill_of(schedule, schedule.starts_on).is_approved:
        raise NotConfirmed(schedule)
    check_may_bill(schedule.client, on=on)
    audit.record("schedule.completed", schedule, on=str(on))
    return _bill_for_good([schedule], Invoice.Source.ON_COMPLETION, schedule.proposal_line.proposal, on)


def _bill_for_good(
    schedules: Sequence[BillingSchedule], source: str, proposal: Proposal, on: date
) -> Invoice:
    """One issued invoice for schedules that are billed a single time, which ends them."""
    _, decisions = settled_and_decided(schedules)
    lines = [
        line_of(schedule, decision=decisions.get(schedule.pk, {}).get(schedule.starts_on))
        for schedule in schedules
    ]
    draft = draft_invoice(schedules[0].client, lines, tax_point=on, source=source, proposal=proposal)
    invoice = issue_invoice(draft, on=on)
    BilledPeriod.objects.bulk_create(
        [
            BilledPeriod(schedule=schedule, starts_on=schedule.starts_on, invoice=invoice)
            for schedule in schedules
        ]
    )
    BillingSchedule.objects.filter(pk__in=[schedule.pk for schedule in schedules]).update(
        status=Status.ENDED, next_starts_on=None, next_bill_on=None
    )
    return invoice


def line_of(
    schedule: BillingSchedule, period: tuple[date, date] | None = None, *, decision: Decision | None = None
) -> InvoiceLine:
    """The unsaved invoice line of a schedule; its name says which period it is for.

    A decision about that very bill goes before the schedule's quantity and price.
    """
    name = schedule.name
    if period:
        name = f"{name}, {written_date(period[0])} to {written_date(period[1])}"
    decided = decision or Decision()
    return InvoiceLine(
        service=schedule.service,
        name=name,
        description=schedule.description,
        quantity=schedule.quantity if decided.quantity is None else decided.quantity,
        unit_price=schedule.unit_price if decided.unit_price is None else decided.unit_price,
        tax_rate=schedule.tax_rate,
    )


def pause_billing(
    schedule: BillingSchedule, *, on: date, until: date | None = None, reason: str = ""
) -> BillingSchedule:
    """The schedule paused: no period dated today or later is billed until it is resumed. Raises `NotBilling`.

    With ``until``, it is resumed by itself on that day, which has to come (`PauseIsOver`, `DateOutOfRange`).
    """
    schedule = locked_recurring(schedule)
    if schedule.status != Status.ACTIVE:
        raise NotBilling(schedule)
    if until is not None and until <= on:
        raise PauseIsOver(schedule)
    check_century(schedule, until)
    schedule.status, schedule.paused_on = Status.PAUSED, on
    schedule.paused_until, schedule.pause_reason = until, reason.strip()
    recorded = {"until": str(until)} if until else {}
    return _saved(schedule, "schedule.paused", on=str(on), reason=reason.strip(), **recorded)


def resume_billing(schedule: BillingSchedule, *, on: date) -> BillingSchedule:
    """The schedule billing again; what fell due during the pause is never billed. Raises `NotPaused`."""
    schedule = locked_recurring(schedule)
    if schedule.status != Status.PAUSED or schedule.paused_on is None:
        raise NotPaused(schedule)
    missed = _leave_out_paused(schedule, before=on)
    schedule = _saved(schedule, "schedule.resumed", on=str(on), skipped=missed)
    return restood(schedule)


def resume_after_pauses(*, on: date) -> int:
    """Resume what was paused until today or an earlier day, and close what ended while it was paused; how many."""
    paused = BillingSchedule.objects.filter(status=Status.PAUSED)
    over = paused.filter(Q(paused_until__lte=on) | Q(ends_on__lt=on)).order_by("id")
    for schedule in over:
        if schedule.paused_until is not None and schedule.paused_until <= on:
            resume_billing(schedule, on=schedule.paused_until)
        else:
            _close_paused(locked(schedule))
    return len(over)


def end_billing(schedule: BillingSchedule, *, on: date, today: date | None = None) -> BillingSchedule:
    """The schedule with its last day; raises `NotBilling`, `EndsBeforeItStarts` or `DateOutOfRange`.

    Periods that began by then are still billed, once each; it is over after that. Until a last day that is still to
    come, a pause goes on and work can be marked complete. Until the next bill `reopen_billing` takes it back (G41).
    ``today`` is ``on`` unless said.
    """
    schedule = locked(schedule)
    if schedule.status == Status.ENDED:
        raise NotBilling(schedule)
    if on < schedule.starts_on:
        raise EndsBeforeItStarts(schedule)
    check_century(schedule, on)
    schedule.ends_on = on
    is_over = on <= (today or on)
    if is_over and schedule.billing != Billing.RECURRING:
        schedule.status = Status.ENDED
    ended = restood(_saved(schedule, "schedule.ended", on=str(on)))
    if is_over and ended.status == Status.PAUSED:
        ended = _close_paused(ended)
    settle_clients([ended.client_id], on=on)
    return ended


def _close_paused(schedule: BillingSchedule) -> BillingSchedule:
    """The locked schedule, whose last day came while it was paused: over, but for what was due before the pause."""
    missed = _leave_out_paused(schedule, before=date.max)
    return restood(_saved(schedule, "schedule.ended_paused", skipped=missed))


def _leave_out_paused(schedule: BillingSchedule, *, before: date) -> int:
    """Take the pause off the locked schedule and leave out what is dated in it, before a day; how many bills."""
    settled, decisions = settled_and_decided([schedule])
    own = settled.get(schedule.pk, set()), decisions.get(schedule.pk, {})
    reason = f"Billing was paused: {schedule.pause_reason}" if schedule.pause_reason else "Billing was paused"
    known = Practicalities.of_the_practice()
    missed = [
        left_out(schedule, bill, reason, known)
        for bill in due_by(schedule.coming(known.invoice_day), *own, before - ONE_DAY)
        if schedule.paused_on is not None and bill.bills_on >= schedule.paused_on
    ]
    BilledPeriod.objects.bulk_create(missed)
    schedule.status, schedule.paused_on = Status.ACTIVE, None
    schedule.paused_until, schedule.pause_reason = None, ""
    return len(missed)


def reopen_billing(schedule: BillingSchedule) -> BillingSchedule:
    """The schedule without its last day, billing as before it was ended (G41): to the agreed end where there is one.

    Raises `NotEnded`, or `NothingLeftToBill` for what was billed a single time.
    """
    schedule = locked(schedule)
    if not schedule.has_own_end and schedule.status != Status.ENDED:
        raise NotEnded(schedule)
    schedule.ends_on = schedule.agreed_end
    if schedule.status == Status.ENDED:
        schedule.status = Status.ACTIVE
    schedule = restood(_saved(schedule, "schedule.reopened"))
    if schedule.next_starts_on is None:
        raise NothingLeftToBill(schedule)
    return schedule


def _saved(schedule: BillingSchedule, action: str, **data: object) -> BillingSchedule:
    schedule.save(update_fields=["status", "paused_on", "paused_until", "pause_reason", "ends_on"])
    audit.record(action, schedule, **data)
    return schedule


def locked_recurring(schedule: BillingSchedule) -> BillingSchedule:
    """The schedule, locked; raises `NotRecurring` for what is billed a single time."""
    schedule = locked(schedule)
    if schedule.billing != Billing.RECURRING:
        raise NotRecurring(schedule)
    return schedule
