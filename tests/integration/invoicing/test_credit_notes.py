"""Credit notes in lists: every one of them, those of a client, and what they add up to."""

import re
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invoicing.errors import CreditedBeforeItsDate, IsCredited
from invoicing.models import CreditNote
from invoicing.operations import (
    amend_credit_note,
    issue_credit_note,
    mark_paid,
    take_back,
    void_in_ledger,
    void_invoice,
)
from invoicing.queries import unpaid_total
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import a_client, a_draft, an_invoice


@pytest.fixture
def credited(brook):
    """Two invoices of £720, both credited in full."""
    with practice_scope(brook.pk):
        client = a_client()
        invoices = [an_invoice(client) for _ in range(2)]
        return [
            issue_credit_note(each, reason="Billed twice", issued_on=TODAY, on=TODAY) for each in invoices
        ]


def text(answer) -> str:
    return answer.content.decode()


def test_the_list_shows_every_credit_note_its_invoice_and_their_total(credited, client_of):
    shown = text(client_of("alice").get("/p/brook-co/credit-notes/"))
    for words in ("CN-000001", "CN-000002", "INV-000001", "Billed twice", "£1,440.00", "Not in Sage"):
        assert words in shown


def test_a_credit_note_is_found_by_its_number_its_invoice_and_its_client(credited, client_of):
    browser = client_of("alice")
    for words, found in (("CN-2", True), ("INV-000002", True), ("Dental", True), ("Nobody", False)):
        assert ("CN-000002" in text(browser.get("/p/brook-co/credit-notes/", {"q": words}))) is found


def test_the_list_asks_no_more_for_more_rows(brook, credited, client_of):
    browser = client_of("alice")
    browser.get("/p/brook-co/credit-notes/")
    with CaptureQueriesContext(connection) as few:
        browser.get("/p/brook-co/credit-notes/")
    with practice_scope(brook.pk):
        for _ in range(5):
            issue_credit_note(an_invoice(credited[0].client), reason="Again", issued_on=TODAY, on=TODAY)
    with CaptureQueriesContext(connection) as many:
        browser.get("/p/brook-co/credit-notes/")
    assert len(many) == len(few)


def test_f76_credit_notes_are_linked_from_the_client_and_from_the_invoices(credited, client_of):
    browser = client_of("alice")
    note = credited[0]
    shown = text(browser.get(f"/p/brook-co/clients/{note.client_id}/invoices/"))
    assert f"/p/brook-co/credit-notes/{note.pk}/" in shown
    assert "/p/brook-co/credit-notes/" in text(browser.get("/p/brook-co/invoices/"))


def test_an_invoice_that_is_taken_back_is_called_credited_and_not_paid(credited, client_of):
    browser, invoice = client_of("alice"), credited[0].invoice
    for page in ("invoices/", f"invoices/{invoice.pk}/", f"clients/{invoice.client_id}/invoices/"):
        badges = re.findall(
            r'class="badge"[^>]*>(?:<svg.*?</svg>)?\s*([^<]+)',
            text(browser.get(f"/p/brook-co/{page}")),
            re.DOTALL,
        )
        assert "Credited" in badges
        assert "Paid" not in badges
    file = browser.get("/p/brook-co/invoices/?file=csv").getvalue().decode()
    assert "Credited" in file
    assert "Paid" not in file


def test_f78_what_a_credit_note_took_off_stands_among_what_makes_up_the_sum(credited, client_of):
    note = credited[0]
    shown = text(client_of("alice").get(f"/p/brook-co/invoices/{note.invoice_id}/"))
    rows = shown[shown.index("On this invoice") : shown.index("Paid, credited or written off so far")]
    assert f">{note.number_label}</a>" in rows
    assert "£720.00" in rows
    assert "No payment yet" not in shown


def test_f76_a_draft_offers_no_credit_note_and_refuses_one(brook, client_of):
    with practice_scope(brook.pk):
        draft = a_draft()
    browser = client_of("alice")
    assert "/credit/" not in text(browser.get(f"/p/brook-co/invoices/{draft.pk}/"))
    assert browser.get(f"/p/brook-co/invoices/{draft.pk}/credit/").status_code == 303


