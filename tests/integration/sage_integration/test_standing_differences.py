"""What differs has an age, and a decision about it holds for that difference alone."""

import pytest

from invoicing.operations import issue_credit_note, void_in_ledger
from ledger.models import Posting
from ledger.outbox import cancel_posting, retry_posting
from practices.models import Membership
from practices.tenancy import acting_for, practice_scope
from sage_integration.alerts import stake_of
from sage_integration.attention import Thing, handle, things
from sage_integration.balance import troubles_of_invoices
from sage_integration.models import SageLink
from sage_integration.sessions import open_sage
from sage_integration.sync import pull
from sage_integration.sync.audit import audit_documents
from sage_integration.sync.comparison import Difference, compare
from sage_integration.sync.standing_differences import keep_difference
from tests.factories import TODAY
from tests.integration.sage_integration.polling import GROSS, poll, polled, standing_of
from tests.integration.sage_integration.posting import posted, push_until_settled


def the_thing(practice):
    """The only thing that needs somebody, and how it stands today."""
    with practice_scope(practice.pk):
        [thing] = things()
    return thing, thing.state_on(TODAY)


def handled(practice) -> None:
    """Somebody looked at it and said that it may stay so."""
    with practice_scope(practice.pk):
        [thing] = things()
        handle(thing, "It may stay so", by=Membership.objects.filter(practice=practice)[0].user)


def change(sage, theirs, what: str, number: int) -> None:
    """One change of an accountant; each number is another one of the same kind."""
    line = {"id": theirs["invoice_lines"][0]["id"]}
    match what:
        case "due date":
            sage.edit_invoice(theirs["id"], due_date=f"2027-05-0{number}")
        case "words":
            sage.edit_invoice(theirs["id"], invoice_lines=[{**line, "description": f"Work {number}"}])
        case "total":
            price = {"unit_price": f"9{number}.00", "tax_amount": f"1{number}.00"}
            sage.edit_invoice(theirs["id"], invoice_lines=[{**line, **price}])
        case "VAT alone":
            sage.edit_invoice(
                theirs["id"],
                invoice_lines=[{**line, "unit_price": f"10{number}.00", "tax_amount": f"{20 - number}.00"}],
            )
        case "customer":
            other = sage.add_contact(name=f"Other {number}")
            sage.edit_invoice(theirs["id"], contact_id=other["id"])
        case "outstanding":
            stamp = {"updated_at": sage.now()}
            sage.change_record("sales_invoices", theirs["id"], outstanding_amount=f"5{number}.00", **stamp)


@pytest.mark.parametrize("what", ["due date", "words", "total", "outstanding"])
def test_fault_52_a_later_change_in_sage_needs_somebody_anew_whatever_was_decided_about_the_earlier_one(
    brook, sage, acme, clock, what
):
    polled(brook)
    moments = []
    for number in (1, 2):
        clock.shift(600)
        change(sage, acme.theirs, what, number)
        assert poll(brook).counts["states_changed"] == 1, number
        thing, state = the_thing(brook)
        assert state == "open", number
        moments.append(thing.since)
        clock.shift(60)
        handled(brook)
    assert (moments[1] - moments[0]).total_seconds() > 600


@pytest.mark.parametrize(
    ("what", "stake"), [("due date", 0), ("words", 0), ("total", 18), ("VAT alone", 1), ("customer", 120)]
)
def test_p05_what_an_edit_makes_of_the_money_is_at_stake_and_not_the_whole_invoice(
    brook, sage, acme, clock, what, stake
):
    polled(brook)
    clock.shift(600)
    change(sage, acme.theirs, what, 1)
    poll(brook)
    thing, _ = the_thing(brook)
    with practice_scope(brook.pk):
        [trouble] = troubles_of_invoices()
        assert (thing.amount, trouble.amount) == (stake, stake)
    whole = Thing("posting", 1, thing.since, thing.label, "Refused", amount=GROSS)
    assert stake_of([whole, thing]) == GROSS, "one document counts once, with the most"


