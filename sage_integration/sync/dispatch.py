"""Sending the postings of one batch, one after the other.

A document that Sage has just confirmed is recorded in the transaction that announces the next one, so that
each costs one commit instead of two. Nothing is sent before everything confirmed is recorded; a crash between
the two leaves what a crash after sending always leaves, a posting that is looked up before it is tried again.
"""

from typing import Self

import structlog

from clients.models import Client
from ledger import outbox
from ledger.errors import LeaseLost
from ledger.models import Posting
from practices.tenancy import practice_transaction
from sage_integration import crash_points
from sage_integration.models import SageConnection
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import AccessDenied, NotInSage, SageRejected
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sync import outcomes
from sage_integration.sync.changes import push_update, push_void
from sage_integration.sync.contacts import link_by_name, push_contact, require_contact, resolve_contact
from sage_integration.sync.credits import push_allocation, push_credit_note, push_credit_update
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
from sage_integration.sync.names import rename_in_sage, renamings_for_sage
from sage_integration.sync.results import Result, record, result_of

log = structlog.get_logger(__name__)

#: Refusals that come from settings of the business, which somebody may have changed since they were read.
BY_SETTINGS = (CurrencyDiffers, PeriodClosed, VatNotRegistered)


class Dispatch:
    """Pushes the postings of a batch; leaving the block records what is still to be recorded."""

    def __init__(self, batch: list[Posting], connection: SageConnection, sage: SageClient) -> None:
        self._business_id, self._sage = connection.business_id, sage
        with practice_transaction():
            self._drafts = Drafts(batch, connection)
            self._renamings = renamings_for_sage(connection, list(self._drafts.links))
        self._directory = Directory(sage, strangers=self._drafts.strangers)
        self._confirmed: Result | None = None
        self._has_read_settings = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._record_confirmed()

    def push(self, posting: Posting) -> None:
        """Send one posting; raises a `SageError`, or `LeaseLost` when it is not ours any more."""
        ways = {
            Posting.Kind.CONTACT_UPSERT: self._push_contact,
            Posting.Kind.INVOICE_CREATE: self._push_invoice,
            Posting.Kind.INVOICE_UPDATE: self._push_update,
            Posting.Kind.INVOICE_VOID: self._push_void,
            Posting.Kind.CREDIT_NOTE_CREATE: self._push_credit_note,
            Posting.Kind.CREDIT_NOTE_UPDATE: self._push_credit_update,
            Posting.Kind.CREDIT_NOTE_ALLOCATE: self._push_allocation,
        }
        try:
            ways[Posting.Kind(posting.kind)](posting)
        except (AccessDenied, NotInSage) as error:
            raise why_denied(error, self._business_id, self._sage) from error

    def _push_contact(self, posting: Posting) -> None:
        self._go_alone(posting)
        push_contact(posting, self._business_id, self._sage)

    def _push_update(self, posting: Posting) -> None:
        self._go_alone(posting)
        push_update(posting, self._drafts.rules, self._sage)

    def _push_void(self, posting: Posting) -> None:
        self._go_alone(posting)
        push_void(posting, self._sage)

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
        if posting.attempted_at or client.pk not in self._drafts.links:
            self._go_alone(posting)
            if posting.attempted_at and (stored := self._look_up(posting)):
                self._adopt(posting, draft, stored)
                return
            draft.require_postable()
            link = resolve_contact(client, self._business_id, self._sage, self._directory)
            self._drafts.links[client.pk] = link
        require_contact(self._drafts.links[client.pk])
        self._bring_name(posting, client)
        self._create(posting, draft)

    def _bring_name(self, posting: Posting, client: Client) -> None:
        """Give the contact its client's name first, where names follow ours (D7)."""
        if renaming := self._renamings.pop(client.pk, None):
            self._record_confirmed()
            self._require_lease(posting)
            rename_in_sage(renaming, self._sage)

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
        self._sage.reserve()
        self._announce(posting)
        crash_points.reach("intended")
        try:
            stored = self._sage.sales_invoices.create(payload)
        except (AccessDenied, NotInSage, SageRejected) as error:
            raise why_refused(error, draft, link, self._sage) from error
        crash_points.reach("sent")
        self._confirmed = result_of(posting, draft, stored, self._business_id)
        if self._confirmed.difference:
            self._record_confirmed()

    def _announce(self, posting: Posting) -> None:
        """Commit the intent and what is confirmed; raises `LeaseLost` when the posting is not ours any more."""
        if self._confirmed is not None:
            try:
                with practice_transaction():
                    record(self._confirmed)
                    outbox.mark_attempted(posting)
            except LeaseLost:
                # One of the two is somebody else's now: each by itself tells which.
                self._record_confirmed()
            else:
                self._confirmed = None
                crash_points.reach("recorded")
                return
        with practice_transaction():
            outbox.mark_attempted(posting)

    def _record_confirmed(self) -> None:
        """Record what is confirmed, now; raises `TotalsDiffer` once that is done."""
        confirmed, self._confirmed = self._confirmed, None
        if confirmed is None:
            return
        try:
            with practice_transaction():
                record(confirmed)
        except LeaseLost:
            log.info("another worker settled this posting", posting_id=confirmed.posting.pk)
            return
        crash_points.reach("recorded")
        if confirmed.difference:
            raise confirmed.difference

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
        link = self._drafts.links.get(client.pk) or link_by_name(client, self._business_id, self._directory)
        if link is None or stored["contact"]["id"] != link.sage_contact_id:
            raise ContactDiffers(f"{number_of(stored)} belongs to {stored['contact']['displayed_as']}")
        self._confirmed = result_of(posting, draft, stored, self._business_id, adopted=True)
        self._record_confirmed()

    def _require_lease(self, posting: Posting) -> None:
        """Raises `LeaseLost` unless the posting is still ours; asking Sage about it would be wasted."""
        with practice_transaction():
            if not outbox.still_ours(posting):
                raise LeaseLost(posting)
