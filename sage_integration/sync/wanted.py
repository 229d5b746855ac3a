"""Copies in Sage that are to be read again: a note on the link, which neither a kill nor a full poll forgets."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from ledger.models import Posting
from practices.tenancy import TenantQuerySet
from sage_integration.models import SageLink

#: Tells one note from an earlier one of the same invoice: a reading that began before takes back its own alone.
A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies of invoices of ours, by their ids in Sage: the newest of each, and earlier ones that were asked for."""

    newest: dict[str, SageLink] = field(default_factory=dict)
    earlier: dict[str, SageLink] = field(default_factory=dict)


def copies_among(sage_ids: Collection[str], business_id: str) -> Copies:
    """The copies of invoices of ours among these documents of Sage, told apart."""
    links = SageLink.objects.filter(
        business_id=business_id, posting__kind=Posting.Kind.INVOICE_CREATE, sage_id__in=sage_ids
    )
    subjects = set(links.values_list("posting__subject_id", flat=True))
    if not subjects:
        return Copies()
    newest: dict[int, SageLink] = {}
    copies = Copies()
    for link in _links_of(subjects, business_id):
        if (older := newest.get(link.posting.subject_id)) and older.sage_id in sage_ids:
            copies.earlier[older.sage_id] = older
        newest[link.posting.subject_id] = link
    copies.newest.update((link.sage_id, link) for link in newest.values())
    return copies


def newest_link(invoice_id: int, business_id: str) -> SageLink | None:
    """The newest copy of an invoice in this business, the one that counts."""
    links = SageLink.objects.filter(
        business_id=business_id, posting__kind=Posting.Kind.INVOICE_CREATE, posting__subject_id=invoice_id
    )
    link: SageLink | None = links.select_related("posting").order_by("-posting__copy").first()
    return link


def copies_of(invoice_ids: Collection[int], business_id: str) -> dict[int, list[SageLink]]:
    """All copies of each of these invoices in this business, the earlier ones first, without what their lines say."""
    copies: dict[int, list[SageLink]] = {}
    for link in _links_of(invoice_ids, business_id).defer("copied", "seen"):
        copies.setdefault(link.posting.subject_id, []).append(link)
    return copies


def newest_links(invoice_ids: Collection[int], business_id: str) -> dict[int, SageLink]:
    """The newest copy of each of these invoices in this business, by the invoice's id."""
    return {link.posting.subject_id: link for link in _links_of(invoice_ids, business_id)}


def _links_of(invoice_ids: Collection[int], business_id: str) -> TenantQuerySet[SageLink]:
    """All copies of these invoices, the earlier ones first."""
    links: TenantQuerySet[SageLink] = (
        SageLink.objects.filter(
            business_id=business_id,
            posting__kind=Posting.Kind.INVOICE_CREATE,
            posting__subject_id__in=invoice_ids,
        )
        .select_related("posting")
        .order_by("posting__copy")
    )
    return links


def want(invoice_ids: Collection[int], business_id: str) -> None:
    """These are to be read again; one that waits already keeps its place, also where it is being read just now."""
    if invoice_ids:
        want_links([link.pk for link in newest_links(invoice_ids, business_id).values()])


def want_links(link_ids: Collection[int]) -> None:
    """These copies are to be read again, whether newer ones took their place or not."""
    if link_ids:
        since = Coalesce(F("wanted_at") + A_MOMENT, timezone.now())
        links = SageLink.objects.filter(pk__in=link_ids)
        # Locked in order, so that of two readings at once neither waits for the other while that waits for it.
        list(links.order_by("pk").select_for_update().values_list("pk"))
        links.update(wanted_at=since)


def is_anything_wanted(business_id: str) -> bool:
    """Whether any invoice waits to be read again."""
    return SageLink.objects.filter(business_id=business_id, wanted_at__isnull=False).exists()


def wanted_links(business_id: str, most: int) -> list[SageLink]:
    """What is to be read again, the longest waiting first."""
    waiting = SageLink.objects.filter(business_id=business_id, wanted_at__isnull=False)
    return list(waiting.select_related("posting").order_by("wanted_at", "pk")[:most])


def was_read(link: SageLink) -> None:
    """It was; unless somebody asked for it once more meanwhile."""
    SageLink.objects.filter(pk=link.pk, wanted_at=link.wanted_at).update(wanted_at=None)
