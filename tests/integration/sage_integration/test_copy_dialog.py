"""The copy dialog: what is chosen there is what Sage gets, and what it shows is what will be."""

import re
from decimal import Decimal

import pytest

from clients.models import Client
from invoicing.models import CreditNote, Invoice
from invoicing.operations import draft_invoice, issue_credit_note
from ledger.models import Posting
from practices.tenancy import practice_scope
from sage_integration.connections import current_connection
from sage_integration.models import ClientChoices, ContactLink, CopyChoices, SageConnection, SageLedgerAccount
from tests.factories import TODAY
from tests.integration.sage_integration.connecting import text_of
from tests.integration.sage_integration.polling import poll
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

#: As a field that was changed asks for what is shown.
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def by_hand(brook, enabled):
    """An invoice of £120 of a client whose invoices are copied by hand."""
    with practice_scope(brook.pk):
        return issue(add_client("Acme Ltd", posts_automatically=False), line("60.00"), line("40.00"))


def path(invoice, what: str = "copy/", kind: str = "invoices") -> str:
    return f"/p/brook-co/sage/{kind}/{invoice.pk}/{what}"


def chosen(invoice, **choices) -> dict[str, str]:
    dates = {"dated": invoice.tax_point.isoformat(), "due_on": invoice.due_on.isoformat()}
    return {"then": "copy", **dates, **choices}


def copied(sage, practice, invoice) -> dict:
    push_once(practice)
    posting = posting_of(invoice)
    assert posting.status == Posting.Status.POSTED, posting.failure_detail
    return sage.sales_invoices(reference=posting.reference)[0]


def test_f33_one_rate_chosen_for_all_lines_is_carried_by_all(brook, sage, by_hand, alice):
    shown = text_of(alice.get(path(by_hand)))
    assert "As Sage will show it" in shown
    assert "GB_LOWER" in shown
    assert alice.post(path(by_hand), chosen(by_hand, vat="GB_LOWER")).status_code == 303
    stored = copied(sage, brook, by_hand)
    assert {each["tax_rate"]["id"] for each in stored["invoice_lines"]} == {"GB_LOWER"}
    assert Decimal(stored["tax_amount"]) == Decimal("5.00")


def test_f33_a_rate_chosen_for_one_line_beats_the_one_for_all(brook, sage, by_hand, alice):
    alice.post(path(by_hand), chosen(by_hand, vat="GB_LOWER", rate_0="GB_STANDARD"))
    stored = copied(sage, brook, by_hand)
    rates = [each["tax_rate"]["id"] for each in stored["invoice_lines"]]
    assert rates == ["GB_STANDARD", "GB_LOWER"]


def test_f34_no_vat_is_said_confirmed_and_sent(brook, sage, by_hand, alice):
    look = alice.post(path(by_hand), chosen(by_hand, vat="none", then="look"))
    assert (look.status_code, "This will have no VAT in Sage" in text_of(look)) == (200, True)
    refused = alice.post(path(by_hand), chosen(by_hand, vat="none"))
    assert (refused.status_code, "Confirm that £20.00 of VAT" in text_of(refused)) == (422, True)
    assert posting_of(by_hand).status == Posting.Status.HELD
    assert alice.post(path(by_hand), chosen(by_hand, vat="none", confirms_no_vat="on")).status_code == 303
    stored = copied(sage, brook, by_hand)
    assert (Decimal(stored["tax_amount"]), Decimal(stored["total_amount"])) == (Decimal(0), Decimal(100))


def test_f35_the_strict_setting_starts_without_vat_and_the_usual_one_with_the_mapping(brook, by_hand, alice):
    assert "This will have no VAT in Sage" not in text_of(alice.get(path(by_hand)))
    with practice_scope(brook.pk):
        SageConnection.objects.update(vat_by_hand=SageConnection.VatByHand.CHOSEN)
    assert "This will have no VAT in Sage" in text_of(alice.get(path(by_hand)))


