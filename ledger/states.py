"""What a person reads about a document on its way to the ledger, and what can be done next: one function for all pages.

Pages show the chip, its note and the buttons; none of them decides anything by itself.
"""

from dataclasses import dataclass, replace
from typing import Self

from ledger import actions
from ledger.actions import CREDITED, WHY_NOT, Action, Subject
from ledger.copies import NEVER_HELD
from ledger.models import LedgerSettings, Posting
from practices.permissions import Can, may
from practices.templatetags.dates import written_instant

Status = Posting.Status
#: Reasons of a refusal that a choice on a page settles: an account, a VAT rate or a contact.
UNRESOLVED = {
    "AccountNotMapped",
    "AmbiguousContact",
    "ContactDiffers",
    "ContactTaken",
    "ContactUnusable",
    "MappingMissing",
    "RateNotMapped",
    "RateUnsuitable",
}
#: The ledger takes nothing of that date any more.
CLOSED = {"PeriodClosed"}


@dataclass(frozen=True, slots=True)
class State:
    """A chip, what it means, the one main action and the others."""

    key: str
    label: str
    tone: str = "neutral"
    icon: str = ""
    note: str = ""
    main: Action | None = None
    others: tuple[Action, ...] = ()

    def within(self, ledger: LedgerSettings) -> Self:
        """The same with a reason at whatever would be asked of a ledger that is only made up."""
        if not ledger.is_pretended:
            return self
        main = actions.of_pretended(self.main) if self.main else None
        return replace(self, main=main, others=tuple(map(actions.of_pretended, self.others)))

    def visible_to(self, role: str) -> Self:
        """The same with only what this role may do."""
        main = self.main if self.main and may(role, self.main.right) else None
        return replace(self, main=main, others=tuple(each for each in self.others if may(role, each.right)))


def posting_state(
    posting: Posting | None,
    subject: Subject,
    ledger: LedgerSettings,
    *,
    place: int | None = None,
    change: Posting | None = None,
    copies: int = 1,
) -> State:
    """How a document stands with the ledger; ``place`` is its place in the queue where that is known.

    ``change`` is a change of the copy that has not come to its end, ``copies`` how many of them the ledger holds.
    """
    state = _state(posting, subject, ledger, place=place, change=change, copies=copies)
    return state.within(ledger)


def _state(
    posting: Posting | None,
    subject: Subject,
    ledger: LedgerSettings,
    *,
    place: int | None,
    change: Posting | None,
    copies: int,
) -> State:
    if posting is None or posting.status == Status.CANCELLED:
        return _without_posting(subject, ledger)
    if posting.status == Status.HELD:
        return _held(posting, subject, ledger)
    if posting.status == Status.FAILED:
        return _failed(posting, subject)
    if posting.status == Status.POSTED:
        if posting.kind == Posting.Kind.INVOICE_CREATE and subject.pk and not subject.is_void:
            return _copied(posting, subject, ledger, change, copies)
        if posting.kind in Posting.ACTS:
            return replace(_posted(posting), label=posting.state_in_words, note="")
        return _gone(posting) if posting.standing in Posting.GONE else _posted(posting)
    return _on_its_way(posting, ledger, place)


def _without_posting(subject: Subject, ledger: LedgerSettings) -> State:
    if subject.is_draft:
        leaves = subject.leaves_by_itself and ledger.accepts_postings
        label = "Issue and copy to Sage" if leaves else "Issue"
        issue = Action(label, "invoicing:invoice-issue", subject.pk, Can.ISSUE_INVOICES, is_change=True)
        note = (
            "It goes to Sage when it is issued."
            if leaves
            else "Once issued, it is held until somebody copies it."
        )
        if ledger.is_pretended:
            note = actions.PRETENDED
        words = f"A draft is not in Sage. {note}"
        others: tuple[Action, ...] = ()
        if ledger.accepts_postings:
            others = (actions.choose(subject, "Choose and copy…"), actions.preview(subject))
        return State("draft", "Draft here", icon="pencil", note=words, main=issue, others=others)
    if subject.is_void:
        return State("void", "Not in Sage", icon="x", note="It is void, and never reached Sage.")
    if not ledger.accepts_postings:
        return _not_connected(ledger)
    copy, note = actions.choose(subject, "Copy to Sage"), "It is not in Sage, and nothing stands in its way."
    return State("ready", "Ready", "info", "send", note, copy, (actions.preview(subject),))


def _not_connected(ledger: LedgerSettings) -> State:
    if ledger.is_pretended:
        return State("not_connected", "Held here", icon="unplug", note=actions.PRETENDED)
    connect = Action("Connect Sage", "sage:connection-detail", right=Can.MANAGE_CONNECTION, icon="plug")
    return State(
        "not_connected",
        "Not connected",
        icon="unplug",
        note="It is held until Sage is connected and enabled.",
        main=connect,
    )


