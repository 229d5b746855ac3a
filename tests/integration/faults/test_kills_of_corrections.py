"""Workers killed while they change, void, credit or allocate: the next one finishes it, once (faults 24 to 26)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from devtools.faults.interference import Moment
from devtools.faults.victim import KILLED, run_victim
from invoicing.models import CreditNote, Invoice
from invoicing.operations import amend_credit_note, issue_credit_note, update_credit_note, void_in_ledger
from ledger.models import Posting
from practices.tenancy import practice_scope
from sage_integration.operations import replace_copy, update_copy
from tests.factories import TODAY
from tests.integration.sage_integration.posting import (
    fresh,
    posted,
    posting_of,
    push_until_settled,
)
from tests.integration.sage_integration.test_corrections import amend, ask, live
from tests.invariants import assert_sound

CHANGE_POINTS = ["change read", "change intended", "change sent", "change recorded"]
CREDIT_POINTS = ["credit intended", "credit sent", "credit recorded"]
ALLOCATION_POINTS = ["allocation intended", "allocation sent", "allocation recorded"]


@pytest.fixture
def acme(brook, enabled, sage):
    """An invoice of £120 that is in Sage."""
    return posted(brook, sage)


def killed_at(practice, point: str) -> bool:
    return run_victim("push", practice.pk, Moment("crash point", words=point)) == KILLED


def postings(invoice_or_note, kind: str) -> list[Posting]:
    with practice_scope(invoice_or_note.practice_id):
        return list(Posting.objects.filter(kind=kind, subject_id=invoice_or_note.pk).order_by("pk"))


@pytest.mark.parametrize("put_lines", ["merge", "replace"])
@pytest.mark.parametrize("point", CHANGE_POINTS)
def test_f73_an_update_is_made_once_wherever_its_worker_dies(brook, sage, acme, clock, point, put_lines):
    sage.switch("put_lines", put_lines)
    amend(acme.invoice, "100.00", "50.00")
    ask(acme.invoice, update_copy)
    assert killed_at(brook, point)
    push_until_settled(brook, clock)
    [stored] = sage.sales_invoices()
    assert (len(stored["invoice_lines"]), Decimal(stored["total_amount"])) == (2, Decimal(180))
    assert [each.status for each in postings(acme.invoice, "invoice.update")] == [Posting.Status.POSTED]
    assert posting_of(acme.invoice).held_revision == fresh(acme.invoice).revision
    assert_sound(sage)


@pytest.mark.parametrize("point", CHANGE_POINTS)
def test_a_void_is_made_once_and_taken_over_wherever_its_worker_dies(brook, sage, acme, clock, point):
    ask(acme.invoice, void_in_ledger, reason="Billed to the wrong client")
    assert killed_at(brook, point)
    push_until_settled(brook, clock)
    [stored] = sage.sales_invoices()
    assert stored["status"]["id"] == "VOID"
    assert len(sage.requests("DELETE", "/sales_invoices")) == 1
    assert fresh(acme.invoice).status == Invoice.Status.VOID


@pytest.mark.parametrize("point", [*CHANGE_POINTS, "intended", "sent"])
def test_a_replacement_leaves_one_live_copy_wherever_its_worker_dies(brook, sage, acme, clock, point):
    amend(acme.invoice, "150.00")
    ask(acme.invoice, replace_copy, reason="A line has to go")
    assert killed_at(brook, point)
    push_until_settled(brook, clock, tries=16)
    [stored] = live(sage)
    assert (Decimal(stored["total_amount"]), len(sage.sales_invoices())) == (Decimal(180), 2)
    assert posting_of(acme.invoice).copy == 2
    assert fresh(acme.invoice).status == Invoice.Status.ISSUED


@pytest.mark.parametrize("point", CHANGE_POINTS)
def test_a_draft_is_deleted_and_made_anew_wherever_its_worker_dies(brook, enabled, sage, clock, point):
    """Drafts: delete and re-create (FACTS.md 9.4); a draft that is gone already is no reason to stop."""
    with practice_scope(brook.pk):
        type(enabled).objects.update(arrives_as="draft")
    acme = posted(brook, sage)
    assert acme.theirs["status"]["id"] == "DRAFT"
    amend(acme.invoice, "150.00")
    ask(acme.invoice, update_copy)
    assert killed_at(brook, point)
    push_until_settled(brook, clock, tries=16)
    [stored] = sage.sales_invoices()
    assert (stored["status"]["id"], stored["id"] != acme.theirs["id"]) == ("DRAFT", True)
    assert posting_of(acme.invoice).copy == 2


@pytest.fixture
def note(brook, acme) -> CreditNote:
    """A credit note over the whole of it, on its way."""
    with practice_scope(brook.pk):
        invoice = Invoice.objects.get(pk=acme.invoice.pk)
        return issue_credit_note(invoice, reason="Not agreed", issued_on=TODAY, on=TODAY)


def assert_credited_once(sage, note) -> None:
    [stored] = sage.sales_credit_notes()
    [allocation] = sage.contact_allocations()
    [invoice] = sage.sales_invoices()
    assert {Decimal(part["amount"]) for part in allocation["allocated_artefacts"]} == {
        Decimal(120),
        Decimal(-120),
    }
    assert Decimal(stored["outstanding_amount"]) == Decimal(invoice["outstanding_amount"]) == 0
    for kind in ("credit_note.create", "credit_note.allocate"):
        assert [each.status for each in postings(note, kind)] == [Posting.Status.POSTED]


@pytest.mark.parametrize("status", ["UNPAID", "DRAFT"])
@pytest.mark.parametrize("point", CREDIT_POINTS)
def test_f78_a_credit_note_is_made_and_allocated_once_wherever_its_worker_dies(
    brook, sage, note, clock, point, status
):
    sage.switch("credit_note_default_status", status)
    assert killed_at(brook, point)
    push_until_settled(brook, clock, tries=16)
    assert_credited_once(sage, note)


def test_f78_a_credit_note_that_was_made_a_draft_is_released_by_the_next_worker(brook, sage, note, clock):
    sage.switch("credit_note_default_status", "DRAFT")
    assert killed_at(brook, "credit released")
    push_until_settled(brook, clock, tries=16)
    assert_credited_once(sage, note)


@pytest.mark.parametrize("idempotency", [True, False])
@pytest.mark.parametrize("point", ALLOCATION_POINTS)
def test_f78_an_allocation_is_made_once_wherever_its_worker_dies(
    brook, sage, note, clock, point, idempotency
):
    sage.switch("idempotency", idempotency)
    assert killed_at(brook, point)
    push_until_settled(brook, clock, tries=16)
    assert_credited_once(sage, note)


@pytest.mark.parametrize(
    "point",
    ["credit taking off intended", "credit taken off", "credit change intended", "credit change sent"],
)
def test_f78_an_allocated_credit_note_is_changed_and_set_again_once_wherever_its_worker_dies(
    brook, sage, note, clock, point
):
    push_until_settled(brook, clock)
    [first] = sage.contact_allocations()
    with practice_scope(brook.pk):
        update_credit_note(amend_credit_note(note, issued_on=TODAY, reason="Agreed to drop it", on=TODAY))
    assert killed_at(brook, point)
    clock.shift(timedelta(minutes=6))  # The dead worker's lease holds up what waits behind it.
    push_until_settled(brook, clock, tries=16)
    [stored] = sage.sales_credit_notes()
    [allocation] = sage.contact_allocations()
    assert "Agreed to drop it" in stored["notes"]
    assert allocation["id"] != first["id"]
    assert {Decimal(part["amount"]) for part in allocation["allocated_artefacts"]} == {
        Decimal(120),
        Decimal(-120),
    }
    assert (
        Decimal(stored["outstanding_amount"]) == Decimal(sage.sales_invoices()[0]["outstanding_amount"]) == 0
    )
    assert len(sage.requests("PUT", "/sales_credit_notes")) == 1
    assert [each.status for each in postings(note, "credit_note.allocate")] == [Posting.Status.POSTED] * 2
    assert_sound(sage)


@pytest.mark.parametrize("point", ["allocation intended", "allocation sent", "allocation recorded"])
def test_f78_a_changed_credit_note_is_set_again_once_wherever_that_worker_dies(
    brook, sage, note, clock, point
):
    """The id of the first allocation would be answered with the one that was taken off (FACTS.md 14)."""
    push_until_settled(brook, clock)
    with practice_scope(brook.pk):
        update_credit_note(amend_credit_note(note, issued_on=TODAY, reason="Agreed to drop it", on=TODAY))
    assert killed_at(brook, point)
    push_until_settled(brook, clock, tries=16)
    assert len(sage.contact_allocations()) == 1
    assert len(sage.requests("PUT", "/sales_credit_notes")) == 1
    assert Decimal(sage.sales_credit_notes()[0]["outstanding_amount"]) == 0


@pytest.mark.parametrize("point", ["credit change intended", "credit change sent"])
def test_f78_an_update_of_a_credit_note_is_made_once_wherever_its_worker_dies(
    brook, sage, note, clock, point
):
    push_until_settled(brook, clock)
    # What somebody took off in Sage is not set again here.
    sage.delete_allocation(sage.contact_allocations()[0]["id"])
    with practice_scope(brook.pk):
        update_credit_note(amend_credit_note(note, issued_on=TODAY, reason="Agreed to drop it", on=TODAY))
    assert killed_at(brook, point), postings(note, "credit_note.update")[0].failure_detail
    push_until_settled(brook, clock)
    [stored] = sage.sales_credit_notes()
    assert "Agreed to drop it" in stored["notes"]
    assert len(sage.requests("PUT", "/sales_credit_notes")) == 1
    assert [each.status for each in postings(note, "credit_note.update")] == [Posting.Status.POSTED]
