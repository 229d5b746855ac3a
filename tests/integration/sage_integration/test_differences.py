"""Differences settled field by field: ours goes to Sage, theirs changes the invoice here, or the reason is said."""

from decimal import Decimal

import pytest

from invoicing.errors import MayBeInTheLedger
from invoicing.models import Invoice
from invoicing.operations import copy_again
from ledger.outbox import cancel_posting
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import CopyChoices, SageLedgerAccount, SageLink, TaxRateMapping
from sage_integration.sync.audit import audit_documents
from tests.integration.sage_integration.connecting import text_of
from tests.integration.sage_integration.polling import poll, polled
from tests.integration.sage_integration.posting import fresh, posted, posting_of, push_until_settled
from tests.integration.sage_integration.test_corrections import amend, look


@pytest.fixture
def browser(acme, client_of):
    """Alice's browser, signed in after the clock was set."""
    return client_of("alice")


def page(invoice, what: str = "differences/") -> str:
    return f"/p/brook-co/sage/invoices/{invoice.pk}/{what}"


def resolve(browser, invoice, **sides):
    return browser.post(page(invoice, "resolve/"), {f"side_{name}": side for name, side in sides.items()})


def lines_of(invoice) -> list[tuple[str, Decimal]]:
    with practice_scope(invoice.practice_id):
        return [(line.name, line.unit_price) for line in Invoice.objects.get(pk=invoice.pk).lines.all()]


def edited(sage, theirs, **line) -> None:
    """What an accountant does to the only line."""
    [stored] = theirs["invoice_lines"]
    kept = {
        "id": stored["id"],
        "description": stored["description"],
        "ledger_account_id": stored["ledger_account"]["id"],
        "quantity": stored["quantity"],
        "unit_price": stored["unit_price"],
        "tax_rate_id": stored["tax_rate"]["id"],
        "tax_amount": stored["tax_amount"],
    }
    sage.edit_invoice(theirs["id"], invoice_lines=[{**kept, **line}])


def settled(brook, sage, acme) -> None:
    """Both sides say the same, and the chip knows."""
    look(brook, acme.invoice)
    copy = posting_of(acme.invoice)
    assert (copy.standing, copy.held_revision) == ("", fresh(acme.invoice).revision)
    with practice_scope(brook.pk):
        link = SageLink.objects.get(posting=copy)
    assert link.seen == {}


def test_p11_a_due_date_changed_in_sage_is_taken_over_and_nothing_is_sent(brook, sage, acme, browser):
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-01")
    look(brook, acme.invoice)
    shown = text_of(browser.get(page(acme.invoice)))
    assert 'name="side_due_date" value="theirs" checked' in shown
    sage.forget_requests()
    assert resolve(browser, acme.invoice, due_date="theirs").status_code == 303
    assert str(fresh(acme.invoice).due_on) == "2027-05-01"
    assert sage.requests("PUT") == []
    settled(brook, sage, acme)


def test_p12_while_choices_are_on_their_way_amend_and_void_say_so(brook, sage, acme, browser, clock):
    """The differences are settled as far as a person can; until Sage has answered neither is possible."""
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-01")
    look(brook, acme.invoice)
    detail = f"/p/brook-co/invoices/{acme.invoice.pk}/"
    assert text_of(browser.get(detail)).count("Settle the differences first") == 1
    assert resolve(browser, acme.invoice, due_date="ours").status_code == 303
    shown = text_of(browser.get(detail))
    assert shown.count(MayBeInTheLedger.message) == 2, "beside Amend, and beside Void"
    assert "Settle the differences first" not in shown
    push_until_settled(brook, clock)
    assert MayBeInTheLedger.message not in text_of(browser.get(detail))


