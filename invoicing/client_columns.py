"""What invoicing adds to the pages about clients: what they are billed, what they owe, and filters by both."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import (
    Case,
    DateField,
    DecimalField,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import Cast, Coalesce, Greatest

from clients.contributions import (
    Activity,
    Cell,
    Column,
    Filter,
    Whose,
    add_activity,
    add_belongings,
    add_column,
    add_filter,
)
from clients.models import Client, ClientQuerySet
from invoicing.alike import SumOfAlike
from invoicing.models import BillingSchedule, BillingScheduleQuerySet, Invoice, InvoiceTally, Payment
from invoicing.priced_bills import priced_next_bills
from ledger.models import Posting
from money.amounts import ZERO, Amounts, to_pence, total
from practices.arrays import Ids
from practices.kept import kept_ids
from practices.scalars import sum_of

#: A month in each unit a rule may count in.
UNITS_A_MONTH = {"day": Decimal(365) / 12, "week": Decimal(52) / 12, "month": Decimal(1)}
_MONEY: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=14, decimal_places=2)
_FINE_MONEY: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=20, decimal_places=6)
BY_HAND = [
    ("recurring", "Recurring"),
    ("by_hand", "By hand, to be done"),
    ("by_hand_overdue", "By hand, overdue"),
    ("paused", "Paused"),
    ("none", "Nothing is billed"),
]


def contribute() -> None:
    """Offer columns, filters and histories to the pages about clients."""
    figure = partial(Column, is_figure=True, in_head=True)
    add_column(
        figure("monthly", "A month", _monthly, _a_month, total=_monthly_total, order=10, sort=_by_month)
    )
    add_column(figure("next_bill", "Next bill", cells=_next_bills, order=20, sort=_by_next_bill))
    add_column(
        figure("outstanding", "Outstanding", _owed, _owing_now, total=_owed_total, order=30, sort=_by_owed)
    )
    add_activity(Activity("invoicing.invoice", _last_invoice, _invoiced_since))
    add_filter(Filter("billing", "Billing", BY_HAND, _billed))
    add_filter(Filter("owes", "Owes", [("overdue", "Overdue"), ("something", "Something")], ids=_owing))
    add_belongings("invoicing.invoice", lambda client: _ids(Invoice.objects.filter(client=client)))
    add_belongings(
        "invoicing.billingschedule", lambda client: _ids(BillingSchedule.objects.filter(client=client))
    )
    add_belongings("invoicing.payment", lambda client: _ids(Payment.objects.filter(client=client)))
    add_belongings("ledger.posting", _postings_of)


def _ids(rows: QuerySet[Invoice] | QuerySet[BillingSchedule] | QuerySet[Payment]) -> list[int]:
    return list(rows.order_by().values_list("pk", flat=True))


def _postings_of(client: Client) -> list[int]:
    of_invoices = Posting.objects.filter(
        kind__startswith="invoice.", subject_id__in=_ids(Invoice.objects.filter(client=client))
    )
    of_contact = Posting.objects.filter(kind=Posting.Kind.CONTACT_UPSERT, subject_id=client.pk)
    return [*of_invoices.values_list("pk", flat=True), *of_contact.values_list("pk", flat=True)]


def with_monthly(schedules: "QuerySet[BillingSchedule]") -> "QuerySet[BillingSchedule]":
    """The schedules with what each comes to in a month, net, unrounded."""
    return schedules.annotate(monthly=_each_month())


def _each_month() -> Combinable:
    units = Case(
        *(When(period=unit, then=Value(factor)) for unit, factor in UNITS_A_MONTH.items()),
        default=Value(Decimal(0)),
        output_field=_FINE_MONEY,
    )
    each = F("quantity") * F("unit_price")
    # Most are of one month, and add up in half the time without a division.
    return Case(
        When(period="month", every=1, then=each),
        default=each * units / Cast(F("every"), output_field=_FINE_MONEY),
        output_field=_FINE_MONEY,
    )


_UNITS = " ".join(f"WHEN '{unit}' THEN {factor}" for unit, factor in UNITS_A_MONTH.items())
#: The same in SQL, of a kind of schedules (`invoicing.alike`).
_EACH_MONTH = f"quantity * unit_price * CASE period {_UNITS} END / every"


def _a_month() -> dict[str, Combinable]:
    rows = _of_the_client(with_monthly(_billing_on()))
    return {"a_month": Subquery(rows.annotate(total=Sum("monthly")).values("total"))}


def _monthly(client: Any, today: date) -> Cell | None:
    """What recurring services of a client come to in a month, net."""
    del today
    return None if client.a_month is None else Cell(amount=to_pence(client.a_month))


def _monthly_total(whose: Whose) -> Subquery:
    return SumOfAlike(_billing_on().filter(whose.rows), _EACH_MONTH, _FINE_MONEY)


def _billing_on() -> BillingScheduleQuerySet:
    """Recurring schedules with a bill to come: one of which the rest was left out brings nothing any more."""
    return BillingSchedule.objects.recurring().filter(next_bill_on__isnull=False)


def _next_bills(clients: Sequence[int], today: date) -> Mapping[int, Cell]:
    """The day of each client's next recurring invoice, and its gross."""
    del today
    due: dict[int, dict[date, list[Amounts]]] = defaultdict(lambda: defaultdict(list))
    for schedule, bill, amounts in priced_next_bills(clients):
        due[schedule.client_id][bill.bills_on].append(amounts)
    firsts = {client: min(days) for client, days in due.items()}
    return {client: Cell(amount=total(due[client][on]).gross, on=on) for client, on in firsts.items()}


