"""What can be pressed beside a document's state: pages to go to and forms to send (FEATURES 4.12)."""

from dataclasses import dataclass, replace

from ledger.models import Posting
from practices.permissions import Can

#: Why a copy cannot be updated.
WHY_NOT: dict[str, str] = {
    Posting.Blocked.SETTLED: "Money is set against it in Sage: take the payment off there first, or credit it.",
    Posting.Blocked.LOCKED: "It is on a VAT return or before the lock date: credit it and issue it anew.",
}
#: The same of the copy of an invoice that was taken back.
CREDITED = "It is credited in full, so it stays as it is."
#: What a demo practice says wherever its ledger would have to be asked.
PRETENDED = "The Sage of a demo practice is only pretended, so nothing can be read there, sent there or changed there."
#: Pages that ask the ledger, and forms that end there.
ASKING = {
    "ledger:posting-release",
    "ledger:posting-retry",
    "sage:credit-note-copy",
    "sage:invoice-check",
    "sage:invoice-copy",
    "sage:invoice-preview",
    "sage:invoice-relink",
    "sage:invoice-update",
    "sage:posting-fix",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """The document a posting is about, as far as its state depends on it; a contact needs none of it."""

    pk: int = 0
    is_draft: bool = False
    is_void: bool = False
    #: The client's own switch (F18, F64), and where it is turned.
    leaves_by_itself: bool = True
    client_id: int = 0
    #: Counts the amendments after issue.
    revision: int = 1
    #: `paid`, `part_paid` or anything else, as money mirrored here says.
    settlement: str = ""
    is_credited: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to press: a page to go to, or with ``is_change`` a form to send; ``reason`` why it cannot be."""

    label: str
    page: str = ""
    pk: int = 0
    right: Can = Can.POST_TO_LEDGER
    is_change: bool = False
    icon: str = ""
    url: str = ""
    reason: str = ""
    #: What follows the page's address, as `?side=ours`.
    query: str = ""


def of_pretended(action: Action) -> Action:
    """The same for a ledger that is only made up: what would ask it cannot be pressed, and says why."""
    asks = action.page in ASKING or action.query
    return replace(action, reason=PRETENDED) if asks else action


def choose(subject: Subject, label: str) -> Action:
    """To the dialog in which customer, VAT, accounts and dates of a copy are chosen (FEATURES 4.13)."""
    return Action(label, "sage:invoice-copy", subject.pk, icon="send")


def preview(subject: Subject) -> Action:
    """The document as the ledger will show it; nothing is sent."""
    return Action("Preview as Sage", "sage:invoice-preview", subject.pk, Can.SEE, icon="eye")


def release(posting: Posting, label: str) -> Action:
    """Let a held posting leave."""
    return change(label, "ledger:posting-release", posting, "send")


def change(label: str, page: str, posting: Posting, icon: str = "") -> Action:
    """A form about a posting."""
    return Action(label, page, posting.pk, is_change=True, icon=icon)


def withdraw(posting: Posting) -> Action:
    """Take a posting out of the queue, while it certainly has not arrived."""
    reason = "An earlier try may have reached Sage." if posting.may_have_landed else ""
    if posting.status == Posting.Status.LEASED:
        reason = posting.under_way_in_words
    return Action("Withdraw", "ledger:posting-cancel", posting.pk, is_change=True, icon="x", reason=reason)


def details(posting: Posting) -> Action:
    """Everything that is known of a posting, with what the ledger answered."""
    return Action("Details", "sage:posting-detail", posting.pk, Can.SEE)


def mark_handled(posting: Posting) -> Action:
    """To where somebody takes a refusal over, puts it off or says that it was handled."""
    return Action("Mark as handled…", "sage:posting-attention", posting.pk, icon="check")


def review(pk: int, label: str = "Review differences") -> Action:
    """Both sides beside each other, with a choice for each field."""
    return Action(label, "sage:invoice-differences", pk, icon="git-compare")


def why_not_change(copy: Posting, subject: Subject) -> str:
    """Why the ledger takes no change of the copy, empty where it does; what is credited need not be credited first."""
    reason = WHY_NOT.get(copy.blocked, "")
    return CREDITED if reason and subject.is_credited else reason


def take_side(copy: Posting, subject: Subject, label: str, side: str) -> Action:
    """The differences with one side chosen for every field, to be carried out there."""
    reason = why_not_change(copy, subject)
    return Action(label, "sage:invoice-differences", subject.pk, query=f"?side={side}", reason=reason)


def check(subject: Subject) -> Action:
    """Look at the copy in the ledger now."""
    return Action("Check now", "sage:invoice-check", subject.pk, Can.SEE, is_change=True, icon="refresh-cw")


def again(subject: Subject, label: str = "Create new…") -> Action:
    """A further copy, with a reason (F75)."""
    return Action(label, "sage:invoice-copy", subject.pk)


def link_anew(subject: Subject) -> Action:
    """Choose which document of the ledger is the copy."""
    return Action("Link to another…", "sage:invoice-relink", subject.pk)


def accept_void(subject: Subject) -> Action:
    """To where somebody takes over that the ledger has it no more, having read what that does to the money."""
    return Action("Accept, and void it here…", "sage:invoice-differences", subject.pk, Can.ISSUE_INVOICES)


def credit(subject: Subject, label: str = "Credit…") -> Action:
    """A credit note over the whole invoice, once (F78)."""
    reason = "It is credited already: there is one credit note for an invoice." if subject.is_credited else ""
    return Action(label, "invoicing:credit-note-new", subject.pk, Can.CREDIT_INVOICES, reason=reason)


def all_copies(subject: Subject) -> Action:
    """Every copy, the latest marked."""
    return Action("All copies", "sage:invoice-differences", subject.pk, Can.SEE)


def look(copy: Posting) -> Action | None:
    """The document in the ledger itself, where its address is known."""
    return Action("Open in Sage", url=copy.external_url, right=Can.SEE) if copy.external_url else None
