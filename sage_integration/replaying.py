"""Pressing *Replay*: safe any number of times, because it only ever does what is still to be done.

*Look first* says what that would be, and does nothing of it.
"""

from dataclasses import dataclass

import structlog

from invoicing.models import Invoice
from invoicing.queries import invoice_to_post
from ledger.models import Posting
from ledger.outbox import retry_posting
from money.amounts import Amounts
from practices import audit
from practices.templatetags.money_tags import written
from practices.tenancy import practice_transaction
from sage_integration.choices import stored_choices
from sage_integration.connections import current_connection
from sage_integration.exchanges import about
from sage_integration.explanations import sentence_of
from sage_integration.mappings import load_rules
from sage_integration.models import CopyChoices, SageConnection, SageLink
from sage_integration.preview import AsSageShows
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import NotInSage, SageError
from sage_integration.sage.resources.documents import VOID, SalesDocument
from sage_integration.sessions import open_sage
from sage_integration.sync.comparison import compare
from sage_integration.sync.documents import amounts_of, number_of
from sage_integration.sync.standing_differences import keep_difference

log = structlog.get_logger(__name__)

Kind, Status = Posting.Kind, Posting.Status
#: What is said of a posting that something else has to happen to first.
NOT_YET = {
    Status.HELD: "It is held here. Release it when it may leave.",
    Status.PENDING: "It waits for its turn already, so nothing was added. It is not created twice.",
    Status.LEASED: "It is being copied at this moment.",
    Status.CANCELLED: "It was withdrawn, so nothing is sent.",
}


@dataclass(frozen=True, slots=True)
class Replayed:
    """What pressing it did, in words, and whether all is well."""

    words: str
    is_well: bool = True


def replay(posting: Posting) -> Replayed:
    """Do what is still to be done about a posting, or look whether it is in Sage once; nothing is sent twice.

    What was refused is tried again through the queue, which looks before it sends. What is in Sage is only looked at.
    Must be called outside a transaction.
    """
    with practice_transaction():
        posting = Posting.objects.get(pk=posting.pk)
        connection = current_connection()
        if posting.status == Status.FAILED:
            retry_posting(posting)
            return Replayed("It is tried again. It is looked up in Sage first, so it is not created twice.")
    if posting.status != Status.POSTED:
        return Replayed(NOT_YET[Status(posting.status)])
    if connection is None or not connection.business_id:
        return Replayed(
            "Sage is not connected, so nothing could be looked at. Nothing was sent.", is_well=False
        )
    outcome = _look(posting, connection)
    with practice_transaction():
        audit.record("posting.replayed", posting, reference=posting.reference, outcome=outcome.words)
    return outcome


def rehearse(posting: Posting) -> Replayed:
    """What *Replay* would do about a posting, having looked in Sage; nothing is changed on either side.

    Must be called outside a transaction.
    """
    with practice_transaction():
        posting = Posting.objects.get(pk=posting.pk)
        connection = current_connection()
        refusal = _refusal_of(posting, connection)
    if posting.status in (Status.HELD, Status.LEASED, Status.CANCELLED):
        return Replayed(NOT_YET[Status(posting.status)])
    if connection is None or not connection.business_id:
        return Replayed("Sage is not connected, so nothing could be looked at.", is_well=False)
    if posting.status == Status.POSTED:
        return _look(posting, connection)
    try:
        with about(posting.pk), open_sage(connection, urgent=True) as sage:
            return _foreseen(posting, refusal, sage)
    except NotInSage:
        return Replayed(
            "What it would change is not in Sage any more. Replay would be refused.", is_well=False
        )
    except SageError as error:
        log.warning("looking at a posting failed", error=type(error).__name__, status=error.status)
        return Replayed(f"{sentence_of(error)} Nothing was sent.", is_well=False)


