"""The columns of the client list that this app has, beside the name and the state that every list of clients has."""

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Max, OuterRef, Subquery, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest, NullIf
from django.utils import timezone

from clients import contributions
from clients.contributions import Cell, Column
from clients.models import Client, ClientTag
from practices.models import AuditEntry


@cache
def own_columns() -> tuple[Column, ...]:
    """The columns, from left to right among others' by their order.

    Made once: a column that is made anew is another one to `contributions.cells_of`, which keeps what it asks for.
    """
    return (
        Column("kind", "Kind", _words(lambda client: client.get_kind_display()), order=1),
        Column("group", "Group", _words(lambda client: client.group_name or ""), _group, order=2),
        Column("manager", "Manager", _words(lambda client: client.manager_name or ""), _manager, order=3),
        Column("partner", "Partner", _words(lambda client: client.partner_name or ""), _partner, order=4),
        Column("town", "Town", _words(lambda client: client.city), order=5),
        Column("company_number", "Company number", _words(lambda client: client.company_number), order=6),
        Column("tags", "Tags", _words(lambda client: ", ".join(sorted(client.tag_names))), _tags, order=7),
        Column("checks", "Checks", _check_in_words, order=8),
        Column("switch", "Invoices", _words(_switch_in_words), order=70),
        Column("activity", "Last activity", _day_of_activity, _last_activity, order=90),
    )


def _words(words: Callable[[Any], str]) -> Callable[[Any, date], Cell]:
    """A column that says one thing of each client."""
    return lambda client, _today: Cell(words(client))


def _switch_in_words(client: Client) -> str:
    return "Created in Sage" if client.posts_automatically else "Kept here"


def _group() -> dict[str, Combinable]:
    return {"group_name": F("group__name")}


def _manager() -> dict[str, Combinable]:
    return {"manager_name": name_of("manager__")}


def _partner() -> dict[str, Combinable]:
    return {"partner_name": name_of("partner__")}


def name_of(person: str) -> Combinable:
    """What somebody is called, as they are everywhere."""
    return Coalesce(NullIf(f"{person}name", Value("")), f"{person}email", output_field=TextField())


def _tags() -> dict[str, Combinable]:
    own = ClientTag.objects.filter(practice=OuterRef("practice"), client=OuterRef("pk"))
    return {"tag_names": ArraySubquery(own.order_by().values("tag__name"))}


def _check_in_words(client: Client, today: date) -> Cell:
    if client.aml_status == Client.Aml.CLEARED:
        return (
            Cell("Review overdue", tone="warn")
            if client.review_is_due(today)
            else Cell("Cleared", tone="good")
        )
    tone = "bad" if client.aml_status == Client.Aml.REFUSED else "neutral"
    return Cell(client.get_aml_status_display(), tone=tone)


def _last_activity() -> dict[str, Combinable]:
    entries = AuditEntry.objects.filter(
        practice=OuterRef("practice"), subject_type="clients.client", subject_id=OuterRef("pk")
    )
    own = Subquery(entries.order_by().values("subject_id").annotate(last=Max("at")).values("last"))
    # The database passes over what is null.
    others = [activity.latest() for activity in contributions.activities()]
    return {"last_activity": Greatest(own, *others) if others else own}


def _day_of_activity(client: Any, today: date) -> Cell | None:
    del today
    return Cell(on=timezone.localdate(client.last_activity)) if client.last_activity else None
