"""Credit notes to Sage: created, released if they arrived as drafts, then set against their invoice.

Three steps, each safe to repeat: a credit note is looked up by its reference before it is sent again, releasing asks
for its status first, and an allocation is looked for among the contact's (FACTS.md 10). The second posting, for the
allocation, is requested in the transaction that records the first.
"""

from dataclasses import dataclass
from decimal import Decimal

from invoicing.models import Allocation, CreditNote
from ledger import leases, outbox
from ledger.models import Posting
from money.amounts import ZERO, Amounts
from practices import audit
from practices.templatetags.money_tags import written
from practices.tenancy import practice_transaction
from sage_integration import crash_points, mappers
from sage_integration.choices import stored_choices
from sage_integration.mappers import Rules
from sage_integration.models import CopyChoices, SageLink
from sage_integration.preview import closed_period
from sage_integration.sage.client import SageClient
from sage_integration.sage.decimals import number
from sage_integration.sage.errors import (
    AccessDenied,
    NotInSage,
    OutcomeUnknown,
    SageRejected,
    TotalsDiffer,
    UnexpectedAnswer,
)
from sage_integration.sage.resources.contact_allocations import (
    CUSTOMER_ALLOCATION,
    ContactAllocation,
    NewContactAllocation,
)
from sage_integration.sage.resources.documents import DRAFT
from sage_integration.sage.resources.resource import web_address
from sage_integration.sage.resources.sales_credit_notes import NewSalesCreditNote, SalesCreditNote
from sage_integration.sync import outcomes
from sage_integration.sync.documents import amounts_of, number_of, require_reference
from sage_integration.sync.errors import (
    AllocationNotAllowed,
    ChangeGoesFirst,
    ContactDiffers,
    CreditNotAllowed,
    InvoiceNotInSage,
    NotSeenYet,
)
from sage_integration.sync.snapshots import snapshot_of, snapshot_of_payload
from sage_integration.sync.wanted import want

Kind, Status, Standing = Posting.Kind, Posting.Status, Posting.Standing


@dataclass(frozen=True)
class CreditDraft:
    """A credit note ready to send, and the copy of the invoice it takes back."""

    note: CreditNote
    invoice_link: SageLink
    payload: NewSalesCreditNote

    @property
    def amounts(self) -> Amounts:
        """What Sage has to show for it."""
        snapshot = snapshot_of_payload(self.payload)
        return Amounts(Decimal(snapshot["net"]), Decimal(snapshot["vat"]))


def push_credit_note(posting: Posting, business_id: str, rules: Rules, sage: SageClient) -> None:
    """Create the credit note and make it final (F77, F78); raises why it cannot be."""
    draft = draft_of(posting, business_id, rules, sage)
    is_first_try = not posting.may_have_landed
    stored = None if is_first_try else _look_up(posting, sage)
    is_adopted = stored is not None
    if stored is None:
        if refusal := closed_period(draft.note.issued_on, rules):
            raise refusal
        sage.reserve()
        with practice_transaction():
            leases.mark_attempted(posting)
        crash_points.reach("credit intended")
        try:
            stored = sage.sales_credit_notes.create(draft.payload)
        except AccessDenied as error:
            denied = refused_as(CreditNotAllowed, error)
            denied.nothing_landed = is_first_try
            raise denied from error
        except SageRejected as error:
            error.nothing_landed = is_first_try
            raise
        crash_points.reach("credit sent")
        require_reference(stored, posting.reference)
    elif stored["contact"]["id"] != draft.payload["contact_id"]:
        raise ContactDiffers(f"{number_of(stored)} belongs to {stored['contact']['displayed_as']}")
    stored = _released(stored, sage)
    _record(posting, draft, stored, business_id, adopted=is_adopted)
    crash_points.reach("credit recorded")


