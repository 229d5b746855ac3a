"""Credit notes in the nightly comparison: each one that was copied is in Sage once, with our total (F78)."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from invoicing.models import CreditNote
from ledger.models import Posting
from money.amounts import Amounts
from practices.tenancy import practice_transaction
from sage_integration.models import SageLink
from sage_integration.sage.client import SageClient
from sage_integration.sage.resources.documents import VOID
from sage_integration.sage.resources.sales_credit_notes import SalesCreditNote
from sage_integration.sync.comparison import Difference
from sage_integration.sync.documents import amounts_of, number_of
from sage_integration.sync.standing_differences import keep_difference

Kind = Posting.Kind
#: What a credit note differs in is kept under words of its own: what can be done about it is another thing.
MISSING, VOIDED, DIFFERING = "credit_missing", "credit_voided", "credit_differing"


def audit_credit_notes(business_id: str, sage: SageClient) -> tuple[int, list[Difference]]:
    """How many copied credit notes were compared, and what differs; opens transactions of its own.

    Nothing is asked where none was copied: the plan may have no credit notes at all (FACTS.md 10). Raises `SageError`.
    """
    with practice_transaction():
        links = list(_links(business_id))
    if not links:
        return 0, []
    stored = {each["id"]: each for each in sage.sales_credit_notes.list()}
    with practice_transaction():
        newest = set({link.posting.subject_id: link.pk for link in links}.values())
        found = [_compared(link, stored.get(link.sage_id), counts=link.pk in newest) for link in links]
    differences = [difference for difference in found if difference]
    return len(links), [*differences, *_twice(links, stored.values())]


def _links(business_id: str) -> Iterable[SageLink]:
    return (
        SageLink.objects.select_related("posting")
        .filter(
            business_id=business_id,
            posting__kind=Kind.CREDIT_NOTE_CREATE,
            posting__status=Posting.Status.POSTED,
        )
        .order_by("posting__copy", "pk")
    )


def _compared(link: SageLink, stored: SalesCreditNote | None, *, counts: bool) -> Difference | None:
    """What differs of one copy, kept where no newer copy counts in its place."""
    difference = _difference(link, stored) if counts else None
    keep_difference(link, difference)
    return difference


def _difference(link: SageLink, stored: SalesCreditNote | None) -> Difference | None:
    note = CreditNote.objects.get(pk=link.posting.subject_id)
    if stored is None:
        return Difference(MISSING, f"{note.number_label}: {link.sage_number} is not in Sage any more.")
    if stored["status"]["id"] == VOID:
        return Difference(VOIDED, f"{note.number_label}: {number_of(stored)} was voided in Sage.")
    theirs, copied = amounts_of(stored), link.copied
    ours = Amounts(Decimal(copied["net"]), Decimal(copied["vat"])) if copied else Amounts(link.net, link.vat)
    if theirs == ours:
        return None
    words = f"{note.number_label} is £{ours.gross}, and {number_of(stored)} in Sage is £{theirs.gross}."
    return Difference(DIFFERING, words)


def _twice(links: Iterable[SageLink], stored: Iterable[SalesCreditNote]) -> list[Difference]:
    live = Counter(str(each.get("reference") or "") for each in stored if each["status"]["id"] != VOID)
    references = sorted({link.posting.reference for link in links})
    return [
        Difference("duplicated", f"{live[each]} documents in Sage carry the reference {each}.")
        for each in references
        if live[each] > 1
    ]
