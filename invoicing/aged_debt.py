"""What clients owe by how long it has been due, by client, by manager or by service (idea 15, who to ring).

Every figure is gross, in the practice's currency. The columns add up to the penny whichever way the debt is looked at:
what is owed on an invoice with several services is shared by the lines' parts of its gross, and what rounding leaves
over goes to the service that is owed most.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q, Sum

from clients.models import Client
from invoicing.models import Invoice, Payment
from money.amounts import ZERO, to_pence
from practices.models import User
from practices.tenancy import acting_practice_id
from services.models import Service

#: Upper ends of the buckets in days after the due date; the first is not due yet, the last has no end.
ENDS = (0, 30, 60, 90)
BUCKETS = ("Not due yet", "1 to 30 days", "31 to 60", "61 to 90", "Over 90")
BY = [("client", "By client"), ("manager", "By manager"), ("service", "By service")]
NOBODY = "Without a manager"
Figures = list[Decimal]


@dataclass(slots=True)
class Debt:
    """What one client, manager or service accounts for."""

    key: int | None
    name: str
    figures: Figures = field(default_factory=lambda: [ZERO] * len(BUCKETS))
    #: Of a client: how many invoices are open, the earliest due date among them, and whom to ring.
    invoices: int = 0
    oldest: date | None = None
    phone: str = ""

    @property
    def total(self) -> Decimal:
        """Everything that is owed."""
        return sum(self.figures, ZERO)

    @property
    def overdue(self) -> Decimal:
        """The part whose due date has passed."""
        return sum(self.figures[1:], ZERO)


@dataclass(frozen=True, slots=True)
class AgedDebt:
    """The rows, most overdue first, and the sums of all of them; what lies on account is not taken off."""

    rows: list[Debt]
    figures: Figures
    on_account: Decimal

    @property
    def total(self) -> Decimal:
        """Everything that is owed to the practice."""
        return sum(self.figures, ZERO)

    @property
    def overdue(self) -> Decimal:
        """The part whose due date has passed."""
        return sum(self.figures[1:], ZERO)


def aged_debt(by: str, on: date) -> AgedDebt:
    """The debt of a day by `client`, `manager` or `service`."""
    clients = _by_client(on)
    figures = _sums(clients)
    found = {"manager": _by_manager, "service": _by_service}.get(by)
    rows = found(clients, figures, on) if found else _named(clients)
    rows.sort(key=lambda row: (-row.overdue, -row.total, row.name.casefold()))
    return AgedDebt(rows, figures, on_account_total())


def on_account_total() -> Decimal:
    """What clients have paid and is set against nothing yet."""
    lying: Decimal | None = Payment.objects.filter(account_id__gt="", on_account__gt=0).aggregate(
        lying=Sum("on_account")
    )["lying"]
    return lying or ZERO


def _ranges(on: date) -> list[Q]:
    """For each bucket the due dates that belong to it."""
    edges = [on - timedelta(days=end) for end in ENDS]
    between = [Q(due_on__lt=later, due_on__gte=earlier) for later, earlier in itertools.pairwise(edges)]
    return [Q(due_on__gte=edges[0]), *between, Q(due_on__lt=edges[-1])]


def _by_client(on: date) -> list[Debt]:
    sums = {f"bucket_{place}": Sum("outstanding", filter=each) for place, each in enumerate(_ranges(on))}
    rows: Any = (
        Invoice.objects.unpaid()
        .order_by()
        .values("client")
        .annotate(invoices=Count("pk"), oldest=Min("due_on"), **sums)
    )
    return [
        Debt(row["client"], "", [row[name] or ZERO for name in sums], row["invoices"], row["oldest"])
        for row in rows
    ]


def _sums(rows: Iterable[Debt]) -> Figures:
    found = [ZERO] * len(BUCKETS)
    for row in rows:
        found = [one + other for one, other in zip(found, row.figures, strict=True)]
    return found


def _named(rows: list[Debt]) -> list[Debt]:
    names = Client.objects.among(row.key for row in rows if row.key).values_list("pk", "name", "phone")
    known = {pk: (name, phone) for pk, name, phone in names}
    for row in rows:
        row.name, row.phone = known.get(row.key or 0, ("", ""))
    return rows


def _by_manager(clients: list[Debt], figures: Figures, on: date) -> list[Debt]:
    del figures, on
    managers = dict(Client.objects.among(row.key for row in clients if row.key).values_list("pk", "manager"))
    found: dict[int | None, Debt] = {}
    for row in clients:
        manager = managers.get(row.key or 0)
        debt = found.setdefault(manager, Debt(manager, NOBODY))
        debt.figures = [one + other for one, other in zip(debt.figures, row.figures, strict=True)]
        debt.invoices += row.invoices
        debt.oldest = min(filter(None, [debt.oldest, row.oldest]), default=None)
    people = User.objects.in_bulk([pk for pk in found if pk])
    for pk, debt in found.items():
        if pk:
            debt.name = str(people[pk])
    return list(found.values())


_SHARES = """
    SELECT line.service_id,
           CASE WHEN invoice.due_on >= %s THEN 0 WHEN invoice.due_on >= %s THEN 1
                WHEN invoice.due_on >= %s THEN 2 WHEN invoice.due_on >= %s THEN 3 ELSE 4 END,
           sum(invoice.outstanding * (line.net + line.vat) / (invoice.net + invoice.vat)),
           count(DISTINCT invoice.id)
    FROM invoicing_invoice AS invoice
    JOIN invoicing_invoiceline AS line
        ON line.practice_id = invoice.practice_id AND line.invoice_id = invoice.id
    WHERE invoice.practice_id = %s AND invoice.status = 'issued' AND invoice.outstanding > 0
    GROUP BY 1, 2
"""


def _by_service(clients: list[Debt], figures: Figures, on: date) -> list[Debt]:
    del clients
    with connection.cursor() as cursor:
        cursor.execute(_SHARES, [*(on - timedelta(days=end) for end in ENDS), acting_practice_id()])
        shares = cursor.fetchall()
    found: dict[int, Debt] = defaultdict(lambda: Debt(None, ""))
    for service, bucket, amount, invoices in shares:
        debt = found[service]
        debt.key, debt.figures[bucket] = service, to_pence(amount)
        debt.invoices += invoices
    _settle_pennies(found, figures)
    names = dict(Service.objects.filter(pk__in=found).values_list("pk", "name"))
    for pk, debt in found.items():
        debt.name = names[pk]
    return list(found.values())


def _settle_pennies(found: Mapping[int, Debt], figures: Figures) -> None:
    """What rounding the shares left over goes to the largest of each column."""
    for bucket, wanted in enumerate(figures):
        left = wanted - sum((debt.figures[bucket] for debt in found.values()), ZERO)
        if left:
            largest = max(found.values(), key=lambda debt: debt.figures[bucket])
            largest.figures[bucket] += left


def as_cells(debt: AgedDebt) -> Iterable[list[Any]]:
    """Rows of a file: name, a figure for each bucket, the total, open invoices, the earliest due date."""
    for row in debt.rows:
        yield [row.name, *row.figures, row.total, row.invoices, row.oldest]
