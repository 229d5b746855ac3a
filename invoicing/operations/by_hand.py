"""Issuing by hand: chosen bills of one client, made today, at the quantities and prices that were looked through."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from clients.models import Client
from invoicing.errors import NotBilled, NotBilling, NothingChosen, NotOfThisClient
from invoicing.models import BillingSchedule, InvoicingSettings
from invoicing.operations.advancing import locked
from invoicing.operations.billing import BillingOutcome, bill_due_periods
from invoicing.operations.coming_bills import approve_bills, change_bill
from invoicing.practicalities import Practicalities

Grouping = InvoicingSettings.Grouping


@dataclass(frozen=True, slots=True)
class Item:
    """One bill that is to be made now; amounts are in the practice's currency, before VAT."""

    schedule: BillingSchedule
    starts_on: date
    quantity: Decimal
    unit_price: Decimal


def issue_by_hand(client: Client, items: Sequence[Item], *, on: date) -> BillingOutcome:
    """What was billed of these items, dated today, and nothing else of the client (G68).

    Raises `NothingChosen`, `NotOfThisClient`, or what forbids one of the bills.
    """
    if not items:
        raise NothingChosen(client)
    only: dict[int, list[date]] = defaultdict(list)
    for item in items:
        if item.schedule.client_id != client.pk:
            raise NotOfThisClient(client)
        if locked(item.schedule).status != BillingSchedule.Status.ACTIVE:
            raise NotBilling(item.schedule)
        change_bill(
            item.schedule, item.starts_on, bills_on=on, quantity=item.quantity, unit_price=item.unit_price
        )
        only[item.schedule.pk].append(item.starts_on)
    approve_bills([(item.schedule.pk, item.starts_on) for item in items])
    outcome = bill_due_periods(on=on, clients=[client.pk], only=only)
    if outcome.refused:
        raise NotBilled(client, message=outcome.refused[0][1])
    return outcome


def invoices_that_result(items: Sequence[Item]) -> int:
    """How many invoices these items make by the practice's rule (G70)."""
    grouping = Practicalities.of_the_practice().settings.grouping
    parts = set()
    for item in items:
        part = 0
        if grouping == Grouping.PROPOSAL:
            part = item.schedule.proposal_line.proposal_id
        elif grouping == Grouping.SERVICE:
            part = item.schedule.service_id
        parts.add((item.schedule.billing, part))
    return len(parts)
