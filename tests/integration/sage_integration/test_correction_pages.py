"""The pages on which copies are checked, updated, made anew and credited."""

import re

import pytest

from invoicing.history import events_of
from invoicing.models import CreditNote, Invoice
from invoicing.operations import copy_again, mark_voided_in_ledger
from ledger.models import Posting
from practices.models import AuditEntry
from practices.tenancy import practice_scope
from sage_integration.attention import things
from sage_integration.balance import balance
from sage_integration.models import SageLink
from tests.integration.sage_integration.posting import fresh, posted, posting_of, push_once
from tests.integration.sage_integration.test_corrections import amend, look


@pytest.fixture
def acme(brook, enabled, sage):
    """An invoice of £120 that is in Sage."""
    return posted(brook, sage)


def path(brook, what: str, invoice, app: str = "sage/") -> str:
    return f"/p/{brook.slug}/{app}invoices/{invoice.pk}/{what}"


def page(browser, brook, invoice) -> str:
    return browser.get(path(brook, "", invoice, "")).content.decode()


def test_f72_the_invoice_page_shows_each_state_with_what_can_be_done(brook, sage, acme, alice):
    shown = page(alice, brook, acme.invoice)
    assert "Create new…" in shown
    assert "Check now" in shown
    amend(acme.invoice, "150.00")
    shown = page(alice, brook, acme.invoice)
    assert "Changed here" in shown
    assert "Update in Sage" in shown
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-01")
    look(brook, acme.invoice)
    assert "Changed on both sides" in page(alice, brook, acme.invoice)
    assert "Changed on both sides" in alice.get(f"/p/{brook.slug}/invoices/").content.decode()


def test_f73_update_is_a_button_and_the_differences_have_four_columns(brook, sage, acme, alice):
    amend(acme.invoice, "150.00")
    shown = alice.get(path(brook, "differences/", acme.invoice)).content.decode()
    for words in ("Agreed", "Ours now", "Last copied", "In Sage", "£100.00", "£150.00", "Changed here"):
        assert words in shown
    answer = alice.post(path(brook, "update/", acme.invoice))
    assert answer.status_code == 303
    push_once(brook)
    assert "Changed here" not in page(alice, brook, acme.invoice)


@pytest.mark.parametrize("what", ["update/", "copy/", "replace/"])
def test_f68_a_member_without_the_right_may_not_copy_or_update(brook, acme, client_of, what):
    assert client_of("bob").post(path(brook, what, acme.invoice)).status_code == 403


def test_fault_53_a_void_in_sage_is_seen_and_accepted(brook, sage, acme, alice):
    sage.void_invoice(acme.theirs["id"])
    assert alice.post(path(brook, "check/", acme.invoice)).status_code == 303
    assert "Void in Sage" in page(alice, brook, acme.invoice)
    assert "Accept, and void it here" in alice.get(path(brook, "differences/", acme.invoice)).content.decode()
    assert alice.post(path(brook, "accept-void/", acme.invoice, "")).status_code == 303
    assert fresh(acme.invoice).status == Invoice.Status.VOID


@pytest.mark.parametrize("gone", ["void", "deleted"])
@pytest.mark.parametrize("decides", ["accepts", "copies again"])
def test_fault_53_what_is_gone_from_sage_is_in_the_inbox_and_the_balance_until_somebody_decided(
    brook, sage, acme, alice, gone, decides
):
    """The inbox asks about a void as about a missing one, and about neither once it was accepted or copied again."""
    if gone == "void":
        sage.void_invoice(acme.theirs["id"])
    else:
        sage.delete_record("sales_invoices", acme.theirs["id"])
    alice.post(path(brook, "check/", acme.invoice))
    with practice_scope(brook.pk):
        assert [thing.label for thing in things()] == [acme.invoice.number_label]
        assert (balance().intended, balance().in_sage, balance().is_even) == (1, 0, False)
    assert acme.invoice.number_label in alice.get(f"/p/{brook.slug}/inbox/").content.decode()
    with practice_scope(brook.pk):
        if decides == "accepts":
            mark_voided_in_ledger(acme.invoice)
        else:
            copy_again(acme.invoice, reason="It was voided by mistake")
    push_once(brook)
    with practice_scope(brook.pk):
        left = 0 if decides == "accepts" else 1
        assert things() == []
        assert (balance().intended, balance().in_sage, balance().is_even) == (left, left, True)


