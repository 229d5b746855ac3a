"""Everything the sandbox remembers: one SQLite database behind one lock."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Doc = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY,
    business TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
    created REAL NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT,
    date TEXT, due_date TEXT, contact TEXT, status TEXT, type TEXT, reference TEXT, email TEXT, number TEXT,
    search TEXT NOT NULL, body TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS records_by_id ON records (id, kind, business);
CREATE INDEX IF NOT EXISTS records_by_change ON records (business, kind, updated_at);
CREATE INDEX IF NOT EXISTS records_by_deletion ON records (business, kind, deleted_at);
CREATE INDEX IF NOT EXISTS records_by_contact ON records (business, kind, contact);
CREATE INDEX IF NOT EXISTS records_by_status ON records (business, kind, status);
CREATE INDEX IF NOT EXISTS records_by_reference ON records (business, reference) WHERE kind = 'contacts';
CREATE INDEX IF NOT EXISTS records_by_number ON records (business, kind, number) WHERE number IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_by_search ON records (business, kind, search, deleted_at, created);
CREATE TABLE IF NOT EXISTS settlements (
    business TEXT NOT NULL, source_kind TEXT NOT NULL, source TEXT NOT NULL, line TEXT NOT NULL,
    artefact TEXT NOT NULL, amount TEXT NOT NULL, discount TEXT NOT NULL, date TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS settlements_by_artefact ON settlements (artefact);
CREATE INDEX IF NOT EXISTS settlements_by_source ON settlements (source);
CREATE TABLE IF NOT EXISTS businesses (id TEXT PRIMARY KEY, position INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS grants (
    id TEXT PRIMARY KEY, client_id TEXT NOT NULL, scope TEXT NOT NULL, revoked INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS codes (
    code TEXT PRIMARY KEY, client_id TEXT NOT NULL, redirect_uri TEXT NOT NULL, scope TEXT NOT NULL,
    challenge TEXT NOT NULL, challenge_method TEXT NOT NULL, expires REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS tokens (
    digest TEXT PRIMARY KEY, kind TEXT NOT NULL, grant_id TEXT NOT NULL, expires REAL NOT NULL, spent REAL
);
CREATE TABLE IF NOT EXISTS idempotency (
    business TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, request TEXT NOT NULL, answer TEXT NOT NULL,
    at REAL NOT NULL, PRIMARY KEY (business, id)
);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
VERSION = 2  # raise it when the tables change: an older file then starts afresh
TABLES = ("records", "settlements", "businesses", "grants", "codes", "tokens", "idempotency", "settings")
MARK = "\x1f"
ENCODE = json.JSONEncoder(separators=(",", ":")).encode
COLUMNS = [
    "created_at",
    "updated_at",
    "deleted_at",
    "date",
    "due_date",
    "contact",
    "status",
    "type",
    "reference",
    "email",
    "number",
    "search",
    "body",
]
UPSERT = (
    f"INSERT INTO records (business, kind, id, created, {', '.join(COLUMNS)})"  # noqa: S608 - our own columns
    f" VALUES (?, ?, ?, ?{', ?' * len(COLUMNS)}) ON CONFLICT (business, kind, id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)
)


class Store:
    """The database; every use happens under `lock`, changes inside `transaction()`."""

    def __init__(self, path: str | None) -> None:
        self.lock = threading.RLock()
        self._depth = 0
        self._businesses_changed = False
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "temp_store=MEMORY", "cache_size=-65536"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._create_tables()
        self.businesses: dict[str, Doc] = {}
        self.load_businesses()

    def _create_tables(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            for table in TABLES:
                self._connection.execute(f"DROP TABLE IF EXISTS {table}")
        self._connection.executescript(SCHEMA)
        self._connection.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close the database."""
        with self.lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside happen or none; the outermost one decides."""
        with self.lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                    if self._businesses_changed:
                        self.load_businesses()
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")
                self._businesses_changed = False

    def execute(self, sql: str, parameters: tuple[Any, ...] | dict[str, Any] = ()) -> sqlite3.Cursor:
        """Run one statement under the lock."""
        with self.lock:
            return self._connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.lock:
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        with self.lock:
            found: tuple[Any, ...] | None = self._connection.execute(sql, parameters).fetchone()
            return found

    def clear(self) -> None:
        """Forget everything."""
        with self.transaction():
            for table in TABLES:
                self.execute(f"DELETE FROM {table}")  # noqa: S608 - one of our own tables
            self.businesses = {}

    def setting(self, name: str) -> str | None:
        """One remembered setting of the sandbox itself."""
        found = self.row("SELECT value FROM settings WHERE name = ?", (name,))
        return str(found[0]) if found else None

    def set_setting(self, name: str, value: str) -> None:
        """Remember one setting of the sandbox itself."""
        self.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def load_businesses(self) -> None:
        """Read every business again; they are few and used by each request."""
        rows = self.rows("SELECT id, body FROM businesses ORDER BY position")
        self.businesses = {key: json.loads(body) for key, body in rows}
        self._businesses_changed = False

    def save_business(self, business: Doc) -> None:
        """Insert or replace one business."""
        key = business["id"]
        position = list(self.businesses).index(key) if key in self.businesses else len(self.businesses)
        self.execute(
            "INSERT OR REPLACE INTO businesses VALUES (?, ?, ?)", (key, position, json.dumps(business))
        )
        self.businesses[key] = business
        self._businesses_changed = True

    def save(
        self, business: str, kind: str, doc: Doc, created: float, searched: tuple[str | None, ...] = ()
    ) -> None:
        """Insert or replace one record; the columns lists filter on are read from the document itself."""
        names = MARK.join(text.lower() for text in searched if text)
        columns = {
            "created_at": doc.get("created_at") or "",
            "updated_at": doc.get("updated_at") or "",
            "deleted_at": doc.get("deleted_at"),
            "date": doc.get("date"),
            "due_date": doc.get("due_date"),
            "contact": _id(doc.get("contact") or doc.get("_contact")),
            "status": _id(doc.get("status")),
            "type": _type(doc),
            "reference": doc.get("reference"),
            "email": (doc.get("email") or "").lower() or None,
            "number": doc.get("invoice_number") or doc.get("credit_note_number"),
            "search": f"{MARK}{names}{MARK}",
            "body": ENCODE(doc),
        }
        self.execute(
            UPSERT,
            (business, kind, doc["id"], created, *(columns[name] for name in COLUMNS)),
        )

    def bodies(self, numbers: list[int]) -> list[tuple[int, str]]:
        """The documents of these rows, in the order asked for."""
        marks = ", ".join("?" * len(numbers))
        rows = self.rows(f"SELECT seq, body FROM records WHERE seq IN ({marks})", tuple(numbers))  # noqa: S608 - marks
        found = dict(rows)
        return [(number, found[number]) for number in numbers]

    def find(self, business: str, kind: str, key: str) -> Doc | None:
        """The record that is not deleted, or None."""
        found = self.row(
            "SELECT body FROM records WHERE business = ? AND kind = ? AND id = ? AND deleted_at IS NULL",
            (business, kind, key),
        )
        return json.loads(found[0]) if found else None


def _id(linked: object) -> str | None:
    return linked.get("id") if isinstance(linked, dict) else None


def _type(doc: Doc) -> str | None:
    if doc.get("contact_types"):
        return _id(doc["contact_types"][0])
    return _id(doc.get("transaction_type") or doc.get("ledger_account_type") or doc.get("bank_account_type"))
