"""A document here beside the same document in Sage: what differs, recorded once and never overwritten there."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, Sum
from django.utils import timezone

from invoicing.models import Allocation, CreditNote, Invoice, Payment
from ledger import copies, outbox
from ledger.models import Posting
from money.amounts import ZERO, Amounts, to_pence
from practices import audit
from practices.templatetags.money_tags import written
from sage_integration.models import SageConnection, SageLink
from sage_integration.sage.resources.documents import DRAFT, PAID, PART_PAID, VOID, SalesDocument
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sync.documents import amounts_of, fingerprint_of, number_of
from sage_integration.sync.set_on_copies import Settled, settled_on
from sage_integration.sync.snapshots import Snapshot, changes_in_words, same, snapshot_of
from sage_integration.sync.wanted import want_links

Standing = Posting.Standing
#: What Sage has answered already, it may write down a moment later; nothing but the nightly look asks about that.
FINISHES_WITHIN, AT_ONCE = timedelta(seconds=10), timedelta(0)
#: Kinds of differences that earlier copies have as well.
PAID_EARLIER, VOID_HERE, CREDITED_HERE = "paid_earlier", "void_here", "credited_here"
#: The kind that says of the newest copy that another amount is outstanding there than here.
SETTLED_DIFFERENTLY = "settled_differently"


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same here and in Sage; `kind` is what it is counted under."""

    kind: str
    sentence: str
    #: What Sage says is owed, in pounds, where that is what differs.
    owed_there: Decimal | None = None


def compare(
    link: SageLink, stored: SalesInvoice | None, *, finishes_within: timedelta = FINISHES_WITHIN
) -> Difference | None:
    """What differs between an invoice and its copy in Sage, if anything; runs inside a transaction.

    How the copy was found is kept on its posting, where pages read it. Nothing is overwritten on either side: a void,
    a missing document and an edit wait for a person's decision (faults 52, 53). Of an earlier copy it is told that
    money was set against it, which pays nothing here, and that it still counts where the invoice is void or credited.
    A row of a list that was written so much later than what is known of a copy is no change of it yet. One that is
    older, or counts although the copy was found void or missing, came late: it says nothing, and the document is read.
    """
    invoice: Invoice = Invoice.objects.get(pk=link.posting.subject_id)
    label = invoice.number_label
    if stored is None:
        _found(link, Standing.MISSING)
        return _if_it_counts(link, "missing", f"{label}: {link.sage_number} is not in Sage any more.")
    if stored["status"]["id"] == VOID:
        return _voided(link, invoice, stored)
    if _is_told_late(link, stored):
        _want_document(link)
        return as_told_last(link)
    settled = None if _is_latest(link) else settled_on(link)
    _keep_what_was_seen(link, invoice, stored, finishes_within, settled)
    if settled is not None:
        return _of_earlier(link, invoice, stored, settled)
    if invoice.status == Invoice.Status.VOID:
        return _void_here(invoice, stored)
    return (
        _amounts_differ(link, invoice, stored)
        or _settled_differently(link, invoice, stored)
        or _changed_otherwise(link, invoice, stored)
    )


def is_as_known(
    link: SageLink,
    invoice: Invoice,
    row: SalesInvoice,
    locked_until: date | None,
    *,
    finishes_within: timedelta = FINISHES_WITHIN,
) -> bool:
    """Whether `compare` would find nothing in a row of a list and keep nothing of it but the time; asks for nothing.

    For the newest copy of an invoice.
    """
    posting, told = link.posting, snapshot_of(row)
    is_settled = (
        invoice.status == Invoice.Status.ISSUED
        and row["status"]["id"] not in (VOID, DRAFT)
        and not (link.is_draft or link.seen or link.difference or link.wanted_at)
        and posting.status == Posting.Status.POSTED
        and posting.standing == Standing.AS_COPIED
        and posting.blocked == blocked_by(row, locked_until or date.min)
    )
    if not is_settled or "lines" in told or not link.copied or _is_news(link, told, finishes_within):
        return False
    theirs = amounts_of(row)
    return (
        link.seen_fingerprint == fingerprint_of(row, theirs)
        and link.sage_number == number_of(row)
        and theirs == Amounts(link.net, link.vat) == expected_amounts(link, invoice)
        and row.get("outstanding_amount") in (None, invoice.outstanding)
    )


