"""Which correction Sage takes now: one decision table, for the button, the page and the push alike.

FACTS.md 9.4 and 9.6: an unpaid invoice can be changed and voided, a draft deleted; a paid one only after its payments
were taken off; one on a VAT return or before the lock date not at all, it is credited and issued anew. A line cannot be
taken off a stored invoice for certain (FACTS.md 17, 2), so that is done by voiding it and copying it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ledger.models import Posting
from sage_integration.sync.snapshots import Snapshot


class Path(StrEnum):
    """What can be done about a copy that is not as it should be."""

    NOTHING = "nothing"
    UPDATE = "update"
    REPLACE = "replace"
    UNALLOCATE_OR_CREDIT = "unallocate_or_credit"
    CREDIT_AND_REISSUE = "credit_and_reissue"
    DECIDE_VOID = "decide_void"
    DECIDE_MISSING = "decide_missing"


@dataclass(frozen=True, slots=True)
class Words:
    """A path on a page: what happens, and why this and nothing else."""

    label: str
    why: str


WORDS: dict[Path, Words] = {
    Path.NOTHING: Words("Nothing to do", "Both sides are the same."),
    Path.UPDATE: Words(
        "Update in Sage",
        "Nobody has paid it and it is on no VAT return, so the invoice in Sage is changed in place.",
    ),
    Path.REPLACE: Words(
        "Void and copy again",
        "Sage cannot take a line off an invoice for certain, so the copy is voided there and made anew. Sage keeps the "
        "voided number.",
    ),
    Path.UNALLOCATE_OR_CREDIT: Words(
        "Credit the invoice",
        "Money is set against it in Sage. Either take the payment off the invoice there and come back, or credit the "
        "invoice and issue it anew.",
    ),
    Path.CREDIT_AND_REISSUE: Words(
        "Credit and re-issue",
        "It is on a VAT return or before the lock date, so changing it would change a return that was made. A credit "
        "note and a new invoice put it right in the open period.",
    ),
    Path.DECIDE_VOID: Words(
        "Decide what becomes of it",
        "It was voided in Sage, and still counts here: it is owed, chased and in your figures.",
    ),
    Path.DECIDE_MISSING: Words(
        "Decide what becomes of it",
        "Sage does not have it any more, and it still counts here: it is owed, chased and in your figures.",
    ),
}


def path_for(
    *, standing: str, blocked: str, is_draft: bool, wanted: Snapshot, in_sage: Snapshot, is_same: bool
) -> Path:
    """The path for a copy that is to become as ``wanted``; ``in_sage`` is how it stands there."""
    if standing == Posting.Standing.MISSING:
        return Path.DECIDE_MISSING
    if standing == Posting.Standing.VOID:
        return Path.DECIDE_VOID
    if is_same:
        return Path.NOTHING
    if blocked == Posting.Blocked.SETTLED:
        return Path.UNALLOCATE_OR_CREDIT
    if blocked == Posting.Blocked.LOCKED:
        return Path.CREDIT_AND_REISSUE
    if is_draft or not fits_in_place(wanted.get("lines", []), in_sage.get("lines", [])):
        return Path.REPLACE
    return Path.UPDATE


def fits_in_place(wanted: Sequence[Snapshot], stored: Sequence[Snapshot]) -> bool:
    """Whether every stored line gets a new content: none is left over, and none keeps an item it should lose.

    Sage may keep a line that is left out (FACTS.md 17, 2), and keeps the item of a line that names none (15, 17).
    """
    if len(wanted) < len(stored):
        return False
    pairs = zip(wanted, stored, strict=False)
    return not any(line.get("item") and not new.get("item") for new, line in pairs)
