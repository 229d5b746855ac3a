"""Drafting, issuing and voiding invoices.

draft ─issue→ issued ─void→ void
  └─discard
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.utils import timezone

from clients.models import Client
from clients.operations import activate_client, check_may_bill
from invoicing.century import check_century
from invoicing.errors import (
    AlreadyPosting,
    AmountTooLarge,
    ChangedInTheLedger,
    ClientIsArchived,
    DatedInTheFuture,
    GoneFromTheLedger,
    HasPayments,
    IsCredited,
    IsInTheLedger,
    LockedInTheLedger,
    MayBeInTheLedger,
    NoLines,
    NoReason,
    NotADraft,
    NotInTheLedger,
    NotIssued,
    SettledInTheLedger,
)
from invoicing.models import CreditNote, Invoice, InvoiceLine
from invoicing.operations.numbering import next_number
from invoicing.operations.settings import invoicing_settings
from invoicing.practicalities import Practicalities
from invoicing.terms import due_on
from invoicing.vat_invoices import check_names_the_customer
from ledger.copies import request_change
from ledger.models import Posting
from ledger.outbox import NewDocument, cancel_posting, hold_posting, request_posting, request_postings
from ledger.signals import document_given_up
from money.amounts import ZERO, Amounts, price_line, price_with_vat, total
from practices import audit
from practices.errors import DomainError
from proposals.models import Proposal

LARGEST_AMOUNT = Decimal("9999999999.99")
FIXED_ON_A_LINE = ["unit_price", "vat_code", "vat_percent", "net", "vat"]


def draft_invoice(
    client: Client,
    lines: Sequence[InvoiceLine],
    *,
    tax_point: date,
    source: str,
    proposal: Proposal | None = None,
) -> Invoice:
    """A draft without a number, priced for its tax point; raises `NoLines`, `DateOutOfRange` or `AmountTooLarge`.

    The lines come unsaved, with service, name, description, quantity, unit_price and tax_rate. Where somebody else
    pays for the client (G49), it is made out to that one, and each line says for whom it is.
    """
    payer = client.payer
    if payer != client:
        for line in lines:
            line.name = name_for(client.name, line.name)
    invoice = Invoice(client=payer, proposal=proposal, source=source, tax_point=tax_point)
    fix_amounts(invoice, lines)
    invoice.save()
    save_lines(invoice, lines)
    return invoice


def name_for(client_name: str, name: str) -> str:
    """The name of a line on somebody else's invoice: `Trading Ltd: Bookkeeping`, within a line's 160 characters."""
    return f"{client_name}: {name}"[:160]


def amend_draft(invoice: Invoice, lines: Sequence[InvoiceLine], *, tax_point: date) -> Invoice:
    """The draft with other lines and another date; raises `NotADraft` or as `draft_invoice` does."""
    invoice = _locked_draft(invoice)
    invoice.tax_point = tax_point
    fix_amounts(invoice, lines)
    invoice.save()
    invoice.lines.all().delete()
    save_lines(invoice, lines)
    return invoice


def discard_draft(invoice: Invoice) -> None:
    """Delete an invoice that was never issued; raises `NotADraft`."""
    invoice = _locked_draft(invoice)
    audit.record("invoice.discarded", invoice, client=invoice.client_id, gross=str(invoice.gross))
    invoice.delete()


def issue_invoice(invoice: Invoice, *, on: date) -> Invoice:
    """The draft numbered, its amounts fixed for good, and its posting requested or held.

    Raises `NotADraft`, `NoLines`, `DatedInTheFuture`, `ClientIsArchived`, `NeedsMoneyLaunderingChecks` or
    `NeedsAnAddress`; ``on`` is today in the practice.
    """
    invoice = _locked_draft(invoice)
    if invoice.client.status == Client.Status.ARCHIVED:
        raise ClientIsArchived(invoice)
    if invoice.tax_point > on:
        raise DatedInTheFuture(invoice)
    check_may_bill(invoice.client, on=on)
    check_names_the_customer(invoice.client)
    lines = list(invoice.lines.select_related("tax_rate"))
    fix_amounts(invoice, lines)
    InvoiceLine.objects.bulk_update(lines, FIXED_ON_A_LINE)
    invoice.number, invoice.status = next_number(), Invoice.Status.ISSUED
    invoice.outstanding, invoice.issued_at = invoice.gross, timezone.now()
    invoice.save()
    audit.record("invoice.issued", invoice, number=invoice.number_label, gross=str(invoice.gross))
    if invoice.client.status in (Client.Status.LEAD, Client.Status.INACTIVE):
        activate_client(invoice.client)  # G44: who is billed is a client
    # F64: billed here either way. An invoice over nothing has no business in the ledger unless somebody says so.
    leaves = invoice.client.posts_automatically and invoice.gross > ZERO
    kind, label = Posting.Kind.INVOICE_CREATE, invoice.number_label
    if leaves:
        leaves_at = Practicalities.of_the_practice().leaves_at(timezone.now())
        request_posting(kind, invoice.pk, label=label, not_before=leaves_at)
    else:
        hold_posting(kind, invoice.pk, label=label)
    return invoice


def post_invoice(invoice: Invoice) -> Posting:
    """A new posting for an invoice whose last one was withdrawn; raises `NotIssued` or `AlreadyPosting`."""
    invoice = locked_issued(invoice)
    if _live_posting(invoice):
        raise AlreadyPosting(invoice)
    audit.record("invoice.posting_requested", invoice)
    return request_posting(Posting.Kind.INVOICE_CREATE, invoice.pk, label=invoice.number_label)


def post_invoices(invoices: Sequence[Invoice]) -> list[Posting]:
    """A new posting for each of several issued invoices that have none, in a few statements; the postings.

    The caller holds their rows. Raises IntegrityError (`one_live_posting_for_a_copy`) where one has a posting.
    """
    if not invoices:
        return []
    ids = [invoice.pk for invoice in invoices]
    audit.record_many("invoice.posting_requested", Invoice, ((pk, {}) for pk in ids))
    documents = [NewDocument(invoice.pk, invoice.number_label) for invoice in invoices]
    request_postings(Posting.Kind.INVOICE_CREATE, documents)
    return list(Posting.objects.live().filter(kind=Posting.Kind.INVOICE_CREATE, subject_id__in=ids))


#: Why a copy in the ledger keeps its invoice from being voided here alone, by how the copy was found there last.
WHY_NOT_HERE: dict[str, type[DomainError]] = {
    Posting.Standing.AS_COPIED: IsInTheLedger,
    Posting.Standing.CHANGED: ChangedInTheLedger,
    Posting.Standing.VOID: GoneFromTheLedger,
    Posting.Standing.MISSING: GoneFromTheLedger,
    Posting.Standing.CLEARED: GoneFromTheLedger,
}


def void_invoice(invoice: Invoice) -> Invoice:
    """The invoice cancelled, its number kept, its waiting posting withdrawn.

    Raises `NotIssued`, `HasPayments`, `IsCredited`, or `IsInTheLedger` / `MayBeInTheLedger` where Sage has to void it
    first.
    A period it billed stays billed: the same work is not charged again by itself.
    """
    invoice = locked_invoice(invoice)
    posting = _live_posting(invoice)
    if refusal := why_not_void(invoice, posting):
        raise refusal
    if posting:
        cancel_posting(posting)
    return _void(invoice, "invoice.voided")


def why_not_void(
    invoice: Invoice,
    posting: Posting | None,
    change: Posting | None = None,
    *,
    is_credited: bool | None = None,
) -> DomainError | None:
    """The rule that forbids voiding an invoice whose newest posting is this one, or None.

    ``change`` is a change of it that has not come to its end: until then nothing is known of the copy for certain.
    """
    if invoice.status != Invoice.Status.ISSUED:
        return NotIssued(invoice)
    if invoice.outstanding != invoice.gross:
        return _why_settled(invoice, is_credited=is_credited)
    if posting is None or posting.status == Posting.Status.CANCELLED:
        return None
    if change is not None and change.status in (Posting.Status.PENDING, Posting.Status.LEASED):
        return MayBeInTheLedger(invoice)
    if posting.status == Posting.Status.POSTED:
        return WHY_NOT_HERE[Posting.Standing(posting.standing)](invoice)
    if posting.may_have_landed or posting.status == Posting.Status.LEASED:
        return MayBeInTheLedger(invoice)
    return None


def _why_settled(invoice: Invoice, *, is_credited: bool | None = None) -> DomainError:
    """Whether a credit note took an invoice back already, or money has to go first."""
    if is_credited is None:
        is_credited = CreditNote.objects.filter(invoice=invoice).exists()
    return IsCredited(invoice) if is_credited else HasPayments(invoice)


def void_in_ledger(invoice: Invoice, *, reason: str) -> Posting:
    """The void on its way to the ledger; the invoice is void here once it arrived there.

    Raises `NotIssued`, `HasPayments`, `IsCredited`, `NoReason`, `NotInTheLedger`, `SettledInTheLedger`,
    `LockedInTheLedger`, or what `ledger.copies.request_change` raises.
    """
    invoice = locked_issued(invoice)
    if invoice.outstanding != invoice.gross:
        raise _why_settled(invoice)
    if not reason.strip():
        raise NoReason(invoice)
    copy = _live_posting(invoice)
    if copy is None or copy.status != Posting.Status.POSTED:
        raise NotInTheLedger(invoice)
    posting = void_copy(copy, label=invoice.number_label, reason=reason, then=Posting.Then.VOID_HERE)
    audit.record("invoice.void_requested", invoice, reason=reason.strip())
    return posting


def void_copy(copy: Posting, *, label: str, reason: str, then: str = "") -> Posting:
    """The void of one copy on its way to the ledger; the invoice itself stays unless ``then`` says otherwise.

    Raises `SettledInTheLedger` or `LockedInTheLedger`, or what `ledger.copies.request_change` raises.
    """
    if copy.blocked == Posting.Blocked.SETTLED:
        raise SettledInTheLedger(copy)
    if copy.blocked == Posting.Blocked.LOCKED:
        raise LockedInTheLedger(copy)
    return request_change(
        Posting.Kind.INVOICE_VOID, copy, label=label, then=then, reason=reason.strip()[:200]
    )


def copy_again(invoice: Invoice, *, reason: str) -> Posting:
    """A further copy of an invoice that is in the ledger already (F75, D3); it is the latest from then on.

    The older copy stays there until somebody voids it. Raises `NotIssued`, `NoReason`, `NotInTheLedger`, or
    `AlreadyPosting` while a copy or a change of one is on its way.
    """
    invoice = locked_issued(invoice)
    if not reason.strip():
        raise NoReason(invoice)
    copy = _live_posting(invoice)
    if copy is None:
        raise NotInTheLedger(invoice)
    if copy.status != Posting.Status.POSTED or Posting.objects.filter(target=copy).open().exists():
        raise AlreadyPosting(invoice)
    audit.record("invoice.copied_again", invoice, reason=reason.strip(), earlier=copy.reference)
    return request_posting(
        Posting.Kind.INVOICE_CREATE, invoice.pk, label=invoice.number_label, reason=reason.strip()[:200]
    )


def mark_voided_in_ledger(invoice: Invoice) -> Invoice:
    """The invoice void because the ledger says so; nothing happens when it is void already."""
    invoice = locked_invoice(invoice)
    if invoice.status == Invoice.Status.VOID:
        return invoice
    if invoice.status == Invoice.Status.DRAFT:
        raise NotIssued(invoice)
    document_given_up.send(Posting, subject_id=invoice.pk)
    return _void(invoice, "invoice.voided_in_ledger")


def _void(invoice: Invoice, action: str) -> Invoice:
    audit.record(action, invoice, number=invoice.number_label, outstanding=str(invoice.outstanding))
    invoice.status, invoice.outstanding = Invoice.Status.VOID, ZERO
    invoice.save(update_fields=["status", "outstanding"])
    return invoice


def price_lines(lines: Sequence[InvoiceLine], tax_point: date) -> Amounts:
    """The lines' total in the practice's currency; each line gets its VAT by the tax point and its rounded amounts."""
    for line in lines:
        line.vat_code = line.tax_rate.vat_code
        line.vat_percent = line.tax_rate.percent_on(tax_point)
        if line.gross_price is not None:
            amounts = price_with_vat(line.gross_price, line.vat_percent)
            line.unit_price = amounts.net
        else:
            amounts = price_line(line.quantity, line.unit_price, line.vat_percent)
        line.net, line.vat = amounts.net, amounts.vat
    return total(line.amounts for line in lines)


def fix_amounts(invoice: Invoice, lines: Sequence[InvoiceLine]) -> None:
    """Sets amounts by the tax point, the due date by the terms of this moment.

    Raises `NoLines`, `DateOutOfRange` or `AmountTooLarge`.
    """
    if not lines:
        raise NoLines(invoice)
    check_century(invoice, invoice.tax_point)
    amounts = price_lines(lines, invoice.tax_point)
    if amounts.gross > LARGEST_AMOUNT:
        raise AmountTooLarge(invoice)
    invoice.net, invoice.vat = amounts.net, amounts.vat
    days = invoicing_settings().terms_days(invoice.source, invoice.client.terms_days)
    invoice.due_on = due_on(invoice.tax_point, days)


def save_lines(invoice: Invoice, lines: Sequence[InvoiceLine]) -> None:
    """Store unsaved lines in this order."""
    for position, line in enumerate(lines):
        line.invoice, line.position = invoice, position
    InvoiceLine.objects.bulk_create(lines)


def _live_posting(invoice: Invoice) -> Posting | None:
    """The newest posting of the invoice that was not withdrawn, locked."""
    posting: Posting | None = (
        Posting.objects.live().of(Posting.Kind.INVOICE_CREATE, invoice.pk).select_for_update().first()
    )
    return posting


def locked_invoice(invoice: Invoice) -> Invoice:
    """The invoice as stored, with its client, nobody else's to change before the transaction ends."""
    locked: Invoice = (
        Invoice.objects.select_for_update(of=["self"]).select_related("client").get(pk=invoice.pk)
    )
    return locked


def _locked_draft(invoice: Invoice) -> Invoice:
    invoice = locked_invoice(invoice)
    if invoice.status != Invoice.Status.DRAFT:
        raise NotADraft(invoice)
    return invoice


def locked_issued(invoice: Invoice) -> Invoice:
    """The same; raises `NotIssued` unless it is issued and not void."""
    invoice = locked_invoice(invoice)
    if invoice.status != Invoice.Status.ISSUED:
        raise NotIssued(invoice)
    return invoice
