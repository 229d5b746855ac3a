"""The client list: which clients, in which order, in which columns, and what they add up to."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from django import forms
from django.db.models import F, Func, IntegerField, Q, QuerySet, TextField, Value
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils import timezone

from clients import contributions
from clients.columns import name_of, own_columns
from clients.contributions import Cell, Column, Whose
from clients.models import Client, ClientGroup, ClientQuerySet, ClientTag, Tag
from clients.models.search import ids_with_words, is_among_given, is_one_of_given, words_of
from clients.queries import not_cleared
from money.amounts import ZERO, to_pence
from practices.arrays import Ids, array
from practices.job_models import JobRow
from practices.lists import COUNTED
from practices.models import AuditEntry, Membership, SavedView, User
from practices.paging import KeysetPage, keyset_page
from practices.scalars import WrittenColumns, count_of, count_up_to
from practices.tenancy import acting_practice_id
from practices.written import Given, Written
from practices.written_rows import WrittenQuestion

PAGE = 50
#: What the list's kept views belong to.
NAME = "clients"
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
#: From so many clients on, what is unpaid is gone through once, instead of every invoice of each of them.
MANY = 200
#: From so many on, so are their schedules.
MOST = 4000
HowMany = Literal["all", "few", "many", "most"]


DEFAULT_COLUMNS = ("group", "manager", "monthly", "next_bill", "outstanding", "sage", "activity")


def all_columns() -> list[Column]:
    """Every column there is, from left to right."""
    return sorted([*own_columns(), *contributions.columns()], key=lambda column: column.order)


def _sorts() -> dict[str, Callable[[], Expression]]:
    return {column.key: column.sort for column in contributions.columns() if column.sort}


def sortable() -> list[str]:
    """What the list can be ordered by, as its addresses say it."""
    return [*sorted({order.lstrip("-") for order in ORDERS}), *_sorts()]


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

    def __init__(self, data: QueryDict, user: User | None = None) -> None:
        """``user`` is who looks at the list, where its kept views are shown."""
        super().__init__(data)
        there = _choices(user)
        #: The person's views of the list, by name.
        self.views = [SavedView(pk=int(pk), name=name, query=query) for pk, name, query in there["views"]]
        #: Who may be a client's manager or partner: id and name.
        self.people = sorted(_named(there["people"]), key=lambda person: person[1].casefold())
        nobody = (NOBODY, "Nobody")
        self._offer("manager", "Any manager", [*self.people, nobody])
        self._offer("partner", "Any partner", [*self.people, nobody])
        self._offer("tag", "Any tag", _named(there["tags"]))
        self._offer("group", "Any group", _named(there["groups"]))
        for choice in contributions.filters():
            self.fields[choice.key] = forms.ChoiceField(
                label=choice.label, required=False, choices=[("", "Any"), *choice.choices]
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


def _choices(user: User | None) -> dict[str, list[tuple[str, str, str]]]:
    """Members, tags, groups and the person's views, each id, name and query string, by name; in one question."""
    found: dict[str, list[tuple[str, str, str]]] = {"people": [], "tags": [], "groups": [], "views": []}
    person = user.pk if user else None
    for kind, key, label, query in _CHOICES.values(practice=acting_practice_id(), user=person):
        found[kind].append((str(key), label, query))
    return found


def _rows_of_choices() -> "QuerySet[Any, Any]":
    members = Membership.objects.filter(practice=Given("practice"))
    views = SavedView.objects.filter(user=Given("user"), list=NAME)
    rows = _labelled("people", members, "user_id", name_of("user__")).union(
        _labelled("tags", Tag.objects.all(), "pk", F("name")),
        _labelled("groups", ClientGroup.objects.all(), "pk", F("name")),
        _labelled("views", views, "pk", F("name"), F("query")),
        all=True,
    )
    found: QuerySet[Any, Any] = rows.order_by("label")
    return found


#: The same whatever the list shows, so it is put into SQL once.
_CHOICES = WrittenQuestion(_rows_of_choices)


def _named(found: Sequence[tuple[str, str, str]]) -> list[tuple[str, str]]:
    return [(key, label) for key, label, _ in found]


def _labelled(
    kind: str, rows: "QuerySet[Any]", key: str, label: Combinable, query: Combinable | None = None
) -> "QuerySet[Any, Any]":
    named = rows.order_by().annotate(
        choice=Value(kind),
        key=F(key),
        label=Cast(label, TextField()),
        kept=Cast(query or Value(""), TextField()),
    )
    found: QuerySet[Any, Any] = named.values_list("choice", "key", "label", "kept")
    return found