def push_allocation(posting: Posting, business_id: str, sage: SageClient) -> None:
    """Set a credit note against its invoice as far as both are open (FACTS.md 10); raises why it cannot be."""
    with practice_transaction():
        note = CreditNote.objects.get(pk=posting.subject_id)
        changes = Posting.objects.of(Kind.CREDIT_NOTE_UPDATE, note.pk)
        is_changing = changes.filter(status__in=[Status.PENDING, Status.LEASED]).exists()
        credit = _latest_link(Kind.CREDIT_NOTE_CREATE, note.pk, business_id)
        invoice = _latest_link(Kind.INVOICE_CREATE, note.invoice_id, business_id)
    if credit is None or invoice is None:
        raise InvoiceNotInSage(note.number_label)
    if is_changing:
        raise ChangeGoesFirst(note.number_label)
    contact_id = credit.copied.get("contact") or sage.sales_credit_notes.get(credit.sage_id)["contact"]["id"]
    # Set again after a change of the credit note, it may never have been taken off.
    may_be_there = posting.attempted_at is not None or posting.copy > 1
    found = _find_allocation(sage, contact_id, credit, invoice) if may_be_there else None
    external_id = found["id"] if found else ""
    if not found and (amount := open_amount(sage, credit, invoice)) > ZERO:
        wanted: NewContactAllocation = {
            "transaction_type_id": CUSTOMER_ALLOCATION,
            "contact_id": contact_id,
            "date": note.issued_on.isoformat(),
            "allocated_artefacts": [
                {"artefact_id": invoice.sage_id, "amount": number(amount)},
                {"artefact_id": credit.sage_id, "amount": number(-amount)},
            ],
            "idempotency_id": posting.idempotency_id,
        }
        external_id = _allocate(posting, wanted, sage)["id"]
    with practice_transaction():
        # Nothing left to set against each other is an end as well: the credit stays with the client.
        outbox.mark_posted(posting, external_id=external_id or credit.sage_id, number=credit.sage_number)
        names = {"number": credit.sage_number, "invoice": invoice.sage_number}
        audit.record("credit_note.allocated", note, **names, posting=posting.pk)
        # Read on the way, both sides owed something else; what is set off here brings no row that says it is over.
        want([note.invoice_id], business_id)
    crash_points.reach("allocation recorded")


def draft_of(posting: Posting, business_id: str, rules: Rules, sage: SageClient) -> CreditDraft:
    """The credit note for the contact its invoice has in Sage; raises `InvoiceNotInSage` or `MappingMissing`."""
    with practice_transaction():
        note = (
            CreditNote.objects.select_related("client", "invoice")
            .prefetch_related("lines__service", "lines__tax_rate")
            .get(pk=posting.subject_id)
        )
        link = _latest_link(Kind.INVOICE_CREATE, note.invoice_id, business_id)
        if link is None:
            raise InvoiceNotInSage(note.invoice.number_label)
        # The credit note mirrors the invoice as it is in Sage: what was chosen for that holds, unless for this copy.
        chosen = CopyChoices.objects.filter(posting__in=[posting, link.posting])
        kept = max(chosen, key=lambda each: each.posting_id == posting.pk, default=None)
        lines = list(note.lines.all())
    contact_id = link.in_sage.get("contact")
    if not contact_id:
        try:
            contact_id = sage.sales_invoices.get(link.sage_id)["contact"]["id"]
        except NotInSage as error:
            raise InvoiceNotInSage(note.invoice.number_label) from error
    payload = mappers.sales_credit_note(
        note,
        lines,
        rules,
        reference=posting.reference,
        idempotency_id=posting.idempotency_id,
        contact_id=contact_id,
        original_number=link.sage_number,
        choices=stored_choices(kept),
    )
    return CreditDraft(note, link, payload)


def _latest_link(kind: str, subject_id: int, business_id: str) -> SageLink | None:
    """The newest copy that still is in the business."""
    links = SageLink.objects.select_related("posting").filter(
        business_id=business_id,
        posting__kind=kind,
        posting__subject_id=subject_id,
        posting__status=Status.POSTED,
        posting__standing__in=[Standing.AS_COPIED, Standing.CHANGED],
    )
    found: SageLink | None = links.order_by("-posting__copy").first()
    return found