def _void_here(invoice: Invoice, stored: SalesInvoice) -> Difference:
    label, number = invoice.number_label, number_of(stored)
    return Difference(VOID_HERE, f"{label} is void here, and {number} is not void in Sage.")


def _of_earlier(
    link: SageLink, invoice: Invoice, stored: SalesInvoice, settled: Settled
) -> Difference | None:
    """What is to be put right about a copy that a newer one replaced; ``settled`` is what was read of it last."""
    owed = stored.get("outstanding_amount")
    if not link.is_draft and owed is not None and owed != link.gross - settled.money - settled.credit:
        _want_document(
            link
        )  # Something was set against it, or taken off, that only the document itself tells.
    if settled.money:
        return Difference(
            PAID_EARLIER,
            f"{invoice.number_label}: {written(settled.money)} was paid in Sage on {number_of(stored)}, an earlier "
            "copy of this invoice, and pays nothing here.",
        )
    if _is_cleared(link.gross, settled):
        return None
    if invoice.status == Invoice.Status.VOID:
        return _void_here(invoice, stored)
    if not link.is_draft and CreditNote.objects.filter(invoice=invoice).exists():
        return _credited_here(invoice, stored, link.gross - settled.credit)
    return None


def _credited_here(invoice: Invoice, stored: SalesInvoice, owed: Decimal) -> Difference:
    words = f"is credited here, and {written(owed)} is still owed in Sage on {number_of(stored)}, an earlier copy."
    return Difference(CREDITED_HERE, f"{invoice.number_label} {words}", owed_there=owed)


def _is_cleared(gross: Decimal, settled: Settled) -> bool:
    """Whether credits took back all that a copy counts for."""
    return gross > ZERO and settled.credit >= gross


def _amounts_differ(link: SageLink, invoice: Invoice, stored: SalesInvoice) -> Difference | None:
    theirs, label = amounts_of(stored), invoice.number_label
    expected = expected_amounts(link, invoice)
    if theirs == expected:
        return None
    in_sage = f"{number_of(stored)} in Sage is {written(theirs.gross)}"
    return Difference("differing", f"{label} is {written(expected.gross)}, and {in_sage}.")


def expected_amounts(link: SageLink, invoice: Invoice) -> Amounts:
    """What was agreed to be in Sage: the copy as it was made last, or ours where it was amended since."""
    copied = link.copied
    if copied and link.posting.held_revision == invoice.revision:
        return Amounts(Decimal(copied["net"]), Decimal(copied["vat"]))
    return invoice.amounts


def _settled_differently(link: SageLink, invoice: Invoice, stored: SalesInvoice) -> Difference | None:
    owed = stored.get("outstanding_amount")
    # On a draft nothing is owed before it is released (FACTS.md 9.2).
    if link.is_draft or owed is None or owed == invoice.outstanding:
        return None
    # Sage is told nothing of what is entered here, and goes on showing that money as owed.
    known_there = invoice.outstanding + _entered_here(invoice)
    leaving = _credited_on_its_way(invoice)
    if owed in (known_there, known_there + leaving):
        return None
    credited = _credited_here_alone(invoice)
    # What the copy was made for, where another VAT rate was chosen for it.
    is_by_choice = owed - expected_amounts(link, invoice).gross == invoice.outstanding - invoice.amounts.gross
    if credited and owed == known_there + leaving + credited.amount:
        reason = f"{credited.credit_note} is not in Sage yet."
    elif is_by_choice:
        reason = "It was copied with another VAT than it has here."
    else:
        reason = "A credit note or an allocation in Sage may be the reason."
    owed = to_pence(owed)
    there, here = written(owed), written(invoice.outstanding)
    return Difference(
        SETTLED_DIFFERENTLY,
        f"{invoice.number_label}: {there} is outstanding in Sage, and {here} here. {reason}",
        owed_there=owed,
    )


def _entered_here(invoice: Invoice) -> Decimal:
    """What was marked as paid, or written off, here alone, in pounds."""
    entered = Allocation.objects.filter(
        invoice=invoice, payment__source=Payment.Source.BY_HAND, payment__reversed_at=None
    )
    return entered.aggregate(total=Sum("amount"))["total"] or ZERO