def test_p11_what_a_list_told_of_a_change_leaves_the_lines_alone(brook, sage, acme, browser):
    """Fault 52: a row of a list shows no lines; they must not look as if Sage had lost them."""
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-01")
    with acting_for(brook.pk):
        audit_documents()
    shown = text_of(browser.get(page(acme.invoice)))
    assert 'name="side_due_date" value="theirs" checked' in shown
    assert "side_line_0" not in shown
    assert resolve(browser, acme.invoice, due_date="theirs").status_code == 303
    assert str(fresh(acme.invoice).due_on) == "2027-05-01"
    assert len(lines_of(acme.invoice)) == 1
    settled(brook, sage, acme)


def test_p11_other_words_on_a_line_are_noticed_although_a_list_shows_no_lines(
    brook, sage, acme, clock, browser
):
    polled(brook)
    clock.shift(600)
    edited(sage, acme.theirs, description="Bookkeeping and payroll")
    sage.forget_requests()
    poll(brook)
    assert posting_of(acme.invoice).standing == "changed"
    assert "side_line_0" in text_of(browser.get(page(acme.invoice)))
    assert len(sage.requests("GET", f"/sales_invoices/{acme.theirs['id']}")) == 1
    clock.shift(600)
    sage.forget_requests()
    poll(brook)
    assert sage.requests("GET", f"/sales_invoices/{acme.theirs['id']}") == [], "it was looked at already"


def test_p11_a_price_changed_in_sage_is_taken_over_with_its_amounts(brook, sage, acme, browser):
    edited(sage, acme.theirs, unit_price="150.00", tax_amount="30.00")
    look(brook, acme.invoice)
    assert resolve(browser, acme.invoice, line_0="theirs").status_code == 303
    invoice = fresh(acme.invoice)
    assert (invoice.net, invoice.vat, invoice.outstanding) == (Decimal(150), Decimal(30), Decimal(180))
    settled(brook, sage, acme)


def test_p11_changed_on_both_sides_each_field_goes_its_own_way(brook, sage, acme, clock, browser):
    amend(acme.invoice, "150.00")
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-01")
    look(brook, acme.invoice)
    assert resolve(browser, acme.invoice, due_date="theirs", line_0="ours").status_code == 303
    push_until_settled(brook, clock)
    [stored] = sage.sales_invoices()
    assert (stored["due_date"], Decimal(stored["total_amount"])) == ("2027-05-01", Decimal(180))
    assert str(fresh(acme.invoice).due_on) == "2027-05-01"
    settled(brook, sage, acme)


def test_a_field_without_a_choice_changes_nothing(brook, sage, acme, browser):
    amend(acme.invoice, "150.00")
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-01")
    look(brook, acme.invoice)
    answer = resolve(browser, acme.invoice, due_date="theirs")
    assert (answer.status_code, "Choose ours or theirs" in text_of(answer)) == (422, True)
    assert str(fresh(acme.invoice).due_on) != "2027-05-01"


def test_vat_that_no_rate_gives_is_not_taken_and_the_way_out_is_said(brook, sage, acme, browser):
    edited(sage, acme.theirs, tax_amount="19.99")
    look(brook, acme.invoice)
    answer = resolve(browser, acme.invoice, line_0="theirs")
    assert answer.status_code == 422
    assert "credit the invoice and issue it anew" in text_of(answer)
    assert fresh(acme.invoice).vat == Decimal(20)
    assert resolve(browser, acme.invoice, line_0="ours").status_code == 303


def test_a_rate_that_none_of_ours_stands_for_is_not_taken(brook, sage, acme, browser):
    with practice_scope(brook.pk):
        TaxRateMapping.objects.filter(sage_tax_rate_id="GB_LOWER").delete()
    edited(sage, acme.theirs, tax_rate_id="GB_LOWER", tax_amount="5.00")
    look(brook, acme.invoice)
    answer = resolve(browser, acme.invoice, line_0="theirs")
    assert (answer.status_code, "none of your rates stands for" in text_of(answer)) == (422, True)


