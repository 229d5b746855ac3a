"""Clients made of the rows of a file, many at once: a handful of statements, whatever their number.

What comes to be is what `add_client`, `tag_client` and `put_in_group` make one by one, each recorded as of the import.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from clients.import_fields import SAID, Reading
from clients.import_matching import NUMBERS, Members, here_by_now
from clients.import_updates import find_group
from clients.models import Client, ClientGroup, ClientImport, ClientTag, ContactPerson, ImportRow, Tag
from clients.operations.records import clean_tags, find_tag
from ledger.outbox import ledger_settings
from practices import audit
from practices.jobs import Outcome
from practices.many_rows import insert_rows, new_ids

_SILENT = {
    field.name: field.get_default() for field in Client._meta.local_concrete_fields if field.name in SAID
}


def create_clients(
    source: ClientImport, rows: Sequence[ImportRow], readings: Mapping[int, Reading], members: Members
) -> dict[int, Outcome]:
    """What became of each row, by its place; the rows know their clients. Who is here by now is not made again."""
    fresh, outcomes = _to_be_made(source, rows, readings)
    if not fresh:
        return outcomes
    said = [readings[row.position] for row in fresh]
    ids = new_ids(Client, len(fresh))
    groups = _groups(said)
    _insert_clients(ids, said, members, groups)
    _insert_people(ids, said)
    _insert_tags(ids, said)
    audit.record_many(
        "client.added",
        Client,
        [(pk, {"name": one.name, "import": source.pk}) for pk, one in zip(ids, said, strict=True)],
    )
    audit.record_many(
        "client.grouped",
        Client,
        [
            (pk, {"name": one.name, "changes": {"group": ["", groups[one.group.casefold()].name]}})
            for pk, one in zip(ids, said, strict=True)
            if one.group
        ],
    )
    for pk, row in zip(ids, fresh, strict=True):
        row.client_id, row.done = pk, ImportRow.Done.CREATED
        outcomes[row.position] = Outcome(row.name, "done", "Added.", _page(source, pk))
    return outcomes


def _to_be_made(
    source: ClientImport, rows: Sequence[ImportRow], readings: Mapping[int, Reading]
) -> tuple[list[ImportRow], dict[int, Outcome]]:
    """The rows that become clients, and what is said of the others.

    A person may say that a row is another client of the name; nobody said so of the rest.
    """
    asked = {row.position for row in rows if row.choice == ImportRow.Choice.NEW}
    here = here_by_now({row.position: readings[row.position] for row in rows if row.position not in asked})
    outcomes = {
        place: Outcome(
            readings[place].name, "needs_you", f"{client.name} is here by now.", _page(source, client.pk)
        )
        for place, client in here.items()
    }
    fresh: list[ImportRow] = []
    seen: set[tuple[str, str]] = set()
    for row in rows:
        numbers = _identity(readings[row.position])
        if row.position in here or (row.position not in asked and numbers & seen):
            message = "A row above has the same name or number."
            outcomes.setdefault(row.position, Outcome(row.name, "needs_you", message))
            continue
        seen |= numbers
        fresh.append(row)
    return fresh, outcomes


def _identity(reading: Reading) -> set[tuple[str, str]]:
    numbers = {(key, value) for key in NUMBERS if (value := reading.fields.get(key))}
    return numbers | {("name", reading.name.lower())}


def _page(source: ClientImport, pk: int) -> str:
    return f"/p/{source.practice.slug}/clients/{pk}/"


def _groups(said: Sequence[Reading]) -> dict[str, ClientGroup]:
    """The groups that the rows name, by their name whatever its case; made where they are new."""
    names = {reading.group.casefold(): reading.group for reading in reversed(said) if reading.group}
    return {key: find_group(name) for key, name in names.items()}


def _insert_clients(
    ids: Sequence[int], said: Sequence[Reading], members: Members, groups: Mapping[str, ClientGroup]
) -> None:
    columns: dict[str, Sequence[Any]] = {
        name: [reading.fields.get(name) or silent for reading in said] for name, silent in _SILENT.items()
    }
    for role in ("manager", "partner"):
        people = [members.find(getattr(reading, role)) for reading in said]
        columns[f"{role}_id"] = [person.pk if person else None for person in people]
    columns["group_id"] = [groups[reading.group.casefold()].pk if reading.group else None for reading in said]
    columns["posts_automatically"] = [ledger_settings().posts_new_clients] * len(said)
    insert_rows(Client, {"id": ids, **columns})


def _insert_people(ids: Sequence[int], said: Sequence[Reading]) -> None:
    """The people of each client; the first of them signs, where there is an address to write to."""
    people = [
        (pk, number == 0 and bool(person["email"]), person)
        for pk, reading in zip(ids, said, strict=True)
        for number, person in enumerate(reading.people)
    ]
    insert_rows(
        ContactPerson,
        {
            "client_id": [pk for pk, _, _ in people],
            "is_signatory": [signs for _, signs, _ in people],
            "is_primary": [signs for _, signs, _ in people],
            **{key: [person[key] for _, _, person in people] for key in ("name", "email", "phone")},
        },
    )


def _insert_tags(ids: Sequence[int], said: Sequence[Reading]) -> None:
    tags: dict[str, Tag] = {}
    marks = []
    for pk, reading in zip(ids, said, strict=True):
        for name in clean_tags(reading.tags):
            key = name.casefold()
            tags[key] = tags.get(key) or find_tag(name)
            marks.append((pk, tags[key].pk))
    insert_rows(
        ClientTag,
        {"client_id": [pk for pk, _ in marks], "tag_id": [tag for _, tag in marks]},
        ignore_conflicts=True,
    )
