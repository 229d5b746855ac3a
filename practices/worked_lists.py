"""The list system for rows that are worked out in memory: debts by manager, things that need somebody, keys, rates.

They are few enough to be held at once, and no index knows their order. Declared, shown, kept and taken away as every
`practices.lists.List`: an order names a column to compare by (`("-debt",)` the largest first), one without
(`()`, or `("-",)` where the largest come first) is the order in which the page gives the rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http.response import HttpResponseBase

from practices.lists import PAGE, ShownList, file_of_cells, in_words, plain


@dataclass(frozen=True, slots=True)
class WorkedPage:
    """Rows of one page and the query strings of those around it, as `keyset_pager` takes them."""

    rows: Sequence[Any]
    previous: str
    next: str
    #: How many rows the words let through, as a number and in words; and all of them where they are in memory.
    count: int
    found: str
    everything: Sequence[Any] = ()

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def worked_page(shown: ShownList, rows: Iterable[Any], *, size: int = PAGE) -> WorkedPage:
    """The page that the address asks for, of the rows that hold its words (`q`), in its order."""
    return page_of_rows(shown, _ordered(shown, _with_words(shown, list(rows))), size=size)


def page_of_rows(shown: ShownList, everything: Sequence[Any], *, size: int = PAGE) -> WorkedPage:
    """The page that the address asks for, of rows that are chosen and in order already."""
    first = (min(page_asked(shown), _last_page(len(everything), size)) - 1) * size
    page = page_found(shown, everything[first : first + size], len(everything), size=size)
    return replace(page, everything=everything)


def page_found(shown: ShownList, rows: Sequence[Any], count: int, *, size: int = PAGE) -> WorkedPage:
    """The page that the address asks for (the last one where it is behind it), of rows that were read for it alone."""
    last = _last_page(count, size)
    number = min(page_asked(shown), last)
    return WorkedPage(
        rows,
        _address(shown, number - 1) if number > 1 else "",
        _address(shown, number + 1) if number < last else "",
        count,
        in_words(count, shown.declared.nouns),
    )


def page_asked(shown: ShownList) -> int:
    """The number of the page in the address; 1 for none, and for what is no number."""
    asked = shown.request.GET.get("page", "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 10 else 1


def _last_page(count: int, size: int) -> int:
    return max(1, -(-count // size))


def worked_file(shown: ShownList, rows: Iterable[Any]) -> HttpResponseBase | None:
    """The CSV file the address asks for: the rows that hold its words, in the shown columns; else None."""
    return (
        file_of_rows(shown, _ordered(shown, _with_words(shown, list(rows)))) if asks_for_file(shown) else None
    )


def file_of_rows(shown: ShownList, rows: Iterable[Any]) -> HttpResponseBase | None:
    """The CSV file the address asks for, of rows that are chosen and in order already; else None."""
    if not asks_for_file(shown):
        return None
    return file_of_cells(shown, ([plain(column.value(row)) for column in shown.columns] for row in rows))


def asks_for_file(shown: ShownList) -> bool:
    """Whether the address asks for the file of the list, and not for a page of it."""
    return shown.request.GET.get("file") == "csv"


def _with_words(shown: ShownList, rows: list[Any]) -> list[Any]:
    """Rows in which every word of the search begins or stands somewhere, whichever columns are shown."""
    words = shown.request.GET.get("q", "").casefold().split()
    if not words:
        return rows
    return [row for row in rows if all(word in _text(shown, row) for word in words)]


def _text(shown: ShownList, row: Any) -> str:
    values = (plain(column.value(row)) for column in shown.offered)
    return " ".join(str(value) for value in values if value is not None).casefold()


def _ordered(shown: ShownList, rows: list[Any]) -> list[Any]:
    """The rows in the order asked for; turned round it is the same order from its end."""
    order, turned = shown.declared.orders[shown.sort.removeprefix("-")], shown.sort.startswith("-")
    if key := "".join(order).removeprefix("-"):
        value = next(column.value for column in shown.declared.columns if column.key == key)
        rows = sorted(rows, key=lambda row: _comparable(value(row)), reverse=order[0].startswith("-"))
    return rows[::-1] if turned else rows


def _comparable(value: Any) -> tuple[bool, Any]:
    """What is compared: letters without their size, and nothing before everything else."""
    return (bool(value not in (None, "")), value.casefold() if isinstance(value, str) else value or 0)


def _address(shown: ShownList, number: int) -> str:
    query = shown.query
    return f"?{query}&page={number}" if query else f"?page={number}"
