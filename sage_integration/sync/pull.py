"""What changed in Sage about our invoices: payments, allocations, voids and edits (F79–F85, P13, P14).

A payment need not move its invoice's `updated_at`, and a void may show in either feed (FACTS.md 11.3, 17.12). So both
feeds of payments, of allocations and of invoices are read, and the invoices they touch are read again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.utils import timezone

from invoicing.models import Invoice
from ledger.models import Posting
from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.models import SageConnection, SageLink, SyncRun
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import SageError
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sessions import open_sage
from sage_integration.sync import outcomes
from sage_integration.sync.cadence import Cadence, cadence
from sage_integration.sync.comparison import Difference, compare
from sage_integration.sync.feeds import Feed, read_feed
from sage_integration.sync.mirror import Mirror
from sage_integration.sync.settlement import SETTLED_DIFFERENTLY, reread

log = structlog.get_logger(__name__)

#: The first reading begins this long before the connection was enabled, whatever our clocks say.
CLOCK_TOLERANCE = timedelta(days=1)
#: Invoices read again in one poll, and in the nightly round.
MOST_REREADS, MOST_AT_NIGHT = 50, 500
VOIDED = "voided"
OPEN_IN_SAGE = ("UNPAID", "PART_PAID")


def poll_payments(*, whole: bool = True) -> SyncRun | None:
    """Mirror what changed since the last poll; None when payments are not mirrored (F12, F83).

    ``whole`` reads every feed, else new payments and allocations and one other feed in turn. What goes wrong with
    Sage is kept on the run, not raised: the next poll begins where this one stopped.
    """
    return _run(lambda poll, sage: poll.read(sage, whole=whole))


def poll_if_due() -> SyncRun | None:
    """One poll at the pace of the business; None when it is not its time or payments are not mirrored."""
    with practice_transaction():
        connection = current_connection()
        if connection is None or not is_polled(connection) or connection.poll_after > timezone.now():
            return None
        whole = pace_of(connection).whole
    return poll_payments(whole=whole)


def reread_open_invoices() -> SyncRun | None:
    """The nightly net: every invoice that is open here or in Sage is compared, and healed where it differs."""
    return _run(lambda poll, sage: poll.read_open(sage))


def is_polled(connection: SageConnection) -> bool:
    """Whether payments of this connection are mirrored at all."""
    return (
        connection.status == SageConnection.Status.ENABLED
        and connection.pulls_payments
        and connection.enabled_at is not None
    )


def pace_of(connection: SageConnection) -> Cadence:
    """How often, and how much of, this connection's business is read now."""
    now = timezone.now().astimezone(ZoneInfo(connection.practice.time_zone))
    lately = connection.last_news_at or connection.enabled_at or connection.connected_at
    return cadence(now, lately, timedelta(seconds=settings.POLL_SECONDS))


def _run(work: Callable[["Poll", SageClient], None]) -> SyncRun | None:
    with practice_transaction():
        connection = current_connection()
        if connection is None or not is_polled(connection) or connection.enabled_at is None:
            return None
        run: SyncRun = SyncRun.objects.create(kind=SyncRun.Kind.PAYMENTS)
    poll = Poll(connection.business_id, connection.enabled_at - CLOCK_TOLERANCE)
    try:
        with open_sage(connection) as sage:
            work(poll, sage)
    except SageError as error:
        outcomes.pause_business(error, connection.business_id)
        poll.mirror.problems.append(str(error))
        log.warning("polling stopped", failure=type(error).__name__, status=error.status)
    with practice_transaction():
        run.finished_at, run.counts = timezone.now(), dict(poll.mirror.counts)
        run.problem = "\n".join(poll.mirror.problems)
        run.save(update_fields=["finished_at", "counts", "problem"])
        _plan_the_next(connection, poll)
    return run


def _plan_the_next(connection: SageConnection, poll: "Poll") -> None:
    now = timezone.now()
    if poll.saw_news:
        connection.last_news_at = now
    SageConnection.objects.filter(pk=connection.pk).update(
        last_news_at=connection.last_news_at, poll_after=now + pace_of(connection).after
    )