def test_f69_the_chosen_customer_is_used_and_remembered(brook, sage, by_hand, alice):
    other = sage.add_contact(name="Acme Holdings")
    found = text_of(alice.post(path(by_hand), chosen(by_hand, q="Holdings", then="find")))
    assert "Acme Holdings" in found
    assert alice.post(path(by_hand), chosen(by_hand, customer=other["id"])).status_code == 303
    stored = copied(sage, brook, by_hand)
    assert stored["contact"]["id"] == other["id"]
    with practice_scope(brook.pk):
        link = ContactLink.objects.get(client=by_hand.client_id)
    assert (link.sage_contact_id, link.origin) == (other["id"], ContactLink.Origin.BY_HAND)


def test_the_contact_that_the_client_is_linked_with_is_not_offered_a_second_time(brook, sage, by_hand, alice):
    own, other = sage.add_contact(name="Acme Ltd"), sage.add_contact(name="Acme Holdings")
    offered = dict(alice.get(path(by_hand)).context["form"].fields["customer"].choices)
    assert {own["id"], other["id"]} <= set(offered)
    with practice_scope(brook.pk):
        ContactLink.objects.create(
            client_id=by_hand.client_id,
            business_id=current_connection().business_id,
            sage_contact_id=own["id"],
            origin=ContactLink.Origin.BY_HAND,
        )
    offered = dict(alice.get(path(by_hand)).context["form"].fields["customer"].choices)
    assert own["id"] not in offered
    assert other["id"] in offered


@pytest.mark.parametrize(("in_sage", "creates"), [([], 1), (["Acme Ltd"], 0)])
def test_f70_a_blank_customer_is_found_by_exact_name_or_made(brook, sage, by_hand, alice, in_sage, creates):
    for name in in_sage:
        sage.add_contact(name=name)
    shown = text_of(alice.get(path(by_hand)))
    assert ("What the new customer will carry" in shown) == bool(creates)
    sage.forget_requests()
    alice.post(path(by_hand), chosen(by_hand))
    copied(sage, brook, by_hand)
    assert len(sage.requests("POST", "/contacts")) == creates
    assert len(sage.requests("POST", "/sales_invoices")) == 1


def test_f71_the_invoice_says_that_it_was_copied_when_by_whom_and_as_what(brook, sage, by_hand, alice, cast):
    alice.post(path(by_hand), chosen(by_hand))
    stored = copied(sage, brook, by_hand)
    shown = text_of(alice.get(f"/p/brook-co/invoices/{by_hand.pk}/"))
    assert f"In Sage as {stored['displayed_as']}" in shown
    assert f"</time> by {cast.alice}" in shown


def test_dates_number_status_and_accounts_are_sent_as_chosen(brook, sage, by_hand, alice):
    with practice_scope(brook.pk):
        account = SageLedgerAccount.objects.filter(is_usable=True).exclude(nominal_code=4010).first()
    choices = {
        "dated": "2027-03-08",
        "due_on": "2027-04-08",
        "number": "X-77",
        "account_1": account.sage_id,
        "remembers": "on",
    }
    assert alice.post(path(by_hand), {"then": "copy", **choices}).status_code == 303
    stored = copied(sage, brook, by_hand)
    assert (stored["date"], stored["due_date"], stored["invoice_number"]) == (
        "2027-03-08",
        "2027-04-08",
        "X-77",
    )
    assert stored["invoice_lines"][1]["ledger_account"]["id"] == account.sage_id
    with practice_scope(brook.pk):
        later = issue(Client.objects.get(pk=by_hand.client_id), line("5.00"))
        service = later.lines.get().service_id
        assert ClientChoices.objects.get().accounts == {str(service): account.sage_id}
    assert f'<option value="{account.sage_id}" selected>' in text_of(alice.get(path(later)))


@pytest.mark.parametrize("number", ["their own", "ours"])
def test_g79_a_number_that_another_invoice_bears_is_refused(brook, sage, acme, alice, number):
    with practice_scope(brook.pk):
        other = issue(add_client("Other Ltd"), line("5.00"))
    if number == "ours":
        number = acme.posting.reference[:10]
    else:
        number = posting_of(acme.invoice).external_number
    answer = alice.post(path(other), chosen(other, number=number))
    assert answer.status_code == 422
    assert f"{number} is taken" in text_of(answer)
    with practice_scope(brook.pk):
        assert not CopyChoices.objects.exists()


