"""What changed in Sage about our invoices: payments, allocations, voids and edits (F79–F85, P13, P14).

A payment need not move its invoice's `updated_at`, and a void may show in either feed (FACTS.md 11.3, 17.12). So both
feeds of payments, of allocations and of invoices are read, and the invoices they touch are read again.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from invoicing.models import Invoice
from ledger.models import Posting
from money.amounts import ZERO
from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.models import SageConnection, SageLink, SyncRun
from sage_integration.outstanding import OPEN_IN_SAGE, keep_comparison
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import AccessDenied, SageError
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sessions import open_sage
from sage_integration.sync import earlier, news, outcomes
from sage_integration.sync.cadence import Cadence, cadence
from sage_integration.sync.comparison import SETTLED_DIFFERENTLY, Difference, compare
from sage_integration.sync.feeds import Feed, Glance, changed, cursors_of, deleted, glance_at, read_feed
from sage_integration.sync.mirror import Mirror
from sage_integration.sync.settlement import reread, reread_earlier
from sage_integration.sync.standing_differences import is_told, keep_difference
from sage_integration.sync.wanted import (
    Copies,
    copies_among,
    is_anything_wanted,
    newest_link,
    newest_links,
    want,
    want_links,
    wanted_links,
    was_read,
)

log = structlog.get_logger(__name__)

#: The first reading begins this long before the connection was enabled, whatever our clocks say.
CLOCK_TOLERANCE = timedelta(days=1)
#: Invoices read again in one poll, and in the nightly round.
MOST_REREADS, MOST_AT_NIGHT = 50, 500
#: A reading that has not ended after this long was lost with its worker.
CLAIM = timedelta(minutes=5)
#: A role that lacks the journals is tried again after this long: somebody may have granted it.
JOURNALS_AGAIN_AFTER = timedelta(days=1)
VOIDED, MISSING = "voided", "missing"
MISTAKE = (
    "Something went wrong here, not in Sage, so this reading stopped. What it had read before is kept, and the next "
    "one goes on from there. If it stays like this, tell your operator."
)


def poll_payments(*, whole: bool = True) -> SyncRun | None:
    """Mirror what changed since the last poll; None when payments are not mirrored (F12, F83).

    ``whole`` reads every feed, else only as much as a quiet business needs. What goes wrong with Sage is kept on the
    run, not raised: the next poll begins where this one stopped.
    """
    return _run(Poll.read if whole else Poll.read_in_part)


def poll_if_due() -> SyncRun | None:
    """One poll at the pace of the business; None when it is not its time or payments are not mirrored.

    The first poll after payments were switched on compares every invoice as well (ruling D9).
    """
    with practice_transaction():
        connection = current_connection()
        now = timezone.now()
        if connection is None or not is_polled(connection) or connection.poll_after > now:
            return None
        mine = SageConnection.objects.filter(pk=connection.pk, poll_after=connection.poll_after)
        if not mine.update(poll_after=now + CLAIM):
            return None
        whole = pace_of(connection).whole
    if connection.opening_read_at is None:
        return _run(Poll.read_the_opening)
    return poll_payments(whole=whole)


def reread_open_invoices() -> SyncRun | None:
    """The nightly net: every invoice that is open here or in Sage is compared, and healed where it differs."""
    return _run(Poll.read_open)


def is_polled(connection: SageConnection) -> bool:
    """Whether payments of this connection are mirrored at all."""
    return connection.is_enabled and connection.pulls_payments and connection.enabled_at is not None


def pace_of(connection: SageConnection) -> Cadence:
    """How often, and how much of, this connection's business is read now."""
    now = timezone.now().astimezone(ZoneInfo(connection.practice.time_zone))
    lately = connection.last_news_at or connection.enabled_at or connection.connected_at
    return cadence(now, lately, timedelta(seconds=settings.POLL_SECONDS))


