"""Each state of a document has one chip, one main action, and a reason for what cannot be pressed (FEATURES 4.12)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ledger.actions import ASKING, Subject
from ledger.actions import CREDITED as CREDITED_STAYS
from ledger.models import LedgerSettings, Posting
from ledger.states import posting_state
from practices.models import Practice

NOON = datetime(2027, 3, 10, 12, 0, tzinfo=UTC)
OPEN = LedgerSettings(accepts_postings=True)
CLOSED = LedgerSettings(accepts_postings=False)
PAUSED = LedgerSettings(accepts_postings=True, paused_at=NOON)
INVOICE = Subject(pk=7, client_id=3)
SWITCHED_OFF = Subject(pk=7, client_id=3, leaves_by_itself=False)
DRAFT = Subject(pk=7, client_id=3, is_draft=True)
VOID = Subject(pk=7, client_id=3, is_void=True)


def posting(status: str, **fields) -> Posting:
    return Posting(pk=1, status=status, reference="INV-000007-AAAAAA", **fields)


STATES = [
    (None, DRAFT, OPEN, "Draft here", "Issue and copy to Sage"),
    (None, DRAFT, CLOSED, "Draft here", "Issue"),
    (None, VOID, OPEN, "Not in Sage", None),
    (None, INVOICE, OPEN, "Ready", "Copy to Sage"),
    (posting("cancelled"), INVOICE, OPEN, "Ready", "Copy to Sage"),
    (None, INVOICE, CLOSED, "Not connected", "Connect Sage"),
    (posting("held"), INVOICE, CLOSED, "Not connected", "Connect Sage"),
    (posting("held"), SWITCHED_OFF, OPEN, "Off for this client", "Copy once"),
    (posting("held"), INVOICE, OPEN, "Held", "Release"),
    (posting("pending"), INVOICE, OPEN, "Queued", "Copy to Sage"),
    (posting("pending"), INVOICE, PAUSED, "Held", None),
    (posting("pending"), INVOICE, CLOSED, "Held", None),
    (posting("pending", attempted_at=NOON), INVOICE, OPEN, "Checking with Sage", "Copy to Sage"),
    (posting("leased", attempted_at=NOON), INVOICE, OPEN, "Copying", "Copy to Sage"),
    (posting("posted", external_number="SI-4"), INVOICE, OPEN, "In Sage as SI-4", None),
    (posting("posted", external_number="SI-DRAFT"), INVOICE, OPEN, "In Sage as a draft", None),
    (
        posting("failed", failure="RateNotMapped", remedy="Map the VAT rate"),
        INVOICE,
        OPEN,
        "Needs mapping",
        "Map the VAT rate",
    ),
    (
        posting("failed", failure="PeriodClosed", remedy="Look at the invoice"),
        INVOICE,
        OPEN,
        "Locked",
        "Look at the invoice",
    ),
    (posting("failed", failure="SageRejected"), INVOICE, OPEN, "Failed", "Try again"),
]


#: The other actions of a document that is not in the ledger, beside *Details* where there is a posting.
OTHERS = {
    "Draft here": {"Choose and copy…", "Preview as Sage"},
    "Ready": {"Preview as Sage"},
    "Off for this client": {"Turn on for this client", "Withdraw"},
    "Needs mapping": {"Try again", "Choose and copy…", "Withdraw", "Mark as handled…"},
    "Failed": {"Choose and copy…", "Withdraw", "Mark as handled…"},
    "Queued": {"Withdraw"},
    "Copying": {"Withdraw"},
    "Checking with Sage": {"Withdraw"},
}


@pytest.mark.parametrize(("found", "subject", "ledger", "chip", "main"), STATES)
def test_f68_f71_each_state_offers_the_other_actions_of_the_table(found, subject, ledger, chip, main):
    if chip in OTHERS and ledger is OPEN:
        if found and found.status == "failed":
            found.kind = Posting.Kind.INVOICE_CREATE
        state = posting_state(found, subject, ledger)
        offered = {each.label for each in state.others} - {"Details"}
        assert offered == OTHERS[chip]


@pytest.mark.parametrize(("found", "subject", "ledger", "chip", "main"), STATES)
def test_each_state_has_its_chip_and_its_main_action_f68_f71(found, subject, ledger, chip, main):
    state = posting_state(found, subject, ledger)
    assert (state.label, state.main and state.main.label) == (chip, main)


@pytest.mark.parametrize(("found", "subject", "ledger"), [row[:3] for row in STATES])
def test_whatever_cannot_be_pressed_says_why(found, subject, ledger):
    state = posting_state(found, subject, ledger)
    for action in (state.main, *state.others):
        assert action is None or action.reason or action.page or action.url, action


@pytest.mark.parametrize(("found", "subject"), [row[:2] for row in STATES])
def test_nothing_that_would_ask_a_pretended_ledger_can_be_pressed(found, subject):
    """A demo practice's Sage answers nobody, so whatever would ask it says so instead (F09)."""
    ledger = LedgerSettings(practice=Practice(pk=9, is_demo=True))
    state = posting_state(found, subject, ledger)
    offered = [action for action in (state.main, *state.others) if action and not action.reason]
    assert not {action.page for action in offered} & (ASKING | {"sage:connection-detail"})
    assert "connected" not in state.note


