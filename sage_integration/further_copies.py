"""Invoices that are in Sage more than once because somebody asked for a further copy (F75, D3): no mistake, and told.

Each night, when every copy is looked at anyway, those that are a further one are written down. Whoever asks by day
looks at these and at what was asked for since, never at all that ever arrived.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from invoicing.models import Invoice
from ledger.models import Posting, PostingQuerySet
from money.amounts import ZERO
from sage_integration.models import SageLink, SyncRun

#: What the nightly comparison keeps them under among its counts.
KEPT_AS = "copied_again"
#: Invoices named on the page; the rest is counted.
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class MoreThanOnce:
    """How many invoices have several copies in Sage, some of them, and what the older copies come to, in pounds."""

    count: int = 0
    beyond: Decimal = ZERO
    named: list[Invoice] = field(default_factory=list)

    @property
    def unnamed(self) -> int:
        """How many are not among those that are named."""
        return self.count - len(self.named)


def more_than_once(audit: SyncRun | None) -> MoreThanOnce:
    """What stands in Sage more than once now, going by the last comparison and what was asked for since."""
    kept = audit.counts.get(KEPT_AS, []) if audit else []
    subjects = {
        *Posting.objects.filter(reference__in=kept).values_list("subject_id", flat=True),
        *_asked_since(audit).values_list("subject_id", flat=True),
    }
    beyond = _beyond(subjects)
    named = Invoice.objects.filter(pk__in=list(beyond)).order_by("-number")[:MOST_NAMED]
    return MoreThanOnce(len(beyond), sum(beyond.values(), ZERO), list(named))


def further_copies() -> list[str]:
    """The references of all further copies that are on their way or whose invoice is in Sage more than once."""
    arrived = dict(_further().filter(status=Posting.Status.POSTED).values_list("reference", "subject_id"))
    beyond = _beyond(set(arrived.values()))
    there = [reference for reference, subject in arrived.items() if subject in beyond]
    return sorted([*there, *_further().open().values_list("reference", flat=True)])


def _further() -> PostingQuerySet:
    copies: PostingQuerySet = Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE, copy__gt=1).order_by()
    return copies


def _asked_since(audit: SyncRun | None) -> PostingQuerySet:
    """Further copies that arrived and are newer than the newest one that had been asked for at the comparison."""
    arrived = _further().filter(status=Posting.Status.POSTED)
    if audit is None:
        return arrived
    earlier = Posting.objects.filter(status=Posting.Status.POSTED, requested_at__lt=audit.started_at)
    newest = earlier.order_by("-pk").values_list("pk", flat=True).first()
    return arrived.filter(pk__gt=newest or 0)


def _beyond(subjects: set[int]) -> dict[int, Decimal]:
    """What all copies but the newest come to, of those of these invoices that are in one company more than once."""
    if not subjects:
        return {}
    links = SageLink.objects.filter(
        posting__kind=Posting.Kind.INVOICE_CREATE,
        posting__status=Posting.Status.POSTED,
        posting__subject_id__in=subjects,
    ).exclude(posting__standing__in=Posting.GONE)
    told = links.order_by("posting__copy").values_list("posting__subject_id", "business_id", "net", "vat")
    copies: dict[tuple[int, str], list[Decimal]] = defaultdict(list)
    for subject, business, net, vat in told:
        copies[subject, business].append(net + vat)
    beyond: dict[int, Decimal] = defaultdict(Decimal)
    for (subject, _), amounts in copies.items():
        if len(amounts) > 1:
            beyond[subject] += sum(amounts[:-1], ZERO)
    return dict(beyond)
