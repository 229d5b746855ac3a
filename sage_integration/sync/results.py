"""What Sage says of a document, checked against ours, and how it is recorded."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter

from django.db import connection
from django.utils import timezone

from ledger import batches
from ledger.models import Posting
from money.amounts import Amounts
from practices import audit
from practices.arrays import LONG_TEXTS, array, long_texts
from practices.prepared import Prepared
from practices.templatetags.money_tags import written
from practices.tenancy import acting_practice_id
from practices.webhooks import emit_many
from sage_integration.sage.errors import OutcomeUnknown, TotalsDiffer, UnexpectedAnswer
from sage_integration.sage.resources.documents import DRAFT, SalesDocument
from sage_integration.sage.resources.resource import web_address
from sage_integration.sage.resources.sales_invoices import SalesInvoice
from sage_integration.sync.documents import amounts_of, fingerprint_of, number_of, require_reference
from sage_integration.sync.drafts import Draft
from sage_integration.sync.earlier import want_where_several_count
from sage_integration.sync.snapshots import Snapshot, snapshot_of


@dataclass(slots=True)
class NewLink:
    """A `SageLink` before it is written; a row of the ORM costs several times as much to make."""

    posting_id: int
    business_id: str
    sage_id: str
    sage_number: str
    net: Decimal
    vat: Decimal
    is_draft: bool
    was_adopted: bool
    seen_fingerprint: str
    copied: Snapshot

    @property
    def gross(self) -> Decimal:
        """Net plus VAT as Sage holds them, in pounds."""
        return self.net + self.vat


@dataclass(frozen=True, slots=True)
class Result:
    """A posting's document in Sage, understood but not recorded yet."""

    posting: Posting
    link: NewLink
    url: str
    ours: Amounts
    revision: int = 1
    #: Set when the amounts are not ours; the document is linked all the same.
    difference: TotalsDiffer | None = None


def result_of(
    posting: Posting, draft: Draft, stored: SalesInvoice, business_id: str, *, adopted: bool = False
) -> Result:
    """What is to be recorded of a stored document; raises `OutcomeUnknown` when it is another, or not understood."""
    require_reference(stored, posting.reference)
    try:
        theirs = amounts_of(stored)
        seen = fingerprint_of(stored, theirs)
    except UnexpectedAnswer as error:
        raise OutcomeUnknown(str(error)) from error
    number = number_of(stored)
    link = NewLink(
        posting_id=posting.id,
        business_id=business_id,
        sage_id=stored["id"],
        sage_number=number,
        net=theirs.net,
        vat=theirs.vat,
        is_draft=stored["status"]["id"] == DRAFT,
        was_adopted=adopted,
        seen_fingerprint=seen,
        copied=copied_snapshot(stored),
    )
    difference = None
    if theirs != draft.amounts:
        difference = TotalsDiffer(
            f"{number} has {written(theirs.gross)} including {written(theirs.vat)} VAT, and"
            f" {draft.invoice.number_label} has {written(draft.amounts.gross)}"
            f" including {written(draft.amounts.vat)} VAT"
        )
    url = web_address(stored.get("links")) or ""
    return Result(posting, link, url, draft.amounts, draft.invoice.revision, difference)


def copied_snapshot(stored: SalesDocument) -> Snapshot:
    """A document as it was copied; nothing where only a row of a list is known, which shows no lines.

    Where that is so, the document itself is read soon (`SageLink.wanted_at`): an edit has to show beside something.
    """
    snapshot = snapshot_of(stored)
    return snapshot if "lines" in snapshot else {}


def record_all(results: Sequence[Result]) -> None:
    """Link the documents and settle their postings, in the caller's transaction.

    A document whose amounts differ is linked only: its posting stays to be failed. Raises `LeaseLost` if one of the
    postings is somebody else's; the transaction must not be committed then.
    """
    if not results:
        return
    _link([result.link for result in results])
    for result in results:
        if result.difference is not None:
            audit.record(
                "posting.totals_differ",
                result.posting,
                number=result.link.sage_number,
                ours=str(result.ours.gross),
            )
    if arrived := [result for result in results if result.difference is None]:
        _settle(arrived)


def _settle(results: Sequence[Result]) -> None:
    batches.mark_all_posted(
        [
            batches.Arrival(
                result.posting, result.link.sage_id, result.link.sage_number, result.url, result.revision
            )
            for result in results
        ]
    )
    audit.record_many(
        "posting.posted",
        Posting,
        (
            (
                result.posting.id,
                {
                    "reference": result.posting.reference,
                    "number": result.link.sage_number,
                    "adopted": result.link.was_adopted,
                },
            )
            for result in results
        ),
    )
    emit_many(
        "invoice.posted",
        [
            {
                "invoice": result.posting.subject_id,
                "reference": result.posting.reference,
                "sage_number": result.link.sage_number,
                "sage_id": result.link.sage_id,
                "total": str(result.link.gross),
            }
            for result in results
            if result.posting.kind == Posting.Kind.INVOICE_CREATE
        ],
    )
    _look_at_earlier(results)


def _look_at_earlier(results: Sequence[Result]) -> None:
    """A copy that a further one replaced counts no more here: what is set against it in Sage is read."""
    again: dict[str, set[int]] = defaultdict(set)
    for result in results:
        if result.posting.kind == Posting.Kind.INVOICE_CREATE and result.posting.copy > 1:
            again[result.link.business_id].add(result.posting.subject_id)
    for business_id, invoices in again.items():
        want_where_several_count(invoices, business_id)


def _link(links: Sequence[NewLink]) -> None:
    """Write links in one statement: through a queryset it costs several times as much."""
    rows = {name: array(list(map(attrgetter(name), links))) for name in _COLUMNS if name != "copied"}
    rows["copied"] = long_texts(json.dumps(link.copied) for link in links)
    with connection.cursor() as cursor:
        cursor.execute(_LINK, {"practice": acting_practice_id(), "now": timezone.now(), **rows})


_COLUMNS = {
    "posting_id": "bigint",
    "business_id": "text",
    "sage_id": "text",
    "sage_number": "text",
    "net": "numeric",
    "vat": "numeric",
    "is_draft": "boolean",
    "was_adopted": "boolean",
    "seen_fingerprint": "text",
    "copied": "jsonb",
}
_ARRAYS = [
    f"({LONG_TEXTS.format('%(copied)s')})::jsonb[]" if name == "copied" else f"%({name})s::{kind}[]"
    for name, kind in _COLUMNS.items()
]
_LINK = Prepared(
    f"""
INSERT INTO sage_integration_sagelink
    (practice_id, posted_at, seen_at, difference, difference_in_words, seen, sent_fingerprint, wanted_at,
     {", ".join(_COLUMNS)})
SELECT %(practice)s, %(now)s::timestamptz, %(now)s, '', '', '{{}}', '', CASE WHEN copied = '{{}}' THEN %(now)s END,
    {", ".join(_COLUMNS)}
FROM unnest({", ".join(_ARRAYS)}) AS link({", ".join(_COLUMNS)})
ON CONFLICT (posting_id) DO UPDATE SET
    seen = '{{}}', wanted_at = coalesce(sage_integration_sagelink.wanted_at, EXCLUDED.wanted_at),
    {", ".join(f"{name} = EXCLUDED.{name}" for name in _COLUMNS if name != "posting_id")}
"""  # noqa: S608 - names of ours
)
