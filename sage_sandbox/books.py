"""One business's books: its records, its settings, its clock. Every operation gets one."""

import json
import secrets
from datetime import date
from typing import Any

from sage_sandbox.clock import Clock, parse_date
from sage_sandbox.errors import Problems, invalid
from sage_sandbox.reference_data import tax_rate_link
from sage_sandbox.store import Doc, Store
from sage_sandbox.switches import Switches

SALES_ARTEFACTS = ("sales_invoices", "sales_credit_notes", "payments_on_account")


class Books:
    """The records of one business; changes must run inside `store.transaction()`."""

    def __init__(self, store: Store, business: Doc, switches: Switches, clock: Clock) -> None:
        self.store = store
        self.business = business
        self.switches = switches
        self.clock = clock

    @property
    def key(self) -> str:
        """The id of the business."""
        return str(self.business["id"])

    @property
    def country(self) -> str:
        """`GB` or `IE`."""
        return str(self.business["country"])

    def find(self, kind: str, key: object) -> Doc | None:
        """The record that is not deleted, or None."""
        return self.store.find(self.key, kind, key) if isinstance(key, str) else None

    def find_artefact(self, key: object) -> tuple[str, Doc] | None:
        """The invoice, credit note or payment on account of that id, with its kind."""
        for kind in SALES_ARTEFACTS:
            doc = self.find(kind, key)
            if doc is not None:
                return kind, doc
        return None

    def all(self, kind: str, where: str = "", parameters: tuple[Any, ...] = ()) -> list[Doc]:
        """Every record of a kind that is not deleted, in order of creation; `where` adds an SQL condition."""
        condition = f" AND {where}" if where else ""
        rows = self.store.rows(
            "SELECT body FROM records WHERE business = ? AND kind = ? AND deleted_at IS NULL"  # noqa: S608 - own words
            f"{condition} ORDER BY seq",
            (self.key, kind, *parameters),
        )
        return [json.loads(body) for (body,) in rows]

    def add(self, kind: str, doc: Doc, searched: tuple[str | None, ...] = ()) -> None:
        """Store a new record, stamped now."""
        doc["created_at"] = doc["updated_at"] = self.clock.timestamp()
        self.store.save(self.key, kind, doc, self.clock.now(), searched)

    def change(
        self, kind: str, doc: Doc, searched: tuple[str | None, ...] = (), *, stamp: bool = True
    ) -> None:
        """Store a changed record; `stamp` moves its updated_at."""
        if stamp:
            doc["updated_at"] = self.clock.timestamp()
        self.store.save(self.key, kind, doc, self.clock.now(), searched)

    def remove(self, kind: str, doc: Doc, searched: tuple[str | None, ...] = ()) -> None:
        """Mark a record as deleted, so that only the deleted feed shows it (FACTS.md 3)."""
        doc["deleted_at"] = doc["updated_at"] = self.clock.timestamp()
        self.store.save(self.key, kind, doc, self.clock.now(), searched)

    def save_business(self) -> None:
        """Store the business with its settings."""
        self.store.save_business(self.business)

    def tax_rate(self, key: object) -> Doc | None:
        """The short form of one of this business's tax rates, or None."""
        return tax_rate_link(self.country, key) if isinstance(key, str) else None

    def open_date(self, value: object, problems: Problems, source: str = "date") -> date | None:
        """The date when the books are open on it; otherwise the problem is noted (FACTS.md 2)."""
        if value in (None, ""):
            problems.add(source)
            return None
        try:
            day = parse_date(value)
        except ValueError:
            problems.add(source, "is not a valid date")
            return None
        message = self._closed(day)
        if message:
            problems.add(source, message)
            return None
        return day

    def refuse_closed(self, value: str, source: str = "date") -> None:
        """Raise 422 when a document of that date lies in a locked period."""
        message = self._closed(parse_date(value))
        if message:
            raise invalid(source, message)

    def _closed(self, day: date) -> str:
        settings = self.business["financial_settings"]
        starts, locked = settings["accounts_start_date"], settings["year_end_lockdown_date"]
        if starts and day < date.fromisoformat(starts):
            return "must be on or after the accounts start date"
        if locked and day <= date.fromisoformat(locked):
            return "is in a locked period"
        return ""


def new_id() -> str:
    """A fresh entity id: 32 lower-case hexadecimal characters (FACTS.md 2)."""
    return secrets.token_hex(16)


def short(doc: Doc) -> Doc:
    """The linked form of a record, as it stands inside other documents."""
    return {"id": doc["id"], "displayed_as": doc["displayed_as"], "$path": doc["$path"]}
