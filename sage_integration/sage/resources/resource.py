"""What all resources share: reading one, listing many, sending a new one or a change."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import ClassVar, Generic, TypedDict, TypeVar, cast
from urllib.parse import quote

from sage_integration.sage.decimals import with_decimals
from sage_integration.sage.errors import OutcomeUnknown, UnexpectedAnswer
from sage_integration.sage.paging import ROWS_PER_PAGE, rows
from sage_integration.sage.transport import JsonObject, Params, Transport


class Linked(TypedDict):
    """Another record, as it appears inside one."""

    id: str
    displayed_as: str


class Link(TypedDict):
    """A web address of a record; `rel` "bookmark" holds a secret and is never kept (FACTS.md 9.7)."""

    href: str
    rel: str
    type: str


Row = TypeVar("Row")


class Resource(Generic[Row]):
    """One kind of record of a business."""

    #: Where Sage keeps it, for instance "/contacts".
    path: ClassVar[str]
    #: The key that wraps a body, for instance "contact".
    namespace: ClassVar[str] = ""
    #: What a list row carries beside id and name; Sage shows nothing else unless asked (FACTS.md 3).
    attributes: ClassVar[tuple[str, ...]] = ()
    #: Fields that Sage writes as decimal strings and callers get as Decimal.
    decimals: ClassVar[tuple[str, ...]] = ()

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _one(self, path: str, **params: str | int | bool | None) -> Row:
        return self._understood(self._transport.read(path, params))

    def _many(self, **params: str | int | bool | None) -> Iterator[Row]:
        query: Params = {"items_per_page": ROWS_PER_PAGE, "attributes": ",".join(self.attributes), **params}
        for row in rows(self._transport.read, self._transport.base_url, self.path, query):
            yield self._understood(row)

    def _create(self, body: object) -> Row:
        return self._changed("POST", self.path, self._wrapped(body))

    def _update(self, record_id: str, body: object) -> Row:
        path = self._path_of(record_id)
        stored = self._changed("PUT", path, self._wrapped(body))
        if (theirs := cast(JsonObject, stored)["id"]) != record_id:
            raise OutcomeUnknown(f"PUT {path}: the answer is of {theirs}")
        return stored

    def _changed(self, method: str, path: str, body: Mapping[str, object] | None) -> Row:
        return self._stored(f"{method} {path}", self._transport.write(method, path, body))

    def _stored(self, asked: str, record: JsonObject) -> Row:
        """The record as Sage stored it; without an id nobody knows what was stored."""
        if not isinstance(record.get("id"), str) or not record["id"]:
            raise OutcomeUnknown(f"{asked}: the answer has no id")
        try:
            return cast(Row, with_decimals(record, self.decimals))
        except ValueError as error:
            raise OutcomeUnknown(f"{asked}: {error}") from error

    def _understood(self, record: JsonObject) -> Row:
        try:
            return cast(Row, with_decimals(record, self.decimals))
        except ValueError as error:
            raise UnexpectedAnswer(f"GET {self.path}: {error}") from error

    def _wrapped(self, body: object) -> dict[str, object]:
        return {self.namespace: body}

    def _path_of(self, record_id: str, action: str = "") -> str:
        if not record_id:
            raise ValueError("An empty id would address the whole list")
        return f"{self.path}/{quote(record_id, safe='')}" + (f"/{action}" if action else "")


def moment_text(moment: datetime | None) -> str | None:
    """An instant as Sage's change feeds take it: UTC, whole seconds, rounded down (FACTS.md 3)."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("A change feed needs an instant with a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def web_address(links: list[Link] | None) -> str | None:
    """The page of a record in Sage for people who may sign in there (FACTS.md 9.7)."""
    return next((link["href"] for link in links or [] if link.get("rel") == "alternate"), None)
