"""Making the full export of a practice: one table after the other, as a job, and then one archive to fetch."""

import hashlib
import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import IO, Any

from django.apps import apps
from django.db.models import Max
from django.utils import timezone

from practices import audit
from practices.errors import DomainError
from practices.export_format import (
    AT_ONCE,
    FORMAT,
    LEFT_OUT,
    OF_A_MEMBER,
    VERSION,
    columns_of,
    describe_columns,
    exported_models,
    label_of,
    left_out_of,
    plain,
    rows_of,
)
from practices.export_models import ExportPart, PracticeExport
from practices.job_models import Job
from practices.jobs import Outcome, runs, start_job
from practices.models import AuditEntry, Membership, Practice, User
from practices.permissions import Can
from practices.tenancy import TenantModel, acting_practice_id

KIND = "practices.export"
README = """\
Everything that a practice keeps in Ignition.

manifest.json says what is here: each table with its columns, its number of rows and the SHA-256 of its file.
tables/<table>.ndjson has one row a line, as JSON. files/ has what was uploaded, signed and sent.
The format is described in docs/export-format.md of Ignition.
"""


class ExportIsUnderWay(DomainError):
    message = "An export is being made already. It can be fetched on this page as soon as it is whole."


class ExportIsNotWhole(DomainError):
    message = "This export is not whole yet. Wait until its work has ended, then fetch it."


def start_export() -> PracticeExport:
    """A new export of everything there is now, in place of earlier ones; raises `ExportIsUnderWay`.

    What is added after this moment does not belong to it, so that every key in it leads somewhere.
    """
    Practice.objects.select_for_update().get(pk=acting_practice_id())  # two at once wait for each other
    live = Job.objects.live().filter(kind=KIND)
    if live.exists():
        raise ExportIsUnderWay
    PracticeExport.objects.all().delete()
    tables = [[label_of(model), _last_id(model)] for model in exported_models()]
    job = start_job(KIND, "Export everything", total=len(tables), right=Can.MANAGE_SETTINGS)
    export: PracticeExport = PracticeExport.objects.create(
        job=job, asked_by=audit.current_actor(), tables=tables
    )
    audit.record("practice.export_started", export)
    return export


def _last_id(model: type[TenantModel]) -> int:
    return model.objects.aggregate(last=Max("pk"))["last"] or 0


@runs(KIND, chunk=1)
def do_tables(job: Job, start: int, stop: int) -> list[Outcome]:
    """Export the next tables; the last one makes the export whole."""
    export = PracticeExport.objects.get(job=job)
    outcomes = [_table(export, label, last) for label, last in export.tables[start:stop]]
    if stop == job.total:
        export.finished_at = timezone.now()
        export.save(update_fields=["finished_at"])
    return outcomes


def _table(export: PracticeExport, label: str, last: int) -> Outcome:
    """One table's rows and files as parts."""
    rows, files, position = 0, 0, 0
    lines: list[bytes] = []

    def keep() -> None:
        nonlocal position
        content = zlib.compress(b"".join(lines), 6)
        ExportPart.objects.create(
            export=export, table=label, position=position, rows=len(lines), content=content
        )
        position += 1
        lines.clear()

    for each in rows_of(_model(label), last):
        lines.append(_line(each.row))
        rows += 1
        for path, content in each.files.items():
            ExportPart.objects.create(
                export=export, table=label, position=position, path=path, content=content
            )
            position, files = position + 1, files + 1
        if len(lines) == AT_ONCE:
            keep()
    keep()
    words = f"{rows} row{'' if rows == 1 else 's'}"
    return Outcome(label, "done", f"{words}, {files} file{'' if files == 1 else 's'}" if files else words)


def _model(label: str) -> type[TenantModel]:
    model: type[TenantModel] = apps.get_model(label)
    return model


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def archive_of(export: PracticeExport) -> IO[bytes]:
    """A temporary file with the whole archive, at its beginning; raises `ExportIsNotWhole`.

    It is written part by part, so its size costs disk and no memory.
    """
    if export.finished_at is None:
        raise ExportIsNotWhole(export)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        tables = [_write_table(archive, export, label) for label, _ in export.tables]
        files = _write_files(archive, export)
        people = _write_lines(archive, "people.ndjson", _people())
        practice = _write_lines(archive, "practice.ndjson", [_line(_practice())])
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "exported_at": plain(export.asked_at),
            "practice": practice,
            "people": people,
            "tables": tables,
            "files": files,
            "left_out": LEFT_OUT,
        }
        archive.writestr("manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False))
        archive.writestr("README.txt", README)
    audit.record("practice.export_fetched", export)
    file.seek(0)
    return file


def _parts(export: PracticeExport, **chosen: Any) -> Iterator[ExportPart]:
    parts: Iterator[ExportPart] = export.parts.filter(**chosen).order_by("position").iterator(chunk_size=1)
    return parts


def _write_table(archive: zipfile.ZipFile, export: PracticeExport, label: str) -> dict[str, Any]:
    contents = (zlib.decompress(bytes(part.content)) for part in _parts(export, table=label, path=""))
    said = _write_lines(archive, f"tables/{label}.ndjson", contents)
    model = _model(label)
    labels = [each for each, _ in export.tables]
    known = {"practices.user", *labels[: labels.index(label) + 1]}
    return {
        "name": label,
        **said,
        "columns": describe_columns(model, known),
        "secrets_left_out": left_out_of(model),
    }


def _write_lines(
    archive: zipfile.ZipFile, path: str, contents: "Sequence[bytes] | Iterator[bytes]"
) -> dict[str, Any]:
    """What the manifest says of a file of rows."""
    sha256, rows = hashlib.sha256(), 0
    with archive.open(path, "w", force_zip64=True) as entry:
        for content in contents:
            entry.write(content)
            sha256.update(content)
            rows += content.count(b"\n")
    return {"file": path, "rows": rows, "sha256": sha256.hexdigest()}


def _write_files(archive: zipfile.ZipFile, export: PracticeExport) -> list[dict[str, Any]]:
    said = []
    for label, _ in export.tables:
        for part in _parts(export, table=label, path__gt=""):
            content = bytes(part.content)
            archive.writestr(part.path, content)
            said.append(
                {"file": part.path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            )
    return said


def _practice() -> dict[str, Any]:
    practice = Practice.objects.get(pk=acting_practice_id())
    return {each.attname: plain(getattr(practice, each.attname)) for each in columns_of(Practice)}


def _people() -> Iterator[bytes]:
    """Members with their roles and choices, and whoever else the trail names; no passwords and no keys."""
    members = Membership.objects.filter(practice=acting_practice_id())
    said = {row.pop("user"): row for row in members.values("user", *OF_A_MEMBER)}
    nothing = dict.fromkeys(OF_A_MEMBER)
    actors = AuditEntry.objects.exclude(actor=None).order_by().values_list("actor", flat=True).distinct()
    for user in User.objects.filter(pk__in={*said, *actors}).order_by("pk"):
        person = {"id": user.pk, "name": user.name, "email": user.email}
        yield _line(person | said.get(user.pk, nothing))