def test_what_may_have_landed_cannot_be_withdrawn_in_any_state():
    for status in ("pending", "leased", "failed"):
        state = posting_state(posting(status, attempted_at=NOON), INVOICE, OPEN)
        [withdraw] = [action for action in state.others if action.label == "Withdraw"]
        assert withdraw.reason


@pytest.mark.parametrize(
    ("found", "under_way", "why"),
    [
        (posting("leased"), None, "It is being copied right now."),
        (posting("leased", kind="invoice.void"), None, "It is being voided right now."),
        (posting("leased", kind="credit_note.update"), None, "It is being updated right now."),
        (
            posting("posted", kind="invoice.create"),
            posting("leased", kind="invoice.void"),
            "It is being voided right now.",
        ),
        (
            posting("posted", kind="invoice.create"),
            posting("leased", kind="invoice.update"),
            "It is being updated right now.",
        ),
    ],
)
def test_f75_what_is_done_in_sage_right_now_is_said_beside_each_button(found, under_way, why):
    state = posting_state(found, INVOICE, OPEN, change=under_way)
    [withdraw] = [action for action in state.others if action.label == "Withdraw"]
    assert state.main is not None
    assert (state.main.reason, withdraw.reason) == (why, why)


def test_the_place_in_the_queue_is_told():
    main = posting_state(posting("pending"), INVOICE, OPEN, place=12).main
    assert main is not None
    assert main.reason == "Number 12 in the queue."


def test_a_waiting_reason_tells_when_it_is_tried_again():
    state = posting_state(
        posting("pending", failure="SageRateLimited", failure_detail="Sage is busy.", not_before=NOON),
        INVOICE,
        OPEN,
    )
    assert state.note == "Sage is busy. Next try: 10 Mar 2027, 12:00."


def test_a_role_sees_only_what_it_may_press_f88():
    state = posting_state(posting("failed", failure="SageRejected"), INVOICE, OPEN)
    assert state.visible_to("staff").main is None
    assert [action.label for action in state.visible_to("staff").others] == ["Details"]
    assert state.visible_to("manager").main == state.main


def copy(**fields) -> Posting:
    """A copy in the ledger with a page of its own there."""
    particulars = {"external_number": "SI-4", "external_url": "https://sage.example/4", "held_revision": 1}
    return posting("posted", **{"kind": Posting.Kind.INVOICE_CREATE, **particulars, **fields})


def change(kind: str = Posting.Kind.INVOICE_UPDATE, status: str = "pending", **fields) -> Posting:
    return posting(status, kind=kind, subject_id=7, **fields)