def test_fault_52_a_difference_is_as_old_as_it_is_however_often_it_is_found(brook, sage, acme, clock):
    """By polls, by night, and under another number."""
    polled(brook)
    clock.shift(600)
    change(sage, acme.theirs, "due date", 1)
    poll(brook)
    first, _ = the_thing(brook)
    clock.shift(60)
    handled(brook)
    for renumbered in (False, True):
        clock.shift(3600)
        if renumbered:
            number = {"invoice_number": "X-77", "displayed_as": "X-77", "updated_at": sage.now()}
            sage.change_record("sales_invoices", acme.theirs["id"], **number)
        assert poll(brook).counts.get("states_changed", 0) == 0
        with acting_for(brook.pk):
            audit_documents()
        poll(brook)
        thing, state = the_thing(brook)
        assert (thing.since, state) == (first.since, "handled")
    assert "X-77" in thing.sentence


def test_a_difference_from_before_its_content_was_kept_keeps_its_age(brook, sage, acme, clock):
    polled(brook)
    clock.shift(600)
    change(sage, acme.theirs, "total", 1)
    poll(brook)
    first, _ = the_thing(brook)
    with practice_scope(brook.pk):
        SageLink.objects.update(differs_by="")
    clock.shift(600)
    poll(brook)
    assert the_thing(brook)[0].since == first.since


@pytest.mark.parametrize("what", ["void", "due date"])
def test_fault_64_a_row_of_a_list_that_came_late_takes_no_difference_back(
    brook, enabled, sage, acme, clock, what
):
    """It was asked for before the change, and is compared after that is known: the document itself is read again."""
    polled(brook)
    with acting_for(brook.pk), open_sage(enabled) as client:
        [late] = client.sales_invoices.list()
    clock.shift(600)
    if what == "void":
        sage.void_invoice(acme.theirs["id"])
    else:
        change(sage, acme.theirs, what, 1)
    poll(brook)
    before, standing = the_thing(brook), standing_of(acme)
    assert standing in (Posting.Standing.VOID, Posting.Standing.CHANGED)
    clock.shift(600)
    with practice_scope(brook.pk):
        link = SageLink.objects.select_related("posting").get()
        keep_difference(link, compare(link, late))
        assert SageLink.objects.get().wanted_at is not None
    assert (the_thing(brook), standing_of(acme)) == (before, standing)
    poll(brook)
    assert (the_thing(brook), standing_of(acme)) == (before, standing)


def test_f78_what_differed_while_a_credit_note_was_refused_is_over_once_it_is_set_against_the_invoice(
    brook, sage, acme, clock
):
    """The allocation is our own and touches nothing here, so the invoice is read once more because of it."""
    polled(brook)
    with practice_scope(brook.pk):
        note = issue_credit_note(acme.invoice, reason="Left", issued_on=TODAY, on=TODAY)
    sage.arm("forbidden", on="POST /sales_credit_notes")
    push_until_settled(brook, clock)
    clock.shift(600)
    with acting_for(brook.pk):
        run = pull.reread_open_invoices()
    assert "£120.00 is outstanding in Sage, and £0.00 here" in run.problem
    poll(brook)
    with practice_scope(brook.pk):
        retry_posting(Posting.objects.of(Posting.Kind.CREDIT_NOTE_CREATE, note.pk).get())
        assert len(things()) == 1
    push_until_settled(brook, clock)
    with practice_scope(brook.pk):
        assert SageLink.objects.filter(posting__subject_id=acme.invoice.pk, wanted_at__isnull=False).exists()
    clock.shift(600)
    poll(brook)
    with practice_scope(brook.pk):
        assert things() == []


class Lost(BaseException):
    """A worker that is no more: nothing may catch it."""


@pytest.mark.parametrize("what", ["void", "due date", "nothing more"])
def test_fault_67_a_reading_that_is_lost_before_its_end_leaves_what_it_found_to_the_next(
    brook, sage, acme, clock, monkeypatch, what
):
    """The page is behind its cursor then, and the invoice was read: neither may be taken for kept."""
    other = posted(brook, sage)
    polled(brook)
    clock.shift(600)
    if what == "nothing more":
        change(sage, acme.theirs, "due date", 1)
        poll(brook)
        assert the_thing(brook)[1] == "open"
        clock.shift(600)
        sage.edit_invoice(acme.theirs["id"], due_date=acme.theirs["due_date"])
    elif what == "void":
        sage.void_invoice(acme.theirs["id"])
    else:
        change(sage, acme.theirs, what, 1)

    clock.shift(600)
    sage.edit_invoice(
        other.theirs["id"], due_date=other.theirs["due_date"]
    )  # The cursor passes the row by far.

    def lost(*_):
        raise Lost

    with monkeypatch.context() as worker:
        worker.setattr(pull, "keep_difference", lost)
        with pytest.raises(Lost):
            poll(brook)
    clock.shift(3600)
    poll(brook)
    with practice_scope(brook.pk):
        assert [thing.state_on(TODAY) for thing in things()] == ([] if what == "nothing more" else ["open"])


