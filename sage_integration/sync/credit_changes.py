"""Changing date and reason of a credit note in Sage, also of one that is set against its invoice (F78).

Sage changes nothing that something is set against (FACTS.md 9.4). So what we set against the invoice ourselves is taken
off, the credit note is changed, and it is set against the invoice again, as far as both are open. The posting that sets
it again is requested in the transaction that announces the first step, and waits until the change has come to its end:
a worker that is killed in between, and a change that Sage refuses, leave the invoice credited, once.
"""

from datetime import date

from invoicing.models import CreditNote
from ledger import copies, leases, outbox
from ledger.models import Posting
from money.amounts import ZERO
from practices import audit
from practices.tenancy import practice_transaction
from sage_integration import crash_points
from sage_integration.mappers import Rules
from sage_integration.models import SageLink
from sage_integration.preview import closed_period
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import AccessDenied, NotInSage
from sage_integration.sage.resources.documents import PAID, PART_PAID, VOID
from sage_integration.sage.resources.sales_credit_notes import SalesCreditNote, SalesCreditNoteChanges
from sage_integration.sync.credit_audit import as_it_began, compare_credit_note
from sage_integration.sync.credits import CreditDraft, draft_of, open_amount, refused_as
from sage_integration.sync.documents import number_of
from sage_integration.sync.errors import AllocationNotAllowed, CreditNotAllowed, CreditStays, MissingInSage
from sage_integration.sync.snapshots import snapshot_of

Kind, Status = Posting.Kind, Posting.Status


def push_credit_update(posting: Posting, rules: Rules, business_id: str, sage: SageClient) -> None:
    """Change date and notes of a credit note in Sage; its lines are the invoice's and stay.

    Raises `CreditStays` where Sage, or somebody's doing there, lets nobody change it.
    """
    with practice_transaction():
        copy = Posting.objects.get(changes=posting)
        link = SageLink.objects.get(posting=copy)
    draft = draft_of(copy, business_id, rules, sage)
    stored = _read(link, sage)
    wanted: SalesCreditNoteChanges = {"date": draft.payload["date"], "notes": draft.payload["notes"]}
    if any(stored.get(name) != value for name, value in wanted.items()):
        if _is_shut(stored):
            _take_off(posting, draft, link, _ours_alone(draft, link, stored, rules, sage), sage)
        stored = _change(posting, link, wanted, sage)
    with practice_transaction():
        link = SageLink.objects.select_related("posting").select_for_update(of=["self"]).get(pk=link.pk)
        # Nothing but the date was sent of what is compared: what somebody made of the rest goes on being told.
        now = snapshot_of(stored)
        link.copied = {**as_it_began(link, now), "date": now["date"], "updated_at": now["updated_at"]}
        link.save(update_fields=["copied"])
        compare_credit_note(link, stored)
        copies.mark_held_revision(copy, draft.note.revision)
        outbox.mark_posted(posting, external_id=link.sage_id, number=link.sage_number, url=copy.external_url)
        told = {"number": link.sage_number, "posting": posting.pk}
        audit.record("credit_note.updated_in_ledger", draft.note, **told)


def _read(link: SageLink, sage: SageClient) -> SalesCreditNote:
    try:
        stored = sage.sales_credit_notes.get(link.sage_id)
    except NotInSage as error:
        raise MissingInSage(link.sage_number) from error
    if stored["status"]["id"] == VOID:
        raise MissingInSage(f"{number_of(stored)} is void")
    return stored


def _is_shut(stored: SalesCreditNote) -> bool:
    return stored["status"]["id"] in (PAID, PART_PAID) or not stored.get("editable", True)


def _change(
    posting: Posting, link: SageLink, wanted: SalesCreditNoteChanges, sage: SageClient
) -> SalesCreditNote:
    sage.reserve()
    with practice_transaction():
        leases.mark_attempted(posting)
    crash_points.reach("credit change intended")
    try:
        stored = sage.sales_credit_notes.update(link.sage_id, wanted)
    except AccessDenied as error:
        raise refused_as(CreditNotAllowed, error) from error
    crash_points.reach("credit change sent")
    return stored


def _take_off(
    posting: Posting, draft: CreditDraft, link: SageLink, allocations: list[str], sage: SageClient
) -> None:
    """Take the credit note off its invoice, having seen to it that it is set against it again."""
    for key in allocations:
        sage.reserve()
        with practice_transaction():
            leases.mark_attempted(posting)
            _set_again_later(draft.note)
        crash_points.reach("credit taking off intended")
        try:
            sage.contact_allocations.delete(key)
        except NotInSage:
            pass  # Somebody was faster: it is off.
        except AccessDenied as error:
            raise refused_as(AllocationNotAllowed, error) from error
        crash_points.reach("credit taken off")
    with practice_transaction():
        names = {"number": link.sage_number, "invoice": draft.invoice_link.sage_number}
        audit.record("credit_note.taken_off", draft.note, **names)


def _ours_alone(
    draft: CreditDraft, link: SageLink, stored: SalesCreditNote, rules: Rules, sage: SageClient
) -> list[str]:
    """The allocations that hold the credit note, by id, if all are ours and as we made them; raises `CreditStays`."""
    number = number_of(stored)
    day = stored.get("date")
    if stored.get("tax_reconciled") or (day and closed_period(date.fromisoformat(day), rules)):
        raise CreditStays(f"{number} is on a VAT return or in a locked period")
    entries = sage.sales_credit_notes.payments_allocations(link.sage_id)
    if any(entry.get("contact_payment") for entry in entries):
        raise CreditStays(f"money was paid back for {number}")
    held_by = sorted({set_off["id"] for entry in entries if (set_off := entry.get("contact_allocation"))})
    if not held_by:
        raise CreditStays(f"Sage does not let anybody change {number}")
    with practice_transaction():
        made_here = Posting.objects.of(Kind.CREDIT_NOTE_ALLOCATE, draft.note.pk).filter(status=Status.POSTED)
        ours = set(made_here.values_list("external_id", flat=True))
    # Ours was set as far as both were open. Where both are open still, somebody changed what we set.
    if not set(held_by) <= ours or open_amount(sage, link, draft.invoice_link) > ZERO:
        raise CreditStays(f"somebody set {number} against something in Sage")
    return held_by


def _set_again_later(note: CreditNote) -> None:
    latest = Posting.objects.live().of(Kind.CREDIT_NOTE_ALLOCATE, note.pk).first()
    if latest is None or latest.status == Status.POSTED:
        outbox.request_posting(Kind.CREDIT_NOTE_ALLOCATE, note.pk, label=note.number_label)
    elif latest.status == Status.FAILED:
        outbox.retry_posting(latest)
