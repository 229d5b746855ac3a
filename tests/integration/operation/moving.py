"""A full export as a file, and what it says without the ids that differ from one installation to the next."""

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Model

from ignition.moving_in.references import carry_over
from practices.export_format import JSON_AS_IT_WAS, TEXT_AS_IT_WAS
from practices.export_models import PracticeExport
from practices.exporting import archive_of, start_export
from practices.isolation import tenant_models
from practices.job_steps import run_live_jobs
from practices.models import Practice, User
from practices.tenancy import acting_for, practice_scope
from tests.conftest import sweeper

#: What is not on arrival as it was: the connection, what was under way, and where the practice is found.
DIFFERS = {
    "sage_integration.sageconnection": {
        "status",
        "access_expires_at",
        "refresh_expires_at",
        "trouble",
        "trouble_since",
    },
    "ledger.posting": {"attempted_at"},
    "practices.outgoingemail": {"status", "failure"},
    "practices.webhookendpoint": {"removed_at"},
    "proposals.proposalline": {"shown_as"},
    "proposals.proposaloption": {"shown_as"},
}
#: What taking a practice in adds.
ADDED = {"practices.auditentry": "practice.taken_in", "practices.outgoingemail": "practices/moved_in"}


#: Ids begin here while a practice is made whose move is looked at: numbers that stand in no text by chance.
LARGE, APART = 700_000_000, 1_000_000
AN_ID = re.compile(r"(?<!\d)7\d{8}(?!\d)")


@contextmanager
def large_ids() -> Iterator[None]:
    """Inside, new rows get ids that no other number is mistaken for, those of each table apart."""
    server = sweeper(connection.settings_dict["PORT"], connection.settings_dict["NAME"])
    models = [*tenant_models(), Practice, User]
    with server.cursor() as cursor:
        before = [_last_id(cursor, model) for model in models]
        for place, model in enumerate(models):
            _set_id(cursor, model, LARGE + place * APART)
    try:
        yield
    finally:
        with server.cursor() as cursor:
            for model, last in zip(models, before, strict=True):
                _set_id(cursor, model, last)


def _last_id(cursor: Any, model: type[Model]) -> int:
    cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [model._meta.db_table])
    return cursor.fetchone()[0]


def _set_id(cursor: Any, model: type[Model], last: int) -> None:
    cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [model._meta.db_table, last])


#: What tests and the demo make out of ids: addresses of people, and what the pretend Sage calls its contacts.
MADE_UP = {
    "clients.contactperson.email",
    "practices.outgoingemail.to",
    "sage_integration.sagelink.copied",
    "sage_integration.sagelink.seen",
}


def still_named(first: Path, second: Path) -> set[str]:
    """Columns of the second export that name a row of the first by the id it had there."""
    gone = {row["id"] for rows in _tables(first).values() for row in rows}
    passed_over = JSON_AS_IT_WAS | TEXT_AS_IT_WAS | MADE_UP
    return {
        f"{label}.{name}"
        for label, rows in _tables(second).items()
        for row in rows
        for name, value in row.items()
        if f"{label}.{name}" not in passed_over
        and name != "shown_as"
        and gone & set(map(int, AN_ID.findall(json.dumps(value))))
    }


def _tables(path: Path) -> dict[str, list[dict[str, Any]]]:
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        return {table["name"]: _rows(archive, table["file"]) for table in manifest["tables"]}


def exported(practice: Practice, path: Path) -> Path:
    """The practice's full export, made by its job, at that path."""
    with practice_scope(practice.pk):
        start_export()
    with acting_for(practice.pk):
        run_live_jobs()
    with practice_scope(practice.pk), archive_of(PracticeExport.objects.get()) as file, path.open("wb") as to:
        shutil.copyfileobj(file, to)
    return path


def rewritten(path: Path, to: Path, **members: bytes) -> Path:
    """The archive with other contents in these members (`manifest_json` for `manifest.json`), nothing else changed."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            content = members.get(name.replace(".", "_"), old.read(name))
            new.writestr(name, content)
    return to


def manifest_of(path: Path) -> dict[str, Any]:
    """What the archive says of itself."""
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("manifest.json"))


def said(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row by table, with places instead of ids, in keys and in everything else that points to a row."""
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        rows = {table["name"]: _rows(archive, table["file"]) for table in manifest["tables"]}
        people = _rows(archive, "people.ndjson")
        (practice,) = _rows(archive, "practice.ndjson")
        files = {each["file"]: each["sha256"] for each in manifest["files"]}
    places: dict[tuple[str, int], Any] = {
        (label, row["id"]): place for label, each in rows.items() for place, row in enumerate(each)
    }
    places |= {("practices.user", person["id"]): person["email"] for person in people}
    places["practices.practice", practice["id"]] = "the practice"

    def place(label: str, pk: int) -> Any:
        return places.get((label, pk), "gone")

    keys = {table["name"]: _keys(table) for table in manifest["tables"]}
    return {
        label: [_bare(label, row, keys[label], files, place) for row in each if not _is_added(label, row)]
        for label, each in rows.items()
    }


def _rows(archive: zipfile.ZipFile, file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(file).decode().splitlines()]


def _keys(table: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["references"] for each in table["columns"] if "references" in each}


def _is_added(label: str, row: dict[str, Any]) -> bool:
    return label in ADDED and ADDED[label] in (row.get("action"), row.get("kind"))


def _bare(label: str, row: dict[str, Any], keys: dict[str, str], files: dict[str, str], place: Any) -> Any:
    carry_over(label, row, place, slug="the-practice")
    for name, target in keys.items():
        row[name] = None if row[name] is None else place(target, row[name])
    for name, value in row.items():
        if isinstance(value, dict) and set(value) == {"file", "bytes"}:
            row[name] = files[value["file"]]
    row["id"] = place(label, row["id"])
    return {name: value for name, value in row.items() if name not in DIFFERS.get(label, set())}
