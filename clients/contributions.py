"""What the apps above add to the pages about clients: columns, filters, and what belongs to a client.

They register here when they are ready; the pages of this app show what there is and import nobody above.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import Q
from django.db.models.expressions import Combinable, Expression

from clients.models import Client, ClientQuerySet
from practices.arrays import Ids
from practices.written_rows import WrittenRows


@dataclass(frozen=True, slots=True)
class Cell:
    """What a column says of one client: an amount in the practice's currency, a date, or words with a tone."""

    text: str = ""
    amount: Decimal | None = None
    on: date | None = None
    tone: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Whose:
    """What rows of the clients that count are like: ``rows`` for whatever an index finds by client, ``each`` for what
    has an index of little else, in which every row is held against it. Where nearly all rows count, ``but`` is what
    those are like that do not."""

    rows: Q
    each: Q
    but: Q | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the client list.

    ``says`` takes a client and today, None where there is nothing to say; the client has the expressions of ``asks`` as
    attributes, which one question answers for all columns: they depend on the client alone, and are put into SQL once
    in a process. What takes more than that is worked out by ``cells``, from the ids of a page of clients and today.
    ``total`` takes what rows of the clients that count are like, and is what the column adds up to for them, as a
    column of `practices.scalars.figures`.
    One that is ``in_head`` also stands at the head of each client's page. ``sort`` gives an expression of a client
    that is never null; the list can be ordered by a column that has it.
    """

    key: str
    label: str
    says: Callable[[Any, date], Cell | None] | None = None
    asks: Callable[[], Mapping[str, Combinable]] = dict
    cells: Callable[[Sequence[int], date], Mapping[int, Cell]] | None = None
    total: Callable[[Whose], Combinable] | None = None
    is_figure: bool = False
    in_head: bool = False
    order: int = 50
    sort: Callable[[], Expression] | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """When something last happened to clients in an app above.

    ``latest`` is an expression of a client, null where nothing did; ``since`` names everybody something happened to
    from then on.
    """

    key: str
    latest: Callable[[], Combinable]
    since: Callable[[datetime], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice that narrows the client list.

    Either ``narrow`` takes the clients, the choice and today, or ``ids`` finds whom a choice lets through today,
    whatever their state.
    """

    key: str
    label: str
    choices: Sequence[tuple[str, str]]
    narrow: Callable[[ClientQuerySet, str, date], ClientQuerySet] | None = None
    ids: Callable[[str, date], Ids] | None = None

    def narrowed(self, clients: ClientQuerySet, choice: str, today: date) -> ClientQuerySet:
        """Those of the clients whom a choice lets through."""
        if self.ids is not None:
            return clients.among(self.ids(choice, today))
        assert self.narrow is not None  # noqa: S101 - one of the two is there
        return self.narrow(clients, choice, today)


#: The ids of the rows of one kind that belong to a client.
RowsOf = Callable[[Client], Sequence[int]]

_columns: dict[str, Column] = {}
_filters: dict[str, Filter] = {}
_belongings: dict[str, RowsOf] = {}
_activities: dict[str, Activity] = {}
#: Choices of columns whose question is kept; anybody may ask for others by the address of a list.
MOST_KEPT = 64


def add_column(column: Column) -> None:
    """Offer a column of the client list."""
    _columns[column.key] = column


def add_filter(choice: Filter) -> None:
    """Offer a filter of the client list."""
    _filters[choice.key] = choice


def add_belongings(subject_type: str, rows_of: RowsOf) -> None:
    """Show what is recorded about these rows (`invoicing.invoice`) in their client's activity."""
    _belongings[subject_type] = rows_of


def add_activity(activity: Activity) -> None:
    """Count this among what happens to clients."""
    _activities[activity.key] = activity


def columns() -> list[Column]:
    """The columns that the apps above offer, from left to right."""
    return sorted(_columns.values(), key=lambda column: column.order)


def filters() -> list[Filter]:
    """The filters that the apps above offer."""
    return list(_filters.values())


def activities() -> list[Activity]:
    """What the apps above know to happen to clients."""
    return list(_activities.values())


def belongings_of(client: Client) -> dict[str, Sequence[int]]:
    """The rows that belong to a client, by their kind; the client itself is among them."""
    rows = {subject_type: rows_of(client) for subject_type, rows_of in _belongings.items()}
    own = [client.pk, *Client.objects.filter(merged_into=client).values_list("pk", flat=True)]
    return {"clients.client": own, **rows}


def head_of(client: Client, today: date) -> list[dict[str, Any]]:
    """What stands at the head of a client's page: label and cell of each column that belongs there."""
    shown = [column for column in columns() if column.in_head]
    return [
        {"label": column.label, "cell": cells.get(client.pk, Cell("—"))}
        for column, cells in zip(shown, cells_of(shown, [client], today), strict=True)
    ]


def cells_of(shown: Sequence[Column], clients: Sequence[Client], today: date) -> list[Mapping[int, Cell]]:
    """What each column says of each of these clients, by the client's id; absent where it says nothing."""
    _add_what_is_asked([column for column in shown if column.says], clients)
    ids = [client.pk for client in clients]
    return [column.cells(ids, today) if column.cells else _said(column, clients, today) for column in shown]


def _add_what_is_asked(shown: Sequence[Column], clients: Sequence[Client]) -> None:
    """Give each client the expressions of all these columns as attributes, with one query."""
    written = _written(tuple(shown))
    found = written.of(client.pk for client in clients) if written else {}
    for client in clients:
        for name, value in found.get(client.pk, {}).items():
            setattr(client, name, value)


@lru_cache(maxsize=MOST_KEPT)
def _written(shown: tuple[Column, ...]) -> WrittenRows | None:
    """What these columns ask, put into SQL once; nothing where they ask nothing."""
    asked = {name: each for column in shown for name, each in column.asks().items()}
    return WrittenRows(Client, asked) if asked else None


def _said(column: Column, rows: Sequence[Client], today: date) -> dict[int, Cell]:
    assert column.says is not None  # noqa: S101 - a column has the one or the other
    said = {client.pk: column.says(client, today) for client in rows}
    return {pk: cell for pk, cell in said.items() if cell is not None}
