"""Bringing clients up to what a file says of them, many at once; what it says nothing of stays."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from clients.import_fields import SAID, Reading
from clients.import_matching import Members
from clients.models import Client, ClientGroup, ClientTag, ContactPerson, ImportRow
from clients.operations.groups import add_group, put_in_group
from clients.operations.records import clean_tags, find_tag
from practices import audit
from practices.arrays import array
from practices.jobs import Outcome
from practices.tenancy import acting_practice_id


def update_clients(
    rows: Sequence[ImportRow], readings: Mapping[int, Reading], members: Members
) -> dict[int, Outcome]:
    """What became of each row, by its place; the rows know what was changed, for the undoing."""
    return _Updates(rows, members).run(rows, readings)


class _Updates:
    """The clients of some rows, locked and loaded once, and what is written for all of them at the end."""

    def __init__(self, rows: Sequence[ImportRow], members: Members) -> None:
        ids = [row.client_id for row in rows if row.client_id]
        self.members = members
        self.clients: dict[int, Client] = {
            client.pk: client
            for client in Client.objects.filter(pk__in=ids)
            .select_for_update(of=["self"])
            .select_related("practice", "manager", "partner", "group")
            .order_by("pk")
        }
        self.emails: dict[int, set[str]] = defaultdict(set)
        people = ContactPerson.objects.filter(client__in=ids, has_left=False)
        for client, email in people.values_list("client_id", "email_key"):
            self.emails[client].add(email)
        self.tags: dict[int, set[str]] = defaultdict(set)
        for client, name in ClientTag.objects.filter(client__in=ids).values_list("client_id", "tag__name"):
            self.tags[client].add(name.casefold())
        self.people: list[ContactPerson] = []
        self.changed: list[Client] = []
        self.entries: list[tuple[int, dict[str, Any]]] = []

    def run(self, rows: Sequence[ImportRow], readings: Mapping[int, Reading]) -> dict[int, Outcome]:
        """Change each client, then write its people and what is recorded of all of them."""
        outcomes, added = {}, []
        for row in rows:
            client = self.clients.get(row.client_id or 0)
            if client is None:
                outcomes[row.position] = Outcome(row.name, "needs_you", "The client is not here any more.")
                continue
            people = self._update(row, client, readings[row.position])
            added.append((row, people))
            is_changed = row.done == ImportRow.Done.UPDATED
            outcomes[row.position] = Outcome(
                client.name,
                "done" if is_changed else "skipped",
                "Updated." if is_changed else "Nothing new.",
                client.get_absolute_url(),
            )
        self._write()
        ContactPerson.objects.bulk_create(self.people)
        for row, people in added:
            if people:
                row.changes["people"] = [person.pk for person in people]
        audit.record_many("client.amended", Client, self.entries)
        return outcomes

    def _write(self) -> None:
        """What changed of the clients, in one statement: they are locked, so the rest of each is as it was."""
        names = [*SAID, "manager_id", "partner_id"]
        types = ["text"] * len(SAID) + ["bigint", "bigint"]
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE clients_client AS client SET {', '.join(f'{name} = now.{name}' for name in names)}"  # noqa: S608 - our own columns
                f" FROM unnest(%s::bigint[], {', '.join(f'%s::{kind}[]' for kind in types)})"
                f" AS now(id, {', '.join(names)})"
                " WHERE client.practice_id = %s AND client.id = now.id",
                [
                    array(client.pk for client in self.changed),
                    *(array(getattr(client, name) for client in self.changed) for name in names),
                    acting_practice_id(),
                ],
            )

    def _update(self, row: ImportRow, client: Client, reading: Reading) -> list[ContactPerson]:
        """Change one client; its new people, who are not written yet."""
        fields, words = self._fields(client, reading)
        people = self._new_people(client, reading)
        tags = [name for name in clean_tags(reading.tags) if name.casefold() not in self.tags[client.pk]]
        group = self._group(client, reading)
        if not (fields or people or tags or group):
            return []
        if fields:
            self.changed.append(client)
        marks = [ClientTag(client=client, tag=find_tag(name)) for name in tags]
        if marks:
            ClientTag.objects.bulk_create(marks, ignore_conflicts=True)
        self.tags[client.pk] |= {name.casefold() for name in tags}
        if people:
            words["people"] = [[], [f"{person.name}, {person.email}" for person in people]]
        if tags:
            words["tags"] = [[], tags]
        self.people += people
        self.entries.append((client.pk, {"name": client.name, "changes": words, "import": row.source_id}))
        row.done = ImportRow.Done.UPDATED
        row.changes = {"fields": fields, "people": [], "tags": tags, "group": group}
        return people

    def _fields(self, client: Client, reading: Reading) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
        """What changes, as values for undoing and in words for the trail; the client has it already."""
        fields: dict[str, list[Any]] = {}
        words: dict[str, list[Any]] = {}
        for name, value in reading.fields.items():
            if value and value != getattr(client, name):
                fields[name] = words[name] = [getattr(client, name), value]
                setattr(client, name, value)
        for role in ("manager", "partner"):
            person, before = self.members.find(getattr(reading, role)), getattr(client, role)
            if person is not None and person != before:
                fields[f"{role}_id"] = [before.pk if before else None, person.pk]
                words[role] = [str(before or ""), str(person)]
                setattr(client, role, person)
        return fields, words

    def _new_people(self, client: Client, reading: Reading) -> list[ContactPerson]:
        fresh = [
            person
            for person in reading.people
            if person["email"] and person["email"].lower() not in self.emails[client.pk]
        ]
        self.emails[client.pk] |= {person["email"].lower() for person in fresh}
        return [ContactPerson(client=client, **person) for person in fresh]

    def _group(self, client: Client, reading: Reading) -> list[int | None]:
        """The client's group before and after, where the row says another; it is in it already."""
        if not reading.group or reading.group.casefold() == str(client.group or "").casefold():
            return []
        before, group = client.group_id, find_group(reading.group)
        put_in_group(client, group)
        client.group = group
        return [before, group.pk]


def find_group(name: str) -> ClientGroup:
    """The group of this name, whatever its case; a new one where there is none."""
    found: ClientGroup | None = ClientGroup.objects.filter(name__iexact=name).first()
    return found or add_group(name)
