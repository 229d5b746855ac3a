"""A file of clients, step by step: uploaded, columns chosen, checked, decided, imported, perhaps undone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import BinaryIO

from django.conf import settings
from django.db.models import Count

from clients.errors import (
    CannotBeUndone,
    ColumnChosenTwice,
    ImportIsElsewhere,
    NameColumnMissing,
    NothingToImport,
    TooManyRows,
)
from clients.import_fields import FIELDS, guess_mapping
from clients.models import ClientImport, ClientSettings, ImportPiece, ImportRow
from clients.models.imports import UNDO
from clients.operations.files import safe_name
from practices import audit
from practices.csv_files import NoRows, format_of, header_of, open_rows
from practices.job_models import Job
from practices.jobs import start_job
from practices.permissions import Can

#: Rows read, matched and written together while a file is checked.
PIECE = 1000
SAMPLE_ROWS = 5
CHECK, IMPORT, UNDO_IMPORT = "clients.import_check", "clients.import", "clients.import_undo"
Status = ClientImport.Status
Verdict, Choice = ImportRow.Verdict, ImportRow.Choice


def begin_import(file: BinaryIO, name: str, *, now: datetime) -> ClientImport:
    """The file taken in, piece by piece, with a guess at its columns.

    Raises `NotACsvFile`, `NoRows`, `ColumnsAreAlike`, `TooManyColumns` or `TooManyRows`; then nothing of it is kept.
    """
    how = format_of(file)
    _forget_old_rows(now)
    with open_rows(file, how) as rows:
        header = header_of(rows)
        source = ClientImport(
            file_name=safe_name(name),
            encoding=how.encoding,
            delimiter=how.delimiter,
            header=header,
            row_count=0,
            started_by=audit.current_actor(),
        )
        source.save()
        for piece in _pieces(rows):
            source.sample = source.sample or piece[:SAMPLE_ROWS]
            ImportPiece.objects.create(source=source, start=source.row_count, rows=piece)
            source.row_count += len(piece)
            if source.row_count > settings.IMPORT_MAX_ROWS:
                raise TooManyRows(
                    message=f"This file has more than {settings.IMPORT_MAX_ROWS:,} rows. Nothing was imported; part it."
                )
    if not source.row_count:
        raise NoRows(name)
    source.mapping = guess_mapping(header, remembered_mapping())
    source.save()
    audit.record("client_import.uploaded", source, name=source.file_name, rows=source.row_count)
    return source


def _pieces(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    while piece := list(islice(rows, PIECE)):
        yield piece


def _forget_old_rows(now: datetime) -> None:
    """What is needed only while an import can be undone goes once it cannot; each row's outcome stays in its job."""
    old = ClientImport.objects.filter(created_at__lt=now - 2 * UNDO)
    ImportRow.objects.filter(source__in=old).delete()
    ImportPiece.objects.filter(source__in=old).delete()


def remembered_mapping() -> dict[str, str]:
    """Column, in lower case → the field the practice read it as last time."""
    known = ClientSettings.objects.values_list("import_mapping", flat=True).first()
    return dict(known or {})


def choose_columns(source: ClientImport, mapping: Mapping[int, str]) -> Job:
    """The job that checks every row under this mapping, which is remembered for the next file.

    Raises `NameColumnMissing`, `ColumnChosenTwice` or `ImportIsElsewhere`.
    """
    source = _at(source, Status.UPLOADED, Status.CHECKED, Status.CHECKING)
    chosen = {
        str(number): key for number, key in mapping.items() if key in FIELDS and number < len(source.header)
    }
    if "name" not in chosen.values():
        raise NameColumnMissing(source)
    if len(set(chosen.values())) < len(chosen):
        raise ColumnChosenTwice(source)
    if not source.pieces.exists():
        raise ImportIsElsewhere(source)
    _remember(source.header, chosen)
    source.rows.all().delete()
    source.mapping, source.status = chosen, Status.CHECKING
    source.job = start_job(
        CHECK,
        f"Check {source.file_name}",
        total=source.pieces.count(),
        right=Can.MANAGE_CLIENTS,
        parameters={"import": source.pk},
    )
    source.save(update_fields=["mapping", "status", "job"])
    return source.job


