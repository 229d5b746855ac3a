"""What clients owe by how long it has been due, by client, by manager or by service (idea 15, who to ring).

Every figure is gross, in the practice's currency. The columns add up to the penny whichever way the debt is looked at:
what is owed on an invoice with several services is shared by the lines' parts of its gross, and what rounding leaves
over goes to the service that is owed most.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Sum

from clients.models import Client
from clients.models.search import ids_with_words, words_of
from invoicing.models import Payment
from money.amounts import ZERO, to_pence
from practices.arrays import array
from practices.kept import kept_rows
from practices.models import User
from practices.tenancy import acting_practice_id
from services.models import Service

#: Upper ends of the buckets in days after the due date; the first is not due yet, the last has no end.
ENDS = (0, 30, 60, 90)
BUCKETS = ("Not due yet", "1 to 30 days", "31 to 60 days", "61 to 90 days", "Over 90 days")
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
    """Some rows, most overdue first unless asked otherwise, and what all that were asked for come to."""

    rows: Sequence[Debt]
    figures: Figures
    #: How many rows there are altogether, and how many invoices are open behind them.
    count: int
    invoices: int

    @property
    def total(self) -> Decimal:
        """Everything that is owed."""
        return sum(self.figures, ZERO)


@dataclass(frozen=True, slots=True)
class Place:
    """Which clients are wanted: a page of so many, in the order of a column, turned round or not, found by words."""

    order: str = "total"
    is_turned: bool = False
    words: str = ""
    page: int = 1
    size: int | None = None


#: Every row there is, in the usual order.
EVERYTHING = Place()


def aged_debt(by: str, on: date, place: Place = EVERYTHING) -> AgedDebt:
    """The debt of a day by `client`, `manager` or `service`; a place is of clients alone, who are many."""
    if by == "client":
        return _by_client(on, place)
    rows = _by_manager(on) if by == "manager" else _by_service(on)
    return added_up(sorted(rows, key=lambda row: (-row.overdue, -row.total, row.name.casefold())))


def added_up(rows: Sequence[Debt]) -> AgedDebt:
    """These rows and what they come to."""
    return AgedDebt(rows, _sums(rows), len(rows), sum(row.invoices for row in rows))


def on_account_total() -> Decimal:
    """What clients have paid and is set against nothing yet."""
    lying: Decimal | None = Payment.objects.filter(account_id__gt="", on_account__gt=0).aggregate(
        lying=Sum("on_account")
    )["lying"]
    return lying or ZERO


_BUCKET_NAMES = [f"bucket_{place}" for place in range(len(BUCKETS))]
_IN_BUCKET = [
    "due_on >= %(edge_0)s",
    "due_on < %(edge_0)s AND due_on >= %(edge_1)s",
    "due_on < %(edge_1)s AND due_on >= %(edge_2)s",
    "due_on < %(edge_2)s AND due_on >= %(edge_3)s",
    "due_on < %(edge_3)s",
]
#: Open invoices alone, read from the index that has nothing else in it (`sums_to_be_paid`).
_DEBTS = f"""
    WITH debts AS MATERIALIZED (
        SELECT client_id, count(*) AS invoices, min(due_on) AS oldest, sum(outstanding) AS total,
            {
    ", ".join(
        f"coalesce(sum(outstanding) FILTER (WHERE {condition}), 0.00) AS {name}"
        for name, condition in zip(_BUCKET_NAMES, _IN_BUCKET, strict=True)
    )
}
        FROM invoicing_invoice
        WHERE practice_id = %(practice)s AND status = 'issued' AND outstanding > 0
            AND (%(found)s::bigint[] IS NULL OR client_id = ANY(%(found)s::bigint[]))
        GROUP BY client_id
    )
"""  # noqa: S608 - names of columns alone
_FIGURES = f"invoices, oldest, {', '.join(_BUCKET_NAMES)}"
_CLIENTS_OF_DEBTS = """
    JOIN clients_client AS client ON client.practice_id = %(practice)s AND client.id = debts.client_id