@dataclass(frozen=True, slots=True)
class ClientList:
    """The clients a query string asks for."""

    clients: ClientQuerySet
    columns: list[Column]
    sort: str
    status: str
    chosen: dict[str, str]
    #: Whom the one thing lets through that narrows the list beside a state, whatever their state; None where it has
    #: to be asked together with the clients.
    found: Ids | None = None

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
        found = contributions.cells_of(self.columns, page, today)
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

    def columns_of_totals(self) -> Mapping[str, Written]:
        """Columns for `practices.scalars.figures`: what the filters let through, counted and added up."""
        ids = self._ids()
        written = _written_totals(tuple(self.columns), self.status, _how_many(ids))
        return written.columns(clients=array(ids or ()))

    def _ids(self) -> Ids | list[int] | None:
        """The clients that the filters let through, those of another state perhaps among them; None for all."""
        if not self.chosen:
            return None
        if self.found is not None:
            return self.found
        return list(self.clients.order_by().values_list("pk", flat=True))

    def totals(self, known: dict[str, Any]) -> list[Cell | None]:
        """What each column adds up to for everything the filters let through, from those figures."""
        return [
            Cell(amount=to_pence(known[f"total_{column.key}"] or ZERO)) if column.total else None
            for column in self.columns
        ]


def _totals(count: Combinable, whose: Whose, columns: Iterable[Column]) -> dict[str, Combinable]:
    """How many clients these are, and what each column that adds up comes to for what belongs to them."""
    sums = {f"total_{column.key}": column.total(whose) for column in columns if column.total}
    return {"count": count, **sums}


def _how_many(ids: Collection[int] | None) -> HowMany:
    if ids is None:
        return "all"
    return "most" if len(ids) > MOST else "many" if len(ids) > MANY else "few"


def _length_of(ids: Given) -> Func:
    template = "cardinality(%(expressions)s::bigint[])"
    return Func(ids, template=template, output_field=IntegerField())


@lru_cache(maxsize=contributions.MOST_KEPT)
def _written_totals(columns: tuple[Column, ...], status: str, how_many: HowMany) -> WrittenColumns:
    """The totals of everybody or of a state, all of them or those with some ids: they are put into SQL once."""

    def totals() -> dict[str, Combinable]:
        every: ClientQuerySet = Client.objects.order_by()
        clients = every.filter(status=status) if status else every.current()
        others = every.exclude(status=status) if status else every.filter(status=Client.Status.ARCHIVED)
        # Nearly everybody is all but a few others.
        are_nearly_all = status in ("", Client.Status.ACTIVE)
        but = Q(client__in=others.values("pk")) if are_nearly_all else None
        whose = Q(client__in=clients.values("pk")) if but is None else ~but
        if how_many == "all":
            return _totals(count_of(clients), Whose(whose, whose, but), columns)
        ids = Given("clients")
        is_one = is_one_of_given("pk", ids)
        count = (
            _length_of(ids) - count_of(others.filter(is_one))
            if are_nearly_all
            else count_of(clients.filter(is_one))
        )
        found, held = whose & is_among_given("client", ids), whose & is_one_of_given("client", ids)
        rows, each = held if how_many == "most" else found, found if how_many == "few" else held
        return _totals(count, Whose(rows, each), columns)

    return WrittenColumns(totals)


def client_list_of(query: QueryDict, form: ListForm, today: date) -> ClientList:
    """The list a query string asks for, on a day of the practice."""
    status, chosen = query.get("status", ""), form.chosen
    clients: ClientQuerySet = Client.objects.all()
    is_status = status in Client.Status.values
    clients = clients.filter(status=status) if is_status else clients.current()
    found = _found_by_one(chosen, today)
    clients = narrow(clients, chosen, today) if found is None else clients.among(found)
    wanted = set(query.getlist("columns")) or set(DEFAULT_COLUMNS)
    sort = query.get("sort", "")
    return ClientList(
        clients,
        [column for column in all_columns() if column.key in wanted],
        sort if sort.removeprefix("-") in sortable() else "name",
        status if is_status else "",
        chosen,
        found,
    )


def _found_by_one(chosen: dict[str, str], today: date) -> Ids | None:
    """The ids that words or one filter find by themselves; None where more is chosen, or something else."""
    if len(chosen) != 1:
        return None
    ((name, value),) = chosen.items()
    if name == "q":
        return ids_with_words(value) if words_of(value) else None
    ids = next((each.ids for each in contributions.filters() if each.key == name), None)
    return ids(value, today) if ids else None


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
            clients = choice.narrowed(clients, value, today)
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


def columns_of_states() -> dict[str, Written]:
    """Columns for `practices.scalars.figures`: how many clients are in each state, as `in_active`.

    They stand beside every list of clients, whatever it shows, and are counted no further than lists are.
    """
    return _STATES.columns()


#: They are the same whatever the list shows, so they are put into SQL once.
_STATES = WrittenColumns(
    lambda: {
        f"in_{state}": count_up_to(Client.objects.filter(status=state), COUNTED + 1)
        for state in Client.Status.values
    }
)
