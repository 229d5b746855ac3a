"""Whether what is outstanding here is what Sage says is outstanding, invoice by invoice and altogether.

Only invoices with a copy in the connected company can agree: what is not there yet is told apart, and so is money that
was entered here, of which Sage knows nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Max, Sum
from django.utils import timezone

from invoicing.models import Allocation, Invoice, Payment
from ledger.models import Posting
from money.amounts import ZERO
from practices.scalars import count_of, figures
from sage_integration.connections import current_connection
from sage_integration.models import SageLink, SyncRun
from sage_integration.sage.client import SageClient
from sage_integration.sync.set_on_copies import money_on
from sage_integration.sync.standing_differences import links_paid_earlier
from sage_integration.sync.wanted import newest_links

#: What Sage calls an invoice on which something is owed.
OPEN_IN_SAGE = ("UNPAID", "PART_PAID")
#: Invoices that differ which are kept with a comparison.
KEPT = 50
Apart = tuple[int, Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is owed on invoices in Sage, here and there, in pounds.

    ``apart`` has invoices that differ: id, owed here, owed in Sage. ``not_there`` is owed on invoices that are not in
    Sage, ``by_hand`` what was entered here on those that are. ``on_earlier`` is owed in Sage on copies that newer ones
    replaced: it is owed there once more, and in neither sum.
    """

    here: Decimal
    sage: Decimal
    not_there: Decimal
    by_hand: Decimal
    invoices: int
    apart: list[Apart] = field(default_factory=list)
    on_earlier: Decimal = ZERO
    #: The newest payment here by then, so that later ones can be told; None where it was not kept.
    last_payment: int | None = None

    @property
    def difference(self) -> Decimal:
        """Sage's less ours."""
        return self.sage - self.here


def owed_in_sage(sage: SageClient) -> dict[str, Decimal]:
    """What Sage says is outstanding on each open invoice, by its id there. Talks to Sage; raises `SageError`."""
    return {
        row["id"]: row.get("outstanding_amount") or ZERO
        for status in OPEN_IN_SAGE
        for row in sage.sales_invoices.list(status_id=status)
    }


def keep_comparison(owed: Mapping[str, Decimal], business_id: str) -> Comparison:
    """What the two sides come to now, kept as a run, so that the page can show when it was so."""
    found = compare(owed, business_id)
    counts = {
        "here": str(found.here),
        "sage": str(found.sage),
        "not_there": str(found.not_there),
        "by_hand": str(found.by_hand),
        "on_earlier": str(found.on_earlier),
        "invoices": found.invoices,
        "last_payment": found.last_payment,
        "apart": [[pk, str(here), str(there)] for pk, here, there in found.apart[:KEPT]],
    }
    SyncRun.objects.create(kind=SyncRun.Kind.OUTSTANDING, counts=counts, finished_at=timezone.now())
    return found


def compare(owed: Mapping[str, Decimal], business_id: str) -> Comparison:
    """Our open invoices beside what Sage said of its own; of its own only copies of ours count."""
    open_here = dict(Invoice.objects.unpaid().values_list("pk", "outstanding"))
    ours_there = SageLink.objects.filter(
        business_id=business_id, sage_id__in=list(owed), posting__kind=Posting.Kind.INVOICE_CREATE
    )
    subjects = dict(ours_there.values_list("sage_id", "posting__subject_id"))
    newest = newest_links({*open_here, *subjects.values()}, business_id)
    links = {
        pk: link.sage_id
        for pk, link in newest.items()
        if link.posting.status == Posting.Status.POSTED and not link.is_draft
    }
    earlier = [key for key, pk in subjects.items() if newest[pk].sage_id != key]
    pairs = {pk: (open_here.get(pk, ZERO), owed.get(sage_id, ZERO)) for pk, sage_id in links.items()}
    apart = [(pk, here, there) for pk, (here, there) in sorted(pairs.items()) if here != there]
    by_hand = Allocation.objects.filter(
        payment__source=Payment.Source.BY_HAND, payment__reversed_at=None, invoice__in=list(links)
    )
    return Comparison(
        here=sum((here for here, _ in pairs.values()), ZERO),
        sage=sum((there for _, there in pairs.values()), ZERO),
        not_there=sum((amount for pk, amount in open_here.items() if pk not in links), ZERO),
        by_hand=by_hand.aggregate(sum=Sum("amount"))["sum"] or ZERO,
        invoices=len(links),
        apart=apart,
        on_earlier=sum((owed[key] for key in earlier), ZERO),
        last_payment=Payment.objects.aggregate(last=Max("pk"))["last"] or 0,
    )


def last_comparison() -> tuple[Comparison, datetime] | None:
    """The newest comparison and its moment; None without one or without a connection."""
    if current_connection() is None:
        return None
    run = SyncRun.objects.filter(kind=SyncRun.Kind.OUTSTANDING).first()
    if run is None:
        return None
    counts = run.counts
    amounts = {name: Decimal(counts[name]) for name in ("here", "sage", "not_there", "by_hand")}
    apart = [(pk, Decimal(here), Decimal(there)) for pk, here, there in counts["apart"]]
    on_earlier = Decimal(counts.get("on_earlier", "0"))
    found = Comparison(
        **amounts,
        invoices=counts["invoices"],
        apart=apart,
        on_earlier=on_earlier,
        last_payment=counts.get("last_payment"),
    )
    return found, run.started_at


def come_since(comparison: Comparison, at: datetime) -> str:
    """What a comparison of that moment does not know yet, in a sentence with numbers; empty without such."""
    posted = Posting.objects.filter(
        kind=Posting.Kind.INVOICE_CREATE, status=Posting.Status.POSTED, settled_at__gt=at
    )
    columns = {"invoice": count_of(posted)}
    if comparison.last_payment is not None:
        columns["payment"] = count_of(Payment.objects.filter(pk__gt=comparison.last_payment))
    counts = figures(**columns)
    told = [f"{counts[noun]} {noun}{'' if counts[noun] == 1 else 's'}" for noun in columns if counts[noun]]
    are = "is" if sum(counts.values()) == 1 else "are"
    return f"{' and '.join(told)} since then {are} not in these sums." if told else ""


@dataclass(frozen=True, slots=True)
class PaidEarlier:
    """Money in Sage on an earlier copy of an invoice, in pounds, and what is said of it."""

    invoice: Invoice
    sentence: str
    amount: Decimal


def paid_on_earlier_copies() -> list[PaidEarlier]:
    """Money that pays earlier copies in Sage and nothing here, as it was read last, the longest there first."""
    told = links_paid_earlier().select_related("posting")
    links = list(told.order_by("differs_since")[:KEPT])
    money = money_on([link.pk for link in links])
    asked = [link.posting.subject_id for link in links]
    invoices = Invoice.objects.select_related("client").in_bulk(asked) if asked else {}
    return [
        PaidEarlier(invoices[link.posting.subject_id], link.difference_in_words, money.get(link.pk, ZERO))
        for link in links
    ]
