"""Date and reason of a credit note changed here after it was copied, also where it is set against its invoice (F78)."""

from decimal import Decimal
from unittest.mock import patch

import pytest
from django.urls import reverse

from invoicing.models import CreditNote
from invoicing.operations import amend_credit_note, post_credit_note, update_credit_note
from ledger.models import Posting
from practices.tenancy import acting_for, practice_scope
from sage_integration.attention import things
from sage_integration.models import Attention, SageConnection, SageLink
from sage_integration.sage.resources.sales_credit_notes import SalesCreditNotes
from sage_integration.sync import pull
from sage_integration.sync.audit import audit_documents
from tests.factories import TODAY
from tests.integration.sage_integration.polling import poll, polled
from tests.integration.sage_integration.posting import fresh, issued_invoice, push_once, push_until_settled
from tests.integration.sage_integration.test_corrections import (
    LOST,
    assert_credited_there,
    credit,
    credits_of,
)


def change_note(practice, note, reason: str) -> Posting:
    with practice_scope(practice.pk):
        return update_credit_note(amend_credit_note(note, issued_on=TODAY, reason=reason, on=TODAY))


@pytest.fixture
def credited(brook, sage, acme, clock) -> CreditNote:
    """A credit note that is in Sage and set against its invoice there; the request log is empty."""
    note = credit(brook, acme.invoice)
    push_until_settled(brook, clock)
    sage.forget_requests()
    return note


def test_an_answer_about_another_credit_note_is_no_answer(brook, enabled, sage, acme, clock):
    create = SalesCreditNotes.create

    def answers_for_another(resource, sent):
        return {**create(resource, sent), "id": "f" * 32, "reference": "CN-000001-OTHERS"}

    credit(brook, acme.invoice)
    with patch.object(SalesCreditNotes, "create", answers_for_another):
        push_once(brook)
    assert [each.failure for each in credits_of(brook)] == ["OutcomeUnknown"]
    push_until_settled(brook, clock, tries=12)
    [stored] = sage.sales_credit_notes()
    posting = next(each for each in credits_of(brook) if each.kind == Posting.Kind.CREDIT_NOTE_CREATE)
    assert (posting.status, posting.external_id) == ("posted", stored["id"])


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize(
    "on", ["DELETE /contact_allocations", "PUT /sales_credit_notes", "POST /contact_allocations"]
)
def test_f78_an_allocated_credit_note_is_taken_off_changed_and_set_again(
    brook, sage, acme, credited, clock, on, fault
):
    """FACTS.md 9.4 and 10, whichever answer is lost: one credit note, one allocation, nothing owed on either side."""
    sage.arm(fault, on=on)
    change_note(brook, credited, "Agreed to drop it")
    push_until_settled(brook, clock, tries=20)
    [stored] = sage.sales_credit_notes()
    assert "Agreed to drop it" in stored["notes"]
    assert [Decimal(each["outstanding_amount"]) for each in (stored, *sage.sales_invoices())] == [0, 0]
    assert len(sage.contact_allocations()) == 1
    assert {posting.status for posting in credits_of(brook)} == {"posted"}
    assert fresh(acme.invoice).outstanding == 0


@pytest.mark.parametrize(("plan", "failing"), [("S", "CreditNotAllowed"), ("T", "AllocationNotAllowed")])
def test_f78_a_change_that_sage_refuses_leaves_the_invoice_credited(
    brook, enabled, sage, credited, clock, plan, failing
):
    sage.change_business(enabled.business_id, plan=plan)
    change = change_note(brook, credited, "Agreed to drop it")
    push_until_settled(brook, clock, tries=20)
    with practice_scope(brook.pk):
        assert Posting.objects.get(pk=change.pk).failure == failing
    assert len(sage.contact_allocations()) == 1
    assert [Decimal(each["outstanding_amount"]) for each in sage.sales_invoices()] == [0]


def test_f78_what_somebody_set_in_sage_is_left_alone_and_leads_to_a_new_copy(
    brook, sage, acme, credited, clock, client_of
):
    """An allocation made in Sage is nobody's here to take off: refused in words, and *Create new* is offered."""
    [ours] = sage.contact_allocations()
    sage.delete_allocation(ours["id"])
    parts = [
        {"artefact_id": sage.sales_invoices()[0]["id"], "amount": "50"},
        {"artefact_id": sage.sales_credit_notes()[0]["id"], "amount": "-50"},
    ]
    theirs = sage.create(
        "contact_allocations",
        transaction_type_id="CUSTOMER_ALLOCATION",
        contact_id=acme.theirs["contact"]["id"],
        date=TODAY.isoformat(),
        allocated_artefacts=parts,
    )
    change = change_note(brook, credited, "Agreed to drop it")
    push_until_settled(brook, clock)
    assert [each["id"] for each in sage.contact_allocations()] == [theirs["id"]]
    alice = client_of("alice")
    shown = alice.get(f"/p/brook-co/credit-notes/{credited.pk}/").content.decode()
    assert "somebody set" in shown.lower()
    assert "Create new" in shown
    mended = alice.get(f"/p/brook-co/sage/postings/{change.pk}/fix/", follow=True)
    assert mended.status_code == 200
    with practice_scope(brook.pk):
        assert Posting.objects.get(pk=change.pk).failure == "CreditStays"
        post_credit_note(credited, reason="The first one is spoken for in Sage")
        assert Posting.objects.get(pk=change.pk).status == Posting.Status.CANCELLED


