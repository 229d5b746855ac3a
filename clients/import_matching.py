"""Whom a row of a file means: matching comes before anything is made (G48).

Exactly the same name or number is the same client; an e-mail address alone only where it is unique on both sides
(G55) and the names are written alike. Everything that is less than that is for a person to decide.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from clients.import_fields import FIELDS, Reading
from clients.models import Client, ClientTag, ClientWord, ContactPerson, ImportRow
from clients.models.search import compact_name
from clients.queries import members_of_practice
from practices.models import User
from practices.tenancy import acting_practice_id

NUMBERS = ("company_number", "vat_number", "utr")
Verdict = ImportRow.Verdict


@dataclass(slots=True)
class Judgement:
    """What a row is, whom it was found to be, and why, in words."""

    verdict: str
    client: Client | None = None
    message: str = ""
    #: What it would change, in words.
    changes: list[str] = field(default_factory=list)


class Members:
    """The practice's people, by e-mail address and by name."""

    def __init__(self) -> None:
        found: dict[str, User] = {}
        for user in members_of_practice(acting_practice_id()):
            found |= {user.email.casefold(): user, user.name.casefold(): user}
        self._found = found

    def find(self, words: str) -> User | None:
        """The member a file means; None where nobody is called so."""
        return self._found.get(" ".join(words.split()).casefold())


class Surroundings:
    """What the practice has that rows of one piece may mean; read in a handful of statements."""

    def __init__(self, readings: Sequence[Reading], members: Members) -> None:
        self.members = members
        self._readings = [reading for reading in readings if not reading.problem]
        self.emails_here = Counter(email for reading in self._readings for email in emails_of(reading))

    @cached_property
    def by_id(self) -> dict[int, Client]:
        """Clients by the ids that the file gives."""
        ids = [reading.client_id for reading in self._readings if reading.client_id is not None]
        return {client.pk: client for client in _clients(pk__in=ids)} if ids else {}

    @cached_property
    def by_name(self) -> dict[str, list[Client]]:
        """Clients by the name as it is compared."""
        return _grouped("name_key", {reading.name.lower() for reading in self._readings})

    @cached_property
    def by_number(self) -> dict[tuple[str, str], list[Client]]:
        """Clients by which number and its value."""
        found: dict[tuple[str, str], list[Client]] = {}
        for number in NUMBERS:
            wanted = {value for reading in self._readings if (value := reading.fields.get(number))}
            found |= {(number, value): clients for value, clients in _grouped(number, wanted).items()}
        return found

    @cached_property
    def by_email(self) -> dict[str, set[int]]:
        """Ids of clients by the e-mail addresses of their people."""
        people = ContactPerson.objects.filter(email_key__in=list(self.emails_here), has_left=False)
        return _collected(people.values_list("email_key", "client_id"))

    @cached_property
    def by_compact_name(self) -> dict[str, set[int]]:
        """Ids of clients by their name without what tells nothing."""
        words = {compact_name(reading.name) for reading in self._readings}
        return _collected(ClientWord.objects.filter(word__in=list(words)).values_list("word", "client_id"))

    @cached_property
    def alike(self) -> dict[int, Client]:
        """The clients that are only alike, by id."""
        ids = set().union(*self.by_email.values(), *self.by_compact_name.values())
        return {client.pk: client for client in _clients(pk__in=list(ids))} if ids else {}

    @cached_property
    def emails_of_clients(self) -> dict[int, set[str]]:
        """The e-mail addresses of everybody that a row may be."""
        ids = {client.pk for clients in self.by_name.values() for client in clients}
        ids |= {client.pk for clients in self.by_number.values() for client in clients}
        ids |= set(self.by_id) | set(self.alike)
        people = ContactPerson.objects.filter(client__in=list(ids), has_left=False).exclude(email="")
        return _collected((client, email) for client, email in people.values_list("client_id", "email_key"))

    @cached_property
    def tags_of_clients(self) -> dict[int, set[str]]:
        """The tags of everybody that a row may be, as they are compared."""
        if not any(reading.tags for reading in self._readings):
            return {}
        rows = ClientTag.objects.filter(client__in=list(self.emails_of_clients))
        return _collected(
            (client, name.casefold()) for client, name in rows.values_list("client_id", "tag__name")
        )


def emails_of(reading: Reading) -> list[str]:
    """The row's e-mail addresses as they are compared."""
    return [person["email"].lower() for person in reading.people if person["email"]]


def _clients(**chosen: Any) -> Iterable[Client]:
    found: Iterable[Client] = (
        Client.objects.filter(merged_into=None, **chosen)
        .select_related("manager", "partner", "group")
        .order_by("pk")
    )
    return found