@pytest.mark.parametrize(
    ("gone", "words"), [("void", "Void there"), ("deleted", "Not there any more")], ids=["void", "deleted"]
)
def test_fault_53_pages_call_nothing_the_same_or_a_total_in_sage_once_it_is_gone(
    brook, sage, acme, alice, gone, words
):
    """What was seen there last is named so, and each way to decide says what it does to the money."""
    if gone == "void":
        sage.void_invoice(acme.theirs["id"])
    else:
        sage.delete_record("sales_invoices", acme.theirs["id"])
    alice.post(path(brook, "check/", acme.invoice))
    shown = alice.get(path(brook, "differences/", acme.invoice)).content.decode()
    for said in (words, "Last seen in Sage", "Was the same", "goes on owing £120.00", "owes £120.00 less"):
        assert said in shown, said
    assert "In Sage now" not in shown
    assert ">Same<" not in shown
    for receipt in (
        alice.get(path(brook, "receipt/", acme.invoice)),
        alice.get(f"/p/{brook.slug}/sage/postings/{acme.posting.pk}/"),
    ):
        total = receipt.content.decode().partition("Total in Sage")[2].partition("</div>")[0]
        assert re.search(rf"<dd>\s*{words}", total), total
        assert "it was" in total


def test_f88_whoever_may_not_decide_reads_why_beside_each_way_out(brook, sage, acme, client_of):
    sage.void_invoice(acme.theirs["id"])
    client_of("alice").post(path(brook, "check/", acme.invoice))
    shown = client_of("bob").get(path(brook, "differences/", acme.invoice)).content.decode()
    ways = dict(
        re.findall(
            r'aria-disabled="true".*?<span class="label">([^<]+)</span>\s*<span class="reason">([^<]+)',
            shown,
            re.DOTALL,
        )
    )
    assert ways == {
        "Copy again…": "Your role does not let you copy invoices to Sage.",
        "Link to another document…": "Your role does not let you copy invoices to Sage.",
        "Accept, and void it here": "Your role does not let you bill clients and issue invoices.",
    }
    owners = client_of("alice").get(path(brook, "differences/", acme.invoice)).content.decode()
    assert "Your role does not let you" not in owners


def test_fault_53_when_a_void_was_found_stays_however_often_it_is_looked_at(brook, sage, acme, alice, clock):
    def found() -> str:
        alice.post(path(brook, "check/", acme.invoice))
        shown = alice.get(path(brook, "differences/", acme.invoice)).content.decode()
        [moment] = re.findall(r"Found <time(.*?)</time>", shown)
        return moment

    sage.void_invoice(acme.theirs["id"])
    first = found()
    clock.shift(600)
    assert found() == first


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_side_taken_from_the_chip_is_chosen_for_every_field_and_carried_out_there(
    brook, sage, acme, alice, side
):
    """FEATURES 4.12: *Take theirs* and *Push ours* of an invoice changed in Sage."""
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-01", date="2027-03-11")
    look(brook, acme.invoice)
    shown = page(alice, brook, acme.invoice)
    assert "Take theirs" in shown
    assert "Push ours" in shown
    chosen = alice.get(path(brook, f"differences/?side={side}", acme.invoice)).content.decode()
    assert (
        len(re.findall(f'value="{side}" checked', chosen))
        == len(re.findall(r'type="radio"', chosen)) / 2
        == 2
    )
    with practice_scope(brook.pk):
        assert SageLink.objects.get().seen, "nothing was changed by looking"


def test_fault_53_a_document_deleted_in_sage_is_missing_and_can_be_copied_again(brook, sage, acme, alice):
    sage.delete_record("sales_invoices", acme.theirs["id"])
    alice.post(path(brook, "check/", acme.invoice))
    assert "Missing in Sage" in page(alice, brook, acme.invoice)
    dates = {"dated": acme.invoice.tax_point.isoformat(), "due_on": acme.invoice.due_on.isoformat()}
    choices = {"then": "copy", "reason": "Deleted", "confirmed": "on", **dates}
    assert alice.post(path(brook, "copy/", acme.invoice), choices).status_code == 303
    push_once(brook)
    assert len(sage.sales_invoices()) == 1


