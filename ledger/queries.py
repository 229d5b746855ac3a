"""What the outbox holds, counted and listed."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max

from ledger.models import Posting, PostingQuerySet
from practices.scalars import count_of, figures

Status = Posting.Status


@dataclass(frozen=True, slots=True)
class PostingView:
    """A choice in the list of postings: its word in addresses, its label, the states it shows."""

    key: str
    label: str
    states: tuple[str, ...]


VIEWS = (
    PostingView("needs-you", "Needs you", (Status.FAILED,)),
    PostingView("held", "Held", (Status.HELD,)),
    PostingView("waiting", "Waiting", (Status.PENDING, Status.LEASED)),
    PostingView("in-sage", "In Sage", (Status.POSTED,)),
    PostingView("withdrawn", "Withdrawn", (Status.CANCELLED,)),
)
ALL = PostingView("all", "All", tuple(Status.values))
#: What `queue.on_its_way` names, for the page that asks what becomes of it; a tab only while it is looked at.
UNSETTLED = PostingView("unsettled", "On its way or refused", (Status.PENDING, Status.LEASED, Status.FAILED))


def counters() -> tuple[int, int, int]:
    """How many postings need a person, are waiting or on their way, and are held."""
    held = Posting.objects.filter(status=Status.HELD)
    counts = figures(**columns_of_home(), held=count_of(held))
    return counts["refused"], counts["waiting"], counts["held"]


def columns_of_home() -> dict[str, Any]:
    """Columns for `practices.scalars.figures`: how many postings need a person (`refused`) and are on their way."""
    postings = Posting.objects.all()
    return {
        "refused": count_of(postings.filter(status=Status.FAILED)),
        "waiting": count_of(postings.filter(status__in=[Status.PENDING, Status.LEASED])),
    }


def counts_by_view() -> dict[str, int]:
    """How many postings each view holds, by its key."""
    by_status = dict(Posting.objects.order_by().values_list("status").annotate(Count("pk")))
    return {
        view.key: sum(by_status.get(state, 0) for state in view.states) for view in (*VIEWS, UNSETTLED, ALL)
    }


def view_named(key: str) -> PostingView:
    """The view of that key; all postings for any other word."""
    return next((view for view in (*VIEWS, UNSETTLED) if view.key == key), ALL)


def postings_in(view: PostingView) -> PostingQuerySet:
    """The postings of a view, newest first."""
    found: PostingQuerySet = Posting.objects.filter(status__in=view.states).order_by("-id")
    return found


def place_in_queue(posting: Posting) -> int | None:
    """Its place among what waits, from 1; None unless it waits."""
    if posting.status != Status.PENDING:
        return None
    waiting: int = Posting.objects.filter(status=Status.PENDING, pk__lt=posting.pk).count()
    return waiting + 1


def causes() -> list[dict[str, Any]]:
    """Why postings need a person, the commonest reason first: failure, count, one posting of them, its remedy."""
    failed = Posting.objects.filter(status=Status.FAILED).order_by()
    counted = failed.values("failure", "remedy").annotate(count=Count("pk"), newest=Max("pk"))
    rows = list(counted.order_by("-count", "failure"))
    details = dict(
        Posting.objects.filter(pk__in=[row["newest"] for row in rows]).values_list("pk", "failure_detail")
    )
    return [{**row, "detail": details[row["newest"]]} for row in rows]
