"""Credit notes in the nightly comparison: each one that was copied is in Sage once, with our total (F78)."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal

from django.utils import timezone

from invoicing.models import CreditNote
from ledger import copies
from ledger.models import Posting
from money.amounts import Amounts
from practices import audit
from practices.templatetags.money_tags import written
from practices.tenancy import TenantQuerySet, practice_transaction
from sage_integration.models import SageLink
from sage_integration.sage.client import SageClient
from sage_integration.sage.errors import NotInSage
from sage_integration.sage.resources.documents import VOID
from sage_integration.sage.resources.sales_credit_notes import SalesCreditNote
from sage_integration.sync.comparison import AT_ONCE, Difference, is_later
from sage_integration.sync.documents import amounts_of, number_of
from sage_integration.sync.snapshots import Snapshot, changes_in_words, same, snapshot_of
from sage_integration.sync.standing_differences import keep_difference

Kind, Standing = Posting.Kind, Posting.Standing
#: What a credit note differs in is kept under words of its own: what can be done about it is another thing.
MISSING, VOIDED, DIFFERING = "credit_missing", "credit_voided", "credit_differing"
CHANGED = "credit_changed"
#: How a page says that the copy was found.
STANDINGS = {
    MISSING: Standing.MISSING,
    VOIDED: Standing.VOID,
    DIFFERING: Standing.CHANGED,
    CHANGED: Standing.CHANGED,
}
#: Documents read themselves in one night, because they were written in Sage since they were looked at last.
MOST_READ = 200


def audit_credit_notes(business_id: str, sage: SageClient) -> tuple[int, list[Difference]]:
    """How many copied credit notes were compared, and what differs; opens transactions of its own.

    Nothing is asked where none was copied: the plan may have no credit notes at all (FACTS.md 10). Raises `SageError`.
    """
    with practice_transaction():
        links = list(_links(business_id))
    if not links:
        return 0, []
    stored = {each["id"]: each for each in sage.sales_credit_notes.list()}
    newest = _newest(links)
    written = [link for link in links if link.pk in newest and _was_written(link, stored.get(link.sage_id))]
    for link in written[:MOST_READ]:
        with suppress(NotInSage):
            stored[link.sage_id] = sage.sales_credit_notes.get(link.sage_id)
    as_read = {link.pk: (link.sage_id, link.copied) for link in links}
    with practice_transaction():
        held = list(_links(business_id).select_for_update(of=["self"]))
        newest = _newest(held)
        # What was updated or copied while Sage was read is newer than what was read: it is for the next night.
        found = [
            compare_credit_note(link, stored.get(link.sage_id), counts=link.pk in newest)
            for link in held
            if as_read.get(link.pk) == (link.sage_id, link.copied)
        ]
    differences = [difference for difference in found if difference]
    return len(links), [*differences, *_twice(links, stored.values())]


def _newest(links: Iterable[SageLink]) -> set[int]:
    """The links of the copies that count, of links in the order of their copies."""
    return set({link.posting.subject_id: link.pk for link in links}.values())


def _links(business_id: str) -> TenantQuerySet[SageLink]:
    links: TenantQuerySet[SageLink] = SageLink.objects.select_related("posting")
    return links.filter(
        business_id=business_id,
        posting__kind=Kind.CREDIT_NOTE_CREATE,
        posting__status=Posting.Status.POSTED,
    ).order_by("posting__copy", "pk")


def _was_written(link: SageLink, row: SalesCreditNote | None) -> bool:
    """Whether it was changed in Sage since it was looked at last: perhaps its lines, which a list does not show."""
    if row is None or row["status"]["id"] == VOID:
        return False
    known, told = link.in_sage, snapshot_of(row)
    if not known.get("lines"):
        return True
    return not same(known, told) or is_later(told["updated_at"], known.get("updated_at", ""), AT_ONCE)


def compare_credit_note(
    link: SageLink, stored: SalesCreditNote | None, *, counts: bool = True
) -> Difference | None:
    """What differs of one copy, kept where no newer copy ``counts`` in its place; inside a transaction."""
    note = CreditNote.objects.get(pk=link.posting.subject_id)
    difference = _difference(link, note, stored) if counts else None
    keep_difference(link, difference)
    standing = STANDINGS[difference.kind] if difference else Standing.AS_COPIED
    if counts and link.posting.standing != standing:
        audit.record(f"credit_note.found_{standing or 'as_copied'}", note, number=link.sage_number)
        copies.mark_found(link.posting, standing=standing, blocked=link.posting.blocked)
    return difference


def as_it_began(link: SageLink, told: Snapshot) -> Snapshot:
    """What a credit note said when it was copied; where nothing was kept, as told now but for its amounts."""
    return {**told, "net": f"{link.net:.2f}", "vat": f"{link.vat:.2f}", **link.copied}


def _difference(link: SageLink, note: CreditNote, stored: SalesCreditNote | None) -> Difference | None:
    if stored is None:
        return Difference(MISSING, f"{note.number_label}: {link.sage_number} is not in Sage any more.")
    if stored["status"]["id"] == VOID:
        return Difference(VOIDED, f"{note.number_label}: {number_of(stored)} was voided in Sage.")
    _keep_what_was_seen(link, snapshot_of(stored))
    theirs, copied = amounts_of(stored), link.copied
    ours = Amounts(Decimal(copied["net"]), Decimal(copied["vat"])) if copied else Amounts(link.net, link.vat)
    if theirs != ours:
        words = f"{note.number_label} is {written(ours.gross)}, and {number_of(stored)} in Sage is"
        return Difference(DIFFERING, f"{words} {written(theirs.gross)}.")
    if not link.seen:
        return None
    changed = changes_in_words(copied, link.seen)
    words = (
        f"{note.number_label}: {number_of(stored)} was changed in Sage ({changed}). The total is the same."
    )
    return Difference(CHANGED, words)


def _keep_what_was_seen(link: SageLink, snapshot: Snapshot) -> None:
    """What the document says now, where that is not as it was copied; a row of a list leaves its lines alone."""
    before = link.copied, link.seen
    told = {**link.in_sage, **snapshot} if "lines" not in snapshot else snapshot
    if "lines" in told and not link.copied.get("lines"):
        # No lines were kept of it before: those that are there now are where they begin.
        link.copied = {**as_it_began(link, told), "lines": told["lines"]}
    if same(link.copied, told):
        link.seen = {}
        if "lines" in snapshot:
            link.copied = {**link.copied, "updated_at": snapshot["updated_at"]}
    else:
        # Of what only a list told, the document itself is to be read yet.
        stamp = told if "lines" in snapshot else link.in_sage
        link.seen = {**told, "updated_at": stamp.get("updated_at", "")}
    if (link.copied, link.seen) != before:
        link.seen_at = timezone.now()
        link.save(update_fields=["copied", "seen", "seen_at"])


def _twice(links: Iterable[SageLink], stored: Iterable[SalesCreditNote]) -> list[Difference]:
    live = Counter(str(each.get("reference") or "") for each in stored if each["status"]["id"] != VOID)
    references = sorted({link.posting.reference for link in links})
    return [
        Difference("duplicated", f"{live[each]} documents in Sage carry the reference {each}.")
        for each in references
        if live[each] > 1
    ]