"""
#: One page, and on each of its rows what all of them come to. Behind the last page is the last page.
_PAGE = f"""
    {_DEBTS}, every AS MATERIALIZED (
        SELECT count(*) AS debtors, sum(invoices) AS of_all, {
    ", ".join(f"sum({name}) AS all_{name}" for name in _BUCKET_NAMES)
}
        FROM debts
    )
    SELECT debts.client_id, {_FIGURES}, every.* FROM debts {{joined}} CROSS JOIN every
    ORDER BY {{order}} LIMIT %(size)s
    OFFSET (SELECT least(%(skipped)s, (greatest(debtors, 1) - 1) / %(size)s * %(size)s) FROM every)
"""  # noqa: S608 - names of columns alone
_OF_MANAGERS = f"""
    {_DEBTS}
    SELECT client.manager_id, sum(invoices), min(oldest), {", ".join(f"sum({name})" for name in _BUCKET_NAMES)}
    FROM debts {_CLIENTS_OF_DEBTS} GROUP BY client.manager_id
"""  # noqa: S608 - names of columns alone
_USUAL = ["total - bucket_0 DESC", "total DESC", "debts.client_id"]
_ORDERS = {
    "total": _USUAL,
    "name": ["client.name_key", "debts.client_id"],
    "oldest": ["oldest", *_USUAL],
    **{name: [f"{name} DESC", *_USUAL] for name in _BUCKET_NAMES},
}


def _by_client(on: date, place: Place) -> AgedDebt:
    order = [_turned(each) for each in _ORDERS[place.order]] if place.is_turned else _ORDERS[place.order]
    asked = _PAGE.format(order=", ".join(order), joined=_CLIENTS_OF_DEBTS if place.order == "name" else "")
    found = array(ids_with_words(place.words)) if words_of(place.words) else None
    skipped = (place.page - 1) * (place.size or 0)
    answer = kept_rows(asked, _parameters(on) | {"found": found, "size": place.size, "skipped": skipped})
    rows = _named(
        [
            Debt(key, "", list(figures[: len(BUCKETS)]), number, since)
            for key, number, since, *figures in answer
        ]
    )
    if not answer:
        return AgedDebt([], [ZERO] * len(BUCKETS), 0, 0)
    count, invoices, *sums = answer[0][-2 - len(BUCKETS) :]
    return AgedDebt(rows, sums, count, int(invoices))


def _turned(order: str) -> str:
    return order.removesuffix(" DESC") if order.endswith(" DESC") else f"{order} DESC"


def _parameters(on: date) -> dict[str, Any]:
    edges = {f"edge_{place}": on - timedelta(days=end) for place, end in enumerate(ENDS)}
    return {"practice": acting_practice_id(), "found": None, **edges}


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


def _by_manager(on: date) -> list[Debt]:
    with connection.cursor() as cursor:
        cursor.execute(_OF_MANAGERS, _parameters(on))
        found = cursor.fetchall()
    people = User.objects.in_bulk([manager for manager, *_ in found if manager])
    return [
        Debt(manager, str(people[manager]) if manager else NOBODY, figures, int(invoices), oldest)
        for manager, invoices, oldest, *figures in found
    ]


_SHARES = """
    SELECT line.service_id,
           CASE WHEN invoice.due_on >= %(edge_0)s THEN 0 WHEN invoice.due_on >= %(edge_1)s THEN 1
                WHEN invoice.due_on >= %(edge_2)s THEN 2 WHEN invoice.due_on >= %(edge_3)s THEN 3 ELSE 4 END,
           sum(invoice.outstanding * (line.net + line.vat) / (invoice.net + invoice.vat)),
           count(DISTINCT invoice.id)
    FROM invoicing_invoice AS invoice
    JOIN invoicing_invoiceline AS line
        ON line.practice_id = invoice.practice_id AND line.invoice_id = invoice.id
    WHERE invoice.practice_id = %(practice)s AND invoice.status = 'issued' AND invoice.outstanding > 0
    GROUP BY 1, 2
"""


def _by_service(on: date) -> list[Debt]:
    with connection.cursor() as cursor:
        cursor.execute(_SHARES, _parameters(on))
        shares = cursor.fetchall()
    found: dict[int, Debt] = defaultdict(lambda: Debt(None, ""))
    for service, bucket, amount, invoices in shares:
        debt = found[service]
        debt.key, debt.figures[bucket] = service, to_pence(amount)
        debt.invoices += invoices
    _settle_pennies(found, aged_debt("client", on, Place(size=1)).figures)
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
