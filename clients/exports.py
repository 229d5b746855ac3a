"""The client list as a CSV file that comes back in by import: the same columns, with ids.

What the chosen columns of the list say follows behind. Cells that a spreadsheet would run are made harmless. The file
is written to disk as it is made, so its size costs no memory, and is whole before anybody gets it.
"""

import csv
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from io import TextIOWrapper
from itertools import islice
from typing import IO

from clients.contributions import Cell, cells_of
from clients.import_fields import FIELDS
from clients.listing import ClientList
from clients.models import Client
from practices.csv_files import harmless

#: A person's two halves of a name are one field here, so they are not exported.
COLUMNS = [key for key in FIELDS if key not in ("first_name", "last_name", "contact_phone")]
AT_ONCE = 1000


def export_file(listed: ClientList, today: date) -> IO[bytes]:
    """A temporary file with the clients, UTF-8 with a byte order mark as Excel wants it, at its beginning."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    text = TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    extra = [column for column in listed.columns if column.key not in COLUMNS]
    writer.writerow([*(FIELDS[key][0] for key in COLUMNS), "State", *(column.label for column in extra)])
    for clients in _batches(listed):
        cells = cells_of(extra, clients, today)
        for client in clients:
            said = [*_own(client), client.get_status_display()]
            said += [_plain(found.get(client.pk, Cell())) for found in cells]
            writer.writerow([harmless(value) for value in said])
    text.detach()
    file.seek(0)
    return file


def _batches(listed: ClientList) -> Iterator[Sequence[Client]]:
    rows = (
        listed.clients.order_by("name_key", "pk")
        .select_related("manager", "partner", "group")
        .prefetch_related("people", "tags")
        .iterator(chunk_size=AT_ONCE)
    )
    while batch := list(islice(rows, AT_ONCE)):
        yield batch


def _own(client: Client) -> list[str]:
    people = [person for person in client.people.all() if not person.has_left]
    special = {
        "id": str(client.pk),
        "kind": client.get_kind_display(),
        "contact": people[0].name if people else "",
        "email": "; ".join(person.email for person in people if person.email),
        "manager": client.manager.email if client.manager else "",
        "partner": client.partner.email if client.partner else "",
        "tags": ", ".join(tag.name for tag in client.tags.all()),
        "group": str(client.group or ""),
    }
    return [special[key] if key in special else str(getattr(client, key)) for key in COLUMNS]


def _plain(cell: Cell) -> str:
    if cell.amount is not None:
        return f"{cell.amount:.2f}"
    return cell.on.isoformat() if cell.on else cell.text