def test_f76_a_credit_note_is_made_from_the_invoice_with_a_reason(brook, sage, acme, alice):
    address = path(brook, "credit/", acme.invoice, "")
    assert "Credit INV-000001" in alice.get(address).content.decode()
    assert alice.post(address, {"issued_on": "2027-03-10", "reason": ""}).status_code == 422
    answer = alice.post(address, {"issued_on": "2027-03-10", "reason": "Left"})
    assert answer.status_code == 303
    assert "CN-000001" in alice.get(answer["Location"]).content.decode()
    push_once(brook)
    push_once(brook)
    shown = alice.get(answer["Location"]).content.decode()
    assert "In Sage as" in shown
    assert "Credited" in page(alice, brook, acme.invoice)
    assert alice.get(address).status_code == 303
    with practice_scope(brook.pk):
        assert CreditNote.objects.count() == 1


def test_an_amendment_needs_a_reason_and_is_put_back_by_one_button(brook, sage, acme, alice):
    address = path(brook, "amend/", acme.invoice, "")
    assert "Amend INV-000001" in alice.get(address).content.decode()
    amend(acme.invoice, "150.00")
    assert alice.post(path(brook, "as-in-sage/", acme.invoice, "")).status_code == 303
    assert str(fresh(acme.invoice).gross) == "120.00"
    copy = posting_of(acme.invoice)
    assert copy.held_revision == fresh(acme.invoice).revision
    assert "Changed here" not in page(alice, brook, acme.invoice)


def test_a_void_in_sage_is_asked_for_with_a_reason(brook, sage, acme, alice):
    assert alice.post(path(brook, "void-in-sage/", acme.invoice, ""), {"reason": "Twice"}).status_code == 303
    push_once(brook)
    assert fresh(acme.invoice).status == Invoice.Status.VOID
    with practice_scope(brook.pk):
        assert Posting.objects.get(kind="invoice.void").status == "posted"


def test_f72_a_void_that_was_accepted_is_nowhere_said_to_be_in_sage(brook, sage, acme, alice):
    sage.void_invoice(acme.theirs["id"])
    look(brook, acme.invoice)
    alice.post(path(brook, "accept-void/", acme.invoice, ""))
    number = posting_of(acme.invoice).external_number
    for address in (path(brook, "", acme.invoice, ""), path(brook, "receipt/", acme.invoice)):
        shown = alice.get(address).content.decode()
        assert f"In Sage as {number}" not in shown, address
        assert f"Was {number} in Sage, void there now" in shown, address
    for address in (
        f"/p/{brook.slug}/invoices/",
        f"/p/{brook.slug}/clients/{acme.invoice.client_id}/invoices/",
    ):
        shown = alice.get(address).content.decode()
        assert (f"{number} in Sage" in shown, f"{number} void in Sage" in shown) == (False, True), address


def test_f75_the_queue_says_what_was_voided_in_sage_and_not_that_it_is_there(brook, sage, acme, alice):
    alice.post(path(brook, "void-in-sage/", acme.invoice, ""), {"reason": "Twice"})
    push_once(brook)
    shown = alice.get(f"/p/{brook.slug}/postings/").content.decode()
    assert "In Sage as" not in shown
    assert "Void in Sage" in shown
    assert "Voided in Sage" in shown


def test_f72_what_check_now_finds_is_nobodys_doing_here(brook, sage, acme, alice):
    sage.edit_invoice(acme.theirs["id"], due_date="2027-12-01")
    alice.post(path(brook, "check/", acme.invoice))
    with practice_scope(brook.pk):
        found = AuditEntry.objects.filter(action__in=("invoice.changed_in_sage", "invoice.found_changed"))
        assert {entry.actor for entry in found} == {None}


def test_f72_check_now_finds_that_an_earlier_copy_was_voided_too(brook, sage, acme, alice):
    with practice_scope(brook.pk):
        copy_again(acme.invoice, reason="The first one was sent to nobody")
    push_once(brook)
    assert "Sage holds 2 copies" in page(alice, brook, acme.invoice)
    sage.void_invoice(acme.theirs["id"])
    alice.post(path(brook, "check/", acme.invoice))
    assert "Sage holds 2 copies" not in page(alice, brook, acme.invoice)
    with practice_scope(brook.pk):
        [found] = [event for event in events_of(acme.invoice) if event["text"] == "Found void in Sage"]
    assert found["detail"] == "SI-1"


def test_f72_whoever_accepts_a_void_is_not_said_to_have_voided_it_in_sage(brook, sage, acme):
    sage.void_invoice(acme.theirs["id"])
    with practice_scope(brook.pk):
        mark_voided_in_ledger(acme.invoice)
        assert "Void here, as it is in Sage" in [event["text"] for event in events_of(acme.invoice)]
