"""What is still to be billed up to a day: counted and added up without reading every schedule.

What bills a single time by then is added up by the database, rounded line by line as money/ does it; what
recurs several times by then, or was decided about, is worked out one by one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from invoicing.due import Bill, Decision, bills, due_by
from invoicing.models import BilledPeriod, BillingSchedule, BillingScheduleQuerySet, ComingBill
from invoicing.practicalities import Practicalities
from money.amounts import ZERO, Amounts, price_line
from practices.arrays import array

Billing, Period = BillingSchedule.Billing, BillingSchedule.Period


@dataclass(frozen=True, slots=True)
class Coming:
    """How many bills, and what they come to in the practice's currency."""

    bills: int = 0
    amounts: Amounts = field(default_factory=Amounts)

    def __add__(self, other: "Coming") -> "Coming":
        return Coming(self.bills + other.bills, self.amounts + other.amounts)


def coming_total(until: date) -> Coming:
    """Every bill not made yet whose invoice date is on or before a day; what waits for a person included."""
    known = Practicalities.of_the_practice()
    due = BillingSchedule.objects.due(until)
    plain = _plain(until)
    several = list(due.exclude(plain).select_related("tax_rate"))
    total = _added_up(due.filter(plain), known)
    for schedule, bill in due_bills(several, until, known):
        total += Coming(1, amounts_of(schedule, bill, known))
    return total


def next_bills(schedules: Collection[BillingSchedule]) -> dict[int, Bill]:
    """The next bill of each schedule, by the schedule's id; absent where none is left or nothing is dated."""
    settled, decisions = settled_and_decided(schedules)
    day = Practicalities.of_the_practice().invoice_day
    coming: dict[int, Bill] = {}
    for schedule in schedules:
        own = decisions.get(schedule.pk, {})
        found = next(bills(schedule.coming(day), settled.get(schedule.pk, ()), own), None)
        if found:
            coming[schedule.pk] = found
    return coming


def due_bills(
    schedules: Collection[BillingSchedule], until: date, known: Practicalities
) -> Iterator[tuple[BillingSchedule, Bill]]:
    """The bills of these schedules that are dated by a day, schedule by schedule."""
    settled, decisions = settled_and_decided(schedules)
    for schedule in schedules:
        own = decisions.get(schedule.pk, {})
        for bill in due_by(schedule.coming(known.invoice_day), settled.get(schedule.pk, ()), own, until):
            yield schedule, bill


def amounts_of(schedule: BillingSchedule, bill: Bill, known: Practicalities) -> Amounts:
    """Net and VAT of one bill, at the price decided for it or else the schedule's."""
    quantity, price = schedule.quantity, schedule.unit_price
    if bill.decision is not None:
        quantity = quantity if bill.decision.quantity is None else bill.decision.quantity
        price = price if bill.decision.unit_price is None else bill.decision.unit_price
    return price_line(quantity, price, known.percent(schedule.tax_rate_id, bill.bills_on))


def _plain(until: date) -> Q:
    """The schedules of which at most one bill is dated by then, at their own price."""
    once = ~Q(billing=Billing.RECURRING) | Q(period=Period.MONTH, next_bill_on__gte=until.replace(day=1))
    return Q(once, ~Exists(ComingBill.objects.filter(schedule=OuterRef("pk"))))


def _added_up(schedules: BillingScheduleQuerySet, known: Practicalities) -> Coming:
    pairs = list(schedules.order_by().values_list("tax_rate_id", "next_bill_on").distinct())
    if not pairs:
        return Coming()
    compiled, parameters = (
        schedules.order_by()
        .values("tax_rate_id", "next_bill_on", "quantity", "unit_price")
        .query.sql_with_params()
    )
    percents = [known.percent(rate, on) for rate, on in pairs if on]
    with connection.cursor() as cursor:
        cursor.execute(
            _SUM.format(schedules=compiled),
            [
                *parameters,
                array(rate for rate, _ in pairs),
                array(on for _, on in pairs),
                array(percents),
            ],
        )
        count, net, vat = cursor.fetchone()
    return Coming(count, Amounts(net or ZERO, vat or ZERO))


#: As `money.amounts.price_line`: half-up, each line by itself. A hundredth is exact where a division is not.
_SUM = """
    WITH line AS (
        SELECT round(schedule.quantity * schedule.unit_price, 2) AS net, rate.percent
        FROM ({schedules}) AS schedule
        JOIN unnest(%s::bigint[], %s::date[], %s::numeric[]) AS rate(id, tax_point, percent)
            ON rate.id = schedule.tax_rate_id AND rate.tax_point = schedule.next_bill_on
    )
    SELECT count(*), sum(net), sum(round(net * percent * 0.01, 2)) FROM line
"""


def settled_and_decided(
    schedules: Collection[BillingSchedule],
) -> tuple[dict[int, set[date]], dict[int, dict[date, Decision]]]:
    """What is settled from where each schedule stands, and what was decided about its bills, by its id."""
    stands = {schedule.pk: schedule.next_starts_on for schedule in schedules if schedule.next_starts_on}
    if not stands:
        return {}, {}
    earliest = min(stands.values())
    settled: dict[int, set[date]] = {}
    rows = BilledPeriod.objects.filter(schedule__in=stands, starts_on__gte=earliest)
    for pk, starts_on in rows.values_list("schedule_id", "starts_on"):
        settled.setdefault(pk, set()).add(starts_on)
    decisions: dict[int, dict[date, Decision]] = {}
    for bill in ComingBill.objects.filter(schedule__in=stands, starts_on__gte=earliest):
        decisions.setdefault(bill.schedule_id, {})[bill.starts_on] = bill.decision
    return settled, decisions


def settled_periods(schedules: Collection[BillingSchedule]) -> dict[int, set[date]]:
    """The starts of all periods ever billed or skipped, by the schedule's id."""
    settled: dict[int, set[date]] = defaultdict(set)
    rows = BilledPeriod.objects.filter(schedule__in=[schedule.pk for schedule in schedules])
    for schedule_id, starts_on in rows.values_list("schedule_id", "starts_on"):
        settled[schedule_id].add(starts_on)
    return settled