def _held(posting: Posting, subject: Subject, ledger: LedgerSettings) -> State:
    if not ledger.accepts_postings:
        state = _not_connected(ledger)
    elif not subject.leaves_by_itself:
        state = State(
            "off",
            "Off for this client",
            icon="pause",
            note="Invoices of this client stay here unless somebody copies them.",
            main=actions.choose(subject, "Copy once")
            if subject.pk
            else actions.release(posting, "Copy once"),
            others=(
                Action(
                    "Turn on for this client", "clients:client-edit", subject.client_id, Can.MANAGE_CLIENTS
                ),
            ),
        )
    else:
        state = State(
            "held",
            "Held",
            "warn",
            "pause",
            "It waits for somebody to release it.",
            actions.release(posting, "Release"),
            (actions.choose(subject, "Choose and copy…"),) if subject.pk else (),
        )
    return replace(state, others=(*state.others, actions.withdraw(posting), actions.details(posting)))


def _failed(posting: Posting, subject: Subject) -> State:
    again = actions.change("Try again", "ledger:posting-retry", posting, "refresh-cw")
    rest: tuple[Action, ...] = (
        actions.withdraw(posting),
        actions.mark_handled(posting),
        actions.details(posting),
    )
    if subject.pk and posting.kind == Posting.Kind.INVOICE_CREATE and not posting.may_have_landed:
        rest = (actions.choose(subject, "Choose and copy…"), *rest)
    key, label = "failed", "Failed"
    if posting.failure in UNRESOLVED:
        key, label = "needs_mapping", "Needs mapping"
    elif posting.failure in CLOSED:
        key, label = "locked", "Locked"
    note = posting.failure_detail or "Sage did not take it. Mend the cause and try again."
    if not posting.remedy:
        return State(key, label, "bad", note=note, main=again, others=rest)
    mend = Action(posting.remedy, "sage:posting-fix", posting.pk, icon="wrench")
    return State(key, label, "bad", note=note, main=mend, others=(again, *rest))


def _posted(posting: Posting) -> State:
    number = posting.external_number
    is_draft = number.endswith("DRAFT")
    label = "In Sage as a draft" if is_draft else f"In Sage as {number}" if number else "In Sage"
    note = "It gets its number, and counts, once somebody releases it in Sage." if is_draft else ""
    look = actions.look(posting)
    return State("in_sage", label, "good", note=note, main=look, others=(actions.details(posting),))


def _gone(posting: Posting) -> State:
    """A copy that counts no more in the ledger, of what counts no more here either."""
    label = Posting.standing_in_words(posting.status, posting.standing)
    return State(
        "void", label, icon="x", note=f"{posting.state_in_words}.", others=(actions.details(posting),)
    )


def _copied(
    copy: Posting, subject: Subject, ledger: LedgerSettings, change: Posting | None, copies: int
) -> State:
    """A copy that is in the ledger, beside the invoice here (FEATURES 4.12): the first thing that holds."""
    if change is not None:
        return _changing(change, ledger)
    if copy.standing in UNDECIDED:
        return _undecided(copy, subject)
    is_changed_here = subject.revision > copy.held_revision
    is_changed_there = copy.standing == Posting.Standing.CHANGED
    if is_changed_here or is_changed_there:
        return _changed(copy, subject, here=is_changed_here, there=is_changed_there)
    if copy.blocked == Posting.Blocked.LOCKED and subject.settlement != "paid" and not subject.is_credited:
        return _locked(copy, subject)
    is_settled_here = subject.settlement in SETTLED
    if copy.blocked == Posting.Blocked.SETTLED or (is_settled_here and subject.is_credited):
        state = _settled(copy, subject)
        return _among(copies, state, copy, subject) if copies > 1 else state
    state = _posted(copy)
    if is_settled_here:
        state = replace(
            state, note="What was paid or written off is entered here; Sage knows nothing of it yet."
        )
    rest = (actions.check(subject), actions.again(subject), actions.credit(subject), actions.details(copy))
    state = replace(state, others=rest)
    if copies > 1:
        state = replace(state, key="copied_again", label=f"Copied {copies} times")
        return _among(copies, state, copy, subject)
    return state


def _among(copies: int, state: State, copy: Posting, subject: Subject) -> State:
    """The state of the latest of several copies that all count in the ledger, saying so."""
    latest = copy.external_number or copy.reference
    becomes = CREDITED if subject.is_credited else f"Changes go to the latest, {latest}."
    return replace(
        state,
        note=f"Sage holds {copies} copies of it. {becomes}",
        main=replace(state.main, label="Open latest") if state.main else None,
        others=(actions.all_copies(subject), *state.others),
    )


def _changing(change: Posting, ledger: LedgerSettings) -> State:
    """A change or void on its way; the copy itself is in the ledger all the while."""
    state = (
        _failed(change, Subject()) if change.status == Status.FAILED else _on_its_way(change, ledger, None)
    )
    if change.status == Status.FAILED:
        review = actions.review(change.subject_id)
        state = replace(
            state,
            main=review,
            others=(
                actions.change("Try again", "ledger:posting-retry", change, "refresh-cw"),
                actions.mark_handled(change),
                actions.details(change),
            ),
        )
    return state


