"""Sending the postings of one batch, one after the other.

Nothing is sent that was not announced: its intent is committed first. Invoices that need no question are announced
together once the first of them went through, and what Sage has confirmed is recorded in the transaction that
announces the next ones. A crash in between leaves what a crash after sending always leaves: postings that are looked up
before they are tried again. An announcement is made again after a few seconds, which proves the lease anew; what was
announced and certainly never sent is taken back by whoever announced it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import ClassVar, Self

import structlog

from clients.models import Client
from ledger import batches, leases
from ledger.errors import LeaseLost
from ledger.models import Posting
from practices.tenancy import practice_transaction
from sage_integration import crash_points, exchanges
from sage_integration.models import SageConnection
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import (
    AccessDenied,
    NotInSage,
    OutcomeUnknown,
    SageError,
    SageRejected,
    SageUnavailable,
    WrongBusiness,
)
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sessions import all_went_well, note_how_it_went
from sage_integration.sync import outcomes
from sage_integration.sync.changes import push_update, push_void
from sage_integration.sync.contacts import link_by_name, push_contact, require_contact, resolve_contact
from sage_integration.sync.credit_changes import push_credit_update
from sage_integration.sync.credits import push_allocation, push_credit_note
from sage_integration.sync.diagnosis import read_settings_again, why_denied, why_refused
from sage_integration.sync.directory import Directory
from sage_integration.sync.documents import number_of
from sage_integration.sync.drafts import Draft, Drafts
from sage_integration.sync.errors import (
    ContactDiffers,
    CurrencyDiffers,
    NotSeenYet,
    PeriodClosed,
    VatNotRegistered,
)
from sage_integration.sync.names import AWAY, rename_in_sage, renamings_for_sage
from sage_integration.sync.results import Result, record_all, result_of

log = structlog.get_logger(__name__)

#: Refusals that come from settings of the business, which somebody may have changed since they were read.
BY_SETTINGS = (CurrencyDiffers, PeriodClosed, VatNotRegistered)
#: Seconds after which what was announced and not sent is announced anew. With the HTTP deadline it is less than what is
#: left of the lease (`leases.SEND_MARGIN`), and long enough for a whole batch on a machine that is busy.
HOLDS_FOR = 20.0


class Dispatch:
    """Pushes the postings of a batch; leaving the block records what is still to be recorded."""

    def __init__(self, batch: list[Posting], connection: SageConnection, sage: SageClient) -> None:
        self._business_id, self._sage = connection.business_id, sage
        self._batch = batch
        self._confirmed: list[Result] = []
        announced = [posting for posting in batch if leases.was_announced(posting)]
        #: What an earlier turn may have sent.
        self._tried = {posting.id for posting in batch if posting.may_have_landed}
        self._tried.difference_update(posting.id for posting in announced)
        self._until = time.monotonic() + HOLDS_FOR
        self._went_through = int(all_went_well(self._business_id))
        self._has_read_settings = False
        with practice_transaction():
            self._drafts = Drafts(batch, connection)
            self._renamings = renamings_for_sage(connection, list(self._drafts.links))
            #: What is announced and was not sent, by id; which of it may be sent without being announced anew, and
            #: until when.
            self._intended = {posting.id: posting for posting in announced if self._needs_nothing(posting)}
            if others := [posting for posting in announced if posting.id not in self._intended]:
                batches.withdraw_intents(others)
        self._may_leave = set(self._intended)
        self._directory = Directory(sage, strangers=self._drafts.strangers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sage.release()
        self._record_confirmed(with_exchanges=True)
        self.take_back()

    def push(self, posting: Posting) -> None:
        """Send one posting; raises a `SageError`, or `LeaseLost` when it is not ours any more."""
        try:
            self._ways[posting.kind](self, posting)
        except (AccessDenied, NotInSage) as error:
            self._start_small()
            raise why_denied(error, self._business_id, self._sage) from error
        except (OutcomeUnknown, WrongBusiness):
            # Its answers may have lost step with the requests, so nothing more is read from this connection.
            self._sage.close()
            self._start_small()
            raise
        except SageError:
            self._start_small()
            raise

    def _start_small(self) -> None:
        """After trouble one goes first again, and what was announced behind it waits for its turn."""
        self._went_through = 0
        note_how_it_went(self._business_id, well=False)
        self.take_back()

    def _push_contact(self, posting: Posting) -> None:
        self._go_alone(posting)
        push_contact(posting, self._business_id, self._sage)

    def _push_update(self, posting: Posting) -> None:
        self._go_alone(posting)
        push_update(posting, self._business_id, self._drafts.rules, self._sage)

    def _push_void(self, posting: Posting) -> None:
        self._go_alone(posting)
        push_void(posting, self._business_id, self._sage)

    def _push_credit_note(self, posting: Posting) -> None:
        self._go_alone(posting)
        push_credit_note(posting, self._business_id, self._drafts.rules, self._sage)

    def _push_credit_update(self, posting: Posting) -> None:
        self._go_alone(posting)
        push_credit_update(posting, self._drafts.rules, self._business_id, self._sage)

    def _push_allocation(self, posting: Posting) -> None:
        self._go_alone(posting)
        push_allocation(posting, self._business_id, self._sage)

    def _go_alone(self, posting: Posting) -> None:
        """Sage is asked first, so nothing confirmed waits for answers; raises `LeaseLost`."""
        self._record_confirmed()
        self._require_lease(posting)

    def _push_invoice(self, posting: Posting) -> None:
        draft = self._draft_of(posting)
        crash_points.reach("mapped")
        client = draft.invoice.client
        if posting.id in self._tried or client.id not in self._drafts.links:
            self._go_alone(posting)
            if posting.id in self._tried and (stored := self._look_up(posting)):
                self._adopt(posting, draft, stored)
                return
            draft.require_postable()
            link = resolve_contact(client, self._business_id, self._sage, self._directory)
            self._drafts.links[client.id] = link
        require_contact(self._drafts.links[client.id])
        self._bring_name(posting, client)
        self._create(posting, draft)

    def _bring_name(self, posting: Posting, client: Client) -> None:
        """Give the contact its client's name first, where names follow ours (D7)."""
        if renaming := self._renamings.pop(client.id, None):
            self._record_confirmed()
            self._require_lease(posting)
            try:
                rename_in_sage(renaming, self._sage)
            except AWAY:
                # Names must not hold up invoices, which find out for themselves what Sage is about.
                self._renamings.clear()

    def _draft_of(self, posting: Posting) -> Draft:
        """The draft; for a refused one that is tried again, what Sage's settings forbade is asked anew, once."""
        draft = self._drafts.of(posting)
        is_stale = posting.attempts > 1 and not self._has_read_settings
        if is_stale and any(isinstance(refusal, BY_SETTINGS) for refusal in draft.document.refusals):
            self._has_read_settings = True
            self._record_confirmed()
            self._drafts.use(read_settings_again(self._sage))
            draft = self._drafts.of(posting)
        return draft

    def _create(self, posting: Posting, draft: Draft) -> None:
        link = self._drafts.links[draft.invoice.client_id]
        payload = draft.to(link)
        if posting.id in self._may_leave:
            # May have to ask for a newer token; only then does it show whether the announcement still holds.
            self._sage.reserve(len(self._may_leave & self._intended.keys()))
        if posting.id not in self._may_leave or time.monotonic() > self._until:
            self._announce(posting)
            # One before it may have taken more than was held for it, repeated with a newer token.
            self._sage.reserve()
        crash_points.reach("intended")
        self._intended.pop(posting.id, None)
        try:
            stored = self._sage.sales_invoices.create(payload)
        except SageUnavailable:
            # Not a byte of it left, so there is nothing to look for.
            self._remember_unsent([posting])
            raise
        except (AccessDenied, NotInSage, SageRejected) as error:
            refusal = why_refused(error, draft, link, self._sage)
            refusal.nothing_landed = posting.id not in self._tried
            raise refusal from error
        crash_points.reach("sent")
        self._went_through += 1
        note_how_it_went(self._business_id, well=True)
        result = result_of(posting, draft, stored, self._business_id)
        self._confirmed.append(result)
        if result.difference:
            self._record_confirmed()
            raise result.difference

    def _announce(self, posting: Posting) -> None:
        """Commit the intents of this and the next ones, and what is confirmed.

        Raises `LeaseLost` when the posting is not ours any more.
        """
        wanted = [posting, *self._joining(posting)]
        self._sage.release()
        wanted = wanted[: self._sage.reserve(len(wanted))]
        try:
            with practice_transaction():
                record_all(self._confirmed)
                ours = batches.mark_all_attempted(wanted)
        except LeaseLost:
            # One of those confirmed is somebody else's now: each by itself tells which.
            self._record_confirmed()
            with practice_transaction():
                ours = batches.mark_all_attempted(wanted)
        else:
            self._are_recorded()
        self._until = time.monotonic() + HOLDS_FOR
        self._may_leave = {each.id for each in ours}
        self._remember_unsent(ours)
        if posting.id not in self._may_leave:
            raise LeaseLost(posting)

    def _joining(self, posting: Posting) -> Iterator[Posting]:
        """What is announced together with a posting: those behind it that need no question, once one went through."""
        if not self._went_through:
            return
        for other in self._batch[self._batch.index(posting) + 1 :]:
            if not self._needs_nothing(other):
                return
            yield other

    def _needs_nothing(self, posting: Posting) -> bool:
        """Whether an invoice is ready to be sent as it is; what is wrong with it is told in its own turn."""
        if posting.kind != Posting.Kind.INVOICE_CREATE or posting.id in self._tried:
            return False
        try:
            draft = self._drafts.of(posting)
            client_id = draft.invoice.client_id
            link = self._drafts.links.get(client_id)
            return bool(
                link and not link.trouble and client_id not in self._renamings and not draft.document.refusals
            )
        except Exception:
            log.exception("a posting cannot be announced with others", other_id=posting.id)
            return False

    def _remember_unsent(self, announced: list[Posting]) -> None:
        """Note whose intent may be taken back; never one that an earlier try, whose end is unknown, left behind."""
        self._intended |= {each.id: each for each in announced if each.id not in self._tried}

    def take_back(self) -> None:
        """Withdraw the intents that nothing came of, while they are still ours."""
        unsent = list(self._intended.values())
        self._intended, self._may_leave = {}, set()
        if unsent:
            with practice_transaction():
                batches.withdraw_intents(unsent)

    def _record_confirmed(self, *, with_exchanges: bool = False) -> None:
        """Record what is confirmed, now; all together, or each by itself where one is somebody else's.

        At the end of a batch ``with_exchanges``: what was said goes along, which saves a transaction of its own.
        """
        if not self._confirmed:
            return
        try:
            with practice_transaction():
                record_all(self._confirmed)
                if with_exchanges:
                    exchanges.write_down()
        except LeaseLost:
            for result in self._confirmed:
                with suppress(LeaseLost), practice_transaction():
                    record_all([result])
        except Exception:
            if not with_exchanges:
                raise
            # The log is never worth a result.
            log.exception("results are recorded without what was said")
            self._record_confirmed()
        self._are_recorded()

    def _are_recorded(self) -> None:
        if self._confirmed:
            self._confirmed = []
            crash_points.reach("recorded")

    def _look_up(self, posting: Posting) -> SalesInvoice | None:
        """What an earlier try left in Sage; None once it is certain that it left nothing.

        Sage's search may lag (FACTS.md 14), so two looks a minute apart must both find nothing; the first of
        them raises `NotSeenYet`.
        """
        stored = self._sage.sales_invoices.find_by_reference(posting.reference)
        crash_points.reach("looked up")
        if stored is None and not outcomes.looked_already(posting):
            raise NotSeenYet(posting.reference)
        return stored

    def _adopt(self, posting: Posting, draft: Draft, stored: SalesInvoice) -> None:
        client = draft.invoice.client
        link = self._drafts.links.get(client.id) or link_by_name(client, self._business_id, self._directory)
        if link is None or stored["contact"]["id"] != link.sage_contact_id:
            raise ContactDiffers(f"{number_of(stored)} belongs to {stored['contact']['displayed_as']}")
        result = result_of(posting, draft, stored, self._business_id, adopted=True)
        self._confirmed.append(result)
        self._record_confirmed()
        if result.difference:
            raise result.difference

    def _require_lease(self, posting: Posting) -> None:
        """Raises `LeaseLost` unless the posting is still ours; asking Sage about it would be wasted."""
        with practice_transaction():
            if not leases.still_ours(posting):
                raise LeaseLost(posting)

    #: How each kind is pushed.
    _ways: ClassVar[dict[str, Callable[["Dispatch", Posting], None]]] = {
        Posting.Kind.CONTACT_UPSERT: _push_contact,
        Posting.Kind.INVOICE_CREATE: _push_invoice,
        Posting.Kind.INVOICE_UPDATE: _push_update,
        Posting.Kind.INVOICE_VOID: _push_void,
        Posting.Kind.CREDIT_NOTE_CREATE: _push_credit_note,
        Posting.Kind.CREDIT_NOTE_UPDATE: _push_credit_update,
        Posting.Kind.CREDIT_NOTE_ALLOCATE: _push_allocation,
    }