def test_another_account_in_sage_is_taken_as_a_choice_of_this_copy(brook, sage, acme, browser):
    with practice_scope(brook.pk):
        other = SageLedgerAccount.objects.filter(is_usable=True).exclude(nominal_code=4010)[0].sage_id
    edited(sage, acme.theirs, ledger_account_id=other)
    look(brook, acme.invoice)
    assert resolve(browser, acme.invoice, line_0="theirs").status_code == 303
    with practice_scope(brook.pk):
        [kept] = CopyChoices.objects.get().lines
    assert kept["account"] == other
    settled(brook, sage, acme)


def test_other_words_in_sage_become_the_name_of_the_line(brook, sage, acme, browser):
    edited(sage, acme.theirs, description="Bookkeeping for March")
    look(brook, acme.invoice)
    assert resolve(browser, acme.invoice, line_0="theirs").status_code == 303
    assert lines_of(acme.invoice) == [("Bookkeeping for March", Decimal(100))]
    settled(brook, sage, acme)


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_customer_switched_in_sage_is_put_back_or_accepted(brook, sage, acme, clock, browser, side):
    other = sage.add_contact(name="Acme Holdings")
    sage.edit_invoice(acme.theirs["id"], contact_id=other["id"])
    look(brook, acme.invoice)
    assert "Acme Holdings" in text_of(browser.get(page(acme.invoice)))
    assert resolve(browser, acme.invoice, contact=side).status_code == 303
    push_until_settled(brook, clock)
    [stored] = sage.sales_invoices()
    expected = other["id"] if side == "theirs" else acme.theirs["contact"]["id"]
    assert stored["contact"]["id"] == expected
    settled(brook, sage, acme)


def test_p12_nothing_is_taken_over_once_money_is_set_against_it(brook, sage, acme, browser):
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-01")
    sage.record_payment(acme.theirs["id"], "10.00")
    look(brook, acme.invoice)
    shown = text_of(browser.get(page(acme.invoice)))
    assert 'value="theirs"' not in shown
    assert "take the payment off the invoice" in shown
    assert resolve(browser, acme.invoice, due_date="theirs").status_code == 422


def test_fault_61_nothing_is_taken_over_before_the_lock_date(brook, sage, acme, browser):
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-01")
    sage.change_record("sales_invoices", acme.theirs["id"], tax_reconciled=True)
    look(brook, acme.invoice)
    answer = resolve(browser, acme.invoice, due_date="theirs")
    assert (answer.status_code, "Credit it" in text_of(answer)) == (422, True)


def test_the_same_change_on_both_sides_is_marked_as_agreed(brook, sage, acme, browser):
    amend(acme.invoice, "150.00")
    edited(sage, acme.theirs, unit_price="150.00", tax_amount="30.00")
    look(brook, acme.invoice)
    assert "Mark as agreed" in text_of(browser.get(page(acme.invoice)))
    sage.forget_requests()
    assert resolve(browser, acme.invoice).status_code == 303
    assert sage.requests("PUT") == []
    settled(brook, sage, acme)
    marked = f"{acme.invoice.number_label} and {acme.theirs['displayed_as']} in Sage were marked as agreed."
    assert marked in text_of(browser.get("/p/brook-co/sage/log/"))


def test_f75_a_further_copy_that_was_withdrawn_is_not_called_the_latest(brook, sage, acme, browser):
    with practice_scope(brook.pk):
        cancel_posting(copy_again(acme.invoice, reason="Lost"))
    shown = text_of(browser.get(page(acme.invoice)))
    assert "1 (latest)" in shown
    assert "2 (latest)" not in shown
    assert "Withdrawn" in shown


def test_f88_a_member_without_the_right_chooses_no_side(brook, sage, acme, client_of):
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-01")
    look(brook, acme.invoice)
    assert resolve(client_of("bob"), acme.invoice, due_date="theirs").status_code == 403


