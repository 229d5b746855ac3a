"""The rows of an import, chunk by chunk: checked, brought in, taken back."""

import json
from collections.abc import Sequence
from dataclasses import replace

from django.db import connection, transaction
from django.db.models import ProtectedError

from clients.import_creations import create_clients
from clients.import_fields import Reading, read_row
from clients.import_matching import Members, Surroundings, judge
from clients.import_updates import update_clients
from clients.models import Client, ClientGroup, ClientImport, ContactPerson, ImportPiece, ImportRow
from clients.operations.groups import put_in_group
from clients.operations.imports import CHECK, IMPORT, UNDO_IMPORT, Status
from clients.operations.records import amend_client, tag_client
from practices.arrays import array
from practices.job_models import Job
from practices.jobs import Outcome, runs
from practices.many_rows import insert_rows
from practices.models import AuditEntry
from practices.tenancy import acting_practice_id

Verdict, Choice, Done = ImportRow.Verdict, ImportRow.Choice, ImportRow.Done


def _source(job: Job) -> ClientImport:
    source: ClientImport = ClientImport.objects.select_related("practice").get(pk=job.parameters["import"])
    return source


def _rows(source: ClientImport, start: int, stop: int) -> list[ImportRow]:
    """The rows from one place to another, with their clients; loaded apart, for the planner misjudges two policies."""
    rows = list(source.rows.filter(position__range=(start, stop - 1)).order_by("position"))
    clients = Client.objects.in_bulk([row.client_id for row in rows if row.client_id])
    for client in clients.values():
        client.practice = source.practice
    for row in rows:
        if row.client_id:
            row.client = clients.get(row.client_id)
    return rows


def _go_on(source: ClientImport, job: Job, stop: int, status: str) -> None:
    if stop == job.total:
        source.status = status
        source.save(update_fields=["status"])


@runs(CHECK, chunk=1)
def check_pieces(job: Job, start: int, stop: int) -> list[Outcome]:
    """Read and match the next pieces; nothing is changed but the import's own rows."""
    source = _source(job)
    pieces = list(source.pieces.order_by("start")[start:stop])
    outcomes = [_checked(source, piece) for piece in pieces]
    _go_on(source, job, stop, Status.CHECKED)
    return outcomes


def _checked(source: ClientImport, piece: ImportPiece) -> Outcome:
    readings = [read_row(cells, source.mapping) for cells in piece.rows]
    around = Surroundings(readings, Members())
    earlier = set(
        source.rows.filter(name_key__in={reading.name.lower()[:120] for reading in readings})
        .exclude(verdict=Verdict.INVALID)
        .values_list("name_key", flat=True)
    )
    judged = []
    for reading in readings:
        found = judge(reading, around)
        key = reading.name.lower()[:120]
        if found.verdict != Verdict.INVALID and reading.client_id is None:
            if key in earlier:
                found = replace(found, verdict=Verdict.REPEATED, message="A row above has the same name.")
            earlier.add(key)
        judged.append((reading, key, found))
    insert_rows(
        ImportRow,
        {
            "source_id": [source.pk] * len(judged),
            "position": range(piece.start, piece.start + len(judged)),
            "name": [reading.name[:120] for reading, _, _ in judged],
            "name_key": [key for _, key, _ in judged],
            "values": [reading.as_json() for reading, _, _ in judged],
            "verdict": [str(found.verdict) for _, _, found in judged],
            "message": [found.message[:500] for _, _, found in judged],
            "client_id": [found.client.pk if found.client else None for _, _, found in judged],
        },
    )
    unclear = sum(
        found.verdict in (Verdict.DOUBTFUL, Verdict.REPEATED, Verdict.INVALID) for _, _, found in judged
    )
    words = f"{len(judged)} rows, {unclear} of them need you" if unclear else f"{len(judged)} rows"
    return Outcome(f"From row {piece.start + 1}", "done", words, source.get_absolute_url())


@runs(IMPORT, chunk=500)
def import_rows(job: Job, start: int, stop: int) -> list[Outcome]:
    """Bring in the next rows as they were decided; what came to be here meanwhile is not made twice."""
    source = _source(job)
    rows = _rows(source, start, stop)
    if source.job_id != job.pk:  # stopped, taken back, and then taken up again
        return [Outcome(row.name, "skipped", "The import was taken back meanwhile.") for row in rows]
    wanted = {row.position: _wanted(row, source) for row in rows}
    readings = {row.position: Reading(**row.values) for row in rows}
    newcomers = [row for row in rows if wanted[row.position] == Choice.NEW]
    known = [row for row in rows if wanted[row.position] == Choice.UPDATE and row.client_id]
    members = Members()
    outcomes = create_clients(source, newcomers, readings, members)
    outcomes |= update_clients(known, readings, members)
    for row in rows:
        if row.position not in outcomes:
            outcomes[row.position] = _left_out(row)
    _keep(rows)
    _go_on(source, job, stop, Status.IMPORTED)
    return [outcomes[position] for position in range(start, stop)]