@pytest.mark.parametrize("other", ["total", "customer"])
def test_f78_what_somebody_changed_of_it_in_sage_stays_told_after_an_update(
    brook, sage, credited, clock, other
):
    """The update writes a date and a reason: another total or customer there is taken over by nobody here."""
    [stored] = sage.sales_credit_notes()
    theirs: dict[str, object] = {"contact": {"id": "c" * 32}}
    if other == "total":
        amounts = {"net_amount": "90.00", "total_amount": "110.00"}
        line = {**stored["credit_note_lines"][0], "unit_price": "90.00", **amounts}
        theirs = {**amounts, "credit_note_lines": [line]}
    sage.change_record("sales_credit_notes", stored["id"], **theirs)
    change = change_note(brook, credited, "Agreed to drop it")
    push_until_settled(brook, clock)
    for look in (lambda: None, audit_documents):
        with acting_for(brook.pk):
            look()
        with practice_scope(brook.pk):
            assert Posting.objects.get(pk=change.pk).status == Posting.Status.POSTED
            told = {thing.label for thing in things() if thing.kind == Attention.Kind.COPY}
            assert credited.number_label in told


def test_f78_what_an_update_put_right_is_no_difference_any_more(brook, sage, credited, clock):
    """A date moved in Sage is brought back with the next change from here, and nobody waits for the night."""
    clock.shift(60)
    [stored] = sage.sales_credit_notes()
    sage.change_record("sales_credit_notes", stored["id"], date="2027-03-09", updated_at=sage.now())
    with acting_for(brook.pk):
        audit_documents()
    with practice_scope(brook.pk):
        assert [thing.label for thing in things()] == [credited.number_label]
    change_note(brook, credited, "Agreed to drop it")
    push_until_settled(brook, clock)
    with practice_scope(brook.pk):
        link = SageLink.objects.get(posting__kind=Posting.Kind.CREDIT_NOTE_CREATE)
        assert (things(), link.difference, link.posting.standing) == ([], "", "")


def test_f78_a_credit_note_in_a_locked_period_stays_as_it_is(brook, sage, credited, clock):
    sage.change_record("sales_credit_notes", sage.sales_credit_notes()[0]["id"], tax_reconciled=True)
    change = change_note(brook, credited, "Agreed to drop it")
    push_until_settled(brook, clock)
    assert sage.requests("DELETE") == []
    with practice_scope(brook.pk):
        assert "on a VAT return" in Posting.objects.get(pk=change.pk).failure_detail


def test_f78_a_credit_note_before_the_lock_date_stays_as_it_is(brook, enabled, sage, credited, clock):
    """It left in time; since then the books were closed over its day."""
    lock = {"year_end_lockdown_date": TODAY.isoformat()}
    sage.change_business(enabled.business_id, financial_settings=lock)
    with practice_scope(brook.pk):
        SageConnection.objects.update(locked_until=TODAY)
    change = change_note(brook, credited, "Agreed to drop it")
    push_until_settled(brook, clock)
    assert sage.requests("DELETE") == []
    with practice_scope(brook.pk):
        refused = Posting.objects.get(pk=change.pk)
        assert (refused.failure, "locked period" in refused.failure_detail) == ("CreditStays", True)
    assert_credited_there(sage)


def test_f78_a_credit_note_that_was_paid_back_stays_as_it_is(brook, enabled, sage, acme, clock):
    """Sage would have the refund taken off first, which is somebody's doing there (FACTS.md 11.2)."""
    sage.record_payment(acme.theirs["id"], "70.00")
    with acting_for(brook.pk):
        pull.poll_payments()
    note = credit(brook, acme.invoice)
    push_until_settled(brook, clock)
    [stored] = sage.sales_credit_notes()
    assert Decimal(stored["outstanding_amount"]) == 70
    refund = sage.create(
        "contact_payments",
        transaction_type_id="CUSTOMER_REFUND",
        contact_id=stored["contact"]["id"],
        bank_account_id=sage.records("bank_accounts", enabled.business_id)[0]["id"],
        date=TODAY.isoformat(),
        total_amount="70.00",
        allocated_artefacts=[{"artefact_id": stored["id"], "amount": "70.00"}],
    )
    sage.forget_requests()
    change = change_note(brook, note, "Agreed to drop it")
    push_until_settled(brook, clock)
    assert sage.requests("DELETE") == sage.requests("PUT", "/sales_credit_notes") == []
    assert refund["id"] in [each["id"] for each in sage.contact_payments()]
    with practice_scope(brook.pk):
        refused = Posting.objects.get(pk=change.pk)
        assert refused.failure == "CreditStays"
        assert "Money was paid back" in refused.failure_detail


