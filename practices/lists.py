"""Lists as people use them: columns of one's own choice, an order, a file of what the filters let through, kept views.

A list is declared once. Its page asks which columns are shown (`{% if "state" in list %}`); the components draw the
headings and the tools from the same declaration, and the file is made from it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from practices.limits import asked_too_often, too_often
from practices.models import SavedView
from practices.paging import KeysetPage, keyset_page
from practices.requests import PracticeRequest
from practices.saved_views import PLACES, views_of
from practices.spreadsheets import csv_file

#: Rows of a page, rows read together for a file, and how far rows are counted.
PAGE, AT_ONCE, COUNTED = 50, 1000, 1000
#: What of an address says how the list looks, and not which rows it holds.
LOOKS = {"columns", "sort", "file", *PLACES}
#: Makes of some rows what the columns take.
Prepared = Callable[[Sequence[Any]], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``value`` is what a file says of a row, money as `Decimal`, dates as dates, instants in UTC.

    One that is ``fixed`` names the row and is always there; one that starts ``hidden`` waits to be chosen. Where every
    shown column says what it ``reads``, a file reads nothing else: ``value`` then takes those fields of a row.
    """

    key: str
    label: str
    value: Callable[..., Any]
    is_figure: bool = False
    fixed: bool = False
    hidden: bool = False
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class List:
    """A list of the product.

    ``page`` is the URL name; ``orders`` are the ways to sort by a column's key, each as columns for `keyset_page`, the
    first one the usual; ``prepared`` gives what the columns take, for some rows at once, so that what belongs to them
    is read at once too.
    """

    name: str
    page: str
    nouns: tuple[str, str]
    columns: tuple[Column, ...]
    orders: Mapping[str, Sequence[str]]
    prepared: Prepared = field(default=lambda rows: rows)

    def __post_init__(self) -> None:
        LISTS[self.name] = self


#: Every list there is, by name.
LISTS: dict[str, List] = {}


class ShownList:
    """A list as one address asks for it; `"key" in shown` says whether a column is there.

    Columns that this practice has no use for are left out by their keys (``without``).
    """

    def __init__(self, request: PracticeRequest, declared: List, *, without: Collection[str] = ()) -> None:
        self.request, self.declared = request, declared
        self.offered = [column for column in declared.columns if column.key not in without]
        chosen = set(request.GET.getlist("columns")) & {column.key for column in self.offered}
        self.columns = [
            column
            for column in self.offered
            if column.fixed or (column.key in chosen if chosen else not column.hidden)
        ]
        self._keys = {column.key for column in self.columns}
        asked = request.GET.get("sort", "")
        self.sort = asked if asked.removeprefix("-") in declared.orders else next(iter(declared.orders))

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    @property
    def name(self) -> str:
        """What its kept views and its file are called."""
        return self.declared.name

    @property
    def path(self) -> str:
        """Where the list is."""
        return self.request.path

    @property
    def order(self) -> list[str]:
        """The columns it is sorted by, for `keyset_page`."""
        usual = list(self.declared.orders[self.sort.removeprefix("-")])
        return [_turned(name) for name in usual] if self.sort.startswith("-") else usual

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """Columns to choose from: key, heading, whether it is shown."""
        return [
            (column.key, column.label, column.key in self._keys)
            for column in self.offered
            if not column.fixed
        ]

    @property
    def headings(self) -> list[dict[str, Any]]:
        """The shown columns: heading, whether figures stand in it, and where it sorts."""
        return [self._heading(column) for column in self.columns]

    def _heading(self, column: Column) -> dict[str, Any]:
        found = {"key": column.key, "label": column.label, "end": column.is_figure, "url": "", "sorted": ""}
        if column.key in self.declared.orders:
            turned = f"-{column.key}" if self.sort == column.key else column.key
            usual = [*self.declared.orders[column.key], ""][0]
            descends = self.sort.startswith("-") != usual.startswith("-")
            found["url"] = "?" + urlencode([*self._kept({"sort", *PLACES}), ("sort", turned)])
            if self.sort.removeprefix("-") == column.key:
                found["sorted"] = "descending" if descends else "ascending"
        return found

    @property
    def lead(self) -> int:
        """How many columns stand before the first figure, for the heading of the totals."""
        return next(
            (place for place, column in enumerate(self.columns) if column.is_figure), len(self.columns)
        )

    @property
    def query(self) -> str:
        """The address's choices without the place in the list."""
        return urlencode(self._kept(PLACES))

    @property
    def is_narrowed(self) -> bool:
        """Whether some rows may be left out."""
        return bool(self._kept(LOOKS))

    @property
    def looks(self) -> list[tuple[str, str]]:
        """Columns and order, for the form with the filters to carry along."""
        return [(key, value) for key, value in self._kept(PLACES) if key in LOOKS]

    @property
    def rows_asked(self) -> list[tuple[str, str]]:
        """Filters and order, for the form with the columns to carry along."""
        return self._kept({"columns", *PLACES})

    @property
    def file_url(self) -> str:
        """Where the file of everything the filters let through is made."""
        return "?" + urlencode([*self._kept(PLACES), ("file", "csv")])

    @property
    def views(self) -> list[SavedView]:
        """The person's kept views of it."""
        return views_of(self.request.user, self.name)

    def page_of(self, rows: "QuerySet[Any]", parts: Sequence[Q] = ()) -> "KeysetPage[Any]":
        """The rows of the page the address asks for, and the way on; ``parts`` as `keyset_page` takes them."""
        return keyset_page(rows, self.order, self.request.GET, size=PAGE, parts=parts)

    def counted(
        self, rows: "QuerySet[Any]", page: "KeysetPage[Any] | None" = None, order: tuple[str, ...] = ()
    ) -> str:
        """How many rows there are, in words: `1 message`, `more than 1,000 messages`.

        Of a ``page`` that holds all of them they are not looked for again: rare ones are found among very many. The
        ``order`` of an index says from where on they are counted, where the first in the table are mostly others.
        """
        if page is not None and not page.previous and not page.next:
            return in_words(len(page), self.declared.nouns)
        return in_words(rows.order_by(*order)[: COUNTED + 1].count(), self.declared.nouns)

    def _kept(self, without: set[str]) -> list[tuple[str, str]]:
        pairs = [(name, value) for name, values in self.request.GET.lists() for value in values]
        return [(name, value) for name, value in pairs if name not in without and name != "file" and value]


