"""What is still to be billed up to a day: counted and added up without reading every schedule.

What bills a single time by then is added up by the database, rounded line by line as money/ does it; what
recurs several times by then, or was decided about, is worked out one by one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import (
    BooleanField,
    DateField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from invoicing.alike import next_bills_of_all
from invoicing.due import Bill, Decision, Rules, Standing, bills, due_by, standing
from invoicing.models import BilledPeriod, BillingSchedule, BillingScheduleQuerySet, ComingBill, ServiceChange
from invoicing.practicalities import Practicalities
from money.amounts import ZERO, Amounts, price_line, total
from practices.arrays import array
from practices.kept import kept_rows
from practices.tenancy import TenantQuerySet

Billing, Period = BillingSchedule.Billing, BillingSchedule.Period


@dataclass(frozen=True, slots=True)
class Coming:
    """How many bills, and what they come to in the practice's currency."""

    bills: int = 0
    amounts: Amounts = field(default_factory=Amounts)

    def __add__(self, other: "Coming") -> "Coming":
        return Coming(self.bills + other.bills, self.amounts + other.amounts)


def coming_total(until: date, known: Practicalities | None = None) -> Coming:
    """Every bill not made yet whose invoice date is on or before a day; what waits for a person included."""
    (found,) = coming_totals([until], known or Practicalities.of_the_practice())
    return found


def coming_totals(
    days: Sequence[date], known: Practicalities, among: BillingScheduleQuerySet | None = None
) -> list[Coming]:
    """`coming_total` of each of these days, of which the last is the latest; no more questions than for one.

    ``among`` are the schedules that count, all of them unless given.
    """
    schedules = BillingSchedule.objects.all() if among is None else among
    if among is None and not known.planned:
        found, every = _coming_of_each(next_bills_of_all(days, known))
    else:
        question = _question(schedules.due(days[-1]), _dated(days), has_plans=bool(known.planned))
        found, every = _added_up(question, known)
    if every > found[-1].bills:
        others = list(schedules.due(days[-1]).exclude(_plain(days[-1])))
        for schedule, bill in due_bills(others, days[-1], known):
            for place, day in enumerate(days):
                if bill.bills_on <= day:
                    found[place] += Coming(1, amounts_of(schedule, bill, known))
    return found


def coming_and_waiting(until: date, known: Practicalities, *, today: date) -> tuple[Coming, Coming]:
    """What will be billed by itself up to a day, and what waits for a person as things stand today."""
    due = BillingSchedule.objects.due(until)
    plain, waits = _plain(until), waits_for_somebody(known.rules)
    question = _question(due, (plain & ~waits, plain & waits), has_plans=bool(known.planned))
    (ready, waiting), every = _added_up(question, known)
    if every > ready.bills + waiting.bills:
        for schedule, stands in standings(list(due.exclude(plain)), until, known, today=today):
            ready += _sum(schedule, stands.ready, known)
            waiting += _sum(schedule, [bill for bill, _ in stands.waiting], known)
    return ready, waiting


def held_because(schedules: Collection[BillingSchedule]) -> dict[tuple[int, date], str]:
    """Why bills of these schedules are held, by the schedule's id and the first day of the period."""
    if not schedules:
        return {}
    held = ComingBill.objects.filter(schedule__in=[each.pk for each in schedules]).exclude(held_reason="")
    return {(bill.schedule_id, bill.starts_on): bill.held_reason for bill in held}


def _sum(schedule: BillingSchedule, found: Collection[Bill], known: Practicalities) -> Coming:
    return Coming(len(found), total(amounts_of(schedule, bill, known) for bill in found))


def waits_for_somebody(rules: Rules) -> Q:
    """The schedules whose next bill is not made by itself, where nobody changed its date or price."""
    approved = _next_one_is(Q(approved_at__isnull=False))
    asked = Q(needs_confirming=True)
    if rules.needs_approval:
        asked |= Q(billing=Billing.RECURRING)
    return (
        Q(Q(mode=BillingSchedule.Mode.MANUAL), ~approved)
        | _next_one_is(~Q(held_reason=""))
        | (asked & Q(~approved))
    )


def waits_for_confirmation() -> Q:
    """The schedules whose next bill lacks a quantity or price that somebody has to confirm (G56, G89)."""
    return Q(needs_confirming=True, mode=BillingSchedule.Mode.AUTOMATIC) & ~_is_decided()


def waits_for_approval(rules: Rules) -> Q:
    """The schedules whose next bill lacks nothing but somebody's approval; none where nobody is asked."""
    if not rules.needs_approval:
        return Q(pk__in=[])
    automatic = Q(mode=BillingSchedule.Mode.AUTOMATIC)
    return automatic & Q(billing=Billing.RECURRING, needs_confirming=False) & ~_is_decided()