def test_d11_a_draft_is_made_final_by_copying_it(brook, sage, enabled, alice):
    with practice_scope(brook.pk):
        draft = draft_invoice(
            add_client("Acme Ltd"), [line("100.00")], tax_point=TODAY, source=Invoice.Source.INSTANT
        )
    assert "Issue and copy to Sage" in text_of(alice.get(path(draft)))
    assert alice.post(path(draft), chosen(draft, vat="GB_ZERO")).status_code == 303
    stored = copied(sage, brook, draft)
    assert fresh(draft).status == Invoice.Status.ISSUED
    assert Decimal(stored["tax_amount"]) == 0


def test_f75_create_new_asks_for_a_reason_and_a_confirmation(brook, sage, acme, clock, alice):
    assert "Sage will hold it twice" in text_of(alice.get(path(acme.invoice)))
    for missing in ({"reason": "Lost"}, {"confirmed": "on"}):
        assert alice.post(path(acme.invoice), chosen(acme.invoice, **missing)).status_code == 422
    answer = alice.post(path(acme.invoice), chosen(acme.invoice, reason="Lost", confirmed="on"))
    assert answer.status_code == 303
    push_until_settled(brook, clock)
    assert len(sage.sales_invoices()) == 2
    shown = text_of(alice.get(path(acme.invoice)))
    assert "2 (latest)" in shown
    assert "Copied 2 times" in text_of(alice.get(f"/p/brook-co/invoices/{acme.invoice.pk}/"))


def test_f75_a_third_copy_is_counted_as_one_and_that_it_is_credited_is_said(brook, sage, acme, clock, alice):
    alice.post(path(acme.invoice), chosen(acme.invoice, reason="Lost", confirmed="on"))
    push_until_settled(brook, clock)
    first, second = (each["displayed_as"] for each in sage.sales_invoices())
    shown = text_of(alice.get(path(acme.invoice)))
    assert "Sage will hold it 3 times" in shown
    assert f"{second}, {first} for £120.00 each are in Sage already." in shown
    assert "Why once more" in shown
    assert "It is credited here already" not in shown
    crediting = text_of(alice.get(f"/p/brook-co/invoices/{acme.invoice.pk}/credit/"))
    assert f"{first}, another copy of it, counts on in Sage" in crediting
    assert f"{second}, another copy" not in crediting
    with practice_scope(brook.pk):
        issue_credit_note(acme.invoice, reason="Left", issued_on=TODAY, on=TODAY)
    push_until_settled(brook, clock)
    assert "It is credited here already" in text_of(alice.get(path(acme.invoice)))


def test_what_may_have_landed_is_looked_for_and_not_copied_with_other_choices(brook, sage, by_hand, alice):
    with practice_scope(brook.pk):
        Posting.objects.filter(subject_id=by_hand.pk).update(
            status="failed", attempted_at="2027-03-10T08:00Z", failure="TotalsDiffer"
        )
    answer = alice.post(path(by_hand), chosen(by_hand, vat="GB_ZERO"))
    assert answer.status_code == 422
    with practice_scope(brook.pk):
        assert not CopyChoices.objects.exists()


def test_f88_a_member_without_the_right_sees_no_dialog(brook, by_hand, client_of):
    bob = client_of("bob")
    assert bob.get(path(by_hand)).status_code == 403
    assert bob.post(path(by_hand), chosen(by_hand)).status_code == 403
    assert posting_of(by_hand).status == Posting.Status.HELD


def test_a_contact_of_another_client_is_refused_in_words(brook, sage, by_hand, alice):
    other = posted(brook, sage, "Other Ltd").theirs["contact"]["id"]
    answer = alice.post(path(by_hand), chosen(by_hand, customer=other))
    assert (answer.status_code, "already stands for another" in text_of(answer)) == (422, True)
    assert posting_of(by_hand).status == Posting.Status.HELD


