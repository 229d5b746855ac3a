"""The pipeline: what stands in each state with its money, how far proposals get, and how long people take to sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median

from django.db.models import Count, Exists, Max, OuterRef, Q

from practices.tenancy import TenantQuerySet
from proposals.models import Proposal, ProposalEvent, ProposalQuerySet, Signature
from proposals.queries import Worth, worth_of_proposals

Status = Proposal.Status
#: What was decided longer ago is history and not in the pipeline.
RECENT = timedelta(days=90)
YEAR = timedelta(days=365)
#: Days until the last signature: from one to the next, the last without end.
SPANS = (
    (0, "Same day"),
    (1, "1 day"),
    (3, "2–3 days"),
    (7, "4–7 days"),
    (14, "8–14 days"),
    (30, "15–30 days"),
)
LONGER = "Longer"


@dataclass(frozen=True, slots=True)
class Stage:
    """One column of the pipeline: how many, what they bring before VAT, and the newest of them."""

    key: str
    label: str
    note: str
    count: int
    worth: Worth
    newest: Sequence[Proposal]


def unsigned(proposals: ProposalQuerySet) -> ProposalQuerySet:
    """Those among the proposals that nobody has signed yet."""
    return proposals.filter(~Exists(Signature.objects.filter(proposal=OuterRef("pk"))))


def stages(now: datetime, *, newest: int) -> list[Stage]:
    """The columns from the first thought to the decision; of what is decided, the last ninety days."""
    every: ProposalQuerySet = Proposal.objects.all()
    recent = Q(decided_at__gte=now - RECENT)
    days = f"In the last {RECENT.days} days"
    parts: list[tuple[str, str, str, ProposalQuerySet]] = [
        ("draft", "Draft", "", every.filter(status=Status.DRAFT)),
        ("in_review", "In review", "", every.filter(status=Status.IN_REVIEW)),
        ("sent", "Awaiting", "", unsigned(every.awaiting())),
        ("part_signed", "Part signed", "", every.part_signed()),
        ("accepted", "Accepted", days, every.filter(recent, status=Status.ACCEPTED)),
        (
            "lost",
            "Not won",
            days,
            every.filter(recent, status__in=[Status.DECLINED, Status.LOST, Status.EXPIRED]),
        ),
    ]
    return [
        Stage(
            key,
            label,
            note,
            found.count(),
            worth_of_proposals(found),
            list(found.select_related("client").prefetch_related("lines").defer("document")[:newest]),
        )
        for key, label, note, found in parts
    ]


#: How far a proposal can get, as a choice of the list, and what its bar and the list say.
STEPS = {
    "year-sent": ("Sent", "sent in the last year"),
    "year-opened": ("Opened", "sent in the last year and opened by the client"),
    "year-signed": ("Signed by somebody", "sent in the last year and signed by somebody"),
    "year-accepted": ("Accepted", "sent in the last year and accepted"),
}


def funnel(now: datetime) -> list[tuple[str, str, int]]:
    """How many proposals of the last year were sent, opened, signed by somebody and accepted: step, label, count."""
    conditions = _conditions()
    counted = (
        got_to(Proposal.objects.all(), "year-sent", now)
        .order_by()
        .aggregate(**{step.replace("-", "_"): Count("pk", filter=conditions[step]) for step in STEPS})
    )
    return [(step, label, int(counted[step.replace("-", "_")])) for step, (label, _) in STEPS.items()]


def got_to(proposals: ProposalQuerySet, step: str, now: datetime) -> ProposalQuerySet:
    """Those sent in the last year that got as far as a step of the funnel; all of them for any other word."""
    if step not in STEPS:
        return proposals
    return proposals.filter(_conditions()[step], sent_at__gte=now - YEAR)


def _conditions() -> dict[str, Q]:
    opened = Q(Exists(ProposalEvent.objects.filter(proposal=OuterRef("pk"), kind="opened")))
    signed = Q(Exists(Signature.objects.filter(proposal=OuterRef("pk"))))
    return {
        "year-sent": Q(sent_at__isnull=False),
        # Whoever signed has opened it, even where the practice recorded the signature.
        "year-opened": opened | signed,
        "year-signed": signed,
        "year-accepted": Q(status__in=[Status.ACCEPTED, Status.SUPERSEDED]),
    }


@dataclass(frozen=True, slots=True)
class TimeToSign:
    """Days from sending to the last signature: the middle one, and how many took how long."""

    median_days: Decimal | None
    spans: list[tuple[str, int]]


def time_to_sign(now: datetime) -> TimeToSign:
    """How long the proposals took that were accepted in the last year."""
    won = Proposal.objects.filter(
        status__in=[Status.ACCEPTED, Status.SUPERSEDED], decided_at__gte=now - YEAR, sent_at__isnull=False
    )
    dates = won.order_by().values_list("sent_at", "decided_at")
    took = [decided - sent for sent, decided in dates if sent and decided]
    spans = dict.fromkeys([label for _, label in SPANS] + [LONGER], 0)
    for time in took:
        spans[_span(time)] += 1
    middle = median(time.total_seconds() for time in took) if took else None
    days = None if middle is None else Decimal(middle / 86400).quantize(Decimal("0.1"))
    return TimeToSign(days, list(spans.items()))


def _span(time: timedelta) -> str:
    return next((label for days, label in SPANS if time.days <= days), LONGER)


def last_viewed(proposals: Sequence[Proposal]) -> dict[int, datetime]:
    """When each proposal was last opened by somebody with its link; absent where nobody did."""
    opened: TenantQuerySet[ProposalEvent] = ProposalEvent.objects.filter(
        proposal__in=[proposal.pk for proposal in proposals], kind="opened"
    )
    return dict(opened.order_by().values_list("proposal").annotate(Max("at")))


def age_in_days(proposal: Proposal, today: date) -> int:
    """For how many days it has been where it is: since it was sent or decided, else since it was changed."""
    since = proposal.decided_at or proposal.sent_at or proposal.changed_at
    return max((today - since.date()).days, 0)
