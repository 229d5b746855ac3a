"""A full export as a file: opened, and checked from end to end before anybody writes a row of it."""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import models

from practices.errors import DomainError
from practices.export_format import FORMAT, VERSION, columns_of, exported_models, label_of
from practices.models import Membership, Practice
from practices.tenancy import TenantModel

PERSON = "practices.user"
#: Bytes of a file read at a time.
AT_ONCE = 1 << 20
#: No line is longer: the widest row has a document of some thousand lines in it.
LONGEST_LINE = 64 << 20


class CannotTakeIn(DomainError):
    message = "This practice cannot be taken in. Nothing was written."


class NotAnExport(CannotTakeIn):
    message = "This file is not a full export of a practice, so nothing was written. Fetch one under Settings → Export."


class NewerExport(CannotTakeIn):
    message = (
        "A newer release made this export, so nothing was written. Upgrade this installation, then try again."
    )


class DamagedExport(CannotTakeIn):
    def __init__(self, what: str) -> None:
        super().__init__(
            what, message=f"This export is damaged, so nothing was written. {what} Fetch the export again."
        )


@dataclass(slots=True)
class Table:
    """One table of the export: where it goes, the columns it has, and the ids of its rows, oldest first."""

    label: str
    model: type[TenantModel]
    file: str
    columns: dict[str, "models.Field[Any, Any]"]
    ids: list[int] = field(default_factory=list)

    @property
    def keys(self) -> dict[str, str]:
        """Its columns that are keys, and the table each points to."""
        return {
            name: label_of(column.related_model)
            for name, column in self.columns.items()
            if isinstance(column, models.ForeignKey)
        }


@dataclass(slots=True)
class Archive:
    """A checked export: what is asked of it afterwards cannot be missing."""

    zip: zipfile.ZipFile
    sha256: str
    exported_at: str
    practice: Mapping[str, Any]
    people: list[dict[str, Any]]
    tables: list[Table]

    def rows(self, table: Table) -> Iterator[dict[str, Any]]:
        """The table's rows with values as its columns have them; ids and keys are those of the export."""
        for row in _lines(self.zip, table.file):
            yield {
                name: self._value(column, row[name]) for name, column in table.columns.items() if name in row
            }

    def _value(self, column: "models.Field[Any, Any]", value: Any) -> Any:
        if isinstance(column, models.BinaryField) and value is not None:
            return self.zip.read(value["file"])
        return read_value(column, value)


def read_value(column: "models.Field[Any, Any]", value: Any) -> Any:
    """What `practices.export_format.plain` wrote, as the column has it; raises `DamagedExport`."""
    if value is None or isinstance(column, models.JSONField | models.ForeignKey):
        return value
    if isinstance(column, models.DurationField):
        return timedelta(seconds=value)
    try:
        return column.to_python(value)
    except (ValidationError, TypeError) as error:
        raise DamagedExport(f"It has a value that {column.name} cannot be.") from error


