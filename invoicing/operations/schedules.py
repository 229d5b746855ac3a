"""Accepted lines being billed: started, completed, paused, resumed, skipped, ended.

active ⇄ paused
   └─ billed once and for all, or past its last period → ended
"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import takewhile

from clients.operations import check_may_bill, may_bill
from invoicing.century import check_century
from invoicing.client_states import settle_clients
from invoicing.coming import settled_and_decided, settled_periods
from invoicing.due import Decision
from invoicing.errors import (
    EndsBeforeItStarts,
    NotBilling,
    NotEnded,
    NothingLeftToBill,
    NothingToComplete,
    NotPaused,
    NotRecurring,
    PauseIsOver,
)
from invoicing.models import BilledPeriod, BillingSchedule, Invoice, InvoiceLine
from invoicing.operations.advancing import locked, restood
from invoicing.operations.invoices import draft_invoice, issue_invoice
from invoicing.queries import invoice_day
from money.amounts import to_pence
from practices import audit
from practices.templatetags.dates import written_date
from proposals.billing_rules import Rule
from proposals.models import Proposal, ProposalLine
from proposals.periods import Period

Status = BillingSchedule.Status
Billing = BillingSchedule.Billing
SKIP_REASON_LENGTH = 200


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
    day = invoice_day()
    schedules = BillingSchedule.objects.bulk_create([_schedule_of(line, proposal, on, day) for line in lines])
    schedules += BillingSchedule.objects.bulk_create(
        [_deposit_of(schedule, on) for schedule in schedules if schedule.proposal_line.deposit]
    )
    audit.record("billing.started", proposal, schedules=len(schedules))
    upfront = [schedule for schedule in schedules if schedule.billing == Billing.UPFRONT]
    if upfront and not may_bill(proposal.client, on=on):
        # The billing run makes this invoice once the client's checks are cleared.
        waiting = BillingSchedule.objects.filter(pk__in=[schedule.pk for schedule in upfront])
        waiting.update(next_bill_on=on)
        return None
    return _bill_for_good(upfront, Invoice.Source.UPFRONT, proposal, on) if upfront else None


def _schedule_of(line: ProposalLine, proposal: Proposal, on: date, day: int) -> BillingSchedule:
    begins_on = line.begins_on(starts_on=proposal.starts_on, accepted_on=on)
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

    Raises `NothingToComplete` the second time, or `NeedsMoneyLaunderingChecks`.
    """
    schedule = locked(schedule)
    if schedule.billing != Billing.ON_COMPLETION or schedule.status != Status.ACTIVE:
        raise NothingToComplete(schedule)
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
    settled = settled_periods([schedule])[schedule.pk]
    reason = f"Billing was paused: {schedule.pause_reason}" if schedule.pause_reason else "Billing was paused"
    missed = [
        BilledPeriod(schedule=schedule, starts_on=period.starts_on, skip_reason=reason[:SKIP_REASON_LENGTH])
        for period in takewhile(lambda period: period.billed_on < on, _from_where_it_stands(schedule))
        if schedule.paused_on <= period.billed_on < on and period.starts_on not in settled
    ]
    BilledPeriod.objects.bulk_create(missed)
    schedule.status, schedule.paused_on = Status.ACTIVE, None
    schedule.paused_until, schedule.pause_reason = None, ""
    schedule = _saved(schedule, "schedule.resumed", on=str(on), skipped=len(missed))
    return restood(schedule)


def resume_after_pauses(*, on: date) -> int:
    """Resume what was paused until today or an earlier day; how many."""
    over = BillingSchedule.objects.filter(status=Status.PAUSED, paused_until__lte=on).order_by("id")
    for schedule in over:
        resume_billing(schedule, on=schedule.paused_until or on)
    return len(over)


def end_billing(schedule: BillingSchedule, *, on: date) -> BillingSchedule:
    """The schedule with its last day; raises `NotBilling`, `EndsBeforeItStarts` or `DateOutOfRange`.

    Periods that began by then are still billed, once each; it is over after that. Until then `reopen_billing`
    takes it back (G41).
    """
    schedule = locked(schedule)
    if schedule.status == Status.ENDED:
        raise NotBilling(schedule)
    if on < schedule.starts_on:
        raise EndsBeforeItStarts(schedule)
    check_century(schedule, on)
    schedule.ends_on = on
    if schedule.billing != Billing.RECURRING or schedule.status == Status.PAUSED:
        schedule.status, schedule.paused_on = Status.ENDED, None
        schedule.paused_until, schedule.pause_reason = None, ""
    ended = restood(_saved(schedule, "schedule.ended", on=str(on)))
    settle_clients([ended.client_id], on=on)
    return ended


def reopen_billing(schedule: BillingSchedule) -> BillingSchedule:
    """The schedule without its last day, billing as before it was ended (G41).

    Raises `NotEnded`, or `NothingLeftToBill` for what was billed a single time.
    """
    schedule = locked(schedule)
    if schedule.ends_on is None and schedule.status != Status.ENDED:
        raise NotEnded(schedule)
    schedule.ends_on, schedule.status = None, Status.ACTIVE
    schedule = restood(_saved(schedule, "schedule.reopened"))
    if schedule.next_starts_on is None:
        raise NothingLeftToBill(schedule)
    return schedule


def _from_where_it_stands(schedule: BillingSchedule) -> Iterator[Period]:
    """The periods from the next one on; without end unless billing has one."""
    if schedule.next_starts_on is None:
        return
    yield from schedule.rhythm(invoice_day()).since(schedule.next_starts_on)


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