def _credited_on_its_way(invoice: Invoice) -> Decimal:
    """What credit notes took off an invoice here, in pounds, and will take off in Sage once they have left the queue.

    Afterwards the document is read again, and one that is refused or withdrawn counts no more.
    """
    leaving = Posting.objects.filter(
        kind__in=(Posting.Kind.CREDIT_NOTE_CREATE, Posting.Kind.CREDIT_NOTE_ALLOCATE),
        subject_id=OuterRef("credit_note_id"),
        status__in=(Posting.Status.PENDING, Posting.Status.LEASED),
    )
    credited = Allocation.objects.filter(Exists(leaving), invoice=invoice, credit_note__isnull=False)
    return credited.aggregate(total=Sum("amount"))["total"] or ZERO


def _credited_here_alone(invoice: Invoice) -> Allocation | None:
    """What a credit note took off an invoice here that neither is in Sage nor on its way: held, refused, withdrawn."""
    gone_there = Posting.objects.filter(
        kind=Posting.Kind.CREDIT_NOTE_CREATE,
        subject_id=OuterRef("credit_note_id"),
        status__in=(Posting.Status.PENDING, Posting.Status.LEASED, Posting.Status.POSTED),
    )
    credited = Allocation.objects.filter(~Exists(gone_there), invoice=invoice, credit_note__isnull=False)
    alone: Allocation | None = credited.select_related("credit_note").first()
    return alone


def _changed_otherwise(link: SageLink, invoice: Invoice, stored: SalesInvoice) -> Difference | None:
    """The amounts agree, and somebody has to choose a side all the same: a date, a line, the customer."""
    if not link.seen:
        return None
    changed = changes_in_words(link.copied, link.seen)
    return Difference(
        "changed",
        f"{invoice.number_label}: {number_of(stored)} was changed in Sage ({changed}). The total is the same.",
    )


def _voided(link: SageLink, invoice: Invoice, stored: SalesInvoice) -> Difference | None:
    """A void is told until somebody decides: accept it, or copy the invoice again."""
    _found(link, Standing.VOID)
    if invoice.status == Invoice.Status.VOID:
        return None
    return _if_it_counts(link, "voided", f"{invoice.number_label}: {number_of(stored)} was voided in Sage.")


def _if_it_counts(link: SageLink, kind: str, sentence: str) -> Difference | None:
    return Difference(kind, sentence) if _is_latest(link) else None


def _is_latest(link: SageLink) -> bool:
    """Whether no newer copy of the invoice arrived in Sage."""
    newer = Posting.objects.of(link.posting.kind, link.posting.subject_id).filter(
        status=Posting.Status.POSTED, copy__gt=link.posting.copy
    )
    return not newer.exists()


def _found(link: SageLink, standing: str, blocked: str = "", *, is_told: bool = False) -> None:
    """Keep how a copy was found; ``is_told`` when the history says so already."""
    posting = link.posting
    if posting.standing != standing and not is_told:
        invoice = Invoice.objects.get(pk=posting.subject_id)
        audit.record(f"invoice.found_{standing or 'as_copied'}", invoice, number=link.sage_number)
    copies.mark_found(posting, standing=standing, blocked=blocked)


def _keep_what_was_seen(
    link: SageLink,
    invoice: Invoice,
    stored: SalesInvoice,
    finishes_within: timedelta,
    settled: Settled | None,
) -> None:
    seen, theirs = fingerprint_of(stored), amounts_of(stored)
    if seen != link.seen_fingerprint:
        audit.record(
            "invoice.changed_in_sage",
            invoice,
            number=number_of(stored),
            net=str(theirs.net),
            vat=str(theirs.vat),
        )
    if link.is_draft and stored["status"]["id"] != DRAFT:
        _released(link, invoice, stored)
    elif not link.is_draft and number_of(stored) != link.sage_number and not _is_overtaken(link, stored):
        _renumbered(link, invoice, stored)
    _keep_snapshot(link, snapshot_of(stored), finishes_within)
    standing, is_told = Standing.AS_COPIED, False
    if settled is not None and _is_cleared(theirs.gross, settled):
        standing = Standing.CLEARED
    elif link.seen:
        standing, is_told = Standing.CHANGED, seen != link.seen_fingerprint
    _found(link, standing, blocked_by(stored), is_told=is_told)
    link.seen_fingerprint, link.seen_at = seen, timezone.now()
    link.net, link.vat = theirs.net, theirs.vat
    link.save(
        update_fields=[
            "seen_fingerprint",
            "seen_at",
            "net",
            "vat",
            "is_draft",
            "sage_number",
            "copied",
            "seen",
        ]
    )