@contextmanager
def opened_archive(path: Path | IO[bytes]) -> Iterator[Archive]:
    """The export at that path or in that file, read through once and found whole.

    Raises `NotAnExport`, `NewerExport` or `DamagedExport`.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise NotAnExport(path) from error
    with archive:
        yield _checked(archive)


def _checked(archive: zipfile.ZipFile) -> Archive:
    try:
        content = archive.read("manifest.json")
        manifest = json.loads(content)
        is_ours = manifest["format"] == FORMAT
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise NotAnExport from error
    if not is_ours:
        raise NotAnExport
    if manifest.get("version") != VERSION:
        raise NewerExport(manifest.get("version"))
    try:
        return _read(archive, manifest, hashlib.sha256(content).hexdigest())
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, zipfile.BadZipFile) as error:
        raise DamagedExport("It does not say what it should.") from error


def _read(archive: zipfile.ZipFile, manifest: Any, sha256: str) -> Archive:
    tables = [_table(said) for said in manifest["tables"]]
    for said in (manifest["practice"], manifest["people"], *manifest["tables"]):
        _check_sum(archive, said["file"], said["sha256"], rows=said["rows"])
    files = {said["file"]: said["bytes"] for said in manifest["files"]}
    for said in manifest["files"]:
        _check_sum(archive, said["file"], said["sha256"], size=said["bytes"])
    people = list(_lines(archive, manifest["people"]["file"]))
    _check_people(people)
    _check_rows(archive, tables, {person["id"] for person in people}, files)
    (practice,) = _lines(archive, manifest["practice"]["file"])
    known = {each.attname for each in columns_of(Practice)}
    if unknown := set(practice) - known:
        raise NewerExport(sorted(unknown))
    return Archive(archive, sha256, str(manifest["exported_at"]), practice, people, tables)


def _table(said: Mapping[str, Any]) -> Table:
    """The table that the manifest speaks of; raises `NewerExport` for one, or a column, that is not known here."""
    here = {label_of(model): model for model in exported_models()}
    model = here.get(said["name"])
    if model is None:
        raise NewerExport(said["name"])
    known = {each.attname: each for each in columns_of(model)}
    names = [column["name"] for column in said["columns"]]
    if unknown := set(names) - set(known):
        raise NewerExport(sorted(unknown))
    for name in set(known) - set(names):
        if not (known[name].has_default() or known[name].null or known[name].blank):
            raise DamagedExport(f"It lacks {said['name']}.{name}.")
    return Table(said["name"], model, said["file"], {name: known[name] for name in names})


def _check_sum(
    archive: zipfile.ZipFile, file: str, sha256: str, *, rows: int | None = None, size: int | None = None
) -> None:
    digest, lines, length = hashlib.sha256(), 0, 0
    with _member(archive, file) as content:
        while piece := content.read(AT_ONCE):
            digest.update(piece)
            lines, length = lines + piece.count(b"\n"), length + len(piece)
    if digest.hexdigest() != sha256 or rows not in (None, lines) or size not in (None, length):
        raise DamagedExport(f"{file} is not what was written.")


def _check_people(people: list[dict[str, Any]]) -> None:
    """Everybody has an id and an address, and somebody owns the practice."""
    for person in people:
        if not isinstance(person["id"], int) or "@" not in person["email"]:
            raise DamagedExport("It names a person without an address.")
        if person["role"] is not None and person["role"] not in Membership.Role.values:
            raise NewerExport(person["role"])
    if not any(person["role"] == Membership.Role.OWNER for person in people):
        raise DamagedExport("Nobody owns the practice in it.")


def _check_rows(
    archive: zipfile.ZipFile, tables: list[Table], people: set[int], files: Mapping[str, int]
) -> None:
    """Every row has its columns, ids go up, files are there, and every key leads to a row."""
    there: dict[str, set[int]] = {PERSON: people}
    wanted: dict[str, set[int]] = {}
    for table in tables:
        keys = table.keys
        binary = [name for name, each in table.columns.items() if isinstance(each, models.BinaryField)]
        for row in _lines(archive, table.file):
            if set(row) != set(table.columns):
                raise DamagedExport(f"A row of {table.label} has other columns than it should.")
            table.ids.append(row["id"])
            for name, target in keys.items():
                if row[name] is not None:
                    wanted.setdefault(target, set()).add(row[name])
            if any(row[name] is not None and row[name]["file"] not in files for name in binary):
                raise DamagedExport(f"A file of {table.label} is missing.")
        if table.ids != sorted(set(table.ids)):
            raise DamagedExport(f"Rows of {table.label} are out of order.")
        there[table.label] = set(table.ids)
    for label, ids in wanted.items():
        if ids - there.get(label, set()):
            raise DamagedExport(f"A row points to one of {label} that is missing.")


def _lines(archive: zipfile.ZipFile, file: str) -> Iterator[dict[str, Any]]:
    with _member(archive, file) as content:
        while line := content.readline(LONGEST_LINE):
            yield json.loads(line)


def _member(archive: zipfile.ZipFile, file: str) -> IO[bytes]:
    try:
        return archive.open(file)
    except KeyError as error:
        raise DamagedExport(f"{file} is missing.") from error