def _run(work: Callable[["Poll", SageClient], None]) -> SyncRun | None:
    began = timezone.now()
    with practice_transaction():
        connection = current_connection()
        if connection is None or not is_polled(connection):
            return None
        poll = Poll(connection)
    try:
        with open_sage(connection) as sage:
            work(poll, sage)
    except SageError as error:
        outcomes.pause_business(error, connection.business_id)
        poll.mirror.problems.append(str(error))
        log.warning("polling stopped", failure=type(error).__name__, status=error.status)
    except Exception:
        # Seen on the page of runs as well; where the database is what broke, the log alone can say so.
        poll.mirror.problems.append(MISTAKE)
        with suppress(DatabaseError), practice_transaction():
            _keep_run(poll, began)
        raise
    with practice_transaction():
        run = _keep_run(poll, began)
        _plan_the_next(connection, poll)
    return run


def _keep_run(poll: "Poll", began: datetime) -> SyncRun:
    run: SyncRun = SyncRun.objects.create(
        kind=SyncRun.Kind.PAYMENTS,
        started_at=began,
        finished_at=timezone.now(),
        counts=dict(poll.mirror.counts),
        problem="\n".join(poll.mirror.problems),
    )
    return run


def _plan_the_next(connection: SageConnection, poll: "Poll") -> None:
    now = timezone.now()
    if poll.saw_news:
        connection.last_news_at = now
    SageConnection.objects.filter(pk=connection.pk).update(
        last_news_at=connection.last_news_at, poll_after=now + pace_of(connection).after, **poll.learnt
    )


