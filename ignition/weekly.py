"""The week of a practice: accepted, awaited, failed, ending; read here and sent on Mondays (G87)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import DateField, DateTimeField, Exists, ExpressionWrapper, F, Func, OuterRef, Value
from django.db.models.functions import Cast, Coalesce, NullIf
from django.urls import reverse
from django.utils import timezone

from invoicing.models import BillingSchedule
from invoicing.queries import payment_issues
from practices.mail import File, queue_email
from practices.models import Membership, Practice
from practices.permissions import Can, may
from practices.scalars import count_of
from practices.spreadsheets import csv_bytes
from proposals.models import Proposal
from proposals.periods import add_months
from sage_integration.attention import things

WEEK = timedelta(days=7)
#: How long before its end a service or an engagement is told of.
NOTICE = timedelta(days=30)
LEEWAY = timedelta(days=4)
#: An engagement without a minimum length is looked at again after so long.
USUAL_MONTHS = 12
#: Rows of a section that a message names, and that the page shows; its CSV file has them all.
NAMED, SHOWN = 5, 20
PROPOSAL_PAGE = "proposals:proposal-detail"
Row = Sequence[Any]
#: The page of a row's object: the name of its address and what stands in it beside the practice.
Page = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the summary: what it is about, the heads of its columns, and its rows.

    ``count`` is how many there are, of which not all need to have been read. Each row stands beside its page.
    """

    key: str
    title: str
    nothing: str
    heads: tuple[str, ...]
    with_pages: list[tuple[Row, Page]]
    count: int

    @property
    def rows(self) -> list[Row]:
        """What the rows say."""
        return [row for row, _ in self.with_pages]

    @property
    def named(self) -> list[str]:
        """The first rows in words, for a message."""
        return [", ".join(str(cell) for cell in row if cell not in ("", None)) for row in self.rows[:NAMED]]

    @property
    def more(self) -> int:
        """How many rows are not named."""
        return max(0, self.count - NAMED)


#: The sections in their order: key, title, what an empty one says, heads.
SECTIONS = (
    ("accepted", "Accepted last week", "No proposal was accepted.", ("Client", "Proposal", "Accepted on")),
    (
        "awaiting",
        "Awaiting an answer",
        "No proposal is with a client.",
        ("Client", "Proposal", "Valid until"),
    ),
    (
        "failed-payments",
        "Payments taken back",
        "No payment was taken back.",
        ("Client", "Invoice", "Owed again"),
    ),
    ("ending", "Services that end within 30 days", "No service ends soon.", ("Client", "Service", "Ends on")),
    (
        "renewal",
        "Engagements due for renewal within 30 days",
        "No engagement is due for renewal.",
        ("Client", "Proposal", "Due on"),
    ),
    (
        "sage",
        "What did not go through with Sage",
        "Nothing was refused, and nothing was found to differ.",
        ("What", "Client", "What happened", "Since"),
    ),
)


def weekly_summary(on: date, counted: Mapping[str, int] | None = None) -> list[Section]:
    """The sections of the week that ends before a day, in the practice whose scope is open.

    Where ``counted`` has the values of `columns_of_week`, no more rows are read than the page shows, else all.
    """
    most = None if counted is None else SHOWN
    found = {
        key: [(said(each), (page, each.pk)) for each in rows[:most]]
        for key, (rows, said, page) in _read(on).items()
    }
    found["renewal"] = _due_for_renewal(on)
    found["sage"] = [
        ((each.label, each.client, each.sentence, _day(each.since)), ("sage:inbox-thing", each.key))
        for each in things()
        if each.state_on(on) == "open"
    ]
    counts = {key: (counted or {}).get(f"week_{key}", len(rows)) for key, rows in found.items()}
    return [
        Section(key, title, nothing, heads, found[key], counts[key])
        for key, title, nothing, heads in SECTIONS
    ]


def columns_of_week(on: date) -> dict[str, Any]:
    """Columns for `practices.scalars.figures`: how many rows the sections have that the database alone knows."""
    return {f"week_{key}": count_of(rows) for key, (rows, _, _) in _read(on).items()}


