"""The billing run: every bill whose date has come is made, once, however often it runs.

A chunk is at most a thousand schedules of whole clients, read and locked in one statement, worked out in memory
and written in a handful of statements (`bulk.py`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from django.utils import timezone

from clients.errors import NeedsMoneyLaunderingChecks
from invoicing.due import Bill, Standing, standing
from invoicing.errors import AmountTooLarge, ClientIsArchived, NeedsAnAddress
from invoicing.models import InvoicingSettings
from invoicing.operations.advancing import hold_missed, steps
from invoicing.operations.bulk import NewInvoice, NewLine, issue_invoices
from invoicing.operations.due_rows import Clients, DueRow, Exceptions, due_rows, exceptions_of
from invoicing.operations.invoices import LARGEST_AMOUNT, name_for
from invoicing.practicalities import Practicalities
from invoicing.terms import due_on
from money.amounts import ZERO, price_line
from practices.garbage import without_collecting

#: Schedules locked and billed together.
CHUNK = 1000
#: Lines of one invoice: a client with more for one day gets further invoices.
MOST_LINES = 1000
Grouping = InvoicingSettings.Grouping
#: What is ready to be billed: a schedule and one of its bills.
Work: TypeAlias = list[tuple[DueRow, Bill]]


@dataclass(frozen=True, slots=True)
class BillingOutcome:
    """What a run has done: invoices issued, periods on them, their gross in the practice's currency.

    ``waiting`` are periods that need somebody's approval. ``refused`` are the clients, by id, who could not be
    billed, with the reason in words. ``is_complete`` is false where a run stopped before it was through.
    """

    invoices: int = 0
    periods: int = 0
    gross: Decimal = ZERO
    refused: tuple[tuple[int, str], ...] = ()
    waiting: int = 0
    is_complete: bool = True

    def __add__(self, other: "BillingOutcome") -> "BillingOutcome":
        return BillingOutcome(
            self.invoices + other.invoices,
            self.periods + other.periods,
            self.gross + other.gross,
            self.refused + other.refused,
            self.waiting + other.waiting,
            self.is_complete and other.is_complete,
        )


def bill_due_periods(
    *,
    on: date,
    clients: Clients | Sequence[int] | None = None,
    known: Practicalities | None = None,
    only: Mapping[int, Collection[date]] | None = None,
) -> BillingOutcome:
    """What was billed: issued invoices for what is dated up to ``on``, missed dates included.

    ``clients`` limits it to these ids, ``only`` to the periods that begin on these days, by the schedule's id.
    The schedules stay locked until the transaction ends, so a second run waits and then finds nothing left;
    `period_is_billed_once` stands behind that.
    """
    known = known or Practicalities.of_the_practice()
    outcome, after = BillingOutcome(), (0, 0)
    # One more than a run plans for a chunk: where there are no more than planned, that is all there is.
    while rows := due_rows(on=on, clients=clients, after=after, limit=CHUNK + 1):
        with without_collecting():
            outcome += _bill_rows(rows, on, known, only)
        if len(rows) <= CHUNK:
            break
        after = (rows[-1].client_id, rows[-1].id)
    return outcome


def _bill_rows(
    rows: Sequence[DueRow], on: date, known: Practicalities, only: Mapping[int, Collection[date]] | None
) -> BillingOutcome:
    """Bill locked schedules: work out, write, advance."""
    exceptions = exceptions_of(rows)
    standings = list(_standings(rows, exceptions, on, known))
    if only is not None:
        standings = [(row, found.only(only.get(row.id, ()))) for row, found in standings]
    refused = _refused(rows, known)
    invoices = _priced(_grouped(standings, known), known, refused)
    wanted = [invoice for client, invoice in invoices if client not in refused]
    kept = [(row, found) for row, found in standings if row.client_id not in refused]
    issued = issue_invoices(wanted, not_before=known.leaves_at(timezone.now()), moving=steps(kept))
    hold_missed(kept)
    return BillingOutcome(
        len(issued),
        sum(len(invoice.lines) for invoice in issued),
        sum((invoice.amounts.gross for invoice in issued), ZERO),
        tuple(refused.items()),
        sum(len(found.waiting) for _, found in standings),
    )


def _refused(rows: Sequence[DueRow], known: Practicalities) -> dict[int, str]:
    """The clients that cannot be billed whatever is due, with the reason."""
    unchecked = {row.client_id: NeedsMoneyLaunderingChecks.message for row in rows if not row.is_cleared}
    nameless = {
        row.client_id: NeedsAnAddress.message for row in rows if known.charges_vat and not row.has_address
    }
    return nameless | unchecked | {row.client_id: ClientIsArchived.message for row in rows if row.is_archived}


def _standings(
    rows: Iterable[DueRow], exceptions: Exceptions, on: date, known: Practicalities
) -> Iterator[tuple[DueRow, Standing]]:
    """Where each schedule stands; those in step, about which nobody decided anything, are worked out once."""
    in_step: dict[tuple[object, ...], Standing] = {}
    for row in rows:
        found = None if exceptions.are_about(row.id) else in_step.get(row.course)
        if found is None:
            found = _standing_of(row, exceptions, on, known)
            if not exceptions.are_about(row.id):
                in_step[row.course] = found
        yield row, found


def _standing_of(row: DueRow, exceptions: Exceptions, on: date, known: Practicalities) -> Standing:
    return standing(
        row.periods(known.invoice_day),
        exceptions.settled.get(row.id, ()),
        exceptions.decisions.get(row.id, {}),
        on=on,
        rules=known.rules,
        needs_confirming=row.needs_confirming,
        recurs=row.recurs,
        is_by_hand=row.is_by_hand,
    )


def _grouped(standings: Iterable[tuple[DueRow, Standing]], known: Practicalities) -> Iterator[Work]:
    """What goes on one invoice together, by the practice's rule, in order of date and client."""
    by = known.settings.grouping
    groups: dict[tuple[date, int, str, int], Work] = defaultdict(list)
    for row, found in standings:
        for bill in found.ready:
            part = 0
            if by == Grouping.PROPOSAL:
                part = row.proposal_id
            elif by == Grouping.SERVICE:
                part = row.service_id
            groups[bill.bills_on, row.client_id, row.billing, part].append((row, bill))
    for key in sorted(groups):
        work = groups[key]
        for start in range(0, len(work), MOST_LINES):
            yield work[start : start + MOST_LINES]