def _wanted(row: ImportRow, source: ClientImport) -> str:
    """What is to be done with a row: one of the choices, or nothing."""
    if row.choice:
        return row.choice
    if row.verdict == Verdict.NEW:
        return Choice.NEW
    if row.verdict == Verdict.UPDATE and source.on_match == ClientImport.OnMatch.UPDATE:
        return Choice.UPDATE
    return ""


def _left_out(row: ImportRow) -> Outcome:
    url = row.client.get_absolute_url() if row.client else ""
    if row.verdict == Verdict.INVALID:
        return Outcome(row.name or f"Row {row.position + 1}", "failed", row.message)
    if row.verdict in (Verdict.DOUBTFUL, Verdict.REPEATED) and not row.choice:
        return Outcome(row.name, "needs_you", f"Not decided, so not imported. {row.message}", url)
    words = "Nothing new." if row.verdict == Verdict.SAME else "Left out as chosen."
    return Outcome(row.name, "skipped", words, url)


def _keep(rows: Sequence[ImportRow]) -> None:
    """Write what was done with the rows, for the undoing, in one statement."""
    kept = [row for row in rows if row.done]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE clients_importrow AS row SET client_id = kept.client, done = kept.done, changes = kept.changes"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::jsonb[]) AS kept(id, client, done, changes)"
            " WHERE row.practice_id = %s AND row.id = kept.id",
            [
                array(row.pk for row in kept),
                array(row.client_id for row in kept),
                array(str(row.done) for row in kept),
                array(json.dumps(row.changes) for row in kept),
                acting_practice_id(),
            ],
        )


@runs(UNDO_IMPORT, chunk=200)
def undo_rows(job: Job, start: int, stop: int) -> list[Outcome]:
    """Take the next rows back: new clients go unless something was built on them, changed fields are as before."""
    source = _source(job)
    rows = _rows(source, start, stop)
    touched = _touched([row.client_id for row in rows if row.done == Done.CREATED and row.client_id])
    outcomes = [_undone(row, touched) for row in rows]
    _go_on(source, job, stop, Status.UNDONE)
    return outcomes


def _touched(clients: Sequence[int]) -> set[int]:
    """The new clients that somebody has changed since they came in."""
    entries = AuditEntry.objects.filter(subject_type="clients.client", subject_id__in=clients)
    changed = entries.exclude(action__in=["client.added", "client.grouped"])
    return {pk for pk in changed.order_by().values_list("subject_id", flat=True) if pk is not None}


def _undone(row: ImportRow, touched: set[int]) -> Outcome:
    client = row.client
    if not row.done:
        return Outcome(row.name, "skipped", "Nothing had been done.")
    if client is None:
        return Outcome(row.name, "skipped", "It is not here any more.")
    url = client.get_absolute_url()
    if row.done == Done.UPDATED:
        return _put_back(row, client)
    if client.pk in touched:
        return Outcome(client.name, "needs_you", "It was changed since, so it stays.", url)
    try:
        with transaction.atomic():
            client.delete()
    except ProtectedError:
        return Outcome(client.name, "needs_you", "It has proposals or invoices, so it stays.", url)
    return Outcome(row.name, "done", "Taken out again.")


def _put_back(row: ImportRow, client: Client) -> Outcome:
    """Each field as it was, unless somebody has changed it again."""
    kept = []
    for name, (before, after) in row.changes["fields"].items():
        if getattr(client, name) == after:
            setattr(client, name, before)
        else:
            kept.append(name.removesuffix("_id").replace("_", " "))
    amend_client(client)
    ContactPerson.objects.filter(pk__in=row.changes["people"]).update(has_left=True)
    if row.changes["tags"]:
        gone = {name.casefold() for name in row.changes["tags"]}
        names = client.tags.values_list("name", flat=True)
        tag_client(client, [name for name in names if name.casefold() not in gone])
    group = row.changes["group"]
    if group and client.group_id == group[1]:
        put_in_group(client, ClientGroup.objects.filter(pk=group[0]).first())
    if kept:
        words = f"As before, but for {', '.join(kept)}, which somebody changed since."
        return Outcome(client.name, "needs_you", words, client.get_absolute_url())
    return Outcome(client.name, "done", "As before.", client.get_absolute_url())
