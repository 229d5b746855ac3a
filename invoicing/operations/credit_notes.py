"""Credit notes: a whole invoice taken back, once, with a reason (F76, F78, ruling D6)."""

from collections.abc import Sequence
from datetime import date

from invoicing.errors import (
    AlreadyPosting,
    CreditedBeforeItsDate,
    DatedInTheFuture,
    IsCredited,
    LockedInTheLedger,
    NoReason,
    NothingChanged,
    NotInTheLedger,
)
from invoicing.models import Allocation, CreditNote, CreditNoteLine, Invoice
from invoicing.operations.invoices import locked_issued
from invoicing.operations.numbering import next_credit_note_number
from invoicing.operations.payments import settle
from ledger.copies import end_refused_change, request_change
from ledger.models import Posting
from ledger.outbox import hold_posting, request_posting
from ledger.signals import document_given_up
from money.amounts import ZERO
from practices import audit

#: What a line of a credit note has of the invoice's line.
COPIED = (
    "position",
    "service_id",
    "name",
    "description",
    "quantity",
    "unit_price",
    "tax_rate_id",
    "vat_code",
    "vat_percent",
    "net",
    "vat",
)


def issue_credit_note(
    invoice: Invoice, *, reason: str, issued_on: date, on: date, leaves: bool = True
) -> CreditNote:
    """The numbered credit note over the whole invoice, set against what is outstanding on it.

    It goes to the ledger where the invoice is there (F77), else stays here; held where it is not to leave by itself.
    What was paid already stays as a credit of the client. ``on`` is today. Raises `NotIssued`, `IsCredited`,
    `NoReason`, `DatedInTheFuture` or `CreditedBeforeItsDate`.
    """
    invoice = locked_issued(invoice)
    if CreditNote.objects.filter(invoice=invoice).exists():
        raise IsCredited(invoice)
    if not reason.strip():
        raise NoReason(invoice)
    if issued_on > on:
        raise DatedInTheFuture(message="A credit note cannot be dated in the future. Give it today's date.")
    if issued_on < invoice.tax_point:
        raise CreditedBeforeItsDate(invoice)
    note: CreditNote = CreditNote.objects.create(
        invoice=invoice,
        client=invoice.client,
        number=next_credit_note_number(),
        issued_on=issued_on,
        reason=reason.strip()[:200],
        net=invoice.net,
        vat=invoice.vat,
    )
    CreditNoteLine.objects.bulk_create(
        CreditNoteLine(credit_note=note, **{name: getattr(line, name) for name in COPIED})
        for line in invoice.lines.all()
    )
    settled = invoice.outstanding
    if settled > ZERO:
        Allocation.objects.create(credit_note=note, invoice=invoice, amount=settled)
        settle([invoice])
    audit.record(
        "credit_note.issued", note, number=note.number_label, invoice=invoice.pk, gross=str(note.gross)
    )
    audit.record(
        "invoice.credited", invoice, number=note.number_label, reason=note.reason, amount=str(note.gross)
    )
    document_given_up.send(Posting, subject_id=invoice.pk)
    if copy_in_ledger(invoice.pk):
        request = request_posting if leaves else hold_posting
        request(Posting.Kind.CREDIT_NOTE_CREATE, note.pk, label=note.number_label)
    return note


def post_credit_note(note: CreditNote, *, reason: str = "") -> Posting:
    """A posting of the credit note: the first one, or a further copy, which needs a reason.

    A change of the copy that the ledger refused makes way for a further copy.

    Raises `NotInTheLedger` while its invoice is not there (F77), `AlreadyPosting`, or `NoReason`.
    """
    note = _locked(note)
    if copy_in_ledger(note.invoice_id) is None:
        raise NotInTheLedger(note)
    latest = latest_copy(note)
    if latest is not None:
        changes = Posting.objects.filter(target=latest).open().exclude(status=Posting.Status.FAILED)
        if latest.status != Posting.Status.POSTED or changes.exists():
            raise AlreadyPosting(note)
        if not reason.strip():
            raise NoReason(note)
        end_refused_change(latest)
        audit.record("credit_note.copied_again", note, reason=reason.strip(), earlier=latest.reference)
    return request_posting(
        Posting.Kind.CREDIT_NOTE_CREATE, note.pk, label=note.number_label, reason=reason.strip()[:200]
    )