def in_words(count: int, nouns: tuple[str, str], *, up_to: int | None = COUNTED) -> str:
    """A count up to a number exactly, `more than 1,000 messages` beyond it; without one always exactly."""
    if up_to is not None and count > up_to:
        return f"more than {up_to:,} {nouns[1]}"
    return f"{count:,} {nouns[0] if count == 1 else nouns[1]}"


def in_figures(count: int) -> int | str:
    """A count beside a tab: up to `COUNTED` exactly, `1,000+` beyond it."""
    return f"{COUNTED:,}+" if count > COUNTED else count


def file_of(
    shown: ShownList, rows: "QuerySet[Any]", prepared: Prepared | None = None
) -> HttpResponseBase | None:
    """The CSV file the address asks for: all rows the filters let through, in the shown columns; else None.

    ``prepared`` stands in for the list's own where it needs what only the request knows.
    """
    if shown.request.GET.get("file") != "csv":
        return None
    prepared = prepared or shown.declared.prepared
    return file_of_cells(shown, _cells(shown, rows.order_by(*shown.order), prepared))


def file_of_cells(shown: ShownList, cells: Iterable[Sequence[Any]]) -> HttpResponseBase:
    """The list's file of these cells, or the answer to somebody who asks for too many."""
    if asked_too_often(shown.request):
        return too_often(shown.request)
    heads = [column.label for column in shown.columns]
    today = shown.request.practice.today()
    return FileResponse(
        csv_file(heads, cells),
        as_attachment=True,
        filename=f"{shown.name}-{today.isoformat()}.csv",
        content_type="text/csv; charset=utf-8",
    )


def _cells(shown: ShownList, rows: "QuerySet[Any]", prepared: Prepared) -> Iterator[list[Any]]:
    """The cells of the file, read and prepared a batch at a time, so that their number costs no memory."""
    if all(column.reads for column in shown.columns):
        yield from _read(shown, rows)
        return
    batch: list[Any] = []
    for row in rows.iterator(chunk_size=AT_ONCE):
        batch.append(row)
        if len(batch) == AT_ONCE:
            yield from _said(shown, prepared(batch))
            batch = []
    yield from _said(shown, prepared(batch))


def _read(shown: ShownList, rows: "QuerySet[Any]") -> Iterator[list[Any]]:
    """The cells made of nothing but the fields that the shown columns read."""
    fields = list(dict.fromkeys(name for column in shown.columns for name in column.reads))
    makers = [_maker(column, [fields.index(name) for name in column.reads]) for column in shown.columns]
    for row in rows.values_list(*fields).iterator(chunk_size=AT_ONCE):
        yield [maker(row) for maker in makers]


def _maker(column: Column, places: list[int]) -> Callable[[Any], Any]:
    """What makes the column's cell of a row of fields; what is written as it was read costs next to nothing."""
    value, (first, *others) = column.value, places
    if value is as_it_is:
        return itemgetter(first)
    if not others:
        return lambda row: value(row[first])
    return lambda row: value(*[row[place] for place in places])


def as_it_is(value: Any) -> Any:
    """The value of a column that says what it reads."""
    return value


def _said(shown: ShownList, rows: Iterable[Any]) -> Iterator[list[Any]]:
    for row in rows:
        yield [plain(column.value(row)) for column in shown.columns]


def plain(value: Any) -> Any:
    """An instant as the practice's clock says it."""
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    return value


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"