def _remember(header: Sequence[str], chosen: Mapping[str, str]) -> None:
    known = {column.casefold(): chosen.get(str(number), "") for number, column in enumerate(header)}
    row, _ = ClientSettings.objects.get_or_create()
    row.import_mapping = dict(list((row.import_mapping | known).items())[-500:])
    row.save(update_fields=["import_mapping"])


def decide_rows(source: ClientImport, choices: Mapping[int, str]) -> int:
    """How many rows, by their place, have a decision now. Only doubtful and repeated rows are anybody's to decide."""
    _at(source, Status.CHECKED)
    rows = source.rows.filter(position__in=list(choices), verdict__in=[Verdict.DOUBTFUL, Verdict.REPEATED])
    decided = []
    for row in rows:
        choice = choices[row.position]
        if choice == Choice.UPDATE and row.client_id is None:
            continue
        row.choice = choice if choice in Choice.values else ""
        decided.append(row)
    ImportRow.objects.bulk_update(decided, ["choice"])
    return len(decided)


def start_import(source: ClientImport, *, on_match: str, now: datetime) -> Job:
    """The job that imports what was checked; undecided rows are left out. Raises `NothingToImport` or
    `ImportIsElsewhere`, so pressing twice imports once.
    """
    source = _at(source, Status.CHECKED)
    if not counts_of(source, on_match)["writes"]:
        raise NothingToImport(source)
    source.on_match, source.status, source.imported_at = on_match, Status.IMPORTING, now
    source.job = start_job(
        IMPORT,
        f"Import {source.file_name}",
        total=source.row_count,
        right=Can.MANAGE_CLIENTS,
        parameters={"import": source.pk},
    )
    source.save(update_fields=["on_match", "status", "imported_at", "job"])
    audit.record("client_import.started", source, name=source.file_name, rows=source.row_count)
    return source.job


def undo_import(source: ClientImport, *, now: datetime) -> Job:
    """The job that takes the import back, as far as nobody has built on it; raises `CannotBeUndone`."""
    source = locked_import(source)
    if not source.can_be_undone(now):
        raise CannotBeUndone(source)
    source.status = Status.UNDOING
    source.job = start_job(
        UNDO_IMPORT,
        f"Undo {source.file_name}",
        total=source.row_count,
        right=Can.MANAGE_CLIENTS,
        parameters={"import": source.pk},
    )
    source.save(update_fields=["status", "job"])
    audit.record("client_import.undone", source, name=source.file_name)
    return source.job


def counts_of(source: ClientImport, on_match: str) -> dict[str, int]:
    """Rows by verdict, and what an import would do: ``creates``, ``updates``, ``undecided``, ``writes``."""
    from_rows = source.rows.order_by().values_list("verdict", "choice")
    tally = {(verdict, choice): count for verdict, choice, count in from_rows.annotate(Count("pk"))}
    by_verdict = {str(verdict): 0 for verdict in Verdict.values}
    for (verdict, _), count in tally.items():
        by_verdict[verdict] += count
    chosen = {choice: sum(n for (_, c), n in tally.items() if c == choice) for choice in Choice.values}
    creates = by_verdict[Verdict.NEW] + chosen[Choice.NEW]
    updates = chosen[Choice.UPDATE]
    if on_match == ClientImport.OnMatch.UPDATE:
        updates += by_verdict[Verdict.UPDATE]
    undecided = sum(tally.get((verdict, ""), 0) for verdict in (Verdict.DOUBTFUL, Verdict.REPEATED))
    return by_verdict | {
        "creates": creates,
        "updates": updates,
        "undecided": undecided,
        "writes": creates + updates,
    }


def locked_import(source: ClientImport) -> ClientImport:
    """The import as it is now, for this transaction alone."""
    current: ClientImport = ClientImport.objects.select_for_update(of=["self"]).get(pk=source.pk)
    return current


def _at(source: ClientImport, *wanted: str) -> ClientImport:
    source = locked_import(source)
    if source.status not in wanted:
        raise ImportIsElsewhere(source)
    return source
