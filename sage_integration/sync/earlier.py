"""Earlier copies of invoices, which newer ones replaced: what is set against them in Sage pays nothing here (F75, D3).

What a payment or a credit settles of an earlier copy is kept as it was read last. So a row of a feed that says what is
known leads to no request, and one that names an earlier copy no more, or is gone, is known to have named it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from ledger.models import Posting
from money.amounts import ZERO
from sage_integration.models import SageLink, SetOnEarlierCopy
from sage_integration.sage.errors import UnexpectedAnswer
from sage_integration.sage.resources.documents import VOID
from sage_integration.sync.comparison import FINISHES_WITHIN, is_later
from sage_integration.sync.documents import fingerprint_of, number_of
from sage_integration.sync.feeds import instant
from sage_integration.sync.wanted import Copies, copies_of, want_links

Row = Mapping[str, Any]
#: A copy that was read so much later than a row was written needs no further look: rows of a feed come again for long.
READ_SINCE = timedelta(minutes=10)
#: How copies stand that are not in Sage any more, or void there.
OUT_OF_SAGE = (Posting.Standing.VOID, Posting.Standing.MISSING)


def touched(rows: Sequence[Row], copies: Copies, business_id: str, *, are_gone: bool) -> set[int]:
    """The earlier copies, by their links' ids, of which rows of a feed tell something that is not known.

    ``copies`` are those the rows are, or name; ``are_gone`` says that the rows are of deleted records.
    """
    known = _known(rows, copies, business_id)
    found: set[int] = set()
    for row in rows:
        told = {} if are_gone else _told(row, copies.earlier)
        held = known.parts[row["id"]]
        new = {pk for pk in told.keys() | held.keys() if told.get(pk, ZERO) != held.get(pk, ZERO)}
        document = copies.earlier.get(row["id"])
        if document and not _is_as_known(document, row, known.settled[document.pk], is_gone=are_gone):
            new.add(document.pk)
        read_since = instant(row.get("deleted_at") or row["updated_at"]) + READ_SINCE
        found |= {pk for pk in new if known.links[pk].seen_at < read_since}
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    links: dict[int, SageLink]
    #: By the id of a payment or allocation, what it settles of each copy.
    parts: dict[str, dict[int, Decimal]]
    #: What settles a copy altogether.
    settled: dict[int, Decimal]


def _known(rows: Sequence[Row], copies: Copies, business_id: str) -> _Known:
    links = {link.pk: link for link in copies.earlier.values()}
    asked = Q(sage_id__in=[row["id"] for row in rows]) | Q(link__in=list(links))
    parts: dict[str, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    settled: dict[int, Decimal] = defaultdict(Decimal)
    held = SetOnEarlierCopy.objects.filter(asked, link__business_id=business_id)
    for part in held.select_related("link"):
        links.setdefault(part.link_id, part.link)
        parts[part.sage_id][part.link_id] += part.amount
        settled[part.link_id] += part.amount
    return _Known(links, parts, settled)


def _told(row: Row, earlier: Mapping[str, SageLink]) -> dict[int, Decimal]:
    told: dict[int, Decimal] = defaultdict(Decimal)
    for part in row.get("allocated_artefacts") or []:
        if link := earlier.get(part["artefact"]["id"]):
            told[link.pk] += part["amount"] + (part.get("discount") or ZERO)
    return dict(told)


def _is_as_known(link: SageLink, row: Row, settled: Decimal, *, is_gone: bool) -> bool:
    """Whether a row of an earlier copy itself says nothing that reading the document would not say again."""
    is_out = link.posting.standing in OUT_OF_SAGE
    if is_gone or is_out or row["status"]["id"] == VOID:
        return is_out and (is_gone or row["status"]["id"] == VOID)
    try:
        is_same = fingerprint_of(row) == link.seen_fingerprint  # type: ignore[arg-type]  # a row of this feed
    except UnexpectedAnswer:
        return False
    owed = ZERO if link.is_draft else link.gross - settled
    return (
        is_same
        and number_of(row) == link.sage_number  # type: ignore[arg-type]  # as above
        and row.get("outstanding_amount") in (None, owed)
        and not is_later(row["updated_at"], link.in_sage.get("updated_at", ""), FINISHES_WITHIN)
    )


def want_where_several_count(invoice_ids: Collection[int], business_id: str) -> None:
    """Each copy of these invoices is to be read where an earlier one counts in Sage beside the newest."""
    if invoice_ids:
        earlier = [
            link for link in _earlier(invoice_ids, business_id) if link.posting.standing not in OUT_OF_SAGE
        ]
        subjects = {link.posting.subject_id for link in earlier}
        of_them = SageLink.objects.filter(
            business_id=business_id,
            posting__kind=Posting.Kind.INVOICE_CREATE,
            posting__subject_id__in=subjects,
        ).exclude(posting__standing__in=OUT_OF_SAGE)
        want_links(list(of_them.values_list("pk", flat=True)) if subjects else [])


def copies_apart(owed: Mapping[str, Decimal | None], business_id: str) -> list[int]:
    """The earlier copies, by their links' ids, on which Sage says another amount is owed than is known.

    ``owed`` is what Sage says is owed on its open invoices, by their ids.
    """
    further = Posting.objects.filter(
        kind=Posting.Kind.INVOICE_CREATE, status=Posting.Status.POSTED, copy__gt=1
    )
    earlier = [
        link
        for link in _earlier(set(further.order_by().values_list("subject_id", flat=True)), business_id)
        if link.posting.standing not in OUT_OF_SAGE and not link.is_draft
    ]
    sums = SetOnEarlierCopy.objects.filter(link__in=[link.pk for link in earlier]).values_list("link")
    settled: dict[int, Decimal] = dict(sums.annotate(Sum("amount")).order_by()) if earlier else {}
    return [
        link.pk
        for link in earlier
        if (owed.get(link.sage_id) or ZERO) != link.gross - settled.get(link.pk, ZERO)
    ]


def _earlier(invoice_ids: Collection[int], business_id: str) -> list[SageLink]:
    """All copies of these invoices in a business but the newest of each, void ones too."""
    copies = copies_of(invoice_ids, business_id) if invoice_ids else {}
    return [link for each in copies.values() for link in each[:-1]]