def _priced(
    groups: Iterable[Work], known: Practicalities, refused: dict[int, str]
) -> list[tuple[int, NewInvoice]]:
    """The invoices, priced, each with the client it is for.

    A client whose invoice cannot be made goes to ``refused``, with the reason.
    """
    invoices = []
    for work in groups:
        row, first = work[0]
        days = known.settings.terms_days(row.billing, row.payer_terms_days)
        proposals = {row.proposal_id for row, _ in work}
        invoice = NewInvoice(
            client_id=row.payer_id,
            source=row.billing,
            tax_point=first.bills_on,
            due_on=due_on(first.bills_on, days),
            leaves=row.posts_automatically,
            proposal_id=proposals.pop() if len(proposals) == 1 else None,
            lines=[_line(row, bill, known) for row, bill in work],
        )
        if invoice.amounts.gross > LARGEST_AMOUNT:
            refused[row.client_id] = AmountTooLarge.message
        invoices.append((row.client_id, invoice))
    return invoices


def _line(row: DueRow, bill: Bill, known: Practicalities) -> NewLine:
    """The line of one bill, at the price decided for it or else the schedule's, with the VAT of its date."""
    quantity, unit_price, name = row.quantity, row.unit_price, row.name
    if bill.decision is not None:
        quantity = quantity if bill.decision.quantity is None else bill.decision.quantity
        unit_price = unit_price if bill.decision.unit_price is None else bill.decision.unit_price
    if row.recurs:
        name = f"{name}, {known.stretch(bill.period.starts_on, bill.period.ends_on)}"
    if row.served_name:
        name = name_for(row.served_name, name)
    percent = known.percent_of(row.vat_code, bill.bills_on)
    return NewLine(
        schedule_id=row.id,
        starts_on=bill.period.starts_on,
        name=name,
        quantity=quantity,
        unit_price=unit_price,
        vat_code=row.vat_code,
        vat_percent=percent,
        amounts=price_line(quantity, unit_price, percent),
    )
