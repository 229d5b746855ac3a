"""What differs between a document here and in Sage, kept from when it was first seen until it is gone."""

from django.db.models import Exists, OuterRef
from django.utils import timezone

from invoicing.models import Invoice
from ledger.models import Posting
from practices.tenancy import TenantQuerySet
from sage_integration.models import SageLink
from sage_integration.sync.comparison import Difference

LONGEST = 400
#: Kinds of differences of what Sage has no more.
GONE = ("missing", "voided")


def keep_difference(link: SageLink, difference: Difference | None) -> bool:
    """Whether a copy differs otherwise than when it was read last; from now on it is known to."""
    held: SageLink = SageLink.objects.select_for_update().get(pk=link.pk)
    kind = difference.kind if difference else ""
    words = difference.sentence[:LONGEST] if difference else ""
    if (held.difference, held.difference_in_words) == (kind, words):
        return False
    if kind != held.difference:
        held.differs_since = timezone.now() if kind else None
    held.difference, held.difference_in_words = kind, words
    held.save(update_fields=["difference", "difference_in_words", "differs_since"])
    return True


def differing_links() -> TenantQuerySet[SageLink]:
    """The copies that somebody has to decide about: the newest of each document, unless that was decided here.

    A document that is gone from Sage needs nobody any more once it is void here too, or was copied again.
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
    accepted = Invoice.objects.filter(pk=OuterRef("posting__subject_id"), status=Invoice.Status.VOID)
    gone = links.filter(difference__in=GONE, posting__kind=Posting.Kind.INVOICE_CREATE)
    return links.exclude(Exists(newer)).exclude(pk__in=gone.filter(Exists(accepted)).values("pk"))