def test_f78_the_lines_are_the_invoices_and_a_second_credit_is_refused(brook, credited):
    with practice_scope(brook.pk):
        note = credited[0]
        ours = [(line.name, line.quantity, line.net, line.vat) for line in note.lines.all()]
        theirs = [(line.name, line.quantity, line.net, line.vat) for line in note.invoice.lines.all()]
        assert ours == theirs
        assert note.invoice.outstanding == Decimal(0)
        with pytest.raises(IsCredited):
            issue_credit_note(note.invoice, reason="Twice", issued_on=TODAY, on=TODAY)


def test_f78_what_is_credited_is_not_voided_and_nobody_is_asked_to_take_money_back(
    brook, credited, client_of
):
    with practice_scope(brook.pk):
        invoice = credited[0].invoice
        for void in (void_invoice, partial(void_in_ledger, reason="Wrong")):
            with pytest.raises(IsCredited):
                void(invoice)
    shown = text(client_of("alice").get(f"/p/brook-co/invoices/{invoice.pk}/"))
    assert "This invoice is credited in full" in shown
    assert "Take the payment back first" not in shown


def test_f78_a_credit_note_is_never_dated_before_its_invoice(brook):
    with practice_scope(brook.pk):
        invoice, before = an_invoice(), TODAY - timedelta(days=1)
        with pytest.raises(CreditedBeforeItsDate):
            issue_credit_note(invoice, reason="Twice", issued_on=before, on=TODAY)
        note = issue_credit_note(invoice, reason="Twice", issued_on=TODAY, on=TODAY)
        with pytest.raises(CreditedBeforeItsDate):
            amend_credit_note(note, issued_on=before, reason="Twice", on=TODAY)


def test_f78_a_credit_note_that_always_was_dated_before_its_invoice_may_have_its_reason_mended(brook):
    with practice_scope(brook.pk):
        note, before = (
            issue_credit_note(an_invoice(), reason="x", issued_on=TODAY, on=TODAY),
            TODAY - timedelta(2),
        )
        CreditNote.objects.filter(pk=note.pk).update(issued_on=before)
        assert amend_credit_note(note, issued_on=before, reason="Wrong fee", on=TODAY).reason == "Wrong fee"
        with pytest.raises(CreditedBeforeItsDate):
            amend_credit_note(note, issued_on=before + timedelta(1), reason="Wrong fee", on=TODAY)


def test_f76_sending_is_not_what_a_credited_invoice_is_for(brook, credited, client_of):
    """It can be sent, as a copy of what was; nothing is left to do with it, so no button stands out."""
    with practice_scope(brook.pk):
        owed = an_invoice(credited[0].client)
    browser = client_of("alice")

    def kind_of_send(invoice_id: int) -> str:
        page = text(browser.get(f"/p/brook-co/invoices/{invoice_id}/"))
        found = re.search(rf'href="/p/brook-co/invoices/{invoice_id}/send/"[^>]*data-kind="(\w+)"', page)
        assert found
        return found[1]

    assert kind_of_send(owed.pk) == "primary"
    assert kind_of_send(credited[0].invoice_id) == "secondary"


def test_f78_a_credited_invoice_is_not_owed_again_when_its_payment_is_taken_back(brook):
    with practice_scope(brook.pk):
        invoice = an_invoice()
        paid = mark_paid(invoice, amount=Decimal(500), received_on=TODAY, on=TODAY)
        note = issue_credit_note(invoice, reason="Billed twice", issued_on=TODAY, on=TODAY)
        assert [each.amount for each in note.allocations.all()] == [220]
        take_back(paid)
        invoice.refresh_from_db()
        assert (invoice.outstanding, unpaid_total()) == (0, 0)
        assert [each.amount for each in note.allocations.all()] == [720]


def test_f78_what_was_paid_in_full_before_it_was_credited_is_not_owed_again_either(brook, client_of):
    with practice_scope(brook.pk):
        invoice = an_invoice()
        paid = mark_paid(invoice, amount=Decimal(720), received_on=TODAY, on=TODAY)
        note = issue_credit_note(invoice, reason="Billed twice", issued_on=TODAY, on=TODAY)
    answer = client_of("alice").post(
        reverse("invoicing:payment-take-back", args=["brook-co", paid.pk]), follow=True
    )
    assert "£720.00 is taken back: its invoice is credited, so nothing is owed on it." in answer.text
    with practice_scope(brook.pk):
        invoice.refresh_from_db()
        assert (invoice.outstanding, note.allocations.get().amount) == (0, 720)