def test_f78_a_credit_note_is_copied_with_a_choice_of_vat_to_the_customer_of_its_invoice(
    brook, sage, acme, clock, alice
):
    begun = alice.post(
        f"/p/brook-co/invoices/{acme.invoice.pk}/credit/",
        {"reason": "Wrong client", "issued_on": TODAY.isoformat(), "then": "choose"},
    )
    assert begun.status_code == 303
    with practice_scope(brook.pk):
        note = CreditNote.objects.get()
    assert begun.headers["Location"] == path(note, kind="credit-notes")
    shown = text_of(alice.get(path(note, kind="credit-notes")))
    assert "only there can it be set against the invoice" in shown
    answer = alice.post(
        path(note, kind="credit-notes"), {"then": "copy", "vat": "none", "confirms_no_vat": "on"}
    )
    assert answer.status_code == 303
    push_until_settled(brook, clock)
    [stored] = sage.sales_credit_notes()
    assert stored["contact"]["id"] == acme.theirs["contact"]["id"]
    assert Decimal(stored["tax_amount"]) == 0


def test_f77_a_credit_note_whose_invoice_is_not_in_sage_is_not_copied(brook, by_hand, alice):
    with practice_scope(brook.pk):
        note = issue_credit_note(by_hand, reason="Not agreed", issued_on=TODAY, on=TODAY)
    assert "copy that first" in text_of(alice.get(path(note, kind="credit-notes")))
    assert alice.post(path(note, kind="credit-notes"), {"then": "copy"}).status_code == 422
    with practice_scope(brook.pk):
        assert not Posting.objects.filter(kind="credit_note.create").exists()


def test_f33_what_is_owed_less_in_sage_by_a_rate_chosen_for_the_copy_is_told_with_that_reason(
    brook, sage, by_hand, alice, clock
):
    alice.post(path(by_hand), chosen(by_hand, vat="GB_LOWER"))
    copied(sage, brook, by_hand)
    clock.shift(600)
    words = poll(brook).problem
    assert "£105.00 is outstanding in Sage, and £120.00 here. It was copied with another VAT" in words


def test_what_the_dialog_refreshes_holds_nothing_that_a_person_types_or_ticks(acme, alice):
    shown = alice.post(path(acme.invoice), chosen(acme.invoice, vat="none", then="look"), **HTMX)
    assert "This will have no VAT in Sage" in text_of(shown)
    assert not re.search("<(input|select|textarea|button|form)", text_of(shown))
    for name in ("confirms_no_vat", "reason", "confirmed", "remembers"):
        assert f'name="{name}"' in text_of(alice.get(path(acme.invoice)))


@pytest.mark.parametrize("standing", ["missing", "void"])
def test_f75_a_copy_that_sage_has_no_more_is_not_told_as_held_there_twice(
    brook, sage, acme, clock, alice, standing
):
    stands(brook, acme.posting, standing)
    shown = text_of(alice.get(path(acme.invoice)))
    assert "Sage will hold it twice" not in shown
    assert 'name="confirmed"' not in shown
    assert "Why once more" in shown
    assert alice.post(path(acme.invoice), chosen(acme.invoice)).status_code == 422
    assert alice.post(path(acme.invoice), chosen(acme.invoice, reason="Lost")).status_code == 303
    push_until_settled(brook, clock)
    newer = posting_of(acme.invoice)
    assert (newer.copy, newer.status) == (2, Posting.Status.POSTED)


def test_f75_an_older_copy_that_counts_in_sage_is_told_when_the_newest_is_gone(
    brook, sage, acme, clock, alice
):
    alice.post(path(acme.invoice), chosen(acme.invoice, reason="Lost", confirmed="on"))
    push_until_settled(brook, clock)
    stands(brook, acme.posting, "changed")
    stands(brook, posting_of(acme.invoice), "missing")
    shown = text_of(alice.get(path(acme.invoice)))
    assert f"{acme.posting.external_number} for £120.00 is in Sage already" in shown
    assert alice.post(path(acme.invoice), chosen(acme.invoice, reason="Lost")).status_code == 422


def stands(practice, posting: Posting, standing: str) -> None:
    """As Sage was found to have a copy."""
    with practice_scope(practice.pk):
        Posting.objects.filter(pk=posting.pk).update(standing=standing)


def test_what_the_dialog_says_of_amounts_has_thousands(brook, enabled, alice):
    with practice_scope(brook.pk):
        large = issue(add_client("Large Ltd", posts_automatically=False), line("10000.00"))
    shown = text_of(alice.post(path(large), chosen(large, vat="none")))
    assert "Sage will show £10,000.00, and the invoice here is £12,000.00" in shown
    assert "Confirm that £2,000.00 of VAT" in shown
