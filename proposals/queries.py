"""Reads about proposals that add up or look further than one row."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce, Round
from django.utils import timezone

from clients.models.search import ids_with_words, is_among
from money.amounts import ZERO, to_pence
from practices import audit
from practices.kept import kept_values
from practices.scalars import count_of
from practices.tenancy import TenantQuerySet
from proposals.billing_rules import BillingRule
from proposals.models import (
    Proposal,
    ProposalEvent,
    ProposalLine,
    ProposalQuerySet,
    ProposalSignatory,
    Signature,
    Terms,
)

#: A year in each unit, as fee quotes count it.
A_YEAR = {
    BillingRule.Period.DAY.value: 365,
    BillingRule.Period.WEEK.value: 52,
    BillingRule.Period.MONTH.value: 12,
}
MONTHS_A_YEAR = 12


def _net_of_lines(prefix: str = "") -> Sum:
    """The lines' net, each rounded by itself, at `ProposalLine.billed_price`; ``prefix`` leads to the lines."""
    full = F(f"{prefix}unit_price")
    reduced = Round(full * (100 - F(f"{prefix}discount_percent")) / 100, precision=4)
    # Most have none, and add up in half the time without a division.
    price = Case(When(**{f"{prefix}discount_percent": 0}, then=full), default=reduced)
    return Sum(Round(F(f"{prefix}quantity") * price, precision=2))


@dataclass(frozen=True)
class Worth:
    """What an offer brings, before VAT, in the practice's currency, to the penny."""

    one_off: Decimal = ZERO
    yearly: Decimal = ZERO

    @property
    def monthly(self) -> Decimal:
        """The recurring part as an average month."""
        return to_pence(self.yearly / MONTHS_A_YEAR)

    def __add__(self, other: "Worth") -> "Worth":
        return Worth(self.one_off + other.one_off, self.yearly + other.yearly)


def worth_of(net: Decimal, billing: str, every: int | None, period: str) -> Worth:
    """What one billing rule brings when each bill is ``net``: once, or in a year of 12 months, 52 weeks or 365 days."""
    if billing != BillingRule.Billing.RECURRING:
        return Worth(one_off=net)
    return Worth(yearly=to_pence(net * A_YEAR[period] / (every or 1)))


def worth_of_lines(lines: Iterable[ProposalLine]) -> Worth:
    """What the lines of an offer bring together."""
    parts = (
        worth_of(to_pence(line.quantity * line.billed_price), line.billing, line.every, line.period)
        for line in lines
        if not line.is_included
    )
    return sum(parts, Worth())


def worth_of_proposals(proposals: ProposalQuerySet) -> Worth:
    """What all these proposals bring together, however many there are."""
    lines = ProposalLine.objects.filter(is_included=False)
    if proposals.query.where:  # else it is of all lines there are, and none of them has to be looked up
        lines = lines.filter(proposal__in=proposals.order_by().values("pk"))
    rules = lines.order_by().values_list("billing", "every", "period").annotate(net=_net_of_lines())
    return sum((worth_of(net, *rule) for *rule, net in kept_values(rules)), Worth())


def worth_by(proposals: ProposalQuerySet, part: str) -> dict[str, Worth]:
    """What the proposals bring by a column of theirs, however many there are; absent where nothing is offered."""
    rules = (
        proposals.order_by()
        .filter(lines__is_included=False)
        .values_list(part, "lines__billing", "lines__every", "lines__period")
        .annotate(net=_net_of_lines("lines__"))
    )
    found: dict[str, Worth] = {}
    for key, billing, every, period, net in kept_values(rules):
        found[key] = found.get(key, Worth()) + worth_of(net, billing, every, period)
    return found


def proposals_matching(text: str) -> ProposalQuerySet:
    """Proposals whose number is the text (`7`, `P-0007`), whose name contains it, or of clients so named.

    Each of these is looked for by an index of its own, and once, whatever is asked of what they find.
    """
    text = text.replace("\0", "").strip()
    if not text:
        return Proposal.objects.all()
    every = Proposal.objects.order_by().values_list("pk", flat=True)
    parts = [every.filter(is_among("client", ids_with_words(text)))]
    digits = text.upper().removeprefix("P-")
    if digits.isdecimal() and len(digits) < 10:
        parts.append(every.filter(number=int(digits)))
    found = every.filter(title__icontains=text).union(*parts)
    return Proposal.objects.filter(is_among("pk", list(found)))


#: How long a proposal may be with its client before somebody should ask, and how long before its end they should.
PATIENCE, NOTICE, DAY = timedelta(days=7), timedelta(days=7), timedelta(days=1)
#: Choices of the list that cut across its states.
SHOWS = {
    "awaiting": "with their clients",
    "unsigned": "sent a week ago or earlier and not signed",
    "opened": "opened by the client and not signed",
    "expiring": "running out within a week",
}


