"""The pipeline: what stands in each state with its money, how far proposals get, and how long people take to sign."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from practices.kept import kept_values
from proposals.models import Proposal, ProposalEvent, ProposalQuerySet, Signature
from proposals.queries import Worth, worth_by

Status = Proposal.Status
#: What was decided longer ago is history and not in the pipeline.
RECENT = timedelta(days=90)
YEAR = timedelta(days=365)
LOST = (Status.DECLINED, Status.LOST, Status.EXPIRED)
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


def stages(today: date, *, newest: int) -> list[Stage]:
    """The columns from the first thought to the decision; of what is decided, the last ninety days."""
    days = f"in the last {RECENT.days} days"
    titles = (
        ("draft", "Draft", ""),
        ("in_review", "In review", ""),
        ("sent", "Awaiting signature", ""),
        ("part_signed", "Part signed", ""),
        ("accepted", "Accepted", days),
        ("lost", "Not won", days),
    )
    staged: Any = _staged(today)
    counts: dict[str, int] = dict(kept_values(staged.order_by().values_list("stage").annotate(Count("pk"))))
    worths, rows = worth_by(staged, "stage"), _newest(staged, [key for key, *_ in titles], newest)
    return [
        Stage(key, label, note, counts.get(key, 0), worths.get(key, Worth()), rows[key])
        for key, label, note in titles
    ]


def _staged(today: date) -> ProposalQuerySet:
    """The proposals of the pipeline, each with the ``stage`` it is in."""
    signed = Exists(Signature.objects.filter(practice=OuterRef("practice"), proposal=OuterRef("pk")))
    stage = Case(
        When(Q(signed, status=Status.SENT), then=Value("part_signed")),
        When(status__in=LOST, then=Value("lost")),
        default=F("status"),
        output_field=CharField(),
    )
    open_or_recent = Q(status__in=[*Proposal.EDITABLE, Status.SENT]) | Q(
        status__in=[Status.ACCEPTED, *LOST], decided_at__gte=_since(today, RECENT)
    )
    found: ProposalQuerySet = Proposal.objects.filter(open_or_recent).annotate(stage=stage)
    return found


def _newest(staged: ProposalQuerySet, keys: Sequence[str], number: int) -> dict[str, list[Proposal]]:
    """So many of each of these stages at most, the newest first, with client and lines.

    Each stage is read from the index of its states as far as it has to be: numbered among each other, all of them are.
    """
    first, *others = (_in_stage(staged, stage).values("pk")[:number] for stage in keys)
    rows: dict[str, list[Proposal]] = defaultdict(list)
    chosen = staged.order_by("-pk").filter(pk__in=first.union(*others, all=True))
    found: QuerySet[Any] = chosen.select_related("client").prefetch_related("lines")
    for proposal in found.defer("document"):
        rows[proposal.stage].append(proposal)
    return rows


def _in_stage(staged: ProposalQuerySet, stage: str) -> ProposalQuerySet:
    """The proposals of a stage, the newest first."""
    if stage == "part_signed":
        return staged.part_signed().order_by("-pk")
    if stage == Status.SENT:
        return unsigned(staged.awaiting()).order_by("-pk")
    found: ProposalQuerySet = staged.filter(status__in=LOST if stage == "lost" else [stage])
    if stage in Proposal.EDITABLE:
        return found.order_by("-pk")
    # What was decided lately, from its index, and then in order: by the order alone all that was ever decided is read.
    return found.order_by((F("pk") + 0).desc())


#: How far a proposal can get, as a choice of the list, and what its bar and the list say.
STEPS = {
    "year-sent": ("Sent", "sent in the last year"),
    "year-opened": ("Opened", "sent in the last year and opened by the client"),
    "year-signed": ("Signed by somebody", "sent in the last year and signed by somebody"),
    "year-accepted": ("Accepted", "sent in the last year and accepted"),
}


def funnel(today: date) -> list[tuple[str, str, int]]:
    """How many proposals of the last year were sent, opened, signed by somebody and accepted: step, label, count."""
    conditions = _conditions()
    sent = got_to(Proposal.objects.all(), "year-sent", today).order_by().values("practice")
    counted = sent.annotate(**{_column(step): Count("pk", filter=conditions[step]) for step in STEPS})
    (counts,) = kept_values(counted.values_list(*map(_column, STEPS))) or [(0,) * len(STEPS)]
    return [(step, label, count) for (step, (label, _)), count in zip(STEPS.items(), counts, strict=True)]


def _column(step: str) -> str:
    return step.replace("-", "_")


def _since(today: date, time: timedelta) -> datetime:
    """The midnight at which the day began that was so long ago: the same moment all day long."""
    return timezone.make_aware(datetime.combine(today - time, datetime.min.time()))


def got_to(proposals: ProposalQuerySet, step: str, today: date) -> ProposalQuerySet:
    """Those sent in the last year that got as far as a step of the funnel; all of them for any other word."""
    if step not in STEPS:
        return proposals
    return proposals.filter(_conditions()[step], sent_at__gte=_since(today, YEAR))


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


def time_to_sign(today: date) -> TimeToSign:
    """How long the proposals took that were accepted in the last year."""
    won = Proposal.objects.filter(
        status__in=[Status.ACCEPTED, Status.SUPERSEDED],
        decided_at__gte=_since(today, YEAR),
        sent_at__isnull=False,
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


def age_in_days(proposal: Proposal, today: date) -> int:
    """For how many days it has been where it is: since it was sent or decided, else since it was changed."""
    since = proposal.decided_at or proposal.sent_at or proposal.changed_at
    return max((today - since.date()).days, 0)