def _undecided(copy: Posting, subject: Subject) -> State:
    decide = actions.review(subject.pk, "Decide")
    key, label, note = UNDECIDED[copy.standing]
    ways: tuple[Action, ...] = (actions.again(subject, "Copy again…"), actions.accept_void(subject))
    if copy.standing == Posting.Standing.MISSING:
        ways = (actions.link_anew(subject), *ways)
    rest = (*ways, actions.check(subject), actions.details(copy))
    return State(key, label, "bad", "circle-alert", note, decide, rest)


def _changed(copy: Posting, subject: Subject, *, here: bool, there: bool) -> State:
    review = actions.review(subject.pk)
    if not there:
        reason = actions.why_not_change(copy, subject)
        update = Action(
            "Update in Sage",
            "sage:invoice-update",
            subject.pk,
            is_change=True,
            icon="refresh-cw",
            reason=reason,
        )
        discard = Action(
            "Discard changes",
            "invoicing:invoice-discard-changes",
            subject.pk,
            Can.ISSUE_INVOICES,
            is_change=True,
        )
        note = "It was changed here since it was copied. Sage still has it as it was."
        # Of what the ledger never held there is nothing to go back to.
        back = () if copy.held_revision == NEVER_HELD else (discard,)
        others = (
            actions.review(subject.pk, "View differences"),
            actions.check(subject),
            actions.again(subject),
            *back,
            actions.details(copy),
        )
        return State("changed_here", "Changed here", "warn", "pencil", note, update, others)
    if here:
        note = (
            "It was changed here and in Sage since it was copied. Nothing is overwritten before you choose."
        )
        return State(
            "changed_both",
            "Changed on both sides",
            "warn",
            "git-compare",
            note,
            review,
            (actions.check(subject), actions.details(copy)),
        )
    note = "Somebody changed it in Sage. Take that over, or bring ours back."
    sides = (
        actions.take_side(copy, subject, "Take theirs", "theirs"),
        actions.take_side(copy, subject, "Push ours", "ours"),
    )
    rest = (*sides, actions.check(subject), actions.credit(subject), actions.details(copy))
    return State("changed_there", "Changed in Sage", "warn", "git-compare", note, review, rest)


def _locked(copy: Posting, subject: Subject) -> State:
    note = "It is on a VAT return or before the lock date in Sage, so neither side changes it any more."
    credit = actions.credit(subject, "Credit and re-issue")
    look = actions.look(copy)
    others = tuple(each for each in (look, actions.check(subject), actions.details(copy)) if each)
    return State("locked", "Locked in Sage", "neutral", "lock", note, credit, others)


def _settled(copy: Posting, subject: Subject) -> State:
    is_paid = subject.settlement == "paid"
    words = "Credited" if subject.is_credited else "Paid in Sage" if is_paid else "Part paid in Sage"
    reason = CREDITED if subject.is_credited else WHY_NOT[Posting.Blocked.SETTLED]
    update = Action("Update in Sage", reason=reason)
    rest = (actions.check(subject), actions.credit(subject), update, actions.details(copy))
    key = "paid" if is_paid else "part_paid"
    return replace(_posted(copy), key=key, label=words, others=rest)


#: What waits for a decision: key, chip, what it means.
UNDECIDED: dict[str, tuple[str, str, str]] = {
    Posting.Standing.VOID: (
        "void_in_sage",
        "Void in Sage",
        "It was voided in Sage, and still counts here. Accept that, or copy it again.",
    ),
    Posting.Standing.MISSING: (
        "missing_in_sage",
        "Missing in Sage",
        "Sage does not have it any more. Link it to another document there, copy it again, or accept it.",
    ),
}
SETTLED = {"paid", "part_paid"}


def _on_its_way(posting: Posting, ledger: LedgerSettings, place: int | None) -> State:
    asked, _, _ = Posting.ACTS.get(posting.kind, ("Copy", "Copying", "Copied"))
    asked = f"{asked} in Sage" if posting.kind in Posting.ACTS else "Copy to Sage"

    def state(key: str, label: str, reason: str, note: str) -> State:
        waiting = Action(asked, reason=reason, icon="send")
        rest = (actions.withdraw(posting), actions.details(posting))
        return State(key, label, "working", note=note, main=waiting, others=rest)

    if posting.status == Status.LEASED:
        return state(
            "copying",
            posting.state_in_words,
            posting.under_way_in_words,
            "It is on its way to Sage.",
        )
    note = posting.failure_detail
    if note:
        note = f"{note} Next try: {written_instant(posting.not_before)}."
    if posting.may_have_landed:
        reason = f"We are looking for {posting.reference} in Sage first."
        return state("checking", "Checking with Sage", reason, note or reason)
    if ledger.paused_at or not ledger.accepts_postings:
        words = "Copying is paused: it leaves once somebody resumes it on the Sage page."
        if not ledger.accepts_postings:
            words = (
                actions.PRETENDED if ledger.is_pretended else "Sage is not connected: it leaves once it is."
            )
        rest = (actions.withdraw(posting), actions.details(posting))
        return State("held", "Held", "warn", "pause", words, others=rest)
    reason = f"Number {place} in the queue." if place else "It is waiting for its turn."
    return state("queued", "Queued", reason, note or "It leaves by itself within a few seconds.")
