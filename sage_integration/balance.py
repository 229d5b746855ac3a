"""Whether everything meant for Sage is there once, with our total: a line, nightly comparisons, what needs somebody."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest
from typing import NamedTuple

from invoicing.models import Invoice, InvoiceLine
from ledger.models import Posting
from practices.scalars import count_of, figures
from sage_integration.explanations import EXPLANATIONS
from sage_integration.further_copies import KEPT_AS, MoreThanOnce, more_than_once
from sage_integration.models import SageLink, SyncRun
from sage_integration.sage.resources.documents import DocumentLine
from sage_integration.sync.comparison import PAID_EARLIER
from sage_integration.sync.set_on_copies import money_on
from sage_integration.sync.standing_differences import at_stake, differing_links

Status = Posting.Status
#: The largest number of documents that need somebody shown on the page; the rest is counted.
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Balance:
    """Invoices meant for Sage, and where they are; ``looked_at`` is when all documents were compared last."""

    intended: int
    in_sage: int
    twice: int
    missing: int
    #: Voided in Sage, while nobody has decided what becomes of it here.
    void: int
    on_the_way: int
    need_you: int
    looked_at: datetime | None
    #: In Sage more than once, as somebody asked for.
    again: MoreThanOnce

    @property
    def in_words(self) -> str:
        """`412 intended, 412 in Sage, 0 twice, 0 missing`; `0 twice by mistake` beside what is twice on purpose."""
        twice = f"{self.twice} twice by mistake" if self.again.count else f"{self.twice} twice"
        return f"{self.intended} intended, {self.in_sage} in Sage, {twice}, {self.missing} missing"

    @property
    def rest_in_words(self) -> str:
        """What is intended and neither in Sage nor missing: `2 on the way, 1 refused`; empty without such."""
        counts = {"on the way": self.on_the_way, "refused": self.need_you, "void in Sage": self.void}
        return ", ".join(f"{count} {where}" for where, count in counts.items() if count)

    @property
    def away(self) -> int:
        """How many of the intended are not in Sage, for whatever reason."""
        return self.intended - self.in_sage

    @property
    def is_there(self) -> bool:
        """Whether everything is in Sage, and nothing twice by mistake."""
        return self.intended == self.in_sage and not self.twice and not self.missing

    @property
    def is_even(self) -> bool:
        """Whether everything is in Sage once."""
        return self.is_there and not self.again.count


def balance() -> Balance:
    """The balance of all copies that were asked for and neither withdrawn nor held back.

    What is gone from Sage is not intended any more once that was decided.
    """
    copies = Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE)
    # Among the few that are gone, which an index knows: not among all links, of which the same is asked.
    undecided = differing_links().filter(
        posting__kind=Posting.Kind.INVOICE_CREATE, posting__standing__in=Posting.GONE
    )
    arrived = copies.filter(status=Status.POSTED)
    counts = figures(
        # Each from an index alone, and what is gone from one that is short: not looked for among all that arrived.
        arrived=count_of(arrived),
        gone=count_of(arrived.filter(standing__in=Posting.GONE)),
        missing=count_of(undecided.filter(difference="missing")),
        void=count_of(undecided.filter(difference="voided")),
        # Each by itself, from its own short index, whatever the database knows of the table.
        waiting=count_of(copies.filter(status=Status.PENDING)),
        leaving=count_of(copies.filter(status=Status.LEASED)),
        need_you=count_of(copies.filter(status=Status.FAILED)),
    )
    there, missing, void = counts["arrived"] - counts["gone"], counts["missing"], counts["void"]
    on_the_way, need_you = counts["waiting"] + counts["leaving"], counts["need_you"]
    audit = SyncRun.objects.filter(kind=SyncRun.Kind.AUDIT, counts__has_key="checked").first()
    return Balance(
        intended=there + missing + void + on_the_way + need_you,
        in_sage=there,
        twice=audit.counts.get("duplicated", 0) if audit else 0,
        missing=missing,
        void=void,
        on_the_way=on_the_way,
        need_you=need_you,
        looked_at=audit.finished_at if audit else None,
        again=more_than_once(audit),
    )


@dataclass(frozen=True, slots=True)
class Trouble:
    """An invoice that needs somebody: what happened, since when, and the money at stake in pounds."""

    invoice: Invoice
    sentence: str
    since: datetime
    amount: Decimal
    posting_id: int
    #: Refused, so that its posting says what helps; else its differences do.
    is_refused: bool = False


def _at_stake(link: SageLink | None, invoice: Invoice, paid: Mapping[int, Decimal]) -> Decimal:
    if link is None:
        return invoice.gross
    return paid.get(link.pk) or at_stake(link, invoice)


class _Found(NamedTuple):
    posting: Posting
    sentence: str
    since: datetime
    link: SageLink | None = None


def troubles_of_invoices() -> list[Trouble]:
    """Invoices with refused copies or copies that differ, the most money first."""
    failed = Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE, status=Status.FAILED)
    of_invoices = differing_links().filter(posting__kind=Posting.Kind.INVOICE_CREATE)
    differing = of_invoices.select_related("posting")
    links = list(differing.order_by("differs_since")[:MOST_SHOWN])
    paid = money_on([link.pk for link in links if link.difference == PAID_EARLIER])
    found = [
        _Found(
            link.posting,
            link.difference_in_words,
            link.differs_since or link.seen_at,
            link,
        )
        for link in links
    ]
    for posting in failed.order_by("-id")[:MOST_SHOWN]:
        since = posting.settled_at or posting.requested_at
        explanation = EXPLANATIONS.get(posting.failure)
        sentence = explanation.sentence if explanation else posting.failure_detail
        found.append(_Found(posting, sentence, since))
    asked = {each.posting.subject_id for each in found}
    invoices = Invoice.objects.select_related("client").in_bulk(asked)
    rows = [
        Trouble(
            invoice,
            each.sentence,
            each.since,
            _at_stake(each.link, invoice, paid),
            each.posting.pk,
            is_refused=each.link is None,
        )
        for each in found
        if (invoice := invoices.get(each.posting.subject_id))
    ]
    return _once(sorted(rows, key=lambda row: (-row.amount, row.since)))


def _once(rows: list[Trouble]) -> list[Trouble]:
    """One row for each invoice, the most money first, with all that happened since the first of it."""
    told: dict[int, Trouble] = {}
    for row in rows:
        known = told.setdefault(row.invoice.pk, row)
        if known is not row:
            sentence, since = f"{known.sentence} {row.sentence}", min(known.since, row.since)
            told[row.invoice.pk] = replace(known, sentence=sentence, since=since)
    return list(told.values())


@dataclass(frozen=True, slots=True)
class Comparison:
    """One nightly comparison of all posted documents with Sage: how many, and what was found."""

    at: datetime
    checked: int
    twice: int
    missing: int
    differing: int
    #: With our total, and something else is not as it was copied: a date, a line, what is owed.
    changed: int
    unknown: int
    problem: str
    #: Whether every document was compared; where Sage was away on the way, nothing was counted.
    is_whole: bool

    @property
    def is_even(self) -> bool:
        """Whether everything was compared, and was in Sage once with our total, as it was copied."""
        found = self.twice or self.missing or self.differing or self.changed or self.unknown
        return self.is_whole and not found


def comparisons(most: int) -> list[Comparison]:
    """The last comparisons, newest first."""
    runs = SyncRun.objects.filter(kind=SyncRun.Kind.AUDIT, finished_at__isnull=False)[:most]
    return [_comparison(run) for run in runs]


def _comparison(run: SyncRun) -> Comparison:
    counts = dict(run.counts)
    is_whole = "checked" in counts
    for no_difference in ("credit_notes", KEPT_AS):
        counts.pop(no_difference, None)
    return Comparison(
        at=run.finished_at or run.started_at,
        checked=counts.pop("checked", 0),
        twice=counts.pop("duplicated", 0),
        missing=counts.pop("missing", 0),
        differing=sum(counts.pop(kind, 0) for kind in ("differing", "voided", "void_here")),
        unknown=counts.pop("unknown", 0),
        # Whatever else was found, so that no kind of difference goes untold.
        changed=sum(counts.values()),
        problem=run.problem,
        is_whole=is_whole,
    )


@dataclass(frozen=True, slots=True)
class LinePair:
    """A line here beside the line in the same place in Sage; either may be absent."""

    name: str
    percent: Decimal | None
    ours: Decimal | None
    theirs: Decimal | None

    @property
    def differs(self) -> bool:
        """Whether the two are not the same to the penny."""
        return self.ours != self.theirs


def line_by_line(lines: list[InvoiceLine], stored: list[DocumentLine]) -> list[LinePair]:
    """Where a difference is: net and VAT of each line, ours and Sage's."""
    pairs: list[LinePair] = []
    for ours, theirs in zip_longest(lines, stored):
        name = ours.name if ours else str(theirs.get("description") or "")[:160]
        percent = ours.vat_percent if ours else None
        for part in ("net", "vat"):
            amount = getattr(ours, part) if ours else None
            key = "net_amount" if part == "net" else "tax_amount"
            held = theirs.get(key) if theirs else None
            label = f"{name}, {'net' if part == 'net' else 'VAT'}"
            pairs.append(LinePair(label, percent, amount, held))  # type: ignore[arg-type]  # one of two amounts
    return pairs
