"""The audit trail as people read it: filtered, in words, with what was before and after."""

import json
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Replace
from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date

from practices.lists import Column, List, ShownList, file_of
from practices.models import CLIENT_SIGNED, IN_WORDS, THINGS, ApiKey, AuditEntry, Membership, Practice, User
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from practices.row_keys import row_key
from practices.subjects import named
from practices.views import settings_tabs

#: Parts of the product that entries speak of, by the first word of their action.
SYSTEM, PROGRAM = "system", "key:"
ENTRIES = List(
    "activity",
    "practices:activity",
    ("entry", "entries"),
    (
        Column("when", "When", lambda entry: entry.at, fixed=True),
        Column("who", "Who", lambda entry: entry.who),
        Column("what", "What", lambda entry: entry.in_words),
        Column("which", "Which", lambda entry: entry.subject),
        Column(
            "details", "Details", lambda entry: json.dumps(entry.data, ensure_ascii=False, sort_keys=True)
        ),
        Column("action", "Name of the act", lambda entry: entry.action, hidden=True),
    ),
    {"when": ("-pk",)},
    prepared=named,
)


@requires(Can.SEE)
def activity(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Who did what and when, newest first."""
    shown, entries = ShownList(request, ENTRIES), chosen_entries(request.GET)
    if file := file_of(shown, entries):
        return file
    page = shown.page_of(entries)
    context = {
        "list": shown,
        "page": page,
        "rows": [{"entry": entry, "details": details_of(entry)} for entry in named(page.rows)],
        "count": shown.counted(entries),
        "people": actors_of(request.practice),
        "chosen": {name: request.GET.get(name, "") for name in ("who", "what", "from", "to")},
        "tabs": settings_tabs(request, "Activity"),
    }
    part = "#rows" if request.htmx else ""
    return render(request, "practices/activity.html" + part, context)


def actors_of(practice: Practice) -> list[tuple[str, str]]:
    """Whose entries can be asked for, as value and label: members, who left, operators who came in, and programs."""
    members = Membership.objects.filter(practice=practice).values_list("user_id", flat=True)
    trail = AuditEntry.objects.order_by()
    left = trail.filter(subject_type="practices.membership", action="member.removed")
    came = trail.filter(subject_type="practices.practice", action="operator.entered")
    ids = {
        "": set(members),
        " (left)": {pk for pk in left.values_list("data__user", flat=True) if isinstance(pk, int)},
        " (operator)": set(came.values_list("actor_id", flat=True)),
    }
    people = User.objects.in_bulk(set().union(*ids.values()))
    named = {
        pk: f"{people[pk]}{words}" for words, found in reversed(ids.items()) for pk in found if pk in people
    }
    keys = ApiKey.objects.filter(practice=practice).order_by("name").values_list("prefix", "name")
    return [
        *sorted(((str(pk), label) for pk, label in named.items()), key=lambda each: each[1].lower()),
        *((f"{PROGRAM}{prefix}", f"{name} (API key)") for prefix, name in keys),
    ]


def chosen_entries(query: QueryDict, among: QuerySet[AuditEntry] | None = None) -> QuerySet[AuditEntry]:
    """The entries that fit the filters, of all there are unless others are given; one unreadable narrows nothing."""
    entries = AuditEntry.objects.select_related("actor") if among is None else among
    who, what = query.get("who", ""), _plain(query.get("what", ""))
    if who == SYSTEM:
        entries = entries.filter(actor=None).exclude(_of_others())
    elif who.startswith(PROGRAM):
        entries = entries.filter(data__api_key=who.removeprefix(PROGRAM))
    elif actor := row_key(who):
        entries = entries.filter(actor=actor)
    if what:
        named = [action for action, words in IN_WORDS.items() if what in words.lower()]
        for thing, words in THINGS.items():
            what = what.replace(words.lower(), _plain(thing))
        dotless = Replace("action", Value("."), Value(" "))
        entries = entries.alias(words=Replace(dotless, Value("_"), Value(" ")))
        entries = entries.filter(Q(words__icontains=what) | Q(action__in=named))
    if first := _day(query.get("from", "")):
        entries = entries.filter(at__gte=_midnight(first))
    if (last := _day(query.get("to", ""))) and last < date.max:
        entries = entries.filter(at__lt=_midnight(last + timedelta(days=1)))
    return entries


def _of_others() -> Q:
    """Entries without an actor that are not the system's doing: programs' and clients' own."""
    return Q(data__has_any_keys=["api_key", "person"]) | Q(action=CLIENT_SIGNED)


def details_of(entry: AuditEntry) -> list[dict[str, Any]]:
    """What the entry says beside its action: names with their value, or with what was before and after."""
    details = []
    for name, value in entry.data.items():
        if name == "person":  # that is who did it, and said beside it
            continue
        if name == "changes" and isinstance(value, dict):
            details += [
                {"name": _words(field), "before": pair[0], "after": pair[1]}
                for field, pair in value.items()
                if isinstance(pair, list) and len(pair) == 2
            ]
        elif isinstance(value, dict | list):
            details.append({"name": _words(name), "value": json.dumps(value, ensure_ascii=False)})
        elif value not in (None, ""):
            details.append({"name": _words(name), "value": value})
    return details


def _plain(text: str) -> str:
    """Words of a search or of an action as they are compared: `tax rate added` of `tax_rate.added`."""
    return " ".join(text.lower().replace("_", " ").replace(".", " ").split())


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