@pytest.fixture
def read_through(brook, sage, credited, clock) -> CreditNote:
    """The same, read since, and a newer invoice stands behind it in every list of what changed."""
    clock.shift(2 * 86_400)
    issued_invoice(brook)
    push_until_settled(brook, clock)
    for _ in range(2):
        clock.shift(1800)
        polled(brook)
    with practice_scope(brook.pk):
        assert things() == []
    return credited


@pytest.mark.parametrize("owed", ["120.00", "20.00"])
def test_f78_a_credit_note_that_somebody_took_off_its_invoice_in_sage_is_told_by_the_next_poll(
    brook, sage, acme, read_through, clock, alice, owed
):
    """Whole or in part; and to people who open its differences: the documents agree, and not the same is owed."""
    [allocation] = sage.contact_allocations()
    clock.shift(300)
    if owed == "120.00":
        sage.delete_allocation(allocation["id"])
    else:
        sage.change_record("contact_allocations", allocation["id"], updated_at=sage.now())
        sage.change_record("sales_invoices", acme.theirs["id"], outstanding_amount=owed)
    assert f"£{owed} is outstanding in Sage, and £0.00 here" in poll(brook).problem
    with practice_scope(brook.pk):
        [thing] = things()
        assert thing.invoice_id == acme.invoice.pk
    page = alice.get(reverse("sage:invoice-differences", args=[brook.slug, acme.invoice.pk]))
    words = page.content.decode()
    assert "Not the same is owed on both sides" in words
    assert "Both sides are the same" not in words


def test_f78_a_credit_note_that_was_taken_off_is_not_asked_about_with_every_poll(
    brook, sage, acme, read_through, clock
):
    [allocation] = sage.contact_allocations()
    sage.delete_allocation(allocation["id"])
    for _ in range(3):
        clock.shift(900)
        poll(brook)
    sage.forget_requests()
    clock.shift(900)
    poll(brook)
    assert not sage.requests("GET", f"/sales_invoices/{acme.theirs['id']}")


def test_f78_a_credit_taken_off_in_sage_differs_on_both_chips_and_leads_to_the_decision(
    brook, sage, acme, credited, client_of
):
    """Of the credit note and of its invoice, on their pages and in the lists; it ends where it is set again there."""
    alice, invoice = client_of("alice"), acme.invoice.pk
    kwargs = {"practice": brook.slug}
    pages = [
        reverse("invoicing:credit-note-detail", kwargs={**kwargs, "pk": credited.pk}),
        reverse("invoicing:invoice-detail", kwargs={**kwargs, "pk": invoice}),
    ]
    lists = [reverse(f"invoicing:{name}-list", kwargs=kwargs) for name in ("credit-note", "invoice")]
    [ours] = sage.contact_allocations()
    sage.delete_allocation(ours["id"])
    poll(brook)
    differences = reverse("sage:invoice-differences", kwargs={**kwargs, "pk": invoice})
    for page in pages:
        answer = alice.get(page).content.decode()
        state = answer.partition('aria-label="Sage"')[2] or answer.partition("<h2>Sage</h2>")[2]
        assert "Differs in Sage" in state, page
        assert "£120.00 is outstanding in Sage, and £0.00 here" in state
        assert f'href="{differences}"' in state
        assert "In Sage as SCN-1" not in answer
    for page in lists:
        answer = alice.get(page).content.decode()
        assert answer.count("Differs in Sage") == 1, page
    assert "set against it again there" in alice.get(differences).content.decode()
    parts = [
        {"artefact_id": sage.sales_invoices()[0]["id"], "amount": "120"},
        {"artefact_id": sage.sales_credit_notes()[0]["id"], "amount": "-120"},
    ]
    sage.create(
        "contact_allocations",
        transaction_type_id="CUSTOMER_ALLOCATION",
        contact_id=acme.theirs["contact"]["id"],
        date=TODAY.isoformat(),
        allocated_artefacts=parts,
    )
    polled(brook)
    for page in [*pages, *lists]:
        assert "Differs in Sage" not in alice.get(page).content.decode(), page