def _grouped(column: str, values: set[str]) -> dict[str, list[Client]]:
    grouped: dict[str, list[Client]] = defaultdict(list)
    if values:
        for client in _clients(**{f"{column}__in": list(values)}):
            grouped[getattr(client, column)].append(client)
    return grouped


def _collected(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, set[Any]]:
    collected: dict[Any, set[Any]] = defaultdict(set)
    for key, value in pairs:
        collected[key].add(value)
    return collected


def judge(reading: Reading, around: Surroundings) -> Judgement:
    """What a row is: new, an update, nothing new, doubtful, or not to be read."""
    if reading.problem:
        return Judgement(Verdict.INVALID, message=reading.problem)
    if stranger := _stranger(reading, around.members):
        return Judgement(Verdict.INVALID, message=stranger)
    if reading.client_id is not None:
        client = around.by_id.get(reading.client_id)
        if client is None:
            return Judgement(Verdict.INVALID, message=f"There is no client with the id {reading.client_id}.")
        return _known(reading, client, around)
    same = _same(reading, around)
    if len(same) > 1:
        others = ", ".join(client.name for client in same.values())
        return Judgement(
            Verdict.DOUBTFUL,
            next(iter(same.values())),
            f"Several clients have this name or number: {others[:200]}.",
        )
    if same:
        client = next(iter(same.values()))
        if other := _contradiction(reading, client):
            return Judgement(
                Verdict.DOUBTFUL, client, f"{client.name} has the same name, but another {other}."
            )
        return _known(reading, client, around)
    return _alike(reading, around)


def _stranger(reading: Reading, members: Members) -> str:
    for words in (reading.manager, reading.partner):
        if words and members.find(words) is None:
            return f"Nobody in this practice is called “{words[:60]}”."
    return ""


def _same(reading: Reading, around: Surroundings) -> dict[int, Client]:
    """Clients of exactly this name or one of these numbers."""
    found = list(around.by_name.get(reading.name.lower(), []))
    for number in NUMBERS:
        found += around.by_number.get((number, reading.fields.get(number, "")), [])
    return {client.pk: client for client in found}


def _contradiction(reading: Reading, client: Client) -> str:
    """The number that says that two of one name are not the same; empty where none does."""
    for number in NUMBERS:
        ours, theirs = getattr(client, number), reading.fields.get(number, "")
        if ours and theirs and ours != theirs:
            return FIELDS[number][0]
    return ""


def _alike(reading: Reading, around: Surroundings) -> Judgement:
    written = around.by_compact_name.get(compact_name(reading.name), set())
    for email in emails_of(reading):
        ids = around.by_email.get(email, set())
        if len(ids) == 1 and around.emails_here[email] == 1 and ids <= written:
            return _known(reading, around.alike[min(ids)], around)
    near = [around.alike[pk] for pk in sorted(written) if pk in around.alike]
    if near:
        return Judgement(Verdict.DOUBTFUL, near[0], f"Written almost like {near[0].name}.")
    for email in emails_of(reading):
        ids = around.by_email.get(email, set()) & set(around.alike)
        if ids:
            client = around.alike[min(ids)]
            return Judgement(Verdict.DOUBTFUL, client, f"{client.name} has the same e-mail address.")
    return Judgement(Verdict.NEW)


def _known(reading: Reading, client: Client, around: Surroundings) -> Judgement:
    """An update, or nothing new."""
    changes = differences(reading, client, around)
    if not changes:
        return Judgement(Verdict.SAME, client)
    return Judgement(Verdict.UPDATE, client, f"Changes {', '.join(changes)}.", changes)


def differences(reading: Reading, client: Client, around: Surroundings) -> list[str]:
    """What the row says differently from the client, in words; what it leaves empty is left as it is."""
    changes = [
        FIELDS[key][0].lower()
        for key, value in reading.fields.items()
        if value and value != getattr(client, key)
    ]
    for role in ("manager", "partner"):
        words = getattr(reading, role)
        if words and around.members.find(words) != getattr(client, role):
            changes.append(role)
    if reading.group and reading.group.casefold() != str(client.group or "").casefold():
        changes.append("group")
    if set(emails_of(reading)) - around.emails_of_clients.get(client.pk, set()):
        changes.append("people")
    if {tag.casefold() for tag in reading.tags} - around.tags_of_clients.get(client.pk, set()):
        changes.append("tags")
    return changes


def here_by_now(readings: Mapping[int, Reading]) -> dict[int, Client]:
    """Rows that were new and of which a client of the name or number is here by now, by the row's place."""
    around = Surroundings(list(readings.values()), Members())
    found = {}
    for place, reading in readings.items():
        if same := _same(reading, around):
            found[place] = next(iter(same.values()))
    return found