AMENDED = replace(INVOICE, revision=2)
PAID, PART_PAID = replace(INVOICE, settlement="paid"), replace(INVOICE, settlement="part_paid")
CREDITED = replace(INVOICE, settlement="paid", is_credited=True)
OF_SETTLED = {"Check now", "Credit…", "Update in Sage"}
OF_CHANGED = {"View differences", "Check now", "Create new…", "Discard changes"}
WAYS = {"Copy again…", "Accept, and void it here…", "Check now"}
REFUSED = change(status="failed", failure="ChangedInSage")
#: Of a copy that is in Sage: how it stands there and here, the chip, the main button and all the others.
COPIED = [
    (copy(), INVOICE, None, 1, "In Sage as SI-4", "Open in Sage", {"Check now", "Create new…", "Credit…"}),
    (
        copy(),
        AMENDED,
        None,
        1,
        "Changed here",
        "Update in Sage",
        {"View differences", "Check now", "Create new…", "Discard changes"},
    ),
    (
        copy(standing="changed"),
        INVOICE,
        None,
        1,
        "Changed in Sage",
        "Review differences",
        {"Take theirs", "Push ours", "Check now", "Credit…"},
    ),
    (
        copy(standing="changed"),
        AMENDED,
        None,
        1,
        "Changed on both sides",
        "Review differences",
        {"Check now"},
    ),
    (
        copy(blocked="settled"),
        PART_PAID,
        None,
        1,
        "Part paid in Sage",
        "Open in Sage",
        {"Check now", "Credit…", "Update in Sage"},
    ),
    (
        copy(blocked="settled"),
        PAID,
        None,
        1,
        "Paid in Sage",
        "Open in Sage",
        {"Check now", "Credit…", "Update in Sage"},
    ),
    (
        copy(blocked="settled"),
        PART_PAID,
        None,
        2,
        "Part paid in Sage",
        "Open latest",
        {"All copies", "Check now", "Credit…", "Update in Sage"},
    ),
    # What is entered here alone says nothing of Sage.
    (copy(), PAID, None, 1, "In Sage as SI-4", "Open in Sage", {"Check now", "Create new…", "Credit…"}),
    (copy(), PART_PAID, None, 1, "In Sage as SI-4", "Open in Sage", {"Check now", "Create new…", "Credit…"}),
    (copy(), CREDITED, None, 1, "Credited", "Open in Sage", OF_SETTLED),
    (
        copy(blocked="locked"),
        INVOICE,
        None,
        1,
        "Locked in Sage",
        "Credit and re-issue",
        {"Open in Sage", "Check now"},
    ),
    (copy(standing="void"), INVOICE, None, 1, "Void in Sage", "Decide", WAYS),
    (copy(standing="missing"), INVOICE, None, 1, "Missing in Sage", "Decide", WAYS | {"Link to another…"}),
    (
        copy(),
        INVOICE,
        None,
        2,
        "Copied 2 times",
        "Open latest",
        {"All copies", "Check now", "Create new…", "Credit…"},
    ),
    (copy(), AMENDED, change(), 1, "Queued", "Update in Sage", {"Withdraw"}),
    (copy(), AMENDED, change(status="leased"), 1, "Updating", "Update in Sage", {"Withdraw"}),
    (copy(), INVOICE, change("invoice.void", "leased"), 1, "Voiding", "Void in Sage", {"Withdraw"}),
    (copy(), INVOICE, change(Posting.Kind.INVOICE_VOID), 1, "Queued", "Void in Sage", {"Withdraw"}),
    (
        copy(),
        AMENDED,
        change(status="failed", failure="ChangedInSage"),
        1,
        "Failed",
        "Review differences",
        {"Try again", "Mark as handled…"},
    ),
]


@pytest.mark.parametrize(("found", "subject", "under_way", "copies", "chip", "main", "others"), COPIED)
def test_f70_to_f75_and_p12_each_state_of_a_copy_has_its_chip_and_its_actions(
    found, subject, under_way, copies, chip, main, others
):
    state = posting_state(found, subject, OPEN, change=under_way, copies=copies)
    assert (state.label, state.main.label) == (chip, main)
    assert {each.label for each in state.others} == others | {"Details"}


@pytest.mark.parametrize(("found", "subject", "under_way", "copies", "chip", "main", "others"), COPIED)
def test_p12_no_button_leads_to_what_sage_would_refuse(found, subject, under_way, copies, chip, main, others):
    state = posting_state(found, subject, OPEN, change=under_way, copies=copies)
    update = [each for each in (state.main, *state.others) if each.page == "sage:invoice-update"]
    if found.blocked or found.standing:
        assert all(each.reason for each in update)
    for each in (state.main, *state.others):
        assert each.page or each.url or each.reason, f"{each.label} leads nowhere and does not say why"


