"""Changing and voiding a copy that is in Sage, safe to repeat: Sage is read first, every time.

What stands there decides. As wanted already: nothing is sent. As the person saw it who asked: it is sent once. Anything
else is somebody's doing in Sage, and goes back to a person; nothing of theirs is overwritten (fault 52).
"""

from dataclasses import dataclass

from invoicing.models import Invoice
from invoicing.operations import mark_voided_in_ledger
from invoicing.queries import invoice_to_post
from ledger import copies, leases, outbox
from ledger.models import Posting
from practices import audit
from practices.templatetags.money_tags import written
from practices.tenancy import practice_transaction
from sage_integration import crash_points
from sage_integration.choices import stored_choices
from sage_integration.corrections import Path, path_for
from sage_integration.mappers import Rules
from sage_integration.models import CopyChoices, SageLink
from sage_integration.preview import AsSageShows
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import NotInSage, OutcomeUnknown, SageError, TotalsDiffer, VoidedInSage
from sage_integration.sage.resources.documents import DRAFT, VOID
from sage_integration.sage.resources.sales_invoices import (
    NewSalesInvoice,
    NewSalesInvoiceLine,
    SalesInvoice,
    SalesInvoiceChanges,
)
from sage_integration.sync.comparison import blocked_by
from sage_integration.sync.documents import amounts_of, fingerprint_of, number_of
from sage_integration.sync.errors import (
    ChangedInSage,
    InAnotherCompany,
    LockedInSage,
    MissingInSage,
    NeedsReplacing,
    NotIssued,
    SettledInSage,
)
from sage_integration.sync.snapshots import (
    Snapshot,
    fingerprint_of_snapshot,
    same,
    snapshot_of,
    snapshot_of_payload,
)
from sage_integration.sync.standing_differences import keep_difference

Standing = Posting.Standing

REFUSALS: dict[Path, type[SageError]] = {
    Path.DECIDE_MISSING: MissingInSage,
    Path.DECIDE_VOID: VoidedInSage,
    Path.UNALLOCATE_OR_CREDIT: SettledInSage,
    Path.CREDIT_AND_REISSUE: LockedInSage,
    Path.REPLACE: NeedsReplacing,
}
#: What is chosen for one copy and holds for the copy that takes its place.
PASSED_ON = ("lines", "revision", "dated", "due_on", "arrives_as_draft")
#: For Sage, which wants a reason, where a person gave none.
VOID_REASON = "Voided in Ignition"


@dataclass(frozen=True)
class Wanted:
    """A copy as it is to be, and the link that says where it is."""

    copy: Posting
    link: SageLink
    invoice: Invoice
    payload: NewSalesInvoice

    @property
    def snapshot(self) -> Snapshot:
        """The content, comparable with what Sage holds."""
        return snapshot_of_payload(self.payload)


def wanted_for(copy: Posting, rules: Rules) -> Wanted:
    """What a copy should say now, for the contact it was copied to; inside a scope.

    Raises `NotIssued` or what the invoice's mapping lacks.
    """
    link = SageLink.objects.get(posting=copy)
    invoice = invoice_to_post(copy.subject_id)
    if invoice.status != Invoice.Status.ISSUED:
        raise NotIssued(invoice.number_label)
    choices = stored_choices(CopyChoices.objects.filter(posting=copy).first(), invoice)
    document = AsSageShows(
        invoice, list(invoice.lines.all()), rules, copy.reference, copy.idempotency_id, choices=choices
    )
    # A customer switched in Sage is a difference as well: ours is the one it was copied to.
    contact = link.copied.get("contact") or link.in_sage.get("contact", "")
    payload: NewSalesInvoice = {**document.payload(), "contact_id": contact}
    return Wanted(copy, link, invoice, payload)


def push_update(posting: Posting, business_id: str, rules: Rules, sage: SageClient) -> None:
    """Bring a copy up to date with ours in place (F73, F74); raises why it cannot be."""
    with practice_transaction():
        copy = Posting.objects.get(changes=posting)
        wanted = wanted_for(copy, rules)
    _require_here(wanted.link, business_id)
    stored = _read(wanted.link, sage)
    crash_points.reach("change read")
    if _is_done(wanted, stored):
        _record_update(posting, wanted, stored)  # type: ignore[arg-type]
        return
    _require_untouched(posting, stored)
    path = _path(wanted, stored)
    if stored is None or path is not Path.UPDATE:
        raise REFUSALS[path](wanted.link.sage_number)
    changes = changes_in_place(wanted.payload, stored)
    _announce(posting, sage)
    stored = sage.sales_invoices.update(stored["id"], changes)
    crash_points.reach("change sent")
    if not _is_done(wanted, stored):
        stored = sage.sales_invoices.get(stored["id"])  # An answer may show less than what is stored.
    _record_update(posting, wanted, stored)


def push_void(posting: Posting, business_id: str, sage: SageClient) -> None:
    """Void a copy, or delete a draft; raises why it cannot be."""
    with practice_transaction():
        copy = Posting.objects.get(changes=posting)
        link = SageLink.objects.get(posting=copy)
    _require_here(link, business_id)
    stored = _read(link, sage)
    crash_points.reach("change read")
    if stored is not None and stored["status"]["id"] != VOID:
        _require_untouched(posting, stored)
        blocked = _blocked(stored)
        if blocked == Posting.Blocked.SETTLED:
            raise SettledInSage(number_of(stored))
        if blocked == Posting.Blocked.LOCKED:
            raise LockedInSage(number_of(stored))
        _announce(posting, sage)
        answer = sage.sales_invoices.void(link.sage_id, posting.reason or VOID_REASON)
        crash_points.reach("change sent")
        if answer is not None and stored["status"]["id"] != DRAFT and answer["status"]["id"] != VOID:
            raise OutcomeUnknown(f"{number_of(stored)} does not read as void")
    with practice_transaction():
        _record_void(posting, copy, link)
    crash_points.reach("change recorded")