class Poll:
    """One reading of a business; what it counted and could not take over is kept by its mirror."""

    def __init__(self, business_id: str, begin: datetime) -> None:
        self.business_id = business_id
        self.begin = begin
        self.mirror = Mirror(business_id)
        self._differences: dict[int, Difference] = {}

    @property
    def saw_news(self) -> bool:
        """Whether anything had changed."""
        counts = self.mirror.counts
        return any(counts[name] for name in ("mirrored", "reversed", "voided", "differing", "missing"))

    def read(self, sage: SageClient, *, whole: bool = True) -> None:
        """The feeds, then what was refused on the way, then the touched invoices; raises `SageError`."""
        each_time, in_turn = self._feeds(sage)
        for feed, handle in each_time + (in_turn if whole else [in_turn[self._turn(len(in_turn))]]):
            self._read(feed, handle)
        with practice_transaction():
            self.mirror.take_refused()
        for invoice_id in sorted(self.mirror.touched | self._drafts())[:MOST_REREADS]:
            self._reread(invoice_id, sage)
        self._conclude()

    def read_open(self, sage: SageClient) -> None:
        """Invoices open in Sage beside those open here; the ones that disagree are read entry by entry."""
        owed = {
            row["id"]: row.get("outstanding_amount")
            for status in OPEN_IN_SAGE
            for row in sage.sales_invoices.list(status_id=status)
        }
        with practice_transaction():
            links = SageLink.objects.filter(
                business_id=self.business_id,
                posting__kind=Posting.Kind.INVOICE_CREATE,
                posting__status=Posting.Status.POSTED,
                is_draft=False,
            )
            ours = dict(links.values_list("posting__subject_id", "sage_id"))
            open_here = dict(Invoice.objects.unpaid().filter(pk__in=ours).values_list("pk", "outstanding"))
        apart = [pk for pk, sage_id in ours.items() if owed.get(sage_id, 0) != open_here.get(pk, 0)]
        self.mirror.counts["open"] = len(open_here)
        for invoice_id in sorted(apart)[:MOST_AT_NIGHT]:
            self._reread(invoice_id, sage)
        self._conclude()

    def _feeds(self, sage: SageClient) -> tuple[list[Any], list[Any]]:
        """The feeds read each time, and those that a quiet business is read in turn; each with its handler."""
        payments, allocations, invoices = sage.contact_payments, sage.contact_allocations, sage.sales_invoices
        each_time = [
            (_changed("contact_payments", payments.list), self.mirror.payment),
            (_changed("contact_allocations", allocations.list), self.mirror.allocation),
        ]
        in_turn = [
            (_deleted("contact_payments", payments.list), self.mirror.gone),
            (_deleted("contact_allocations", allocations.list), self.mirror.gone),
            (_changed("sales_invoices", invoices.list), self._invoice_changed),
            (_deleted("sales_invoices", invoices.list), self._invoice_gone),
        ]
        return each_time, in_turn

    def _turn(self, feeds: int) -> int:
        """Which feed's turn it is: one after the other, by how often this business was read."""
        with practice_transaction():
            return SyncRun.objects.filter(kind=SyncRun.Kind.PAYMENTS).count() % feeds

    def _read(self, feed: Feed[Any], handle: Callable[[Any], None]) -> None:
        def record(page: list[Any]) -> None:
            for row in page:
                self.mirror.take(handle, row)

        self.mirror.counts["read"] += read_feed(feed, self.business_id, begin=self.begin, record=record)

    def _invoice_changed(self, row: SalesInvoice) -> None:
        """An invoice of ours that somebody edited, voided or released."""
        if link := self._link(sage_id=row["id"]):
            difference = compare(link, row)
            if difference and difference.kind == SETTLED_DIFFERENTLY:
                # Read after the payments, so it may know of a newer one.
                self.mirror.touched.add(link.posting.subject_id)
            else:
                self._note(link, difference)

    def _invoice_gone(self, row: SalesInvoice) -> None:
        """An invoice of ours that is not in Sage any more; a void only moved there is read again to be sure."""
        if link := self._link(sage_id=row["id"]):
            self.mirror.touched.add(link.posting.subject_id)

    def _drafts(self) -> set[int]:
        """Invoices that arrived as drafts: somebody may have released them, which gives them their numbers."""
        with practice_transaction():
            drafts = SageLink.objects.filter(
                business_id=self.business_id, is_draft=True, posting__kind=Posting.Kind.INVOICE_CREATE
            ).order_by("seen_at")
            return set(drafts.values_list("posting__subject_id", flat=True)[: MOST_REREADS // 2])

    def _reread(self, invoice_id: int, sage: SageClient) -> None:
        with practice_transaction():
            link = self._link(posting__subject_id=invoice_id)
        if link is not None:
            self._note(link, reread(link, sage, self.mirror))

    def _link(self, **wanted: Any) -> SageLink | None:
        """The newest copy of an invoice in this business."""
        links = SageLink.objects.filter(
            business_id=self.business_id, posting__kind=Posting.Kind.INVOICE_CREATE, **wanted
        )
        link: SageLink | None = links.select_related("posting").order_by("-posting__copy").first()
        return link

    def _note(self, link: SageLink, difference: Difference | None) -> None:
        """What is known last of an invoice counts: an earlier row of this reading may have been overtaken."""
        held = self._differences.get(link.posting.subject_id)
        if difference is not None:
            self._differences[link.posting.subject_id] = difference
        elif held is not None and held.kind != VOIDED:  # That one happened in this reading, and stays said.
            del self._differences[link.posting.subject_id]

    def _conclude(self) -> None:
        for _, difference in sorted(self._differences.items()):
            self.mirror.problems.append(difference.sentence)
            self.mirror.counts[difference.kind] += 1


def _changed(name: str, rows: Callable[..., Any]) -> Feed[Any]:
    return Feed(f"{name}.updated", "updated_at", lambda since: rows(updated_or_created_since=since))


def _deleted(name: str, rows: Callable[..., Any]) -> Feed[Any]:
    return Feed(f"{name}.deleted", "deleted_at", lambda since: rows(deleted_since=since))
