"""Changing an issued invoice: possible while nobody has paid it and the ledger lets it be changed.

What was there before is kept as a revision, so that both sides can be told apart and put back.
"""

from collections.abc import Sequence
from datetime import date

from invoicing.century import check_century
from invoicing.errors import (
    DatedInTheFuture,
    DueBeforeItsDate,
    HasPayments,
    IsCredited,
    LockedInTheLedger,
    MayBeInTheLedger,
    NoReason,
    NothingChanged,
    NotIssued,
    SettledInTheLedger,
)
from invoicing.models import CreditNote, Invoice, InvoiceLine, InvoiceRevision
from invoicing.operations.invoices import fix_amounts, locked_invoice, save_lines
from invoicing.queries import INVOICE_KINDS
from invoicing.revisions import as_of, dates_from, lines_from, particulars_of
from ledger.copies import NEVER_HELD, mark_held_revision
from ledger.models import Posting
from practices import audit
from practices.errors import DomainError


def amend_invoice(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    *,
    tax_point: date,
    due_on: date,
    reason: str,
    on: date,
) -> Invoice:
    """The issued invoice with other lines and dates, its number kept and what it was before recorded.

    Nothing is sent by itself: a copy in the ledger shows as changed here until somebody updates it. The lines come
    unsaved, as for `draft_invoice`; ``on`` is today. Raises what `why_not_amend` says, `NoReason`, `NothingChanged`,
    `DatedInTheFuture`, `DueBeforeItsDate`, `DateOutOfRange`, `NoLines` or `AmountTooLarge`.
    """
    invoice = locked_invoice(invoice)
    if refusal := why_not_amend(invoice, _locked_postings(invoice)):
        raise refusal
    if not reason.strip():
        raise NoReason(invoice)
    if tax_point > on:
        raise DatedInTheFuture(invoice)
    check_century(invoice, due_on)
    if due_on < tax_point:
        raise DueBeforeItsDate(invoice)
    before = particulars_of(invoice, list(invoice.lines.all()))
    invoice.tax_point = tax_point
    fix_amounts(invoice, lines)
    invoice.due_on = due_on
    after = particulars_of(invoice, lines)
    if after == before:
        raise NothingChanged(invoice)
    _keep(invoice, before, reason)
    audit.record("invoice.amended", invoice, reason=reason.strip(), before=before, after=after)
    invoice.lines.all().delete()
    save_lines(invoice, lines)
    return invoice


def discard_changes(invoice: Invoice, *, on: date) -> Invoice:
    """The invoice as the ledger holds it again; raises `NothingChanged` when it is so already, or as amending does."""
    copy = next((each for each in _locked_postings(invoice) if _is_copy(each)), None)
    if copy is None or copy.held_revision in (NEVER_HELD, invoice.revision):
        raise NothingChanged(invoice)
    held = as_of(invoice, copy.held_revision)
    tax_point, due_on = dates_from(held)
    reason = "Changes discarded: as it is in Sage"
    invoice = amend_invoice(
        invoice, lines_from(held), tax_point=tax_point, due_on=due_on, reason=reason, on=on
    )
    mark_held_revision(copy, invoice.revision)
    return invoice


def why_not_amend(
    invoice: Invoice, postings: Sequence[Posting], *, is_credited: bool | None = None
) -> DomainError | None:
    """The rule that forbids changing an invoice with these postings (newest first), or None."""
    if is_credited is None:
        is_credited = CreditNote.objects.filter(invoice=invoice).exists()
    if invoice.status != Invoice.Status.ISSUED:
        return NotIssued(invoice)
    if is_credited:
        return IsCredited(invoice)
    if invoice.outstanding != invoice.gross:
        return HasPayments(invoice)
    if any(_is_on_its_way(posting) for posting in postings):
        return MayBeInTheLedger(invoice)
    copy = next((posting for posting in postings if _is_copy(posting)), None)
    if copy is None or copy.standing in (Posting.Standing.VOID, Posting.Standing.MISSING):
        return None
    if copy.blocked == Posting.Blocked.SETTLED:
        return SettledInTheLedger(invoice)
    if copy.blocked == Posting.Blocked.LOCKED:
        return LockedInTheLedger(invoice)
    return None


def _is_on_its_way(posting: Posting) -> bool:
    """A document that has not left is mapped when it does; any other may arrive as it was."""
    if posting.status == Posting.Status.LEASED:
        return True
    has_begun = posting.attempted_at is not None or posting.target_id is not None
    return posting.status == Posting.Status.PENDING and has_begun


def _is_copy(posting: Posting) -> bool:
    return posting.kind == Posting.Kind.INVOICE_CREATE and posting.status == Posting.Status.POSTED


def _locked_postings(invoice: Invoice) -> list[Posting]:
    postings = Posting.objects.live().filter(kind__in=INVOICE_KINDS, subject_id=invoice.pk)
    return list(postings.select_for_update().order_by("-id"))


def _keep(invoice: Invoice, before: dict[str, object], reason: str) -> None:
    InvoiceRevision.objects.create(
        invoice=invoice, revision=invoice.revision, particulars=before, reason=reason.strip()[:200]
    )
    invoice.revision += 1
    invoice.outstanding = invoice.gross
    invoice.save(update_fields=["revision", "tax_point", "due_on", "net", "vat", "outstanding"])
