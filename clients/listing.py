"""The client list: which clients, in which order, in which columns, and what they add up to."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Count, Max, QuerySet
from django.db.models.expressions import Expression
from django.http import QueryDict
from django.utils import timezone

from clients import contributions
from clients.contributions import Cell, Column
from clients.models import Client, ClientGroup, ClientQuerySet, ClientTag, Tag
from clients.queries import members_of_practice, not_cleared
from money.amounts import ZERO
from practices.models import AuditEntry, JobRow
from practices.paging import KeysetPage, keyset_page
from practices.tenancy import acting_practice_id

PAGE = 50
#: Order in words: what it is called in an address → the columns, the last one unique.
ORDERS: dict[str, tuple[str, ...]] = {
    "name": ("name_key", "pk"),
    "-name": ("-name_key", "-pk"),
    "added": ("created_at", "pk"),
    "-added": ("-created_at", "-pk"),
    "status": ("status", "name_key", "pk"),
    "-status": ("-status", "-name_key", "-pk"),
}
CHECKS = [
    ("open", "Not cleared"),
    ("due", "Review overdue"),
    ("soon", "Review within 30 days"),
    ("cleared", "Cleared"),
]
ACTIVITY = [
    ("30", "In the last 30 days"),
    ("365", "In the last year"),
    ("none", "None for a year"),
    ("failed", "Failed in a bulk act"),
]
#: How many failed rows of bulk acts are remembered for the filter.
MOST_FAILED = 1000
NOBODY = "none"


def own_columns() -> list[Column]:
    """The columns of this app, beside the name and the state that every list has."""
    return [
        Column("kind", "Kind", _cells(lambda client: client.get_kind_display()), order=1),
        Column("group", "Group", _cells(lambda client: str(client.group or ""), "group"), order=2),
        Column("manager", "Manager", _cells(lambda client: str(client.manager or ""), "manager"), order=3),
        Column("partner", "Partner", _cells(lambda client: str(client.partner or ""), "partner"), order=4),
        Column("town", "Town", _cells(lambda client: client.city), order=5),
        Column("company_number", "Company number", _cells(lambda client: client.company_number), order=6),
        Column("tags", "Tags", _tags, order=7),
        Column("checks", "Checks", _checks, order=8),
        Column("switch", "Invoices", _cells(_switch_in_words), order=70),
        Column("activity", "Last activity", _last_activity, order=90),
    ]


DEFAULT_COLUMNS = ("group", "manager", "monthly", "next_bill", "outstanding", "sage", "activity")


def all_columns() -> list[Column]:
    """Every column there is, from left to right."""
    return sorted([*own_columns(), *contributions.columns()], key=lambda column: column.order)


def _sorts() -> dict[str, Callable[[], Expression]]:
    return {column.key: column.sort for column in contributions.columns() if column.sort}


def sortable() -> list[str]:
    """What the list can be ordered by, as its addresses say it."""
    return [*sorted({order.lstrip("-") for order in ORDERS}), *_sorts()]


def _cells(words: Any, *related: str) -> Any:
    """Cells that say one thing of each client."""

    def cells(clients: Sequence[int], today: date) -> dict[int, Cell]:
        del today
        found = Client.objects.filter(pk__in=clients).select_related(*related)
        return {client.pk: Cell(words(client)) for client in found}

    return cells


def _switch_in_words(client: Client) -> str:
    return "Created in Sage" if client.posts_automatically else "Kept here"


def _tags(clients: Sequence[int], today: date) -> dict[int, Cell]:
    del today
    names: dict[int, list[str]] = {}
    words = dict(Tag.objects.order_by().values_list("pk", "name"))
    for client, tag in ClientTag.objects.filter(client__in=clients).values_list("client_id", "tag_id"):
        names.setdefault(client, []).append(words[tag])
    return {client: Cell(", ".join(sorted(found))) for client, found in names.items()}


def _checks(clients: Sequence[int], today: date) -> dict[int, Cell]:
    found = Client.objects.filter(pk__in=clients)
    return {client.pk: _check_in_words(client, today) for client in found}


def _check_in_words(client: Client, today: date) -> Cell:
    if client.aml_status == Client.Aml.CLEARED:
        return (
            Cell("Review overdue", tone="warn")
            if client.review_is_due(today)
            else Cell("Cleared", tone="good")
        )
    tone = "bad" if client.aml_status == Client.Aml.REFUSED else "neutral"
    return Cell(client.get_aml_status_display(), tone=tone)


def _last_activity(clients: Sequence[int], today: date) -> dict[int, Cell]:
    del today
    entries = AuditEntry.objects.filter(subject_type="clients.client", subject_id__in=clients)
    latest = dict(entries.order_by().values_list("subject_id").annotate(Max("at")))
    for activity in contributions.activities():
        for client, at in activity.latest(clients).items():
            latest[client] = max(at, latest.get(client, at))
    return {client: Cell(on=timezone.localdate(at)) for client, at in latest.items()}


class ListForm(forms.Form):
    """What narrows and orders the list. A choice that does not exist any more narrows nothing."""

    q = forms.CharField(label="Name, number, postcode or e-mail", required=False, max_length=200)
    manager = forms.ChoiceField(required=False)
    partner = forms.ChoiceField(required=False)
    tag = forms.ChoiceField(required=False)
    group = forms.ChoiceField(required=False)
    kind = forms.ChoiceField(required=False, choices=[("", "Any kind"), *Client.Kind.choices])
    checks = forms.ChoiceField(required=False, choices=[("", "Any state of checks"), *CHECKS])
    activity = forms.ChoiceField(required=False, choices=[("", "Any activity"), *ACTIVITY])

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        people = [(str(user.pk), str(user)) for user in members_of_practice(acting_practice_id())]
        nobody = (NOBODY, "Nobody")
        self._offer("manager", "Any manager", [*people, nobody])
        self._offer("partner", "Any partner", [*people, nobody])
        self._offer("tag", "Any tag", _named(Tag.objects.order_by("name")))
        self._offer("group", "Any group", _named(ClientGroup.objects.order_by("name")))
        for choice in contributions.filters():
            self.fields[choice.key] = forms.ChoiceField(
                label=choice.label, required=False, choices=[("", f"{choice.label}: any"), *choice.choices]
            )

    def _offer(self, name: str, nothing: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [("", nothing), *choices]

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that were filled in with something that exists."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def filters(self) -> list[forms.BoundField]:
        """Every field but the search box."""
        return [self[name] for name in self.fields if name != "q"]


def _named(rows: "QuerySet[Any]") -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")]


@dataclass(frozen=True, slots=True)
class ClientList:
    """The clients a query string asks for."""

    clients: ClientQuerySet
    columns: list[Column]
    sort: str
    status: str
    chosen: dict[str, str]

    def page(self, query: QueryDict) -> "KeysetPage[Client]":
        """The rows shown now."""
        name = self.sort.removeprefix("-")
        if name in ORDERS:
            return keyset_page(self.clients, ORDERS[self.sort], query, size=PAGE)
        sort = _sorts()[name]
        direction = "-" if self.sort.startswith("-") else ""
        order = (f"{direction}sorted_by", f"{direction}name_key", f"{direction}pk")
        return keyset_page(self.clients.annotate(sorted_by=sort()), order, query, size=PAGE)

    def cells(self, page: Sequence[Client], today: date) -> list[tuple[Client, list[tuple[Column, Cell]]]]:
        """Each client of a page with what the chosen columns say of it."""
        ids = [client.pk for client in page]
        found = [column.cells(ids, today) for column in self.columns]
        return [
            (
                client,
                [
                    (column, cells.get(client.pk, Cell()))
                    for column, cells in zip(self.columns, found, strict=True)
                ],
            )
            for client in page
        ]

    def totals(self, today: date) -> list[Cell | None]:
        """What each column adds up to for everything the filters let through."""
        return [
            Cell(amount=column.total(self.clients, today) or ZERO) if column.total else None
            for column in self.columns
        ]


def client_list_of(query: QueryDict, form: ListForm, today: date) -> ClientList:
    """The list a query string asks for, on a day of the practice."""
    status, chosen = query.get("status", ""), form.chosen
    clients: ClientQuerySet = Client.objects.all()
    is_status = status in Client.Status.values
    clients = clients.filter(status=status) if is_status else clients.current()
    clients = narrow(clients, chosen, today)
    wanted = set(query.getlist("columns")) or set(DEFAULT_COLUMNS)
    sort = query.get("sort", "")
    return ClientList(
        clients,
        [column for column in all_columns() if column.key in wanted],
        sort if sort.removeprefix("-") in sortable() else "name",
        status if is_status else "",
        chosen,
    )


def narrow(clients: ClientQuerySet, chosen: dict[str, str], today: date) -> ClientQuerySet:
    """The clients that fit every filter."""
    clients = clients.matching(chosen.get("q", ""))
    for name in ("manager", "partner"):
        if value := chosen.get(name):
            person = None if value == NOBODY else value
            clients = clients.filter(**({f"{name}__isnull": True} if person is None else {name: person}))
    if tag := chosen.get("tag"):
        clients = clients.among(ClientTag.objects.filter(tag=int(tag)).values_list("client_id", flat=True))
    for name in ("group", "kind"):
        if value := chosen.get(name):
            clients = clients.filter(**{name: value})
    clients = _checked(clients, chosen.get("checks", ""), today)
    clients = _with_activity(clients, chosen.get("activity", ""))
    for choice in contributions.filters():
        if value := chosen.get(choice.key):
            clients = choice.narrow(clients, value, today)
    return clients


def _checked(clients: ClientQuerySet, choice: str, today: date) -> ClientQuerySet:
    if choice == "open":
        return not_cleared(clients, today)
    if choice == "due":
        return clients.filter(aml_review_due_on__lt=today)
    if choice == "soon":
        return clients.filter(aml_review_due_on__range=(today, today + timedelta(days=30)))
    if choice == "cleared":
        return clients.filter(aml_status=Client.Aml.CLEARED).exclude(aml_review_due_on__lt=today)
    return clients


def _with_activity(clients: ClientQuerySet, choice: str) -> ClientQuerySet:
    if choice == "failed":
        return clients.among(failed_in_bulk())
    if not choice:
        return clients
    days = 365 if choice == "none" else int(choice)
    since = _days_ago(days)
    entries = AuditEntry.objects.filter(subject_type="clients.client", at__gte=since)
    busy = {pk for pk in entries.order_by().values_list("subject_id", flat=True).distinct() if pk}
    for activity in contributions.activities():
        busy |= set(activity.since(since))
    return clients.not_among(busy) if choice == "none" else clients.among(busy)


def _days_ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


def failed_in_bulk() -> set[int]:
    """The ids of clients that failed in a recent bulk act, by the page their outcome led to."""
    rows = JobRow.objects.filter(job__kind__startswith="clients.", outcome=JobRow.Outcome.FAILED)
    urls = rows.order_by("-pk").values_list("url", flat=True)[:MOST_FAILED]
    found = (re.search(r"/clients/(\d+)/", url) for url in urls)
    return {int(match[1]) for match in found if match}


def status_counts() -> dict[str, int]:
    """How many clients are in each state."""
    return dict(Client.objects.order_by().values_list("status").annotate(Count("pk")))
