"""A full export as a file, and what it says without the ids that differ from one installation to the next."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from ignition.moving_in.references import carry_over
from practices.export_models import PracticeExport
from practices.exporting import archive_of, start_export
from practices.job_steps import run_live_jobs
from practices.models import Practice
from practices.tenancy import acting_for, practice_scope

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