def amend_credit_note(note: CreditNote, *, issued_on: date, reason: str, on: date) -> CreditNote:
    """The credit note with another date or reason; its lines are the invoice's and stay (F78).

    A copy in the ledger is changed by `update_credit_note`. Raises `NoReason`, `DatedInTheFuture`,
    `CreditedBeforeItsDate`, `NothingChanged` or `LockedInTheLedger`.
    """
    note = _locked(note)
    if not reason.strip():
        raise NoReason(note)
    if issued_on > on:
        raise DatedInTheFuture(message="A credit note cannot be dated in the future. Give it today's date.")
    # A note that was dated so before that was refused may still have its reason mended.
    if issued_on != note.issued_on and issued_on < note.invoice.tax_point:
        raise CreditedBeforeItsDate(note)
    latest = latest_copy(note)
    if latest is not None and latest.blocked == Posting.Blocked.LOCKED:
        raise LockedInTheLedger(note)
    before = {"issued_on": note.issued_on.isoformat(), "reason": note.reason}
    after = {"issued_on": issued_on.isoformat(), "reason": reason.strip()[:200]}
    if before == after:
        raise NothingChanged(message="Nothing was changed, so the credit note stays as it is.")
    note.issued_on, note.reason, note.revision = issued_on, after["reason"], note.revision + 1
    note.save(update_fields=["issued_on", "reason", "revision"])
    audit.record("credit_note.amended", note, before=before, after=after)
    return note


def update_credit_note(note: CreditNote) -> Posting:
    """The change of the latest copy on its way to the ledger; raises `NotInTheLedger` or as `request_change` does."""
    note = _locked(note)
    latest = latest_copy(note)
    if latest is None or latest.status != Posting.Status.POSTED:
        raise NotInTheLedger(
            message="This credit note is not in Sage yet, so there is nothing to update there."
        )
    return request_change(Posting.Kind.CREDIT_NOTE_UPDATE, latest, label=note.number_label)


def latest_copy(note: CreditNote) -> Posting | None:
    """The newest posting of the credit note that was not withdrawn."""
    found: Posting | None = Posting.objects.live().of(Posting.Kind.CREDIT_NOTE_CREATE, note.pk).first()
    return found


def copy_in_ledger(invoice_id: int) -> Posting | None:
    """The newest copy of an invoice that arrived in the ledger and still is there."""
    posted = Posting.objects.of(Posting.Kind.INVOICE_CREATE, invoice_id).filter(
        status=Posting.Status.POSTED, standing__in=[Posting.Standing.AS_COPIED, Posting.Standing.CHANGED]
    )
    found: Posting | None = posted.first()
    return found


def copies_besides(invoice_id: int, copy: Posting | None) -> list[Posting]:
    """The copies of an invoice that count in the ledger besides this one, newest first."""
    copies = Posting.objects.live().of(Posting.Kind.INVOICE_CREATE, invoice_id)
    return [each for each in copies if each.counts_in_ledger and each != copy]


def copies_in_ledger(invoice_ids: Sequence[int]) -> set[int]:
    """Which of these invoices have a copy that arrived in the ledger and still is there."""
    posted = Posting.objects.filter(
        kind=Posting.Kind.INVOICE_CREATE,
        subject_id__in=invoice_ids,
        status=Posting.Status.POSTED,
        standing__in=[Posting.Standing.AS_COPIED, Posting.Standing.CHANGED],
    )
    return set(posted.values_list("subject_id", flat=True))


def _locked(note: CreditNote) -> CreditNote:
    locked: CreditNote = (
        CreditNote.objects.select_for_update(of=["self"]).select_related("invoice").get(pk=note.pk)
    )
    return locked