def _keep_snapshot(link: SageLink, snapshot: Snapshot, finishes_within: timedelta) -> None:
    """What the document says now, where that is not as it was copied; an unchanged one has nothing seen.

    A row of a list shows no lines, and may be there because of them. So the document itself is read next, and until
    then the lines are those known last: ones that were not shown must not look as if they were taken off.
    """
    if "lines" in snapshot:
        if not link.copied:
            link.copied = snapshot  # Copied before snapshots were kept: what is there now is where it begins.
        is_changed = not same(link.copied, snapshot)
        link.seen = snapshot if is_changed else {}
        if not is_changed:
            link.copied = {**link.copied, "updated_at": snapshot["updated_at"]}
    elif link.copied:
        if _may_say_more(link, snapshot, finishes_within):
            _want_document(link)
            if link.seen or not same(link.copied, snapshot):
                link.seen = {**link.in_sage, **snapshot}
    elif _is_latest(link):
        _want_document(link)  # Found as a row of a list: what it says is not known until it is read itself.


def _want_document(link: SageLink) -> None:
    want_links([link.pk])
    link.wanted_at = link.wanted_at or timezone.now()


def _may_say_more(link: SageLink, row: Snapshot, finishes_within: timedelta) -> bool:
    """Whether a row of a list tells of a change of the newest copy that was not looked at yet, perhaps of its lines."""
    return _is_news(link, row, finishes_within) and _is_latest(link)


def _is_news(link: SageLink, row: Snapshot, finishes_within: timedelta) -> bool:
    known = link.in_sage
    return not same(known, row) or is_later(row["updated_at"], known.get("updated_at", ""), finishes_within)


def is_later(stamp: str, than: str, by_more_than: timedelta) -> bool:
    """Whether Sage wrote one thing so much later than another; never where one of the two is unknown."""
    if not stamp or not than:
        return False
    return datetime.fromisoformat(stamp) - datetime.fromisoformat(than) > by_more_than


def _is_overtaken(link: SageLink, stored: SalesInvoice) -> bool:
    """Whether Sage told of it as it was before what is known of it: a row of a list that came late."""
    return is_later(link.in_sage.get("updated_at", ""), stored.get("updated_at") or "", AT_ONCE)


def _is_told_late(link: SageLink, stored: SalesInvoice) -> bool:
    """Whether a row of a list contradicts what was known after it was written; a document that was read never does."""
    if "invoice_lines" in stored:
        return False
    return link.posting.standing in (Standing.VOID, Standing.MISSING) or _is_overtaken(link, stored)


def as_told_last(link: SageLink) -> Difference | None:
    """What is kept of how a copy differs."""
    if not link.difference:
        return None
    return Difference(link.difference, link.difference_in_words, link.owed_there)


def blocked_by(stored: SalesDocument, locked_until: date | None = None) -> str:
    """Why Sage lets nobody change a document (FACTS.md 9.4): `Posting.Blocked`, empty when it does.

    Without ``locked_until`` the lock date counts that was read from the business last.
    """
    if stored["status"]["id"] in (PAID, PART_PAID) or stored.get("total_paid"):
        return Posting.Blocked.SETTLED
    if locked_until is None:
        locked_until = SageConnection.objects.live().values_list("locked_until", flat=True).first()
    day = stored.get("date")
    if stored.get("tax_reconciled") or (locked_until and day and date.fromisoformat(day) <= locked_until):
        return Posting.Blocked.LOCKED
    return "" if stored.get("editable", True) else Posting.Blocked.LOCKED


def _renumbered(link: SageLink, invoice: Invoice, stored: SalesInvoice) -> None:
    """Another number in Sage changes nothing about the money; people find the document under it from now on."""
    before, link.sage_number = link.sage_number, number_of(stored)
    outbox.renumber(link.posting, link.sage_number)
    audit.record("invoice.renumbered_in_sage", invoice, before=before, number=link.sage_number)


def _released(link: SageLink, invoice: Invoice, stored: SalesInvoice) -> None:
    """A draft that somebody released in Sage counts from now on, under the number it got there."""
    link.is_draft, link.sage_number = False, number_of(stored)
    outbox.renumber(link.posting, link.sage_number)
    audit.record("invoice.released_in_sage", invoice, number=link.sage_number)
