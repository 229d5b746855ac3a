"""What differs between a document here and in Sage, kept from when it was first seen until it is gone.

A later change in Sage makes it another difference, also where it is of the same kind: what somebody decided about the
earlier one, and what was told of it, was not about this one.
"""

import re
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from invoicing.models import CreditNote, Invoice
from ledger.models import Posting
from money.amounts import ZERO, Amounts
from practices.tenancy import TenantQuerySet
from sage_integration.models import SageConnection, SageLink
from sage_integration.sync.comparison import (
    CREDITED_HERE,
    PAID_EARLIER,
    VOID_HERE,
    Difference,
    expected_amounts,
)
from sage_integration.sync.documents import fingerprint
from sage_integration.sync.snapshots import Snapshot, fingerprint_of_snapshot

LONGEST = 400
#: Between the thousands of an amount.
SEPARATOR = re.compile(r"(?<=\d),(?=\d{3})")
#: Kinds of differences of what Sage has no more.
GONE = ("missing", "voided")
#: Kinds of differences of what somebody edited in Sage.
EDITED = ("differing", "changed", "credit_differing", "credit_changed")
#: Kinds that are told of earlier copies too.
OF_EARLIER = (PAID_EARLIER, VOID_HERE, CREDITED_HERE)


def keep_difference(link: SageLink, difference: Difference | None) -> bool:
    """Whether a copy differs otherwise than when it was read last; from now on it is known to."""
    held: SageLink = SageLink.objects.select_for_update().get(pk=link.pk)
    kind = difference.kind if difference else ""
    words = difference.sentence[:LONGEST] if difference else ""
    by, owed = _stand_in(held, difference), difference.owed_there if difference else None
    known = (held.difference, held.difference_in_words, held.differs_by, held.owed_there)
    if known == (kind, words, by, owed):
        return False
    # Of what was found before stand-ins were kept, the kind alone is known.
    is_other = kind != held.difference or held.differs_by not in ("", by)
    if is_other:
        held.differs_since = timezone.now() if kind else None
    held.difference, held.difference_in_words, held.differs_by, held.owed_there = kind, words, by, owed
    held.save(
        update_fields=["difference", "difference_in_words", "differs_since", "differs_by", "owed_there"]
    )
    return is_other


def is_told(link: SageLink, difference: Difference | None) -> bool:
    """Whether this, or that nothing differs, is what is told of a copy already."""
    words = difference.sentence[:LONGEST] if difference else ""
    return (difference.kind if difference else "", words) == (link.difference, link.difference_in_words)


def _stand_in(held: SageLink, difference: Difference | None) -> str:
    """For what a copy differs by: its words, whatever the number, and what the document says as far as is known."""
    if difference is None:
        return ""
    words = difference.sentence.replace(held.sage_number, "") if held.sage_number else difference.sentence
    # However amounts are written: what was kept before they had separators is the same difference.
    words = SEPARATOR.sub("", words)
    return fingerprint([difference.kind, words, fingerprint_of_snapshot(held.seen)])


def at_stake(link: SageLink, document: Invoice | CreditNote) -> Decimal:
    """The money that a difference is about: what is not the same on both sides, else the whole document."""
    if link.owed_there is not None and isinstance(document, Invoice):
        # On a copy that a newer one replaced nothing is owed here.
        owed_here = ZERO if link.difference in OF_EARLIER else document.outstanding
        return abs(owed_here - link.owed_there)
    return _edited_by(link, document) if link.difference in EDITED else document.gross


def _edited_by(link: SageLink, document: Invoice | CreditNote) -> Decimal:
    """What an edit in Sage makes of a document's total or VAT; all of it where it is another customer's there now."""
    copied, there = link.copied, link.in_sage
    if copied and copied["contact"] != there["contact"]:
        return document.gross
    if isinstance(document, Invoice):
        ours, theirs = expected_amounts(link, document), Amounts(link.net, link.vat)
    else:
        held = Amounts(link.net, link.vat)
        ours, theirs = _amounts_in(copied, held), _amounts_in(there, held)
    apart = theirs - ours
    return max(abs(apart.gross), abs(apart.vat))


def _amounts_in(snapshot: Snapshot, otherwise: Amounts) -> Amounts:
    return Amounts(Decimal(snapshot["net"]), Decimal(snapshot["vat"])) if snapshot else otherwise


def differing_links() -> TenantQuerySet[SageLink]:
    """The copies that somebody has to decide about: the newest of each document, unless that was decided here.

    A document that is gone from Sage needs nobody any more once it is void here too, or was copied again. An earlier
    copy needs somebody where money pays it in Sage, or where it counts on there though the invoice is void or credited.
    """
    links: TenantQuerySet[SageLink] = SageLink.objects.exclude(difference="").filter(
        posting__status=Posting.Status.POSTED
    )
    newer = Posting.objects.filter(
        kind=OuterRef("posting__kind"),
        subject_id=OuterRef("posting__subject_id"),
        status=Posting.Status.POSTED,
        copy__gt=OuterRef("posting__copy"),
    )
    # Earlier copies in the books of a company that was left are beside none of these.
    company = SageConnection.objects.order_by("-id").values("business_id")[:1]
    is_told = ~Exists(newer) | Q(difference__in=OF_EARLIER, business_id=Subquery(company))
    accepted = Invoice.objects.filter(pk=OuterRef("posting__subject_id"), status=Invoice.Status.VOID)
    gone = links.filter(difference__in=GONE, posting__kind=Posting.Kind.INVOICE_CREATE)
    return links.filter(is_told).exclude(pk__in=gone.filter(Exists(accepted)).values("pk"))


def links_paid_earlier() -> TenantQuerySet[SageLink]:
    """The copies of invoices that newer ones replaced and that money in Sage pays all the same."""
    return differing_links().filter(difference=PAID_EARLIER)


def invoices_paid_earlier() -> QuerySet[SageLink, int]:
    """The ids of the invoices of `links_paid_earlier`: nobody is reminded of them meanwhile."""
    found: QuerySet[SageLink, int] = links_paid_earlier().values_list("posting__subject_id", flat=True)
    return found
