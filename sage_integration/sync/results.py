"""What Sage says of a document, checked against ours, and how it is recorded."""

from dataclasses import dataclass

from ledger import outbox
from ledger.models import Posting
from money.amounts import Amounts
from practices import audit
from practices.webhooks import emit
from sage_integration.models import SageLink
from sage_integration.sage.errors import OutcomeUnknown, TotalsDiffer, UnexpectedAnswer
from sage_integration.sage.resources.documents import DRAFT, SalesDocument
from sage_integration.sage.resources.resource import web_address
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sync.documents import amounts_of, fingerprint_of, number_of
from sage_integration.sync.drafts import Draft
from sage_integration.sync.snapshots import Snapshot, snapshot_of

#: What another look at the same posting may say anew.
_LEARNT = [
    "business_id",
    "sage_id",
    "sage_number",
    "net",
    "vat",
    "is_draft",
    "was_adopted",
    "sent_fingerprint",
    "seen_fingerprint",
    "copied",
    "seen",
]


@dataclass(frozen=True)
class Result:
    """A posting's document in Sage, understood but not recorded yet."""

    posting: Posting
    link: SageLink
    url: str
    ours: Amounts
    revision: int = 1
    #: Set when the amounts are not ours; the document is linked all the same.
    difference: TotalsDiffer | None = None


def result_of(
    posting: Posting, draft: Draft, stored: SalesInvoice, business_id: str, *, adopted: bool = False
) -> Result:
    """What is to be recorded of a stored document; raises `OutcomeUnknown` when it cannot be understood."""
    try:
        theirs, seen = amounts_of(stored), fingerprint_of(stored)
    except UnexpectedAnswer as error:
        raise OutcomeUnknown(str(error)) from error
    number = number_of(stored)
    link = SageLink(
        posting=posting,
        business_id=business_id,
        sage_id=stored["id"],
        sage_number=number,
        net=theirs.net,
        vat=theirs.vat,
        is_draft=stored["status"]["id"] == DRAFT,
        was_adopted=adopted,
        sent_fingerprint=draft.fingerprint,
        seen_fingerprint=seen,
        copied=copied_snapshot(stored),
    )
    difference = None
    if theirs != draft.amounts:
        difference = TotalsDiffer(
            f"{number} has £{theirs.gross} including £{theirs.vat} VAT, and"
            f" {draft.invoice.number_label} has £{draft.amounts.gross} including £{draft.amounts.vat} VAT"
        )
    url = web_address(stored.get("links")) or ""
    return Result(posting, link, url, draft.amounts, draft.invoice.revision, difference)


def copied_snapshot(stored: SalesDocument) -> Snapshot:
    """A document as it was copied; nothing where only a row of a list is known, which shows no lines."""
    snapshot = snapshot_of(stored)
    return snapshot if "lines" in snapshot else {}


def record(result: Result) -> None:
    """Link the document and settle its posting, in the caller's transaction; raises `LeaseLost`.

    A document whose amounts differ is linked only: its posting stays to be failed.
    """
    posting, link = result.posting, result.link
    SageLink.objects.bulk_create(
        [link], update_conflicts=True, unique_fields=["posting"], update_fields=_LEARNT
    )
    if result.difference is not None:
        ours = str(result.ours.gross)
        audit.record("posting.totals_differ", posting, number=link.sage_number, ours=ours)
        return
    outbox.mark_posted(
        posting,
        external_id=link.sage_id,
        number=link.sage_number,
        url=result.url,
        revision=result.revision,
    )
    audit.record(
        "posting.posted",
        posting,
        reference=posting.reference,
        number=link.sage_number,
        adopted=link.was_adopted,
    )
    if posting.kind == Posting.Kind.INVOICE_CREATE:
        emit(
            "invoice.posted",
            invoice=posting.subject_id,
            reference=posting.reference,
            sage_number=link.sage_number,
            sage_id=link.sage_id,
            total=str(link.gross),
        )
