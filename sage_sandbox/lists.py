"""Lists and partial answers: envelope, paging, filters, change feeds, attributes (FACTS.md 3)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from sage_sandbox.books import SALES_ARTEFACTS
from sage_sandbox.clock import parse_date, parse_instant
from sage_sandbox.errors import bad_request
from sage_sandbox.exchange import Call
from sage_sandbox.presentation import present
from sage_sandbox.store import MARK, Doc

DEFAULT_ROWS, MOST_ROWS = 20, 200


@dataclass(frozen=True, slots=True)
class Listing:
    """What one list understands: filters (query parameter to SQL), orders, and whether it has a deleted feed."""

    kind: str
    filters: dict[str, str] = field(default_factory=dict)
    sorts: tuple[str, ...] = ()
    searchable: bool = False
    deleted_feed: bool = True
    custom: Callable[[Call], tuple[str, list[Any]]] | None = None


def list_records(call: Call, listing: Listing) -> Doc:
    """The envelope with the asked page of stored records."""
    where, parameters = _conditions(call, listing)
    store = call.books.store
    index = "INDEXED BY records_by_search " if "instr(search" in where else ""
    found = store.rows(
        f"SELECT seq FROM records {index}WHERE {where} ORDER BY {_order(call, listing)}",  # noqa: S608 - own parts
        tuple(parameters),
    )
    page, size, last = _page(call, len(found))
    wanted = [seq for (seq,) in found[(page - 1) * size : page * size]]
    items = [
        present(call, listing.kind, json.loads(body), single=False, legacy_id=seq)
        for seq, body in store.bodies(wanted)
    ]
    return envelope(call, items, total=len(found), page=page, size=size, last=last)


def list_rows(call: Call, kind: str, rows: list[Doc]) -> Doc:
    """The envelope with the asked page of rows that are not stored, such as tax rates."""
    page, size, last = _page(call, len(rows))
    items = [present(call, kind, row, single=False) for row in rows[(page - 1) * size : page * size]]
    return envelope(call, items, total=len(rows), page=page, size=size, last=last)


def envelope(call: Call, items: list[Doc], *, total: int, page: int, size: int, last: int) -> Doc:
    """The list answer; `$next` and `$back` have neither host nor `/v3.1`."""
    return {
        "$total": total,
        "$page": page,
        "$next": _address(call, page + 1, size) if page < last else None,
        "$back": _address(call, page - 1, size) if page > 1 else None,
        "$itemsPerPage": size,
        "$items": items,
    }


def _page(call: Call, total: int) -> tuple[int, int, int]:
    size = _whole(call, "items_per_page", DEFAULT_ROWS, MOST_ROWS)
    page = _whole(call, "page", 1, None)
    last = max(1, -(-total // size))
    # Beyond the end Sage repeats the last page (FACTS.md 15.5).
    return min(page, last), size, last


def _whole(call: Call, name: str, default: int, most: int | None) -> int:
    text = call.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= (most or 10**9)):
        raise bad_request(f"{name} must be a whole number from 1{f' to {most}' if most else ''}.", name)
    return int(text[:9])


def _address(call: Call, page: int, size: int) -> str:
    rest = [(name, value) for name, value in call.pairs if name not in ("page", "items_per_page")]
    query = "".join(f"&{quote(name)}={quote(value, safe=':,')}" for name, value in rest)
    return f"{call.resource}?page={page}&items_per_page={size}{query}"


def _order(call: Call, listing: Listing) -> str:
    wanted = call.query.get("sort")
    if not wanted:
        return "seq"
    name, _, direction = wanted.partition(":")
    if name not in listing.sorts or direction not in ("", "asc", "desc"):
        raise bad_request(
            f"sort must be one of {', '.join(listing.sorts) or 'none'}, with :asc or :desc.", "sort"
        )
    down = "DESC" if direction == "desc" else "ASC"
    return f"{name} {down}, seq {down}"


def _conditions(call: Call, listing: Listing) -> tuple[str, list[Any]]:
    switches = call.books.switches
    parts = ["business = ?", "kind = ?"]
    parameters: list[Any] = [call.books.key, listing.kind]
    _add_feeds(call, listing, parts, parameters)
    for name, sql in listing.filters.items():
        value = call.query.get(name)
        if value:
            parts.append(sql)
            parameters.append(_date(name, value) if name in ("from_date", "to_date") else value)
    search = call.query.get("search")
    if search and listing.searchable:
        ends = {"substring": ("", ""), "prefix": (MARK, ""), "exact": (MARK, MARK)}[switches["search_mode"]]
        parts.append("instr(search, ?) > 0")
        parameters.append(f"{ends[0]}{search.lower()}{ends[1]}")
    if switches["index_delay_seconds"] and listing.deleted_feed:
        parts.append("created <= ?")
        parameters.append(call.books.clock.now() - switches["index_delay_seconds"])
    if listing.custom:
        sql, values = listing.custom(call)
        if sql:
            parts.append(sql)
            parameters += values
    return " AND ".join(parts), parameters


def _add_feeds(call: Call, listing: Listing, parts: list[str], parameters: list[Any]) -> None:
    feed = call.books.switches["void_feed"] if listing.kind in SALES_ARTEFACTS else "updated"
    deleted_since = call.query.get("deleted_since") if listing.deleted_feed else None
    if deleted_since:
        since = _stamp("deleted_since", deleted_since, up=False)
        if feed == "updated":
            parts.append("deleted_at > ?")
            parameters.append(since)
        else:
            parts.append("(deleted_at > ? OR (status = 'VOID' AND deleted_at IS NULL AND updated_at > ?))")
            parameters += [since, since]
    else:
        parts.append("deleted_at IS NULL")
    changed_since = call.query.get("updated_or_created_since")
    if changed_since:
        parts.append("updated_at >= ?")
        parameters.append(_stamp("updated_or_created_since", changed_since, up=True))
        if feed == "deleted" and not deleted_since:
            parts.append("status IS NOT 'VOID'")


def _stamp(name: str, text: str, *, up: bool) -> str:
    try:
        moment = parse_instant(text)
    except ValueError as error:
        raise bad_request(f"{name} is not a valid date or date-time.", name) from error
    if up and moment.microsecond:
        moment += timedelta(seconds=1)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _date(name: str, text: str) -> str:
    try:
        return parse_date(text).isoformat()
    except ValueError as error:
        raise bad_request(f"{name} is not a valid date.", name) from error