def _read(on: date) -> dict[str, tuple[Any, Callable[[Any], Row], str]]:
    """What is read from the database alone, section by section, what a row says and which page is its object's."""
    proposals = Proposal.objects.select_related("client").defer("document", "message").order_by("pk")
    ending = BillingSchedule.objects.filter(
        status=BillingSchedule.Status.ACTIVE, ends_on__range=(on, on + NOTICE)
    )
    return {
        "accepted": (
            _accepted(proposals, on),
            lambda each: _proposal(each, each.decided_at),
            PROPOSAL_PAGE,
        ),
        "awaiting": (
            proposals.awaiting(),
            lambda each: _proposal(each, each.valid_until),
            PROPOSAL_PAGE,
        ),
        "failed-payments": (
            payment_issues().select_related("client").order_by("due_on", "pk"),
            lambda each: (each.client.name, each.number_label, each.outstanding),
            "invoicing:invoice-detail",
        ),
        "ending": (
            ending.select_related("client").order_by("ends_on", "pk"),
            lambda each: (each.client.name, each.name, each.ends_on),
            "invoicing:schedule-detail",
        ),
    }


def _proposal(each: Proposal, day: date | datetime | None) -> Row:
    return (each.client.name, f"{each.number_label} {each.title}", _day(day))


def _day(moment: date | datetime | None) -> date | None:
    """The civil date of it, in the practice's zone."""
    return timezone.localdate(moment) if isinstance(moment, datetime) else moment


def _accepted(proposals: Any, on: date) -> Any:
    """Those accepted in the week before a day; by instants, which an index has."""
    first, end = (timezone.make_aware(datetime.combine(day, time.min)) for day in (on - WEEK, on))
    return proposals.filter(status=Proposal.Status.ACCEPTED, decided_at__gte=first, decided_at__lt=end)


def _due_for_renewal(on: date) -> list[tuple[Row, Page]]:
    """Accepted engagements whose minimum length, else whose year, ends soon and which nothing renews yet."""
    schedules = BillingSchedule.objects.recurring().filter(
        practice=OuterRef("practice"), proposal_line__proposal=OuterRef("pk")
    )
    # The database's months end a day or three apart from ours: it leaves out who is far from it, we decide.
    months = Coalesce(NullIf("minimum_months", 0), USUAL_MONTHS)
    later = F("starts_on") + Func(Value(0), months, function="make_interval")
    about = Cast(ExpressionWrapper(later, DateTimeField()), DateField())
    running = Proposal.objects.annotate(about=about).filter(
        Exists(schedules),
        status=Proposal.Status.ACCEPTED,
        renewals=None,
        about__range=(on - LEEWAY, on + NOTICE + LEEWAY),
    )
    due = [
        (add_months(each.starts_on, each.minimum_months or USUAL_MONTHS), each)
        for each in running.select_related("client").order_by("pk")
    ]
    return [
        ((each.client.name, f"{each.number_label} {each.title}", day), (PROPOSAL_PAGE, each.pk))
        for day, each in sorted(due, key=lambda pair: (pair[0], pair[1].pk))
        if on <= day <= on + NOTICE
    ]


def send_weekly_summary(practice: Practice, on: date) -> int:
    """Write the summary to everybody who wants it, once a week however often it is asked for; to how many.

    Inside a scope. Each section that is not empty goes along as a CSV file.
    """
    members = Membership.objects.filter(practice=practice, gets_weekly_summary=True, user__is_active=True)
    wanted = [member for member in members.select_related("user").order_by("pk") if may(member.role, Can.SEE)]
    if not wanted:
        return 0
    sections = weekly_summary(on)
    files = [
        File(f"{each.key}.csv", csv_bytes(each.heads, each.rows), "text/csv")
        for each in sections
        if each.rows
    ]
    year, week, _ = on.isocalendar()
    page = settings.PUBLIC_URL + reverse("weekly-summary", args=[practice.slug])
    context = {"practice": practice, "sections": sections, "url": page}
    for member in wanted:
        event = f"weekly:{year}-{week:02d}:{member.user_id}"
        queue_email(member.user.email, "ignition/weekly_summary", context, event=event, files=files)
    return len(wanted)


def switch_weekly_summary(member: Membership, *, on: bool) -> None:
    """Let a person get the weekly summary of a practice from now on, or no longer."""
    member.gets_weekly_summary = on
    member.save(update_fields=["gets_weekly_summary"])
