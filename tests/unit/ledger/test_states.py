"""Each state of a document has one chip, one main action, and a reason for what cannot be pressed (FEATURES 4.12)."""

from datetime import UTC, datetime

import pytest

from ledger.models import LedgerSettings, Posting
from ledger.states import Subject, posting_state

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


@pytest.mark.parametrize(("found", "subject", "ledger", "chip", "main"), STATES)
def test_each_state_has_its_chip_and_its_main_action_f68_f71(found, subject, ledger, chip, main):
    state = posting_state(found, subject, ledger)
    assert (state.label, state.main and state.main.label) == (chip, main)


@pytest.mark.parametrize(("found", "subject", "ledger"), [row[:3] for row in STATES])
def test_whatever_cannot_be_pressed_says_why(found, subject, ledger):
    state = posting_state(found, subject, ledger)
    for action in (state.main, *state.others):
        assert action is None or action.reason or action.page or action.url, action


def test_what_may_have_landed_cannot_be_withdrawn_in_any_state():
    for status in ("pending", "leased", "failed"):
        state = posting_state(posting(status, attempted_at=NOON), INVOICE, OPEN)
        [withdraw] = [action for action in state.others if action.label == "Withdraw"]
        assert withdraw.reason


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