def _refusal_of(posting: Posting, connection: SageConnection | None) -> str:
    """Why Sage would refuse an invoice as it stands, as far as that can be told from here; empty when it would not."""
    if posting.kind != Kind.INVOICE_CREATE or connection is None or not connection.business_id:
        return ""
    invoice = invoice_to_post(posting.subject_id)
    choices = stored_choices(CopyChoices.objects.filter(posting=posting).first(), invoice)
    lines, rules = list(invoice.lines.all()), load_rules(connection)
    refusals = AsSageShows(invoice, lines, rules, posting.reference, choices=choices).refusals
    return sentence_of(refusals[0]) if refusals else ""


def _foreseen(posting: Posting, refusal: str, sage: SageClient) -> Replayed:
    if posting.kind == Kind.CONTACT_UPSERT:
        return Replayed(
            "Replay would look for the contact by its name, and create it only where there is none."
        )
    if posting.kind not in (Kind.INVOICE_CREATE, Kind.CREDIT_NOTE_CREATE):
        found = _look_at_document(posting, sage)
        return Replayed(f"{found.words} Replay would send what still has to be changed, once.", found.is_well)
    documents = sage.sales_invoices if posting.kind == Kind.INVOICE_CREATE else sage.sales_credit_notes
    if stored := documents.find_by_reference(posting.reference):
        return Replayed(f"It is in Sage already, as {number_of(stored)}. Replay would only take it as ours.")
    if refusal:
        return Replayed(f"It is not in Sage, and Replay would be refused. {refusal}", is_well=False)
    return Replayed("It is not in Sage. Replay would send it, once.")


def _look(posting: Posting, connection: SageConnection) -> Replayed:
    try:
        with about(posting.pk), open_sage(connection, urgent=True) as sage:
            if posting.kind == Kind.CONTACT_UPSERT:
                contact = sage.contacts.get(posting.external_id)
                return Replayed(f"The contact {contact['displayed_as']} is in Sage. Nothing was sent.")
            return _look_at_document(posting, sage)
    except NotInSage:
        return Replayed("It is not in Sage any more. Nothing was sent.", is_well=False)
    except SageError as error:
        log.warning("looking at a posting failed", error=type(error).__name__, status=error.status)
        return Replayed(f"{sentence_of(error)} Nothing was sent.", is_well=False)


def _look_at_document(posting: Posting, sage: SageClient) -> Replayed:
    """The copy itself, or the one that a change, a void or an allocation was about."""
    with practice_transaction():
        copy = posting.target or posting
        if posting.kind == Kind.CREDIT_NOTE_ALLOCATE:
            made = Posting.objects.of(Kind.CREDIT_NOTE_CREATE, posting.subject_id).filter(status="posted")
            copy = made.first() or posting
        link = SageLink.objects.filter(posting=copy).select_related("posting").first()
        invoice = (
            Invoice.objects.filter(pk=copy.subject_id).first() if copy.kind == Kind.INVOICE_CREATE else None
        )
    if link is None:
        return Replayed("What it became in Sage is not known here. Nothing was sent.", is_well=False)
    if copy.kind != Kind.INVOICE_CREATE:
        return _told(sage.sales_credit_notes.get(link.sage_id), Amounts(link.net, link.vat))
    # Raises `DuplicateInSage` where two carry the reference; one typed in before it was connected carries another.
    found = None if link.was_adopted else sage.sales_invoices.find_by_reference(copy.reference)
    stored = found or sage.sales_invoices.get(link.sage_id)
    with practice_transaction():
        difference = compare(SageLink.objects.select_related("posting").get(pk=link.pk), stored)
        keep_difference(link, difference)
    ours = Amounts(invoice.net, invoice.vat) if invoice else Amounts(link.net, link.vat)
    return _told(stored, ours)


def _told(stored: SalesDocument, ours: Amounts) -> Replayed:
    number, theirs = number_of(stored), amounts_of(stored)
    if stored["status"]["id"] == VOID:
        return Replayed(f"It is in Sage once, as {number}, and void there. Nothing was sent.")
    gross = written(theirs.gross)
    if theirs != ours:
        words = f"It is in Sage once, as {number}, with {gross} where we have {written(ours.gross)}."
        return Replayed(f"{words} Nothing was sent.", is_well=False)
    return Replayed(f"It is in Sage once, as {number}, with our total of {gross}. Nothing was sent.")