def test_fault_53_what_differed_is_over_once_it_is_void_on_both_sides_whichever_feed_shows_the_void(
    brook, sage, acme, clock
):
    sage.switch("void_feed", "deleted")
    polled(brook)
    clock.shift(600)
    change(sage, acme.theirs, "total", 1)
    poll(brook)
    assert the_thing(brook)[1] == "open"
    with practice_scope(brook.pk):
        void_in_ledger(acme.invoice, reason="Agreed")
    push_until_settled(brook, clock)
    poll(brook)
    with practice_scope(brook.pk):
        assert things() == []


@pytest.mark.parametrize("is_partly_theirs", [False, True])
def test_f76_a_credit_note_on_its_way_is_no_difference_unless_more_differs(
    brook, enabled, sage, acme, clock, is_partly_theirs
):
    polled(brook)
    clock.shift(600)
    with practice_scope(brook.pk):
        issue_credit_note(acme.invoice, reason="Not agreed", issued_on=TODAY, on=TODAY)
    stamp = {"updated_at": sage.now()}
    owed = "50.00" if is_partly_theirs else "120.00"
    sage.change_record("sales_invoices", acme.theirs["id"], outstanding_amount=owed, **stamp)
    poll(brook)
    with practice_scope(brook.pk):
        assert len(things()) == is_partly_theirs


def test_f76_a_credit_note_that_does_not_leave_any_more_is_told_as_the_difference_it_is(
    brook, enabled, sage, acme, clock
):
    polled(brook)
    clock.shift(600)
    with practice_scope(brook.pk):
        note = issue_credit_note(acme.invoice, reason="Not agreed", issued_on=TODAY, on=TODAY)
        [posting] = Posting.objects.of(Posting.Kind.CREDIT_NOTE_CREATE, note.pk)
    polled(brook)
    with practice_scope(brook.pk):
        assert things() == []
        cancel_posting(posting)
    with acting_for(brook.pk):
        pull.reread_open_invoices()
    thing, _ = the_thing(brook)
    assert "£120.00 is outstanding in Sage, and £0.00 here. CN-000001 is not in Sage yet." in thing.sentence
    assert "Copy its credit note" in thing.way_out


def test_f76_a_credit_note_that_is_held_is_named_only_where_it_explains_what_is_owed(
    brook, enabled, sage, acme, clock
):
    with practice_scope(brook.pk):
        issue_credit_note(acme.invoice, reason="Not agreed", issued_on=TODAY, on=TODAY, leaves=False)
    with acting_for(brook.pk):
        pull.reread_open_invoices()
    assert "CN-000001 is not in Sage yet." in the_thing(brook)[0].sentence
    sage.record_payment(acme.theirs["id"], "40")
    poll(brook)
    assert "A credit note or an allocation in Sage may be the reason." in the_thing(brook)[0].sentence


@pytest.mark.parametrize("what", ["total", "outstanding"])
def test_amounts_in_the_words_of_a_difference_have_thousands(brook, enabled, sage, clock, what):
    copied = posted(brook, sage, prices=("1041.66",))
    polled(brook)
    clock.shift(600)
    change(sage, copied.theirs, what, 1)
    poll(brook)
    assert "£1,249.99" in the_thing(brook)[0].sentence
    with practice_scope(brook.pk):
        assert "£1,249.99" in SageLink.objects.get().difference_in_words


def test_fault_52_a_difference_found_before_amounts_had_thousands_stays_decided(brook, acme):
    with practice_scope(brook.pk):
        link = SageLink.objects.get()
        for gross, is_other in (("£1249.99", True), ("£1,249.99", False), ("£1,249.98", True)):
            difference = Difference("differing", f"INV-000001 is {gross}, and SI-1 in Sage is £96.00.")
            assert keep_difference(link, difference) is is_other