def _owing_now() -> dict[str, Combinable]:
    unpaid = _of_the_client(Invoice.objects.unpaid())
    return {"owed": Subquery(unpaid.annotate(owed=Sum("outstanding")).values("owed"))}


def _owed(client: Any, today: date) -> Cell | None:
    """What a client owes, gross."""
    del today
    return None if client.owed is None else Cell(amount=client.owed)


def _owed_total(whose: Whose) -> Combinable:
    unpaid = Invoice.objects.unpaid()
    if whose.but is not None:
        all_of_it = sum_of(InvoiceTally.objects.unpaid(), "outstanding")
        return Coalesce(all_of_it, ZERO) - Coalesce(sum_of(unpaid.filter(whose.but), "outstanding"), ZERO)
    # What is unpaid has an index to itself; that by client leads to every invoice there ever was.
    return sum_of(unpaid.filter(whose.each), "outstanding")


def _of_the_client(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """The rows that belong to the client of the list, one sum or date of them; an index by client answers it."""
    return rows.filter(practice=OuterRef("practice"), client=OuterRef("pk")).order_by().values("client")


def _by_owed() -> Expression:
    """What a client owes, gross."""
    return Coalesce(_owing_now()["owed"], Value(ZERO), output_field=_MONEY)


def _by_month() -> Expression:
    """What recurring services of a client come to in a month, net, unrounded."""
    return Coalesce(_a_month()["a_month"], Value(ZERO), output_field=_FINE_MONEY)


def _by_next_bill() -> Expression:
    """The day of a client's next recurring bill as its schedules stand; who has none comes last."""
    rows = _of_the_client(BillingSchedule.objects.recurring()).annotate(first=Min("next_bill_on"))
    return Coalesce(Subquery(rows.values("first")), Value(date.max), output_field=DateField())


def _last_invoice() -> Subquery:
    """When a client was last billed, be it only with a draft."""
    billed = _of_the_client(Invoice.objects.all())
    return Subquery(billed.annotate(last=Max(Greatest("created_at", "issued_at"))).values("last"))


def _invoiced_since(at: datetime) -> list[int]:
    rows = Invoice.objects.filter(Q(created_at__gte=at) | Q(issued_at__gte=at))
    return list(rows.order_by().values_list("client", flat=True).distinct())


def _billed(clients: ClientQuerySet, choice: str, today: date) -> ClientQuerySet:
    """The clients by how and whether they are billed (G45, G64)."""
    schedules = BillingSchedule.objects.all()
    choices = {
        "recurring": schedules.recurring(),
        "by_hand": schedules.to_complete(),
        "by_hand_overdue": schedules.overdue_by_hand(today),
        "paused": schedules.filter(status=BillingSchedule.Status.PAUSED),
    }
    live = schedules.exclude(status=BillingSchedule.Status.ENDED)
    if choice == "none":
        return clients.not_among(live.order_by().values_list("client", flat=True).distinct())
    return clients.among(choices[choice].order_by().values_list("client", flat=True).distinct())


def _owing(choice: str, today: date) -> Ids:
    invoices = Invoice.objects.overdue(today) if choice == "overdue" else Invoice.objects.unpaid()
    return kept_ids(invoices.order_by().values_list("client").distinct())