def typed_anew(sage, acme, price: str = "100.00", tax: str = "20.00") -> dict:
    """Somebody deleted ours in Sage and typed it again."""
    contact = acme.theirs["contact"]["id"]
    lines = [
        {
            "description": "Bookkeeping",
            "ledger_account_id": acme.theirs["invoice_lines"][0]["ledger_account"]["id"],
            "quantity": "1",
            "unit_price": price,
            "tax_rate_id": "GB_STANDARD",
            "tax_amount": tax,
        }
    ]
    sage.delete_record("sales_invoices", acme.theirs["id"])
    return sage.create(
        "sales_invoices", contact_id=contact, date="2027-03-10", due_date="2027-03-24", invoice_lines=lines
    )


def test_p13_a_missing_document_is_linked_to_another_one_of_sage(brook, sage, acme, browser):
    typed = typed_anew(sage, acme)
    assert browser.post(page(acme.invoice, "check/")).status_code == 303
    assert "Missing in Sage" in text_of(browser.get(f"/p/brook-co/invoices/{acme.invoice.pk}/"))
    assert "Link to another document" in text_of(browser.get(page(acme.invoice)))
    assert typed["displayed_as"] in text_of(browser.get(page(acme.invoice, "relink/")))
    answer = browser.post(page(acme.invoice, "relink/"), {"document": typed["id"]})
    assert answer.status_code == 303
    copy = posting_of(acme.invoice)
    assert (copy.external_id, copy.standing, copy.held_revision) == (typed["id"], "", 1)
    assert len(sage.sales_invoices()) == 1


def test_p13_what_the_deleted_document_held_says_nothing_of_the_one_it_is_linked_to(
    brook, sage, acme, browser
):
    """Changed here since it was copied, and typed again in Sage as it is now: there is nothing left to bring there."""
    amend(acme.invoice, "90.00")
    typed = typed_anew(sage, acme, "90.00", "18.00")
    browser.post(page(acme.invoice, "check/"))
    browser.post(page(acme.invoice, "relink/"), {"document": typed["id"]})
    assert posting_of(acme.invoice).held_revision == fresh(acme.invoice).revision == 2
    shown = text_of(browser.get(f"/p/brook-co/invoices/{acme.invoice.pk}/"))
    assert ["Changed here" in shown, "Discard changes" in shown] == [False, False]


def test_p13_a_document_of_another_total_is_linked_as_one_that_differs(brook, sage, acme, browser):
    typed = typed_anew(sage, acme, "90.00", "18.00")
    browser.post(page(acme.invoice, "check/"))
    browser.post(page(acme.invoice, "relink/"), {"document": typed["id"]})
    with practice_scope(brook.pk):
        link = SageLink.objects.get(posting__subject_id=acme.invoice.pk)
    assert (link.difference, link.in_sage["net"]) == ("differing", "90.00")
    assert "£120.00, and" in link.difference_in_words
    shown = text_of(browser.get(page(acme.invoice)))
    assert "Changed here" in shown
    assert 'name="side_line_0"' in shown
    assert resolve(browser, acme.invoice, line_0="theirs").status_code == 303
    assert fresh(acme.invoice).gross == Decimal("108.00")
    settled(brook, sage, acme)


def test_what_was_not_read_in_sage_yet_is_not_called_the_same(brook, acme, browser):
    with practice_scope(brook.pk):
        SageLink.objects.update(copied={}, seen={})
    shown = text_of(browser.get(page(acme.invoice)))
    assert "It was not read in Sage yet" in shown
    assert ["Not read yet" in shown, ">Same<" in shown] == [True, False]
    browser.post(page(acme.invoice, "check/"))
    shown = text_of(browser.get(page(acme.invoice)))
    assert ["Not read yet" in shown, ">Same<" in shown] == [False, True]


def test_a_document_of_another_invoice_is_not_linked(brook, sage, acme, browser):
    other = posted(brook, sage, "Other Ltd").posting
    sage.delete_record("sales_invoices", acme.theirs["id"])
    browser.post(page(acme.invoice, "check/"))
    answer = browser.post(page(acme.invoice, "relink/"), {"document": other.external_id})
    assert (answer.status_code, "stands for another invoice" in text_of(answer)) == (422, True)
