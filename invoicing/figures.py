"""Figures that the home page and its pictures show: each is a sum in the database, however many rows there are."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.db.models import Count, F, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Round

from clients.models.search import is_among
from invoicing.aged_debt import BUCKETS, ENDS
from invoicing.client_columns import UNITS_A_MONTH
from invoicing.coming import waits_for_approval, waits_for_confirmation
from invoicing.due import Rules
from invoicing.models import BillingSchedule, BillingScheduleQuerySet, Invoice, InvoiceTally
from invoicing.outside_ledger import ids_outside
from invoicing.queries import columns_of_raised, payment_issues
from money.amounts import ZERO, to_pence
from practices.kept import kept_values
from practices.scalars import count_of, sum_of, tally_of
from proposals.periods import add_months, day_in_month
from services.models import Service

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Income:
    """One calendar month, gross, in the practice's currency; ``posted`` and ``paid`` are parts of ``raised``."""

    first: date
    raised: Decimal = ZERO
    posted: Decimal = ZERO
    paid: Decimal = ZERO


def income_by_month(today: date) -> list[Income]:
    """The last twelve months up to the one of today, the oldest first; empty months included."""
    this = today.replace(day=1)
    months = [add_months(this, -back) for back in range(MONTHS - 1, -1, -1)]
    tallied = InvoiceTally.objects.issued().filter(month__in=months).order_by().values_list("month")
    billed = {
        month: (net + vat, owed)
        for month, net, vat, owed in tallied.annotate(Sum("net"), Sum("vat"), Sum("outstanding"))
    }
    there = _posted_by_month(months, {month: raised for month, (raised, _) in billed.items()})
    found = []
    for month in months:
        raised, owed = billed.get(month, (ZERO, ZERO))
        found.append(Income(month, raised, there.get(month, ZERO), raised - owed))
    return found


def _posted_by_month(months: list[date], raised: Mapping[date, Decimal]) -> Mapping[date, Decimal]:
    """What of the gross that was raised in each of these months is in the ledger."""
    issued = Invoice.objects.issued().filter(
        tax_point__gte=months[0], tax_point__lt=add_months(months[-1], 1)
    )
    absent = ids_outside()
    chosen = issued.arrived_of_many() if absent is None else issued.filter(is_among("pk", absent))
    # By day: a few hundred rows, of which the database need not work out the months, invoice by invoice.
    by_day = chosen.order_by().values_list("tax_point").annotate(Sum("net"), Sum("vat"))
    found: dict[date, Decimal] = defaultdict(lambda: ZERO)
    for day, net, vat in by_day:
        found[day.replace(day=1)] += net + vat
    return found if absent is None else {month: gross - found[month] for month, gross in raised.items()}


def monthly_by_service() -> list[tuple[str, Decimal]]:
    """What active recurring services come to in an average month, net, by the service's name; the largest first."""
    grouped = BillingSchedule.objects.recurring().order_by().values_list("service", "every", "period")
    rows = kept_values(grouped.annotate(net=Sum(F("quantity") * F("unit_price"))))
    # Named afterwards: the services are few, and joined to each schedule they cost half as much again.
    names = dict(Service.objects.filter(pk__in={row[0] for row in rows}).values_list("pk", "name"))
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for service, every, period, amount in rows:
        sums[names[service]] += amount * UNITS_A_MONTH[period] / every
    found = [(name, to_pence(amount)) for name, amount in sums.items() if amount]
    return sorted(found, key=lambda row: (-row[1], row[0]))


def debt_by_age(on: date) -> list[tuple[str, Decimal]]:
    """What clients owe, gross, by how long it has been due on a day: the buckets of aged debt, from the kept sums."""
    edges = [on - timedelta(days=end) for end in ENDS]
    between = [Q(due_on__lt=later, due_on__gte=earlier) for later, earlier in pairwise(edges)]
    in_bucket = [Q(due_on__gte=edges[0]), *between, Q(due_on__lt=edges[-1])]
    sums = {f"bucket_{place}": Sum("outstanding", filter=each) for place, each in enumerate(in_bucket)}
    found = InvoiceTally.objects.unpaid().aggregate(**sums)
    return [(label, found[name] or ZERO) for label, name in zip(BUCKETS, sums, strict=True)]


def columns_of_home(on: date, rules: Rules) -> dict[str, Any]:
    """Columns for `practices.scalars.figures`: what is late, waits or was refused, and the month of that day, gross."""
    schedules, late = BillingSchedule.objects.all(), InvoiceTally.objects.overdue(on)
    by_hand, month_end = schedules.overdue_by_hand(on), day_in_month(on.year, on.month, 31)
    return columns_of_raised(on.replace(day=1)) | {
        "overdue": tally_of(late),
        "overdue_amount": sum_of(late, "outstanding"),
        "payment_issue": count_of(payment_issues()),
        "payment_issue_amount": sum_of(payment_issues(), "outstanding"),
        "to_confirm": _clients_of(schedules.due(month_end).filter(waits_for_confirmation())),
        "to_approve": _clients_of(schedules.due(month_end).filter(waits_for_approval(rules)))
        if rules.needs_approval
        else Value(0),
        "by_hand": count_of(by_hand),
        "by_hand_amount": sum_of(by_hand, Round(F("quantity") * F("unit_price"), precision=2)),
    }


def _clients_of(schedules: BillingScheduleQuerySet) -> Coalesce:
    """How many clients these schedules belong to, as a column of `figures`: the month-end page lists clients."""
    grouped = schedules.order_by().values("practice").annotate(figure=Count("client", distinct=True))
    return Coalesce(Subquery(grouped.values("figure")), 0)