def _is_decided() -> Q:
    """The schedules of which the next bill may be made, or is held, because somebody said so."""
    return _next_one_is(Q(approved_at__isnull=False) | ~Q(held_reason=""))


def _next_one_is(how: Q) -> Q:
    """The schedules about whose next bill something was decided of which this is true.

    Few schedules have any such decision: their ids are read once, and only theirs are looked at one by one.
    """
    decided = ComingBill.objects.filter(how)
    next_one = decided.filter(schedule=OuterRef("pk"), starts_on=OuterRef("next_starts_on"))
    return Q(Q(pk__in=decided.values("schedule")), Q(Exists(next_one)))


def standings(
    schedules: Collection[BillingSchedule], until: date, known: Practicalities, *, today: date
) -> Iterator[tuple[BillingSchedule, Standing]]:
    """Where these schedules stand up to a day: what is ready, what waits and why, as things are today."""
    settled, decisions = settled_and_decided(schedules)
    for schedule in schedules:
        yield (
            schedule,
            standing(
                schedule.coming(known.invoice_day),
                settled.get(schedule.pk, set()),
                decisions.get(schedule.pk, {}),
                on=until,
                rules=known.rules,
                needs_confirming=schedule.needs_confirming,
                recurs=schedule.billing == Billing.RECURRING,
                is_by_hand=schedule.mode == BillingSchedule.Mode.MANUAL,
                today=today,
            ),
        )


def next_bills(
    schedules: Collection[BillingSchedule], known: Practicalities | None = None
) -> dict[int, Bill]:
    """The next bill of each schedule, by the schedule's id; absent where none is left or nothing is dated."""
    day = (known or Practicalities.of_the_practice()).invoice_day
    return first_bills(schedules, day, *settled_and_decided(schedules))


def first_bills(
    schedules: Collection[BillingSchedule],
    invoice_day: int,
    settled: Mapping[int, set[date]],
    decisions: Mapping[int, Mapping[date, Decision]],
) -> dict[int, Bill]:
    """The same, where what is settled and decided of them is known."""
    coming: dict[int, Bill] = {}
    for schedule in schedules:
        own = decisions.get(schedule.pk, {})
        found = next(bills(schedule.coming(invoice_day), settled.get(schedule.pk, ()), own), None)
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
    """Net and VAT of one bill, at the price that `terms_of` gives it."""
    quantity, price = terms_of(schedule, bill, known)
    return price_line(quantity, price, known.percent(schedule.tax_rate_id, bill.bills_on))


def terms_of(schedule: BillingSchedule, bill: Bill, known: Practicalities) -> tuple[Decimal, Decimal]:
    """Quantity and unit price of one bill: decided for it, or planned from a day before it, or else the schedule's."""
    quantity, price = terms_on(schedule, bill.bills_on, known)
    decided = bill.decision or Decision()
    return (
        quantity if decided.quantity is None else decided.quantity,
        price if decided.unit_price is None else decided.unit_price,
    )


def terms_on(schedule: BillingSchedule, on: date, known: Practicalities) -> tuple[Decimal, Decimal]:
    """Quantity and unit price that bills dated on a day carry as far as is planned; as now where that is open."""
    planned = known.planned.get(schedule.pk)
    if planned is None or not planned.effective_on <= on < date.max:
        return schedule.quantity, schedule.unit_price
    return (
        schedule.quantity if planned.quantity is None else planned.quantity,
        schedule.unit_price if planned.unit_price is None else planned.unit_price,
    )


def _plain(until: date) -> Q:
    """The schedules of which at most one bill is dated by then, at their own price."""
    once = ~Q(billing=Billing.RECURRING) | Q(period=Period.MONTH, next_bill_on__gte=until.replace(day=1))
    changed = ComingBill.objects.exclude(bills_on=None, quantity=None, unit_price=None)
    return Q(once, ~Q(pk__in=changed.values("schedule")))


def _dated(days: Sequence[date]) -> list[Q]:
    """A choice for each day: what is plain up to the last of them and dated by then."""
    return [_plain(days[-1]) & Q(next_bill_on__lte=day) for day in days]


#: SQL that adds choices of schedules up, and its parameters but for those of VAT rates.
Question = tuple[str, tuple[Any, ...]]


def _question(schedules: BillingScheduleQuerySet, choices: Sequence[Q], *, has_plans: bool) -> Question:
    """What adds up the next bills of the schedules of each choice at their own price."""
    named = {
        f"choice_{place}": ExpressionWrapper(choice, BooleanField()) for place, choice in enumerate(choices)
    }
    rows = _with_terms(schedules.annotate(**named), *named, has_plans=has_plans)
    compiled, parameters = rows.query.sql_with_params()
    sums = ", ".join(_SUMS.format(choice=name) for name in named)
    return _SUM.format(schedules=compiled, sums=sums, choices=", ".join(named)), tuple(parameters)