class Poll:
    """One reading of a business; what it counted and could not take over is kept by its mirror.

    Made inside a scope: where the feeds stand, and whether invoices wait to be read again, is known from then on, so a
    reading that brings nothing asks the database nothing more.
    """

    def __init__(self, connection: SageConnection) -> None:
        self.business_id = connection.business_id
        self.begin = (connection.enabled_at or timezone.now()) - CLOCK_TOLERANCE
        self._cursors = cursors_of(self.business_id)
        self._someone_waits = is_anything_wanted(self.business_id)
        self.mirror = Mirror(connection.business_id)
        #: What the connection is to remember of this reading, by field.
        self.learnt: dict[str, Any] = {}
        self._turn = connection.next_feed
        self._journals_refused_at = connection.journals_refused_at
        self._differences: dict[int, tuple[SageLink, Difference | None]] = {}
        #: What was wanted and has been read: it waits no more once what was found is kept.
        self._read_again: list[SageLink] = []

    @property
    def saw_news(self) -> bool:
        """Whether anything had changed; what has differed before and still does is no news."""
        counts = self.mirror.counts
        return any(counts[name] for name in ("mirrored", "reversed", "voided", "states_changed"))

    def read(self, sage: SageClient) -> None:
        """Every feed, then what was refused on the way, then the touched invoices; raises `SageError`."""
        each_time, in_turn = self._feeds(sage)
        self._read_feeds(each_time + in_turn, sage)

    def read_in_part(self, sage: SageClient) -> None:
        """As much as a quiet business needs: a glance at its ledger, and every feed once that moved.

        Allocations move no ledger account, so their feeds are read each time. A login that may not see the journals
        has new payments and allocations read each time and one of the other feeds in turn.
        """
        each_time, in_turn = self._feeds(sage)
        glance = self._glance(sage)
        if glance is None:
            self._read_feeds([*each_time, in_turn[self._turn % len(in_turn)]], sage)
            self.learnt["next_feed"] = (self._turn + 1) % len(in_turn)
            return
        self._read_feeds(each_time + in_turn if glance.is_news else [each_time[1], in_turn[1]], sage)
        if not glance.is_known:
            with practice_transaction():
                glance.keep()

    def read_open(self, sage: SageClient) -> None:
        """Invoices open in Sage beside those open here; the ones that disagree are read entry by entry."""
        owed = {
            row["id"]: row.get("outstanding_amount")
            for status in OPEN_IN_SAGE
            for row in sage.sales_invoices.list(status_id=status)
        }
        with practice_transaction():
            open_here = dict(Invoice.objects.unpaid().values_list("pk", "outstanding"))
            in_sage = SageLink.objects.filter(business_id=self.business_id, sage_id__in=owed)
            asked = {*open_here, *in_sage.values_list("posting__subject_id", flat=True)}
            links = {
                pk: link
                for pk, link in newest_links(asked, self.business_id).items()
                if link.posting.status == Posting.Status.POSTED and not link.is_draft
            }
            apart = {pk for pk, link in links.items() if owed.get(link.sage_id, 0) != open_here.get(pk, 0)}
            want(apart, self.business_id)
            want_links(earlier.copies_apart(owed, self.business_id))
        self.mirror.counts["open"] = len(open_here.keys() & links.keys())
        self._reread_wanted(sage, MOST_AT_NIGHT)
        self._conclude()
        with practice_transaction():
            keep_comparison({pk: amount or ZERO for pk, amount in owed.items()}, self.business_id)

    def read_the_opening(self, sage: SageClient) -> None:
        """Every feed and every open invoice: where both sides stand when payments begin to be mirrored (D9)."""
        self.read(sage)
        self.read_open(sage)
        self.learnt["opening_read_at"] = timezone.now()

    def _feeds(self, sage: SageClient) -> tuple[list[Any], list[Any]]:
        """The feeds read each time, and those that a quiet business may be read in turn.

        Each with what picks the rows of a page that bring anything, given the copies of ours they name, and with what
        takes over one of them.
        """
        payments, allocations, invoices = sage.contact_payments, sage.contact_allocations, sage.sales_invoices
        mirror, business_id = self.mirror, self.business_id
        each_time = [
            (
                changed("contact_payments", payments.list),
                news.changed_payments,
                mirror.payment,
            ),
            (
                changed("contact_allocations", allocations.list),
                news.changed_allocations,
                mirror.allocation,
            ),
        ]
        in_turn = [
            (
                deleted("contact_payments", payments.list),
                lambda rows, _: news.gone_payments(rows),
                mirror.gone,
            ),
            (
                deleted("contact_allocations", allocations.list),
                lambda rows, _: news.gone_allocations(rows, business_id),
                mirror.allocation_gone,
            ),
            (
                changed("sales_invoices", invoices.list),
                lambda rows, copies: news.changed_invoices(rows, copies, self._differences),
                self._invoice_changed,
            ),
            (
                deleted("sales_invoices", invoices.list),
                news.gone_invoices,
                self._invoice_gone,
            ),
        ]
        return each_time, in_turn

    def _glance(self, sage: SageClient) -> Glance | None:
        """Whether the ledger moved since the last glance; None where the login's role may not see it."""
        refused, now = self._journals_refused_at, timezone.now()
        if refused is not None and now - refused < JOURNALS_AGAIN_AFTER:
            return None
        try:
            feed = changed("transactions", sage.transactions.list)
            cursor = self._cursors.get(feed.name)
            return glance_at(feed, self.business_id, begin=self.begin, cursor=cursor)
        except AccessDenied:
            self.learnt["journals_refused_at"] = now
            return None

    def _read_feeds(self, feeds: list[Any], sage: SageClient) -> None:
        try:
            for feed, pick, handle in feeds:
                self._read(feed, pick, handle)
        finally:
            # Their cursors have passed them, so what was refused is tried again even where a later feed breaks off.
            self._take_refused()
        if self._someone_waits:
            self._reread_wanted(sage, MOST_REREADS)
        self._conclude()

    def _take_refused(self) -> None:
        if self.mirror.has_refused or self.mirror.touched:
            with practice_transaction():
                self.mirror.take_refused()
                self._note_touched()

    def _read(
        self, feed: Feed[Any], pick: Callable[[Any, Copies], list[Any]], handle: Callable[[Any], None]
    ) -> None:
        def record(page: list[Any]) -> None:
            if page:
                copies = copies_among(news.named_in(page), self.business_id)
                for row in pick(page, copies):
                    self.mirror.take(handle, row)
                self._note_earlier(page, copies, feed)
            self._note_touched()  # With the rows and the cursor: a kill after this forgets nothing.

        cursor = self._cursors.get(feed.name)
        self.mirror.counts["read"] += read_feed(
            feed, self.business_id, begin=self.begin, record=record, cursor=cursor
        )

    def _note_touched(self) -> None:
        self._someone_waits = self._someone_waits or bool(self.mirror.touched)
        want(self.mirror.touched, self.business_id)
        self.mirror.touched.clear()

    def _note_earlier(self, page: list[Any], copies: Copies, feed: Feed[Any]) -> None:
        """What a page tells of earlier copies is read there: it pays nothing here, and somebody has to know."""
        touched = earlier.touched(page, copies, self.business_id, are_gone=feed.is_of_deleted)
        self._someone_waits = self._someone_waits or bool(touched)
        want_links(touched)

    def _invoice_changed(self, row: SalesInvoice) -> None:
        """An invoice of ours that somebody edited, voided or released."""
        if link := self._newest_copy(row["id"]):
            difference = compare(link, row)
            self._someone_waits = self._someone_waits or link.wanted_at is not None
            if not difference or difference.kind != SETTLED_DIFFERENTLY:
                self._note(link, difference)
            if not is_told(link, difference):
                # What is owed may know of a newer payment than those read before. And all that differs is only kept at
                # the end: should this reading be lost before, with the page behind its cursor, the next one asks.
                self.mirror.touched.add(link.posting.subject_id)

    def _invoice_gone(self, row: SalesInvoice) -> None:
        """An invoice of ours that is not in Sage any more; a void only moved there is read again to be sure."""
        link = self._newest_copy(row["id"])
        if link is None or link.difference == MISSING:
            return
        if not Invoice.objects.filter(pk=link.posting.subject_id, status=Invoice.Status.VOID).exists():
            self.mirror.touched.add(link.posting.subject_id)

    def _reread_wanted(self, sage: SageClient, most: int) -> None:
        """What was touched, the longest waiting first; what does not fit into this reading waits for the next."""
        with practice_transaction():
            waiting = wanted_links(self.business_id, most)
        for wanted in waiting:
            invoice_id = wanted.posting.subject_id
            with practice_transaction():
                link = newest_link(invoice_id, self.business_id)
            if link is None or link.pk == wanted.pk:
                if link is not None:
                    self._note(link, reread(link, sage, self.mirror))
                self.mirror.touched.discard(invoice_id)
            else:
                self._note(wanted, reread_earlier(wanted, sage))
            self._read_again.append(wanted)
            with practice_transaction():
                self._note_touched()

    def _newest_copy(self, sage_id: str) -> SageLink | None:
        """The invoice of ours that this is, unless a newer copy has taken its place."""
        return copies_among({sage_id}, self.business_id).newest.get(sage_id)

    def _note(self, link: SageLink, difference: Difference | None) -> None:
        """What is known last of a copy counts: an earlier row of this reading may have been overtaken."""
        _, held = self._differences.get(link.pk, (link, None))
        if difference is None and held is not None and held.kind == VOIDED:
            return  # That one happened in this reading, and stays said.
        self._differences[link.pk] = link, difference

    def _conclude(self) -> None:
        """Say what differs; what differs otherwise than before is kept, and counted."""
        for _, (link, difference) in sorted(self._differences.items()):
            with practice_transaction():
                is_news = keep_difference(link, difference)
            self.mirror.counts["states_changed"] += is_news
            if difference is not None:
                self.mirror.problems.append(difference.sentence)
                self.mirror.counts[difference.kind] += is_news
        self._differences.clear()
        if self._read_again:
            with practice_transaction():
                for wanted in sorted(
                    self._read_again, key=attrgetter("pk")
                ):  # in the order they are locked in
                    was_read(wanted)
            self._read_again.clear()
