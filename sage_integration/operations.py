"""Corrections a person asks for: a copy updated, replaced, or found again in Sage. Inside the caller's transaction."""

from invoicing.errors import LockedInTheLedger, NothingChanged, NotInTheLedger, SettledInTheLedger
from invoicing.models import Invoice
from invoicing.operations import void_copy
from ledger.copies import NEVER_HELD, mark_held_revision, relink_copy, request_change
from ledger.models import Posting
from practices import audit
from practices.errors import DomainError
from practices.remembered import acting_practice
from sage_integration.connections import current_connection
from sage_integration.corrections import Path, path_for
from sage_integration.errors import CopyIsInAnotherCompany
from sage_integration.explanations import sentence_of
from sage_integration.mappings import load_rules
from sage_integration.models import SageLink
from sage_integration.offer import why_not_connected
from sage_integration.sage.errors import SageError
from sage_integration.sage.resources.resource import web_address
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sync.changes import Wanted, wanted_for
from sage_integration.sync.comparison import compare
from sage_integration.sync.documents import amounts_of, number_of
from sage_integration.sync.snapshots import fingerprint_of_snapshot, same
from sage_integration.sync.standing_differences import keep_difference


class GapInMapping(DomainError):
    message = "This cannot be sent to Sage before an account or VAT rate is chosen."


class LinkedAlready(DomainError):
    message = "This document in Sage stands for another invoice here. Choose another one."


class DecideFirst(DomainError):
    message = (
        "The copy is void or missing in Sage. Decide on its page of differences what becomes of the invoice."
    )


REFUSALS: dict[Path, type[DomainError]] = {
    Path.NOTHING: NothingChanged,
    Path.UNALLOCATE_OR_CREDIT: SettledInTheLedger,
    Path.CREDIT_AND_REISSUE: LockedInTheLedger,
    Path.DECIDE_VOID: DecideFirst,
    Path.DECIDE_MISSING: DecideFirst,
}


def latest_copy(invoice: Invoice) -> Posting | None:
    """The newest copy of an invoice that arrived in Sage, whatever became of it there."""
    posted = Posting.objects.of(Posting.Kind.INVOICE_CREATE, invoice.pk)
    found: Posting | None = posted.filter(status=Posting.Status.POSTED).first()
    return found


def path_of(wanted: Wanted) -> Path:
    """What Sage takes for a copy now, as it was seen last."""
    link, copy = wanted.link, wanted.copy
    in_sage = link.in_sage
    return path_for(
        standing=copy.standing,
        blocked=copy.blocked,
        is_draft=link.is_draft,
        wanted=wanted.snapshot,
        in_sage=in_sage,
        is_same=bool(in_sage)
        and same({**wanted.snapshot, "contact": wanted.payload["contact_id"] or in_sage["contact"]}, in_sage),
    )


def wanted_now(invoice: Invoice) -> Wanted:
    """What the latest copy should say.

    Raises `NotConnected`, `NotInTheLedger`, `CopyIsInAnotherCompany` or `GapInMapping`.
    """
    connection, copy = current_connection(), latest_copy(invoice)
    if connection is None:
        raise why_not_connected(acting_practice())
    if copy is None:
        raise NotInTheLedger(invoice)
    if SageLink.objects.filter(posting=copy).exclude(business_id=connection.business_id).exists():
        raise CopyIsInAnotherCompany(invoice)
    try:
        return wanted_for(copy, load_rules(connection))
    except SageError as gap:
        raise GapInMapping(message=sentence_of(gap)) from gap


def update_copy(invoice: Invoice) -> Posting:
    """The latest copy on its way to be as the invoice is (F73, F74): in place, or voided and made anew.

    Raises the reason why Sage takes neither now.
    """
    wanted = wanted_now(invoice)
    path = path_of(wanted)
    if path is Path.REPLACE:
        return replace_copy(invoice, reason="Replaced: a line was taken off")
    if path is not Path.UPDATE:
        raise REFUSALS[path](invoice)
    audit.record("invoice.update_requested", invoice, number=wanted.link.sage_number)
    return request_change(
        Posting.Kind.INVOICE_UPDATE,
        wanted.copy,
        label=invoice.number_label,
        basis=fingerprint_of_snapshot(wanted.link.in_sage),
    )


def replace_copy(invoice: Invoice, *, reason: str) -> Posting:
    """The latest copy on its way to be voided, and after that a new one made; raises as `void_copy` does."""
    copy = latest_copy(invoice)
    if copy is None:
        raise NotInTheLedger(invoice)
    audit.record("invoice.replacement_requested", invoice, number=copy.external_number)
    return void_copy(copy, label=invoice.number_label, reason=reason, then=Posting.Then.COPY_AGAIN)


def relink(invoice: Invoice, found: SalesInvoice) -> SageLink:
    """Another document of Sage is the invoice's latest copy from now on, because a person says so.

    What it says is where that copy begins, whatever the one before it held: of our amounts, it holds the invoice as it
    is here; of others, it never held it.
    Raises `NotInTheLedger` or `LinkedAlready`.
    """
    copy = latest_copy(invoice)
    if copy is None:
        raise NotInTheLedger(invoice)
    link = SageLink.objects.select_related("posting").select_for_update(of=["self"]).get(posting=copy)
    taken = SageLink.objects.filter(business_id=link.business_id, sage_id=found["id"]).exclude(pk=link.pk)
    if taken.exists():
        raise LinkedAlready(found)
    before, link.sage_id, link.sage_number = link.sage_id, found["id"], number_of(found)
    link.copied, link.seen, link.seen_fingerprint, link.was_adopted = {}, {}, "", True
    link.save()
    relink_copy(
        copy,
        external_id=found["id"],
        number=link.sage_number,
        url=web_address(found.get("links")) or "",
    )
    audit.record("invoice.relinked", invoice, before=before, after=found["id"], number=link.sage_number)
    is_ours = amounts_of(found) == invoice.amounts
    mark_held_revision(link.posting, invoice.revision if is_ours else NEVER_HELD)
    keep_difference(link, compare(link, found))
    return link
