"""What needs somebody about Sage, and what people decide about it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from ledger.log_tabs import log_tabs
from ledger.models import Posting
from practices.errors import DomainError
from practices.lists import Column, List, ShownList
from practices.models import User
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_key
from practices.templatetags.dates import written_date
from practices.worked_lists import worked_file, worked_page
from sage_integration.attention import (
    LONGEST_NOTE,
    NothingToDo,
    Thing,
    assign,
    colleagues,
    handle,
    reopen,
    snooze,
    thing_named,
    things,
)
from sage_integration.models import Attention, SageConnection, SageExchange, SageLink
from sage_integration.stakes import stake_of

VIEWS = (("open", "Open"), ("mine", "Mine"), ("snoozed", "Put off"), ("handled", "Handled"))
THINGS = List(
    "needs-you",
    "sage:inbox",
    ("thing", "things"),
    (
        Column("what", "What", lambda thing: thing.label, fixed=True),
        Column("client", "Client", lambda thing: thing.client, hidden=True),
        Column("happened", "What happened", lambda thing: thing.sentence),
        Column("next", "What to do", lambda thing: thing.way_out, hidden=True),
        Column("since", "Since", lambda thing: thing.since),
        Column("owner", "Looked after by", lambda thing: str(thing.owner or "")),
        Column("stake", "At stake", lambda thing: thing.amount, is_figure=True),
    ),
    {
        "since": ("since",),
        "stake": ("-stake",),
        "what": ("what",),
        "client": ("client",),
        "owner": ("owner",),
    },
)
EXCHANGES_SHOWN = 10
#: The rows that things are, by the first word of their key.
ROWS: dict[str, Any] = {
    Attention.Kind.POSTING: Posting,
    Attention.Kind.COPY: SageLink,
    Attention.Kind.CONNECTION: SageConnection,
}


class AssignForm(forms.Form):
    """Who looks after it."""

    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody in particular")

    def __init__(self, *args: object, people: list[User], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["owner"]
        field.queryset = User.objects.filter(pk__in=[person.pk for person in people])  # type: ignore[attr-defined]
        field.label = "Looked after by"


class SnoozeForm(forms.Form):
    """Until when it is put off."""

    until = forms.DateField(
        label="Not before", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )


class HandleForm(forms.Form):
    """How it was handled."""

    note = forms.CharField(label="How it was handled", max_length=LONGEST_NOTE)


@requires(Can.SEE)
@require_safe
def inbox(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """What needs somebody: what happened, money, age, who looks after it, and the one next step."""
    view = request.GET.get("view", "open")
    if view not in dict(VIEWS):
        view = "open"
    everything, shown = things(), ShownList(request, THINGS)
    sorted_out = {key: [thing for thing in everything if _belongs(thing, key, request)] for key, _ in VIEWS}
    if file := worked_file(shown, sorted_out[view]):
        return file
    page = worked_page(shown, sorted_out[view])
    context = {
        "view": view,
        "list": shown,
        "page": page,
        "things": page.rows,
        "stake": stake_of(page.everything),
        "open": len(sorted_out["open"]),
        "views": [
            {
                "label": label,
                "url": f"?view={key}",
                "count": len(sorted_out[key]),
                "active": key == view,
            }
            for key, label in VIEWS
        ],
        "today": request.practice.today(),
        "tabs": log_tabs(practice, "Needs you"),
    }
    return render(request, "sage_integration/inbox.html" + ("#rows" if request.htmx else ""), context)


def _belongs(thing: Thing, view: str, request: PracticeRequest) -> bool:
    state = thing.state_on(request.practice.today())
    return state == "open" and thing.owner == request.user if view == "mine" else state == view


@requires(Can.SEE)
@require_safe
def inbox_thing(request: PracticeRequest, practice: str, key: str) -> HttpResponse:
    """One thing that needs somebody, with what can be decided about it."""
    try:
        thing = _thing_or_404(key)
    except NothingToDo as gone:
        messages.info(request, gone.message)
        return see_other(request, "sage:inbox", practice=practice)
    return _thing_page(request, thing)


def _thing_or_404(key: str) -> Thing:
    """The thing; raises `NothingToDo` where it was one, and `Http404` where there is no such row."""
    try:
        return thing_named(key)
    except NothingToDo:
        kind, _, number = key.partition("-")
        if kind not in ROWS or not ROWS[kind].objects.filter(pk=row_key(number)).exists():
            raise Http404 from None
        raise


def _thing_page(
    request: PracticeRequest, thing: Thing, bound: dict[str, forms.Form] | None = None
) -> HttpResponse:
    owner = thing.owner
    offered: dict[str, forms.Form] = {
        "assign": AssignForm(
            people=colleagues(request.practice.pk), initial={"owner": owner.pk if owner else None}
        ),
        "snooze": SnoozeForm(),
        "handle": HandleForm(),
        **(bound or {}),
    }
    said = (
        SageExchange.objects.filter(posting=thing.posting).order_by("-id")[:EXCHANGES_SHOWN]
        if thing.posting
        else []
    )
    context = {
        "thing": thing,
        "state": thing.state_on(request.practice.today()),
        "forms": offered,
        "exchanges": said,
    }
    return render(request, "sage_integration/inbox_thing.html", context, status=422 if bound else 200)


@requires(Can.POST_TO_LEDGER)
@require_safe
def posting_attention(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """From a refused posting to where somebody looks after it."""
    posting = get_object_or_404(Posting, pk=pk)
    key = f"{Attention.Kind.POSTING}-{posting.pk}"
    return see_other(request, "sage:inbox-thing", practice=practice, key=key)


@requires(Can.POST_TO_LEDGER)
@require_POST
def inbox_act(request: PracticeRequest, practice: str) -> HttpResponse:
    """Take on, put off or settle the ticked things together; one that is gone meanwhile is left alone."""
    today, by = request.practice.today(), request.user
    ticked = set(request.POST.getlist("selected"))
    note, week = request.POST.get("note", ""), today + timedelta(days=7)
    acts: dict[str, tuple[Callable[[Thing], object], str]] = {
        "mine": (lambda thing: assign(thing, by), "yours to look after now"),
        "snooze": (lambda thing: snooze(thing, week, today=today), "put off for a week"),
        "handle": (lambda thing: handle(thing, note, by=by), "handled"),
    }
    act, words = acts.get(request.POST.get("act", ""), acts["mine"])
    chosen = [thing for thing in things() if thing.key in ticked]
    try:
        for thing in chosen:
            act(thing)
    except DomainError as refusal:  # the first already refuses: they are all decided alike
        messages.error(request, refusal.message)
    else:
        count = "1 thing is" if len(chosen) == 1 else f"{len(chosen)} things are"
        messages.success(request, f"{count} {words}." if chosen else "Tick what is to be decided first.")
    return see_other(request, "sage:inbox", practice=practice)


@requires(Can.POST_TO_LEDGER)
@require_POST
def inbox_assign(request: PracticeRequest, practice: str, key: str) -> HttpResponse:
    """Give it to a colleague."""
    form = AssignForm(request.POST, people=colleagues(request.practice.pk))
    return _decide(
        request, key, lambda thing: assign(thing, form.cleaned_data["owner"]), form=("assign", form)
    )


@requires(Can.POST_TO_LEDGER)
@require_POST
def inbox_snooze(request: PracticeRequest, practice: str, key: str) -> HttpResponse:
    """Put it off."""
    form, today = SnoozeForm(request.POST), request.practice.today()
    return _decide(
        request,
        key,
        lambda thing: snooze(thing, form.cleaned_data["until"], today=today),
        form=("snooze", form),
    )


@requires(Can.POST_TO_LEDGER)
@require_POST
def inbox_handle(request: PracticeRequest, practice: str, key: str) -> HttpResponse:
    """Say that it is dealt with."""
    form = HandleForm(request.POST)
    return _decide(
        request,
        key,
        lambda thing: handle(thing, form.cleaned_data["note"], by=request.user),
        form=("handle", form),
    )


@requires(Can.POST_TO_LEDGER)
@require_POST
def inbox_reopen(request: PracticeRequest, practice: str, key: str) -> HttpResponse:
    """Back among what needs somebody."""
    return _decide(request, key, reopen)


def _decided(name: str, mark: Attention) -> str:
    """What is said once something was decided, by the form it was decided with."""
    if name == "assign":
        return f"{mark.owner or 'Nobody in particular'} looks after it now."
    if name == "snooze":
        return f"It is put off until {written_date(mark.snoozed_until)}."
    if name == "handle":
        return "It is handled. Should it happen again, it comes back."
    return "It needs somebody again."


def _decide(
    request: PracticeRequest,
    key: str,
    decide: Callable[[Thing], Attention],
    *,
    form: tuple[str, forms.Form] | None = None,
) -> HttpResponse:
    """Make a decision about a thing and go back to the inbox; a wrong form stays on the thing's page."""
    practice = request.practice.slug
    try:
        thing = _thing_or_404(key)
    except NothingToDo as gone:
        messages.info(request, gone.message)
        return see_other(request, "sage:inbox", practice=practice)
    name, asked = form or ("", None)
    if asked is not None and not asked.is_valid():
        return _thing_page(request, thing, {name: asked})
    try:
        mark = decide(thing)
    except DomainError as refusal:
        if asked is None:
            raise
        asked.add_error(None, refusal.message)
        return _thing_page(request, thing, {name: asked})
    messages.success(request, f"{thing.label}: {_decided(name, mark)}")
    return see_other(request, "sage:inbox", practice=practice)