def shown_as(proposals: ProposalQuerySet, show: str, on: date) -> ProposalQuerySet:
    """The proposals of a choice (`unsigned`, `opened`, `expiring`) on a day; all of them for any other word."""
    if show not in SHOWS:
        return proposals
    awaiting = proposals.awaiting()
    if show == "awaiting":
        return awaiting
    if show == "unsigned":
        # By the instant: of a date the database would work out each proposal's own.
        return awaiting.filter(
            sent_at__lt=timezone.make_aware(datetime.combine(on - PATIENCE + DAY, time.min))
        )
    if show == "expiring":
        return awaiting.filter(valid_until__lte=on + NOTICE)
    views = ProposalEvent.objects.filter(
        practice=OuterRef("practice"), proposal=OuterRef("pk"), kind="opened"
    )
    return awaiting.filter(Exists(views))


def columns_of_home(on: date) -> dict[str, Any]:
    """Columns for `practices.scalars.figures`: how many proposals are awaited, and in each choice of the list."""
    awaiting = Proposal.objects.awaiting()
    return {show: count_of(shown_as(awaiting, show, on)) for show in SHOWS}


def counts_by_status(proposals: ProposalQuerySet) -> dict[str, int]:
    """How many of these proposals there are in each state."""
    counted = proposals.order_by().values_list("status").annotate(Count("pk"))
    return dict.fromkeys(Proposal.Status.values, 0) | dict(kept_values(counted))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a proposal is with its client: who signed of those asked, and when its link was last opened."""

    signed: int = 0
    asked: int = 0
    viewed: datetime | None = None


def progress_of(proposals: Iterable[Proposal]) -> dict[int, Progress]:
    """How far each proposal is with its client, by the proposal's id; one question for all of them."""
    own = {"practice": OuterRef("practice"), "proposal": OuterRef("pk")}
    opened = ProposalEvent.objects.filter(**own, kind="opened").order_by().values("proposal")
    rows = Proposal.objects.filter(pk__in=[proposal.pk for proposal in proposals]).order_by()
    found = rows.values_list(
        "pk",
        _count_for_each(Signature.objects.filter(**own)),
        _count_for_each(ProposalSignatory.objects.filter(**own)),
        Subquery(opened.annotate(last=Max("at")).values("last")),
    )
    return {pk: Progress(signed, asked, viewed) for pk, signed, asked, viewed in found}


def _count_for_each(rows: "TenantQuerySet[Any]") -> Coalesce:
    counted = rows.order_by().values("proposal").annotate(figure=Count("pk")).values("figure")
    return Coalesce(Subquery(counted), 0)


def successor_of(proposal: Proposal) -> Proposal | None:
    """The proposal that renews it, or whose accepted lines took over from its own; None without one."""
    takes_over = ProposalLine.objects.filter(replaces__proposal=proposal).values("proposal")
    found: Proposal | None = (
        Proposal.objects.filter(Q(renews=proposal) | Q(pk__in=takes_over)).order_by("-pk").first()
    )
    return found


def current_terms() -> Terms | None:
    """The version of the standard terms that is sent now; None before there is any."""
    latest: Terms | None = Terms.objects.filter(part=Terms.Part.TERMS).order_by("-version").first()
    return latest


EVENTS = {
    "proposal.drafted": ("Drafted", "neutral", "file-plus"),
    "proposal.amended": ("Changed", "neutral", "pencil"),
    "proposal.sent": ("Sent", "info", "send"),
    "proposal.resent": ("Sent once more", "info", "send"),
    "proposal.recalled": ("Recalled; its link no longer works", "warn", "undo-2"),
    "proposal.signed": ("Signed by {name}", "good", "pen-line"),
    "proposal.signed_for_the_client": ("Signature of {name} recorded by the practice", "warn", "pen-line"),
    "proposal.accepted": ("Accepted", "good", "circle-check"),
    "proposal.published": ("Made live without an e-mail", "info", "link"),
    "proposal.extended": ("Valid until {until}", "info", "calendar-plus"),
    "proposal.reopened": ("Opened again as a draft", "neutral", "undo-2"),
    "proposal.superseded": ("Superseded by {by}", "neutral", "replace"),
    "proposal.review_requested": ("Waits for a review", "info", "clipboard-check"),
    "proposal.returned": ("Given back after review", "warn", "undo-2"),
    "proposal.approved": ("Approved to be sent", "good", "clipboard-check"),
    "proposal.reminded": ("Whoever has not signed was reminded", "info", "bell"),
    "proposal.template_used": ("Begun with the template {template}", "neutral", "file-plus"),
    "proposal.lost": ("Marked as lost", "bad", "x"),
    "proposal.question_asked": ("Question asked by {name}", "info", "message-circle-question"),
    "proposal.letter_chosen": ("Letter changed", "neutral", "file-text"),
    "proposal.declined": ("Declined", "bad", "x"),
    "proposal.expired": ("Expired", "neutral", "clock"),
}


def activity_of(proposal: Proposal) -> list[dict[str, Any]]:
    """What happened to the proposal, newest first, in words for its timeline."""
    return [
        {
            "text": text.format(**{"name": ""} | entry.data),
            "tone": tone,
            "icon": icon,
            "detail": entry.data.get("reason", ""),
            "at": entry.at,
            "who": entry.actor or "",
        }
        for entry in audit.trail_of(proposal)[:50]
        for text, tone, icon in [EVENTS.get(entry.action, (entry.in_words, "neutral", "circle"))]
    ]