def changes_in_place(payload: NewSalesInvoice, stored: SalesInvoice) -> SalesInvoiceChanges:
    """What is sent so that the stored invoice becomes as the payload: its lines by their ids, more of them without."""
    ids = [line["id"] for line in stored["invoice_lines"]]
    lines: list[NewSalesInvoiceLine] = []
    for position, line in enumerate(payload["invoice_lines"]):
        known: NewSalesInvoiceLine = {**line, "id": ids[position]} if position < len(ids) else {**line}
        lines.append(known)
    changes: SalesInvoiceChanges = {
        "date": payload["date"],
        "due_date": payload["due_date"],
        "invoice_lines": lines,
    }
    if payload["contact_id"] and payload["contact_id"] != stored["contact"]["id"]:
        changes["contact_id"] = payload["contact_id"]
    return changes


def _require_here(link: SageLink, business_id: str) -> None:
    """A document of another company would look as if it were gone; raises `InAnotherCompany`."""
    if link.business_id != business_id:
        raise InAnotherCompany(link.sage_number)


def _read(link: SageLink, sage: SageClient) -> SalesInvoice | None:
    try:
        return sage.sales_invoices.get(link.sage_id)
    except NotInSage:
        return None


def _is_done(wanted: Wanted, stored: SalesInvoice | None) -> bool:
    if stored is None or stored["status"]["id"] == VOID:
        return False
    contact = wanted.payload["contact_id"] or stored["contact"]["id"]
    return same({**wanted.snapshot, "contact": contact}, snapshot_of(stored))


def _require_untouched(posting: Posting, stored: SalesInvoice | None) -> None:
    """Raises `ChangedInSage` when somebody changed the document since the change was asked for."""
    if stored is None or not posting.basis or stored["status"]["id"] == VOID:
        return
    if fingerprint_of_snapshot(snapshot_of(stored)) != posting.basis:
        raise ChangedInSage(number_of(stored))


def _path(wanted: Wanted, stored: SalesInvoice | None) -> Path:
    if stored is None:
        standing = Standing.MISSING
    else:
        standing = Standing.VOID if stored["status"]["id"] == VOID else Standing.CHANGED
    return path_for(
        standing=standing,
        blocked=_blocked(stored) if stored else "",
        is_draft=stored is not None and stored["status"]["id"] == DRAFT,
        wanted=wanted.snapshot,
        in_sage=snapshot_of(stored) if stored else {},
        is_same=False,
    )


def _blocked(stored: SalesInvoice) -> str:
    with practice_transaction():
        return blocked_by(stored)


def _announce(posting: Posting, sage: SageClient) -> None:
    sage.reserve()
    with practice_transaction():
        leases.mark_attempted(posting)
    crash_points.reach("change intended")


def _record_update(posting: Posting, wanted: Wanted, stored: SalesInvoice) -> None:
    """Keep what Sage holds now; raises `TotalsDiffer` or `ChangedInSage` when that is not what was sent."""
    theirs, expected = amounts_of(stored), wanted.snapshot
    if f"{theirs.net:.2f}" != expected["net"] or f"{theirs.vat:.2f}" != expected["vat"]:
        gross = f"{written(theirs.gross)} including {written(theirs.vat)} VAT"
        raise TotalsDiffer(f"after the update {number_of(stored)} has {gross}, which is not what was sent")
    if not _is_done(wanted, stored):
        raise ChangedInSage(f"{number_of(stored)} does not read as it was sent")
    link, copy, invoice = wanted.link, wanted.copy, wanted.invoice
    with practice_transaction():
        link.copied, link.seen = snapshot_of(stored), {}
        link.net, link.vat, link.seen_fingerprint = theirs.net, theirs.vat, fingerprint_of(stored)
        link.save(update_fields=["copied", "seen", "net", "vat", "seen_fingerprint"])
        copies.mark_held_revision(copy, invoice.revision)
        copies.mark_found(copy, standing=Standing.AS_COPIED, blocked="")
        outbox.mark_posted(posting, external_id=link.sage_id, number=link.sage_number, url=copy.external_url)
        keep_difference(link, None)
        audit.record("invoice.updated_in_ledger", invoice, number=link.sage_number, posting=posting.pk)
    crash_points.reach("change recorded")


def _record_void(posting: Posting, copy: Posting, link: SageLink) -> None:
    """The copy is void; what was to follow follows in the same transaction."""
    outbox.mark_posted(posting, external_id=link.sage_id, number=link.sage_number, url=copy.external_url)
    copies.mark_found(copy, standing=Standing.VOID, blocked="")
    keep_difference(link, None)  # Whatever it differed by went with it, whichever feed shows the void.
    invoice = Invoice.objects.get(pk=copy.subject_id)
    told = {"number": link.sage_number, "reason": posting.reason, "posting": posting.pk}
    audit.record("invoice.copy_voided", invoice, **told)
    if posting.then == Posting.Then.VOID_HERE:
        mark_voided_in_ledger(invoice)
    elif posting.then == Posting.Then.COPY_AGAIN and invoice.status == Invoice.Status.ISSUED:
        again = outbox.request_posting(
            Posting.Kind.INVOICE_CREATE, invoice.pk, label=invoice.number_label, reason=posting.reason
        )
        _pass_on_choices(copy, again)


def _pass_on_choices(copy: Posting, again: Posting) -> None:
    """The new copy is sent with what was chosen for the old one."""
    kept = CopyChoices.objects.filter(posting=copy).values(*PASSED_ON).first()
    if kept is not None:
        CopyChoices.objects.create(posting=again, **kept)
