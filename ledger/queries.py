"""What the outbox holds, counted and listed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q

from ledger.models import Posting, PostingQuerySet
from practices.lists import COUNTED
from practices.scalars import count_of, count_up_to, figures

Status = Posting.Status
#: The states that nothing leaves any more.
ENDED = frozenset({Status.POSTED, Status.CANCELLED})


@dataclass(frozen=True, slots=True)
class PostingView:
    """A choice in the list of postings: its word in addresses, its label, the states it shows."""

    key: str
    label: str
    states: tuple[str, ...]

    @property
    def parts(self) -> list[Q]:
        """Its states one by one: an index has the order within each, and none that of all."""
        return [Q(status=state) for state in self.states]

    @property
    def grows(self) -> bool:
        """Whether it holds what has come to its end, which is counted no further than lists are."""
        return not ENDED.isdisjoint(self.states)


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
    counts = figures(**columns_of_counters())
    return counts["refused"], counts["waiting"], counts["held"]


def columns_of_counters() -> dict[str, Any]:
    """Columns for `practices.scalars.figures`: `refused`, `waiting` and `held`."""
    return columns_of_home() | {"held": count_of(Posting.objects.filter(status=Status.HELD))}


def columns_of_home() -> dict[str, Any]:
    """Columns for `practices.scalars.figures`: how many postings need a person (`refused`) and are on their way."""
    postings = Posting.objects.all()
    return {
        "refused": count_of(postings.filter(status=Status.FAILED)),
        "waiting": count_of(postings.filter(status__in=[Status.PENDING, Status.LEASED])),
    }


def columns_of_views() -> dict[str, Any]:
    """Columns for `practices.scalars.figures`: how many postings are in each state, as `in_failed`.

    What has come to its end grows with the practice for ever, and is counted no further than lists are.
    """
    return {
        f"in_{state}": count_up_to(rows, COUNTED + 1) if state in ENDED else count_of(rows)
        for state in Status.values
        for rows in [Posting.objects.filter(status=state)]
    }


def counts_by_view(known: Mapping[str, int]) -> dict[str, int]:
    """How many postings each view holds, by its key, from the values of `columns_of_views`."""
    return {view.key: sum(known[f"in_{state}"] for state in view.states) for view in (*VIEWS, UNSETTLED, ALL)}


def view_named(key: str) -> PostingView:
    """The view of that key; all postings for any other word."""
    return next((view for view in (*VIEWS, UNSETTLED) if view.key == key), ALL)


def postings_in(view: PostingView) -> PostingQuerySet:
    """The postings of a view, newest first."""
    postings = Posting.objects.all() if view == ALL else Posting.objects.filter(status__in=view.states)
    found: PostingQuerySet = postings.order_by("-id")
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