def _look_up(posting: Posting, sage: SageClient) -> SalesCreditNote | None:
    """What an earlier try left; two looks a minute apart must both find nothing, as for an invoice (FACTS.md 14)."""
    stored = sage.sales_credit_notes.find_by_reference(posting.reference)
    crash_points.reach("credit looked up")
    if stored is None and not outcomes.looked_already(posting):
        raise NotSeenYet(posting.reference)
    return stored


def _released(stored: SalesCreditNote, sage: SageClient) -> SalesCreditNote:
    """The credit note as it counts: Sage may make it a draft first (FACTS.md 17, 9), and only then is it released."""
    if stored["status"]["id"] != DRAFT:
        return stored
    try:
        released = sage.sales_credit_notes.release(stored["id"])
    except AccessDenied as error:
        raise refused_as(CreditNotAllowed, error) from error
    crash_points.reach("credit released")
    return released


def _record(
    posting: Posting, draft: CreditDraft, stored: SalesCreditNote, business_id: str, *, adopted: bool
) -> None:
    require_reference(stored, posting.reference)
    try:
        theirs = amounts_of(stored)
    except UnexpectedAnswer as error:
        raise OutcomeUnknown(str(error)) from error
    snapshot, note = snapshot_of(stored), draft.note
    with practice_transaction():
        values = {
            "business_id": business_id,
            "sage_id": stored["id"],
            "sage_number": number_of(stored),
            "net": theirs.net,
            "vat": theirs.vat,
            "was_adopted": adopted,
            "copied": snapshot if "lines" in snapshot else {**snapshot_of_payload(draft.payload), **snapshot},
        }
        SageLink.objects.update_or_create(posting=posting, defaults=values)
        if theirs == draft.amounts:
            _settle(posting, note, stored)
    if theirs != draft.amounts:
        raise TotalsDiffer(
            f"{number_of(stored)} has {written(theirs.gross)}, and {note.number_label} has"
            f" {written(draft.amounts.gross)}"
        )


def _settle(posting: Posting, note: CreditNote, stored: SalesCreditNote) -> None:
    """Posted, and the second step asked for where there is something to set it against."""
    outbox.mark_posted(
        posting,
        external_id=stored["id"],
        number=number_of(stored),
        url=web_address(stored.get("links")) or "",
        revision=note.revision,
    )
    audit.record("posting.posted", posting, reference=posting.reference, number=number_of(stored))
    audit.record("credit_note.posted", note, number=number_of(stored))
    if Allocation.objects.filter(credit_note=note).exists():
        outbox.request_posting(Kind.CREDIT_NOTE_ALLOCATE, note.pk, label=note.number_label)


def _find_allocation(
    sage: SageClient, contact_id: str, credit: SageLink, invoice: SageLink
) -> ContactAllocation | None:
    """The allocation of this very credit note to this very invoice, if an earlier try made it."""
    for allocation in sage.contact_allocations.list(contact_id=contact_id):
        touched = {part["artefact"]["id"] for part in allocation.get("allocated_artefacts") or []}
        if {credit.sage_id, invoice.sage_id} <= touched:
            return allocation
    return None


def open_amount(sage: SageClient, credit: SageLink, invoice: SageLink) -> Decimal:
    """What both are open for, in pounds: an allocation can take no more of either."""
    try:
        owed = sage.sales_invoices.get(invoice.sage_id).get("outstanding_amount") or ZERO
        left = sage.sales_credit_notes.get(credit.sage_id).get("outstanding_amount") or ZERO
    except NotInSage as error:
        raise InvoiceNotInSage(invoice.sage_number) from error
    return min(owed, left)


def _allocate(posting: Posting, wanted: NewContactAllocation, sage: SageClient) -> ContactAllocation:
    sage.reserve()
    with practice_transaction():
        leases.mark_attempted(posting)
    crash_points.reach("allocation intended")
    try:
        made = sage.contact_allocations.create(wanted)
    except AccessDenied as error:
        raise refused_as(AllocationNotAllowed, error) from error
    crash_points.reach("allocation sent")
    return made


def refused_as(kind: type[AccessDenied], error: AccessDenied) -> AccessDenied:
    """The same refusal under a name that says what was refused."""
    return kind(
        error.detail, status=error.status, problems=error.problems, request_id=error.request_id, raw=error.raw
    )
