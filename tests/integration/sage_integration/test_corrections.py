"""What is changed here after an invoice was copied: updated, voided or replaced in Sage, or credited."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest

from invoicing.errors import DatedInTheFuture, IsCredited, SettledInTheLedger
from invoicing.history import events_of
from invoicing.models import CreditNote, Invoice
from invoicing.operations import (
    amend_invoice,
    copy_again,
    issue_credit_note,
    void_in_ledger,
)
from ledger.copies import request_change
from ledger.models import Posting
from practices.tenancy import acting_for, practice_scope, practice_transaction
from sage_integration.connections import current_connection
from sage_integration.models import SageLink
from sage_integration.operations import replace_copy, update_copy
from sage_integration.sessions import open_sage
from sage_integration.sync.comparison import compare
from tests.factories import TODAY
from tests.integration.sage_integration.posting import (
    add_client,
    fresh,
    issue,
    line,
    posted,
    posting_of,
    push_once,
    push_until_settled,
)

LOST = ["drop_answer_after_saving", "half_answer", "empty_answer", "reset_before_saving"]


@pytest.fixture
def acme(brook, enabled, sage):
    """An invoice of £120 that is in Sage."""
    return posted(brook, sage)


def amend(invoice, *prices) -> Invoice:
    with practice_scope(invoice.practice_id):
        return amend_invoice(
            invoice,
            [line(price) for price in prices],
            tax_point=invoice.tax_point,
            due_on=invoice.due_on,
            reason="Agreed another fee",
            on=TODAY,
        )


def ask(invoice, operation, **fields) -> Posting:
    with practice_scope(invoice.practice_id):
        return operation(Invoice.objects.get(pk=invoice.pk), **fields)


def look(practice, invoice) -> None:
    """What a poll or a person does: read the copy in Sage again."""
    with acting_for(practice.pk):
        with practice_scope(practice.pk):
            connection, link = current_connection(), SageLink.objects.get(posting=posting_of_now(invoice))
        with open_sage(connection) as client:
            stored = client.sales_invoices.get(link.sage_id)
        with practice_scope(practice.pk):
            compare(SageLink.objects.select_related("posting").get(pk=link.pk), stored)


def posting_of_now(invoice) -> Posting:
    return Posting.objects.filter(subject_id=invoice.pk, kind="invoice.create").latest("copy")


def changes_of(invoice, kind: str) -> Posting:
    with practice_scope(invoice.practice_id):
        return Posting.objects.filter(subject_id=invoice.pk, kind=kind).latest("pk")


def live(sage) -> list[dict]:
    return [each for each in sage.sales_invoices() if each["status"]["id"] != "VOID"]


def test_f73_an_update_changes_the_same_invoice_in_sage(brook, sage, acme):
    sage.forget_requests()
    amend(acme.invoice, "150.00")
    ask(acme.invoice, update_copy)
    push_once(brook)
    [stored] = sage.sales_invoices()
    assert (stored["id"], Decimal(stored["total_amount"])) == (acme.theirs["id"], Decimal("180.00"))
    assert len(sage.requests("PUT", "/sales_invoices")) == 1
    assert sage.requests("POST", "/sales_invoices") == []
    copy = posting_of(acme.invoice)
    assert (copy.held_revision, copy.standing) == (2, "")


@pytest.mark.parametrize("remembered", [True, False])
def test_f73_each_of_two_updates_is_made_once_whether_or_not_sage_remembers_ids_of_puts(
    brook, sage, acme, clock, remembered
):
    """FACTS.md 17, 6: Sage is read before and after each change, so neither reading of it repeats or swallows one."""
    sage.switch("idempotency_on_put", remembered)
    for prices, lines in (("100.00", "50.00"), 2), (("100.00", "50.00", "25.00"), 3):
        amend(acme.invoice, *prices)
        ask(acme.invoice, update_copy)
        sage.arm("drop_answer_after_saving", on="PUT /sales_invoices")
        push_until_settled(brook, clock)
        assert len(live(sage)[0]["invoice_lines"]) == lines
    assert len(sage.requests("PUT", "/sales_invoices")) == 2
    assert posting_of(acme.invoice).held_revision == fresh(acme.invoice).revision


@pytest.mark.parametrize("put_lines", ["merge", "replace"])
def test_f73_a_line_is_added_in_place_whatever_sage_does_with_lines_left_out(brook, sage, acme, put_lines):
    sage.switch("put_lines", put_lines)
    amend(acme.invoice, "100.00", "50.00")
    ask(acme.invoice, update_copy)
    push_once(brook)
    [stored] = sage.sales_invoices()
    assert (len(stored["invoice_lines"]), Decimal(stored["total_amount"])) == (2, Decimal("180.00"))


@pytest.mark.parametrize("put_lines", ["merge", "replace"])
def test_a_line_is_taken_off_by_voiding_and_copying_again(brook, enabled, sage, clock, put_lines):
    sage.switch("put_lines", put_lines)
    acme = posted(brook, sage, prices=("100.00", "50.00"))
    amend(acme.invoice, "100.00")
    ask(acme.invoice, update_copy)
    push_until_settled(brook, clock)
    [stored] = live(sage)
    assert Decimal(stored["total_amount"]) == Decimal("120.00")
    assert len(sage.sales_invoices()) == 2
    assert fresh(acme.invoice).status == Invoice.Status.ISSUED
    assert posting_of(acme.invoice).copy == 2


@pytest.mark.parametrize("fault", LOST)
def test_an_update_whose_answer_is_lost_is_made_once(brook, sage, acme, clock, fault):
    amend(acme.invoice, "100.00", "50.00")
    ask(acme.invoice, update_copy)
    sage.arm(fault, on="PUT /sales_invoices")
    push_until_settled(brook, clock)
    [stored] = sage.sales_invoices()
    assert (len(stored["invoice_lines"]), Decimal(stored["total_amount"])) == (2, Decimal("180.00"))
    assert changes_of(acme.invoice, "invoice.update").status == Posting.Status.POSTED


def test_f74_an_update_touches_the_latest_copy_only(brook, sage, acme, clock):
    ask(acme.invoice, copy_again, reason="The first one was sent to the wrong branch")
    push_until_settled(brook, clock)
    amend(acme.invoice, "150.00")
    ask(acme.invoice, update_copy)
    push_until_settled(brook, clock)
    totals = {each["reference"]: Decimal(each["total_amount"]) for each in sage.sales_invoices()}
    assert totals == {acme.posting.reference: Decimal(120), posting_of(acme.invoice).reference: Decimal(180)}


def test_f75_create_new_makes_a_second_invoice_and_marks_the_latest(brook, sage, acme, clock):
    ask(acme.invoice, copy_again, reason="The client lost the first one")
    push_until_settled(brook, clock)
    assert len(live(sage)) == 2
    latest = posting_of(acme.invoice)
    assert (latest.copy, latest.reason) == (2, "The client lost the first one")


def test_fault_52_what_somebody_changed_in_sage_is_not_overwritten(brook, sage, acme):
    amend(acme.invoice, "150.00")
    ask(acme.invoice, update_copy)
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-01")
    push_once(brook)
    posting = changes_of(acme.invoice, "invoice.update")
    assert (posting.status, posting.failure) == (Posting.Status.FAILED, "ChangedInSage")
    [stored] = sage.sales_invoices()
    assert (stored["due_date"], Decimal(stored["total_amount"])) == ("2027-05-01", Decimal(120))


def test_fault_52_an_edit_of_a_line_that_keeps_the_total_is_seen(brook, sage, acme):
    [stored] = acme.theirs["invoice_lines"]
    sage.edit_invoice(
        acme.theirs["id"],
        invoice_lines=[{"id": stored["id"], "description": "Something else"}],
    )
    look(brook, acme.invoice)
    assert posting_of(acme.invoice).standing == "changed"


def test_p12_a_paid_invoice_is_not_changed_and_the_reason_is_said(brook, sage, acme):
    amend(acme.invoice, "150.00")
    posting = ask(acme.invoice, update_copy)
    sage.record_payment(acme.theirs["id"], "40")
    push_once(brook)
    posting = changes_of(acme.invoice, "invoice.update")
    assert posting.failure == "SettledInSage"
    look(brook, acme.invoice)
    with pytest.raises(SettledInTheLedger):
        amend(acme.invoice, "160.00")


def test_fault_61_an_invoice_on_a_vat_return_is_not_changed(brook, sage, acme):
    amend(acme.invoice, "150.00")
    ask(acme.invoice, update_copy)
    sage.change_record("sales_invoices", acme.theirs["id"], tax_reconciled=True, editable=False)
    push_once(brook)
    assert changes_of(acme.invoice, "invoice.update").failure == "LockedInSage"


@pytest.mark.parametrize("reason_in", ["query", "body", "either"])
def test_a_void_asked_for_here_voids_there_first_and_then_here(brook, sage, acme, reason_in):
    sage.switch("void_reason_in", reason_in)
    ask(acme.invoice, void_in_ledger, reason="Billed twice")
    assert fresh(acme.invoice).status == Invoice.Status.ISSUED
    push_once(brook)
    [stored] = sage.sales_invoices()
    assert (stored["status"]["id"], stored["void_reason"]) == ("VOID", "Billed twice")
    assert fresh(acme.invoice).status == Invoice.Status.VOID


@pytest.mark.parametrize("fault", LOST)
def test_a_void_whose_answer_is_lost_is_found_void(brook, sage, acme, clock, fault):
    ask(acme.invoice, void_in_ledger, reason="Billed twice")
    sage.arm(fault, on="DELETE /sales_invoices")
    push_until_settled(brook, clock)
    assert fresh(acme.invoice).status == Invoice.Status.VOID
    assert live(sage) == []


def test_replacing_voids_the_copy_and_makes_one_new(brook, sage, acme, clock):
    ask(acme.invoice, replace_copy, reason="Wrong contact")
    push_until_settled(brook, clock)
    [stored] = live(sage)
    assert stored["reference"] == posting_of(acme.invoice).reference
    assert fresh(acme.invoice).status == Invoice.Status.ISSUED


def test_a_second_change_waits_for_the_first(brook, sage, acme):
    amend(acme.invoice, "150.00")
    ask(acme.invoice, update_copy)
    with practice_scope(brook.pk), pytest.raises(Exception, match="on its way"):
        request_change("invoice.void", posting_of_now(acme.invoice), label="INV-1")


def credit(practice, invoice, **fields) -> CreditNote:
    with practice_scope(practice.pk):
        values = {"reason": "The client left", "issued_on": TODAY, "on": TODAY, **fields}
        return issue_credit_note(Invoice.objects.get(pk=invoice.pk), **values)


def credits_of(practice) -> list[Posting]:
    with practice_scope(practice.pk):
        return list(Posting.objects.filter(kind__startswith="credit_note").order_by("pk"))


def assert_credited_there(sage) -> None:
    [note] = sage.sales_credit_notes()
    [stored] = sage.sales_invoices()
    assert note["contact"]["id"] == stored["contact"]["id"]
    assert (Decimal(note["outstanding_amount"]), note["status"]["id"]) == (0, "PAID")
    assert Decimal(stored["outstanding_amount"]) == 0
    assert len(sage.contact_allocations()) == 1


def assert_credited(practice, sage, acme) -> None:
    assert_credited_there(sage)
    assert [posting.status for posting in credits_of(practice)] == ["posted", "posted"]
    assert fresh(acme.invoice).outstanding == 0


@pytest.mark.parametrize("status", ["UNPAID", "DRAFT"])
def test_f78_a_credit_note_reaches_sage_final_and_settles_its_invoice(brook, sage, acme, clock, status):
    """Whether Sage makes new credit notes final or drafts (FACTS.md 17, 9); nobody enters it there by hand (P19)."""
    sage.switch("credit_note_default_status", status)
    credit(brook, acme.invoice)
    push_until_settled(brook, clock)
    assert_credited(brook, sage, acme)


def test_f78_an_invoices_activity_says_that_its_credit_note_reached_sage(brook, sage, acme, clock):
    credit(brook, acme.invoice)
    push_until_settled(brook, clock)
    with practice_scope(brook.pk):
        invoice = Invoice.objects.get(pk=acme.invoice.pk)
        said = {event["text"]: event["detail"] for event in events_of(invoice)}
        number = SageLink.objects.get(posting__kind=Posting.Kind.CREDIT_NOTE_CREATE).sage_number
    assert said["Credit note reached Sage"] == number
    assert said["Credit note set against the invoice in Sage"] == f"{number} against SI-1"


@pytest.mark.parametrize("on", ["POST /sales_credit_notes", "POST /contact_allocations"])
@pytest.mark.parametrize("fault", LOST)
def test_f78_a_lost_answer_leaves_one_credit_note_and_one_allocation(brook, sage, acme, clock, fault, on):
    credit(brook, acme.invoice)
    sage.arm(fault, on=on)
    push_until_settled(brook, clock, tries=20)
    assert_credited(brook, sage, acme)


def test_f78_an_invoice_is_credited_once(brook, sage, acme):
    credit(brook, acme.invoice)
    with pytest.raises(IsCredited):
        credit(brook, acme.invoice)


def test_f77_a_credit_note_goes_nowhere_before_its_invoice(brook, enabled, sage):
    with practice_scope(brook.pk):
        invoice = issue(add_client(posts_automatically=False))
    credit(brook, invoice)
    assert credits_of(brook) == []


@pytest.mark.parametrize(("plan", "failing"), [("S", "CreditNotAllowed"), ("T", "AllocationNotAllowed")])
def test_a_plan_without_credit_notes_or_allocations_is_explained(brook, enabled, sage, clock, plan, failing):
    acme = posted(brook, sage)
    sage.change_business(enabled.business_id, plan=plan)
    credit(brook, acme.invoice)
    push_until_settled(brook, clock)
    assert failing in [posting.failure for posting in credits_of(brook)]


def test_a_credited_invoice_is_neither_amended_nor_voided(brook, sage, acme):
    credit(brook, acme.invoice)
    with pytest.raises(IsCredited):
        amend(acme.invoice, "150.00")
    with pytest.raises(IsCredited):
        ask(acme.invoice, void_in_ledger, reason="Too late")


def test_numbers_of_credit_notes_have_no_gaps(brook, enabled, sage):
    first, second = posted(brook, sage, "Acme Ltd"), posted(brook, sage, "Bolt Ltd")
    with pytest.raises(DatedInTheFuture):
        credit(brook, first.invoice, issued_on=TODAY + timedelta(days=1))
    with acting_for(brook.pk), suppress(ZeroDivisionError), practice_transaction():
        issue_credit_note(first.invoice, reason="x", issued_on=TODAY, on=TODAY)
        1 / 0  # noqa: B018 - what was numbered in a transaction that failed gives its number back
    assert [credit(brook, each.invoice).number_label for each in (first, second)] == [
        "CN-000001",
        "CN-000002",
    ]


def test_a_change_in_sage_is_forgotten_when_it_is_put_back(brook, sage, acme, clock):
    due = acme.theirs["due_date"]
    sage.edit_invoice(acme.theirs["id"], due_date=str(TODAY + timedelta(days=60)))
    look(brook, acme.invoice)
    assert posting_of(acme.invoice).standing == "changed"
    sage.edit_invoice(acme.theirs["id"], due_date=due)
    look(brook, acme.invoice)
    assert posting_of(acme.invoice).standing == ""
