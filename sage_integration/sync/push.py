"""Posting to Sage exactly once: transaction, network, transaction.

Lease, map, look up if an earlier try may have landed, resolve the contact, record the intent, send once with
the posting's own idempotency id, record what came back. Nothing here sleeps; what has to wait is postponed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.db import Error as DatabaseError

from invoicing.models import Invoice
from invoicing.operations.settings import invoicing_settings
from invoicing.queries import invoice_to_post
from ledger import outbox
from ledger.errors import LeaseLost
from ledger.models import Posting
from money.amounts import Amounts
from practices import audit
from practices.tenancy import practice_transaction
from sage_integration import crash_points, mappers
from sage_integration.connections import current_connection
from sage_integration.mappings import load_mappings
from sage_integration.models import ContactLink, SageConnection, SageLink
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import OutcomeUnknown, SageError, TotalsDiffer, UnexpectedAnswer
from sage_integration.sage.resources.resource import web_address
from sage_integration.sage.resources.sales_invoices import NewSalesInvoice, SalesInvoice
from sage_integration.sessions import open_sage
from sage_integration.sync import outcomes
from sage_integration.sync.contacts import link_of, push_contact, resolve_contact
from sage_integration.sync.documents import amounts_of, fingerprint, fingerprint_of, number_of
from sage_integration.sync.errors import ContactDiffers, NotIssued, NotSeenYet

log = structlog.get_logger(__name__)
Kind = Posting.Kind


def drain(limit: int = 25) -> int:
    """Push due postings of the acting practice, at most so many, and say how many were taken.

    Exceptions that nothing foresaw come out together at the end, after the other postings had their turn.
    """
    with practice_transaction():
        connection = current_connection()
    if connection is None or connection.status != SageConnection.Status.ENABLED:
        return 0
    taken, mistakes = 0, list[Exception]()
    try:
        with open_sage(connection) as sage:
            while taken < limit and (batch := _lease(limit - taken)):
                taken += len(batch)
                mistakes += _push_batch(batch, connection, sage)
    except SageError as error:
        log.warning("pushing stopped", failure=type(error).__name__, status=error.status)
    if mistakes:
        raise ExceptionGroup("Postings that could not be handled", mistakes)
    return taken


def _lease(limit: int) -> list[Posting]:
    """Due postings, contacts first: an invoice may wait for one of them."""
    with practice_transaction():
        batch = outbox.lease_due_postings(limit)
    crash_points.reach("leased")
    return sorted(batch, key=lambda posting: (posting.kind != Kind.CONTACT_UPSERT, posting.pk))


def _push_batch(batch: list[Posting], connection: SageConnection, sage: SageClient) -> list[Exception]:
    """Push one after the other; raises a `SageError` that concerns the whole business, returns mistakes."""
    mistakes: list[Exception] = []
    for position, posting in enumerate(batch):
        with structlog.contextvars.bound_contextvars(posting_id=posting.pk):
            try:
                _push_and_settle(posting, connection, sage)
            except SageError as error:
                outcomes.settle_untried(batch[position + 1 :], error)
                raise
            except LeaseLost:
                log.info("another worker took this posting over")
            except DatabaseError:
                raise  # Nothing can be recorded now; the lease runs out and the posting is due again.
            except Exception as mistake:
                log.exception("a mistake of ours")
                mistakes.append(mistake)
    return mistakes


def _push_and_settle(posting: Posting, connection: SageConnection, sage: SageClient) -> None:
    """Push one posting and record what became of it; raises what concerns more than this posting."""
    try:
        _push(posting, connection, sage)
    except SageError as error:
        outcomes.pause_business(error, connection.business_id)
        outcomes.settle(posting, error)
        if isinstance(error, outcomes.BUSINESS_WIDE):
            raise
    except (LeaseLost, DatabaseError):
        raise
    except Exception:
        outcomes.settle_unexpected(posting)
        raise


def _push(posting: Posting, connection: SageConnection, sage: SageClient) -> None:
    with practice_transaction():
        ours = outbox.still_ours(posting)
    if ours:
        _PUSHES[Kind(posting.kind)](posting, connection, sage)


def _push_contact(posting: Posting, connection: SageConnection, sage: SageClient) -> None:
    push_contact(posting, connection.business_id, sage)


def _push_invoice(posting: Posting, connection: SageConnection, sage: SageClient) -> None:
    with practice_transaction():
        draft = _map(posting, connection)
    crash_points.reach("mapped")
    stored = _found_from_an_earlier_try(posting, draft, connection, sage)
    if stored is not None:
        _record(posting, connection, draft, stored, adopted=True)
        return
    link = resolve_contact(draft.invoice.client, connection.business_id, sage)
    payload = draft.to(link)
    sage.reserve()
    with practice_transaction():
        outbox.mark_attempted(posting)
    crash_points.reach("intended")
    stored = sage.sales_invoices.create(payload)
    crash_points.reach("sent")
    _record(posting, connection, draft, stored, adopted=False)
    crash_points.reach("recorded")


_PUSHES: dict[Kind, Callable[[Posting, SageConnection, SageClient], None]] = {
    Kind.CONTACT_UPSERT: _push_contact,
    Kind.INVOICE_CREATE: _push_invoice,
}


@dataclass(frozen=True)
class _Draft:
    """An invoice mapped but for its contact, with the amounts it must have in Sage."""

    invoice: Invoice
    payload: NewSalesInvoice
    amounts: Amounts

    def to(self, link: ContactLink) -> NewSalesInvoice:
        """The payload addressed to a contact."""
        payload: NewSalesInvoice = {**self.payload, "contact_id": link.sage_contact_id}
        if "main_address" not in payload and link.origin == ContactLink.Origin.CREATED:
            payload["main_address"] = mappers.bare_address(self.invoice.client)
        return payload

    @property
    def fingerprint(self) -> str:
        """Of what is sent, to tell later whether Sage still holds the same."""
        return fingerprint({key: value for key, value in self.payload.items() if key != "idempotency_id"})


def _map(posting: Posting, connection: SageConnection) -> _Draft:
    invoice = invoice_to_post(posting.subject_id)
    if invoice.status != Invoice.Status.ISSUED:
        raise NotIssued(invoice.number_label)
    payload = mappers.sales_invoice(
        invoice,
        list(invoice.lines.all()),
        load_mappings(connection),
        reference=posting.reference,
        idempotency_id=posting.idempotency_id,
        with_descriptions=invoicing_settings().includes_descriptions,
    )
    return _Draft(invoice, payload, invoice.amounts)


def _found_from_an_earlier_try(
    posting: Posting, draft: _Draft, connection: SageConnection, sage: SageClient
) -> SalesInvoice | None:
    """What an earlier try left in Sage; None once it is certain that it left nothing.

    Sage's search may lag (FACTS.md 14), so two looks a minute apart must both find nothing; the first of them
    raises `NotSeenYet`.
    """
    if not posting.attempted_at:
        return None
    stored = sage.sales_invoices.find_by_reference(posting.reference)
    crash_points.reach("looked up")
    if stored is None:
        if not outcomes.looked_already(posting):
            raise NotSeenYet(posting.reference)
        return None
    with practice_transaction():
        link = link_of(draft.invoice.client, connection.business_id)
    if link is None or stored["contact"]["id"] != link.sage_contact_id:
        raise ContactDiffers(f"{number_of(stored)} belongs to {stored['contact']['displayed_as']}")
    return stored


def _record(
    posting: Posting, connection: SageConnection, draft: _Draft, stored: SalesInvoice, *, adopted: bool
) -> None:
    """Link the document and settle the posting, in one transaction; raises `TotalsDiffer` once both are done."""
    try:
        theirs, seen = amounts_of(stored), fingerprint_of(stored)
    except UnexpectedAnswer as error:
        raise OutcomeUnknown(str(error)) from error
    number, url = number_of(stored), web_address(stored.get("links")) or ""
    with practice_transaction():
        SageLink.objects.update_or_create(
            posting=posting,
            defaults={
                "business_id": connection.business_id,
                "sage_id": stored["id"],
                "sage_number": number,
                "net": theirs.net,
                "vat": theirs.vat,
                "was_adopted": adopted,
                "sent_fingerprint": draft.fingerprint,
                "seen_fingerprint": seen,
            },
        )
        if theirs == draft.amounts:
            outbox.mark_posted(posting, external_id=stored["id"], number=number, url=url)
            audit.record(
                "posting.posted", posting, reference=posting.reference, number=number, adopted=adopted
            )
            return
        difference = TotalsDiffer(
            f"{number} has £{theirs.gross} including £{theirs.vat} VAT, and"
            f" {draft.invoice.number_label} has £{draft.amounts.gross} including £{draft.amounts.vat} VAT"
        )
        audit.record("posting.totals_differ", posting, number=number, ours=str(draft.amounts.gross))
    raise difference