@pytest.mark.parametrize("subject", [INVOICE, PART_PAID, PAID, CREDITED])
def test_f75_a_further_copy_that_counts_is_told_whatever_was_paid_or_credited(subject):
    found = copy(blocked="" if subject is INVOICE else "settled")
    state = posting_state(found, subject, OPEN, copies=2)
    becomes = CREDITED_STAYS if subject is CREDITED else "Changes go to the latest, SI-4."
    assert state.note == f"Sage holds 2 copies of it. {becomes}"


@pytest.mark.parametrize(("held", "offered"), [(1, True), (0, False)])
def test_f72_changes_are_discarded_only_where_sage_ever_held_the_invoice(held, offered):
    """Of a document that somebody wrote in Sage himself there is no state of ours to go back to."""
    copy = posting("posted", kind=Posting.Kind.INVOICE_CREATE, held_revision=held)
    state = posting_state(copy, replace(INVOICE, revision=2), OPEN)
    assert state.label == "Changed here"
    assert ("Discard changes" in {each.label for each in state.others}) is offered


@pytest.mark.parametrize(
    ("found", "label", "said", "behind_its_number"),
    [
        (copy(), "In Sage as SI-4", "In Sage as SI-4", "in Sage"),
        (copy(standing="void"), "Void in Sage", "Was SI-4 in Sage, void there now", "void in Sage"),
        (
            copy(standing="missing"),
            "Missing in Sage",
            "Was SI-4 in Sage, not there any more",
            "no longer in Sage",
        ),
        (copy(standing="cleared"), "Credited in Sage", "In Sage as SI-4, credited there", "credited in Sage"),
        (copy(kind="invoice.void"), "Voided in Sage", "Voided in Sage", "in Sage"),
        (change("invoice.void", "leased"), "Voiding", "Voiding", "in Sage"),
        (copy(kind="invoice.update"), "Updated in Sage", "Updated in Sage", "in Sage"),
    ],
)
def test_f75_the_queue_says_of_each_posting_what_became_of_it_in_sage(found, label, said, behind_its_number):
    """As the list of postings asks: without what the document is here."""
    assert posting_state(found, Subject(), OPEN).label == label
    assert (found.state_in_words, found.whereabouts) == (said, behind_its_number)


def test_f78_an_invoice_that_was_credited_is_not_asked_to_be_credited_so_that_it_can_be_updated():
    copy = posting(
        "posted", external_number="SI-4", blocked="settled", kind="invoice.create", held_revision=1
    )
    credited = posting_state(copy, replace(INVOICE, settlement="paid", is_credited=True), OPEN)
    [reason] = [each.reason for each in credited.others if each.label == "Update in Sage"]
    assert reason == "It is credited in full, so it stays as it is."
    [reason] = [
        each.reason
        for each in posting_state(copy, replace(INVOICE, settlement="part_paid"), OPEN).others
        if each.label == "Update in Sage"
    ]
    assert "or credit it" in reason


@pytest.mark.parametrize(
    ("standing", "revision", "labels"),
    [("", 2, {"Update in Sage"}), ("changed", 1, {"Take theirs", "Push ours"})],
)
@pytest.mark.parametrize(
    ("blocked", "why"), [("settled", CREDITED_STAYS), ("locked", CREDITED_STAYS), ("", "")]
)
def test_f78_a_changed_invoice_that_was_credited_is_not_asked_to_be_credited_either(
    standing, revision, labels, blocked, why
):
    """While Sage still takes a change, it is made there first, so that the credit note clears all of the copy."""
    found = copy(standing=standing, blocked=blocked)
    state = posting_state(found, replace(CREDITED, revision=revision), OPEN)
    reasons = {each.label: each.reason for each in (state.main, *state.others) if each}
    assert {label: reasons[label] for label in labels} == dict.fromkeys(labels, why)
