"""One thing done with many clients: a job, with an outcome for each of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import transaction

from clients.errors import NobodyChosen
from clients.models import Client
from clients.operations import archive_client, restore_client, switch_posting, tag_client
from clients.operations.records import assign_client
from clients.queries import members_of_practice
from practices.errors import DomainError
from practices.job_models import Job
from practices.jobs import Outcome, runs, start_job
from practices.models import User
from practices.permissions import Can
from practices.tenancy import acting_practice_id

KIND = "clients.bulk"


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done with many clients; ``needs`` names the field that says with what."""

    label: str
    do: Callable[[Client, str], Any]
    needs: str = ""


def _tag(client: Client, name: str) -> None:
    tag_client(client, [*client.tags.values_list("name", flat=True), name])


def _untag(client: Client, name: str) -> None:
    names = client.tags.values_list("name", flat=True)
    tag_client(client, [other for other in names if other.casefold() != name.strip().casefold()])


def _assign(role: str) -> Callable[[Client, str], None]:
    def assign(client: Client, person: str) -> None:
        assign_client(client, role, User.objects.get(pk=int(person)) if person else None)

    return assign


def _simply(operation: Callable[[Client], Any]) -> Callable[[Client, str], None]:
    def act(client: Client, _value: str) -> None:
        operation(client)

    return act


ACTS: dict[str, Act] = {
    "tag": Act("Add tag", _tag, "tag"),
    "untag": Act("Remove tag", _untag, "tag"),
    "manager": Act("Set manager", _assign("manager"), "person"),
    "partner": Act("Set partner", _assign("partner"), "person"),
    "post": Act("Create invoices in Sage", _simply(lambda client: switch_posting(client, on=True))),
    "keep": Act("Keep invoices here", _simply(lambda client: switch_posting(client, on=False))),
    "archive": Act("Archive", _simply(archive_client)),
    "restore": Act("Restore", _simply(restore_client)),
}


class BulkForm(forms.Form):
    """What is done, and with what."""

    act = forms.ChoiceField(label="With those")
    tag = forms.CharField(max_length=40, required=False)
    person = forms.ChoiceField(label="Manager or partner", required=False)

    def __init__(self, *args: Any, people: Sequence[tuple[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "bulk_%s", **kwargs})
        if people is None:
            people = [(str(user.pk), str(user)) for user in members_of_practice(acting_practice_id())]
        self._offer("person", [("", "Nobody"), *people])
        self._offer("act", [(key, act.label) for key, act in ACTS.items()])

    def _offer(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = list(choices)

    @property
    def particulars(self) -> list[forms.BoundField]:
        """Every field but the act: with what something is done."""
        return [self[name] for name in self.fields if name != "act"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("act") in ("tag", "untag") and not cleaned.get("tag", "").strip():
            self.add_error("tag", "Type the tag.")
        return cleaned

    @property
    def chosen(self) -> str:
        """The key of the act."""
        return str(self.cleaned_data["act"])

    @property
    def value(self) -> str:
        """With what it is done; empty for acts that need nothing."""
        needs = ACTS[self.chosen].needs
        return str(self.cleaned_data[needs]) if needs else ""


def start_bulk(act: str, value: str, ids: Sequence[int]) -> Job:
    """The job that does it to these clients of the practice; raises `NobodyChosen`. Foreign ids are nobody's."""
    clients = list(Client.objects.filter(pk__in=ids).order_by("name_key", "pk").values_list("pk", flat=True))
    if not clients or len(clients) != len(set(ids)):
        raise NobodyChosen(act)
    chosen = ACTS[act]
    words = f"{chosen.label}: {value}" if act in ("tag", "untag") else chosen.label
    return start_job(
        KIND,
        f"{words}, {len(clients)} client{'s' if len(clients) > 1 else ''}",
        total=len(clients),
        right=Can.MANAGE_CLIENTS,
        parameters={"act": act, "value": value, "clients": clients},
    )


@runs(KIND, chunk=100)
def do_rows(job: Job, start: int, stop: int) -> list[Outcome]:
    """Do the act to the next clients; one that a rule forbids is told of and keeps nobody else."""
    ids: list[int] = job.parameters["clients"][start:stop]
    clients = {client.pk: client for client in Client.objects.filter(pk__in=ids).select_related("practice")}
    act = ACTS[job.parameters["act"]]
    return [_done(clients.get(pk), act, job.parameters["value"]) for pk in ids]


def _done(client: Client | None, act: Act, value: str) -> Outcome:
    if client is None:
        return Outcome("A client", "skipped", "It is not here any more.")
    url = client.get_absolute_url()
    try:
        with transaction.atomic():  # what a rule forbids half-way leaves nothing behind
            act.do(client, value)
    except DomainError as error:
        return Outcome(client.name, "failed", error.message, url)
    return Outcome(client.name, "done", "", url)
