"""Writing a checked export into this installation: new ids first, then every row, all of it or nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, connection
from django.urls import reverse

from ignition.moving_in.archive import PERSON, Archive, CannotTakeIn, Table, read_value
from ignition.moving_in.arrivals import settle
from ignition.moving_in.references import carry_over
from practices import audit
from practices.export_format import columns_of
from practices.mail import queue_email
from practices.models import Membership, Practice, User
from practices.operations import free_slug
from practices.tenancy import acting_practice_id, practice_scope

#: Rows written with one statement; those with files a few at a time.
AT_ONCE, WITH_FILES = 500, 10
Progress = Callable[[int], None]


class HereAlready(CannotTakeIn):
    message = (
        "This practice is on this installation already, so nothing was written: two of it would post into the same "
        "books."
    )


@dataclass(slots=True)
class Arrival:
    """What became of it: the practice, how many rows came along, and who was found here and who was invited."""

    practice: Practice
    rows: int = 0
    found: list[str] = field(default_factory=list)
    invited: list[str] = field(default_factory=list)


class Ids:
    """The ids that rows have here, by those they had: each new, and in the same order."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, int]] = defaultdict(dict)

    def know(self, label: str, old: int, new: int) -> None:
        """That row is this one here."""
        self._known[label][old] = new

    def allocate(self, label: str, olds: list[int]) -> None:
        """A number of its own for each of these rows."""
        self._known[label].update(zip(olds, _next_ids(label, len(olds)), strict=True))

    def new(self, label: str, old: int) -> int:
        """The row's id here; for a row that is gone, a number that no row has or will get."""
        known = self._known[label]
        if old not in known:
            self.allocate(label, [old])
        return known[old]


def _next_ids(label: str, count: int) -> list[int]:
    try:
        table = apps.get_model(label)._meta.db_table
    except (LookupError, ValueError):  # the trail speaks of a kind of thing that there is no more
        table = Practice._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
        )
        return [number for (number,) in cursor.fetchall()]


def take_in(archive: Archive, *, now: datetime) -> Arrival:
    """The practice of the export, new here, in one transaction; raises `HereAlready`.

    The one operation beside `open_practice` that opens its own scope.
    """
    with practice_scope(next_practice_id()):
        return arrive(archive, new_practice(archive), now=now)


def arrive(
    archive: Archive, practice: Practice, *, now: datetime, tell: Progress = lambda _: None
) -> Arrival:
    """Everything of the export in this practice, which has nothing yet and whose scope is open; raises `HereAlready`.

    People are found by their e-mail address, or invited. Nothing leaves for Sage until somebody connects it again, and
    what was under way is looked for there first. ``tell`` hears how many rows are written, each time some were.
    """
    arrival = Arrival(practice)
    ids = Ids()
    ids.know("practices.practice", archive.practice["id"], practice.pk)
    _people(archive, ids, arrival)
    for table in archive.tables:
        ids.allocate(table.label, table.ids)
    try:
        for table in archive.tables:
            for written in _write(archive, table, ids, practice.slug, now):
                arrival.rows += written
                tell(arrival.rows)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError as error:
        if "idempotency_id_is_unique" in str(error):
            raise HereAlready from error
        raise
    audit.record("practice.taken_in", practice, exported_at=archive.exported_at, manifest=archive.sha256)
    _invite(arrival)
    return arrival


def next_practice_id() -> int:
    """The id of a practice that is to be, for whom a scope can be opened before it is there."""
    (practice_id,) = _next_ids("practices.practice", 1)
    return practice_id


def new_practice(archive: Archive) -> Practice:
    """The practice that is acted for as the export has it, with nothing that belongs to it; its short name is free."""
    values = practice_values(archive)
    found = {"id": acting_practice_id(), "slug": free_slug(values["slug"])}
    return Practice.objects.create(**values | found)


def practice_values(archive: Archive) -> dict[str, Any]:
    """The practice's own particulars by column, its id left out."""
    return {
        each.attname: read_value(each, archive.practice[each.attname])
        for each in columns_of(Practice)
        if each.attname in archive.practice and not each.primary_key
    }


def _people(archive: Archive, ids: Ids, arrival: Arrival) -> None:
    """Everybody the export names as a user here, members with their roles; who is only in the trail cannot sign in."""
    for person in archive.people:
        role = person["role"]
        user = User.objects.filter(email__iexact=person["email"]).first()
        is_new = user is None
        if user is None:
            user = User.objects.create_user(person["email"], name=person["name"], is_active=role is not None)
        ids.know(PERSON, person["id"], user.pk)
        if role is not None:
            wants = person.get("gets_weekly_summary", True)  # older exports do not say
            Membership.objects.create(
                practice=arrival.practice, user=user, role=role, gets_weekly_summary=wants
            )
            (arrival.invited if is_new else arrival.found).append(user.email)


def _invite(arrival: Arrival) -> None:
    """Members who are new here have no password yet: a message tells them where to choose one."""
    url = settings.PUBLIC_URL + reverse("account_reset_password")
    for email in arrival.invited:
        context = {"practice": arrival.practice, "email": email, "url": url}
        queue_email(email, "practices/moved_in", context, event=f"moved-in:{email}"[:120])


def _write(archive: Archive, table: Table, ids: Ids, slug: str, now: datetime) -> Iterator[int]:
    """Write the table; how many rows, each time some were written."""
    keys = table.keys
    has_files = any(column.get_internal_type() == "BinaryField" for column in table.columns.values())
    arriving = archive.rows(table)
    while rows := list(islice(arriving, WITH_FILES if has_files else AT_ONCE)):
        for row in rows:
            carry_over(table.label, row, ids.new, slug=slug)
            for name, target in keys.items():
                if row[name] is not None:
                    row[name] = ids.new(target, row[name])
            row["id"] = ids.new(table.label, row["id"])
            settle(table.label, row, now)
        table.model.objects.bulk_create([table.model(**row) for row in rows])
        yield len(rows)