def _added_up(question: Question, known: Practicalities) -> tuple[list[Coming], int]:
    """The next bills of each choice, and how many there are altogether; in one question."""
    sql, parameters = question
    rates, firsts, ends, percents = zip(*known.spans(), strict=True) if known.rates else ((), (), (), ())
    (found,) = kept_rows(sql, [*parameters, array(rates), array(firsts), array(ends), array(percents)])
    return _coming_of_each(found)


def _coming_of_each(found: Sequence[Any]) -> tuple[list[Coming], int]:
    """What comes of each choice, and how many bills there are altogether, of one row that begins with the latter."""
    every, *figures = found
    coming = [
        Coming(figures[place], Amounts(figures[place + 1] or ZERO, figures[place + 2] or ZERO))
        for place in range(0, len(figures), 3)
    ]
    return coming, every


def _with_terms(schedules: BillingScheduleQuerySet, *names: str, has_plans: bool) -> QuerySet[Any, Any]:
    """Rate, date, quantity and price of each schedule's next bill, as `terms_of` has them, and these columns."""
    columns: dict[str, F | Coalesce] = {"bill_quantity": F("quantity"), "bill_price": F("unit_price")}
    if has_plans:
        planned = ServiceChange.objects.planned().filter(
            schedule=OuterRef("pk"), effective_on__lte=OuterRef("next_bill_on")
        )
        columns = {
            alias: Coalesce(Subquery(planned.values_list(_written(name))), F(name))
            for alias, name in (("bill_quantity", "quantity"), ("bill_price", "unit_price"))
        }
    rows: QuerySet[Any, Any] = schedules.order_by().values("tax_rate_id", "next_bill_on", *names, **columns)
    return rows


_FIGURE: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=14, decimal_places=4)


def _written(name: str) -> Cast:
    """A figure of a planned change."""
    return Cast(KeyTextTransform(name, "after"), _FIGURE)


#: As `money.amounts.price_line`: half-up, each line by itself. A hundredth is exact where a division is not.
_SUMS = (
    "coalesce(sum(times) FILTER (WHERE {choice}), 0)::bigint, sum(times * net) FILTER (WHERE {choice}), "
    "sum(times * round(net * percent * 0.01, 2)) FILTER (WHERE {choice})"
)
#: Lines of one price, rate and date are alike: each kind of line is worked out once and taken so many times.
_SUM = """
    WITH priced AS MATERIALIZED (
        SELECT tax_rate_id, next_bill_on, bill_quantity, bill_price, {choices}, count(*) AS times
        FROM ({schedules}) AS schedule GROUP BY tax_rate_id, next_bill_on, bill_quantity, bill_price, {choices}
    ), line AS (
        SELECT round(bill_quantity * bill_price, 2) AS net, times, rate.percent, {choices}
        FROM priced
        JOIN unnest(%s::bigint[], %s::date[], %s::date[], %s::numeric[]) AS rate(id, first, next, percent)
            ON rate.id = priced.tax_rate_id
                AND priced.next_bill_on >= rate.first AND priced.next_bill_on < rate.next
    )
    SELECT coalesce(sum(times), 0)::bigint, {sums} FROM line
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
    decisions: dict[int, dict[date, Decision]] = {}
    for pk, starts_on, is_settled, *decided in _periods(list(stands), earliest):
        if is_settled:
            settled.setdefault(pk, set()).add(starts_on)
        else:
            decisions.setdefault(pk, {})[starts_on] = Decision(*decided)
    return settled, decisions


def _periods(schedules: list[int], earliest: date) -> "QuerySet[Any, Any]":
    """What is settled or decided of these schedules from a day on, in one question: a decision's figures come last."""

    names, figures = ("schedule_id", "starts_on"), ("bills_on", "quantity", "unit_price")

    def of_those(rows: TenantQuerySet[Any]) -> TenantQuerySet[Any]:
        return rows.filter(schedule__in=schedules, starts_on__gte=earliest).order_by()

    no, yes = Value(value=False), Value(value=True)
    nothing = [Cast(Value(None), kind) for kind in (DateField(), _FIGURE, _FIGURE)]
    decided = of_those(ComingBill.objects.all()).values_list(
        *names,
        no,
        *figures,
        ExpressionWrapper(~Q(held_reason=""), BooleanField()),
        ExpressionWrapper(Q(approved_at__isnull=False), BooleanField()),
    )
    settled = of_those(BilledPeriod.objects.all()).values_list(*names, yes, *nothing, no, no)
    found: QuerySet[Any, Any] = decided.union(settled, all=True)
    return found
