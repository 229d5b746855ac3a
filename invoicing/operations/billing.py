"""The billing run: every period whose invoice date has come is billed, once, however often it runs."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from invoicing.models import BilledPeriod, BillingSchedule, Invoice
from invoicing.operations.invoices import draft_invoice, issue_invoice
from invoicing.operations.schedules import line_of
from invoicing.queries import invoice_day, settled_periods
from money.amounts import ZERO
from proposals.periods import Period

#: What one invoice holds: the schedules and the period of each.
Work = list[tuple[BillingSchedule, Period]]


@dataclass(frozen=True, slots=True)
class BillingOutcome:
    """What a run has done: invoices issued, periods on them, their gross in the practice's currency.

    ``refused`` are the clients, by id, who could not be billed, with the reason in words.
    """

    invoices: int = 0
    periods: int = 0
    gross: Decimal = ZERO
    refused: tuple[tuple[int, str], ...] = ()

    def __add__(self, other: "BillingOutcome") -> "BillingOutcome":
        return BillingOutcome(
            self.invoices + other.invoices,
            self.periods + other.periods,
            self.gross + other.gross,
            self.refused + other.refused,
        )


def bill_due_periods(*, on: date, clients: Sequence[int] | None = None) -> BillingOutcome:
    """What was billed: one issued invoice for each client and invoice date up to ``on``, missed ones included.

    ``clients`` limits it to these ids. The schedules stay locked until the transaction ends, so a second run
    waits and then finds nothing left; `period_is_billed_once` stands behind that.
    """
    schedules = _locked_schedules(clients)
    work = _due_work(schedules, on)
    outcome = BillingOutcome()
    for (tax_point, _), due in sorted(work.items()):
        outcome += _bill(due, tax_point, on)
    _end_finished(schedules)
    return outcome


def _locked_schedules(clients: Sequence[int] | None) -> list[BillingSchedule]:
    """The recurring schedules, locked in one order so that two runs cannot block each other."""
    schedules = BillingSchedule.objects.recurring()
    if clients is not None:
        schedules = schedules.filter(client_id__in=clients)
    return list(
        schedules.select_for_update(of=["self"])
        .select_related("client", "service", "tax_rate", "proposal_line__proposal")
        .order_by("id")
    )


def _due_work(schedules: list[BillingSchedule], on: date) -> dict[tuple[date, int], Work]:
    """What has to be billed, by invoice date and client."""
    settled = settled_periods(schedules)  # read after the lock is held
    day = invoice_day()
    work: dict[tuple[date, int], Work] = defaultdict(list)
    for schedule in schedules:
        for period in schedule.rhythm(day).due(on):
            if period.starts_on not in settled[schedule.pk]:
                work[period.billed_on, schedule.client_id].append((schedule, period))
    return work


def _bill(work: Work, tax_point: date, on: date) -> BillingOutcome:
    """One issued invoice over the work, and a row for each of its periods."""
    proposals = {schedule.proposal_line.proposal for schedule, _ in work}
    draft = draft_invoice(
        work[0][0].client,
        [line_of(schedule, (period.starts_on, period.ends_on)) for schedule, period in work],
        tax_point=tax_point,
        source=Invoice.Source.RECURRING,
        proposal=proposals.pop() if len(proposals) == 1 else None,
    )
    invoice = issue_invoice(draft, on=on)
    BilledPeriod.objects.bulk_create(
        [
            BilledPeriod(schedule=schedule, starts_on=period.starts_on, invoice=invoice)
            for schedule, period in work
        ]
    )
    return BillingOutcome(1, len(work), invoice.gross)


def _end_finished(schedules: list[BillingSchedule]) -> None:
    """Mark the schedules ended that have a last day and no period left to bill."""
    ending = [schedule for schedule in schedules if schedule.ends_on is not None]
    settled, day = settled_periods(ending), invoice_day()
    finished = [
        schedule.pk
        for schedule in ending
        if all(period.starts_on in settled[schedule.pk] for period in schedule.rhythm(day).after(None))
    ]
    BillingSchedule.objects.filter(pk__in=finished).update(status=BillingSchedule.Status.ENDED)
