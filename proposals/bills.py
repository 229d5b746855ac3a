"""Which bills a proposal leads to if it is accepted on a given day, to look at before it is sent."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from money.amounts import Amounts, total
from proposals.billing_rules import BillingRule, Rule
from proposals.models import ProposalLine
from proposals.periods import MONTH, ONE_DAY, Rhythm, after, months_between

Billing = BillingRule.Billing


@dataclass(frozen=True, slots=True)
class Bill:
    """What is billed on one day, in the practice's currency; ``headings`` are the groups it comes from."""

    on: date
    amounts: Amounts
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The bills of the first months, what is billed when the work is done, and whether all of it is certain.

    ``since`` is the first day of its first month, ``until`` the last day of its last one.
    """

    bills: list[Bill]
    when_done: Amounts
    since: date
    until: date
    has_variable_prices: bool

    @property
    def total(self) -> Amounts:
        """Everything with a date."""
        return total(bill.amounts for bill in self.bills)

    def by_month(self) -> list[tuple[date, Amounts]]:
        """The first day of each month and what is billed in it, months without a bill included; none without a bill."""
        if not self.bills:
            return []
        months = months_between(self.since, self.until) + 1
        sums: dict[date, Amounts] = {after(self.since, n, MONTH): Amounts() for n in range(months)}
        for bill in self.bills:
            sums[bill.on.replace(day=1)] += bill.amounts
        return list(sums.items())


@dataclass(frozen=True, slots=True)
class Dates:
    """Between which days bills are looked for, and what they are counted from."""

    starts_on: date
    accepted_on: date
    until: date
    invoice_day: int

    def rhythm_of(self, rule: Rule) -> Rhythm:
        """When a recurring rule is billed, as it will be once the proposal is accepted."""
        begins_on = rule.begins_on(starts_on=self.starts_on, accepted_on=self.accepted_on)
        return Rhythm(
            anchor=begins_on,
            every=rule.every or 1,
            unit=rule.period,
            invoice_day=self.invoice_day,
            bills_from=max(begins_on, self.accepted_on),
            ends_on=rule.last_period_on(begins_on),
        )


def offered_lines(lines: Iterable[ProposalLine], option_id: int | None) -> list[ProposalLine]:
    """The priced lines of one package: add-ons that nobody has ticked and other packages left out."""
    return [
        line
        for line in lines
        if not line.is_included
        and line.is_taken
        and (line.group is None or line.group.option_id in (None, option_id))
    ]


def calendar_of(
    lines: Sequence[ProposalLine], *, starts_on: date, accepted_on: date, invoice_day: int, months: int = 12
) -> Calendar:
    """The bills of so many months, that of the acceptance the first; the lines come with group and VAT rate."""
    since = accepted_on.replace(day=1)
    until = after(since, months, MONTH) - ONE_DAY
    dates = Dates(starts_on, accepted_on, until, invoice_day)
    dated: dict[date, list[tuple[Amounts, str]]] = defaultdict(list)
    undated: list[Amounts] = []
    for rule, heading, group in _grouped(lines):
        for on, amounts in _bills_of(rule, group, dates):
            if on is None:
                undated.append(amounts)
            elif on <= until:
                dated[on].append((amounts, heading))
    bills = [
        Bill(
            on, total(amounts for amounts, _ in parts), tuple(dict.fromkeys(heading for _, heading in parts))
        )
        for on, parts in sorted(dated.items())
    ]
    return Calendar(bills, total(undated), since, until, any(line.needs_confirming for line in lines))


def _grouped(lines: Sequence[ProposalLine]) -> list[tuple[Rule, str, list[ProposalLine]]]:
    groups: dict[tuple[Rule, str], list[ProposalLine]] = defaultdict(list)
    for line in lines:
        groups[line.rule, line.group.heading if line.group else ""].append(line)
    return [(rule, heading, group) for (rule, heading), group in groups.items()]


def _bills_of(rule: Rule, lines: Sequence[ProposalLine], dates: Dates) -> list[tuple[date | None, Amounts]]:
    """Each bill of one group: its day, or None for work that is billed when it is done."""
    if rule.billing == Billing.UPFRONT:
        return [(dates.accepted_on, _amounts(lines, dates.accepted_on))]
    if rule.billing == Billing.ON_COMPLETION:
        return _on_completion(rule, lines, dates.accepted_on)
    sums: dict[tuple[Decimal, ...], Amounts] = {}
    rates = {line.tax_rate_id: line.tax_rate for line in lines}.values()
    found: list[tuple[date | None, Amounts]] = []
    for period in dates.rhythm_of(rule).due(dates.until):
        percents = tuple(rate.percent_on(period.billed_on) for rate in rates)
        if percents not in sums:
            sums[percents] = _amounts(lines, period.billed_on)
        found.append((period.billed_on, sums[percents]))
    return found


def _on_completion(
    rule: Rule, lines: Sequence[ProposalLine], accepted_on: date
) -> list[tuple[date | None, Amounts]]:
    """The deposits on acceptance, and what is left of the lines on their day."""
    deposits = [line for line in lines if line.deposit]
    found: list[tuple[date | None, Amounts]] = []
    if deposits:
        found.append((accepted_on, total(line.deposit_on(accepted_on) for line in deposits)))
    on = max(rule.completes_on, accepted_on) if rule.completes_on else None
    found.append(
        (
            on,
            _amounts(lines, on or accepted_on)
            - total(line.deposit_on(on or accepted_on) for line in deposits),
        )
    )
    return found


def _amounts(lines: Iterable[ProposalLine], tax_point: date) -> Amounts:
    return total(line.amounts_on(tax_point) for line in lines)


def first_bill(
    lines: Sequence[ProposalLine], *, starts_on: date, accepted_on: date, invoice_day: int
) -> tuple[date, list[ProposalLine]] | None:
    """The day of the first bill and the lines on it, if the proposal is accepted on a day; None without a dated one."""
    dates = Dates(starts_on, accepted_on, after(max(starts_on, accepted_on), 24, MONTH), invoice_day)
    # What recurs is billed apart from what is billed once, though on the same day.
    found: dict[tuple[date, bool], list[ProposalLine]] = defaultdict(list)
    for rule, _, group in _grouped(lines):
        days = [on for on, _ in _bills_of(rule, group, dates) if on is not None]
        if days:
            on = min(days)
            is_deposit = rule.billing == Billing.ON_COMPLETION and len(days) > (1 if rule.completes_on else 0)
            found[on, rule.is_recurring] += [line for line in group if line.deposit or not is_deposit]
    first = min(found, default=None)
    return (first[0], found[first]) if first else None


def minimum_value(
    lines: Sequence[ProposalLine], *, starts_on: date, accepted_on: date, invoice_day: int, months: int
) -> Amounts:
    """What the minimum length of the engagement comes to: every period that begins in it, and all work billed once."""
    end = after(starts_on, months, MONTH)
    dates = Dates(starts_on, accepted_on, after(max(end, accepted_on), 2, MONTH), invoice_day)
    found: list[Amounts] = []
    for rule, _, group in _grouped(lines):
        if rule.billing != Billing.RECURRING:
            found += [amounts for _, amounts in _bills_of(rule, group, dates)]
            continue
        periods = dates.rhythm_of(rule).due(dates.until)
        found += [_amounts(group, period.billed_on) for period in periods if period.starts_on < end]
    return total(found)
