"""Credits and earlier copies that count in Sage: what they take off there, and what is owed on (F75, F77)."""

import pytest
from django.urls import reverse

from invoicing.operations import issue_credit_note
from practices.models import AuditEntry
from practices.tenancy import acting_for, practice_scope
from sage_integration.attention import things
from sage_integration.balance import balance, troubles_of_invoices
from sage_integration.models import SageConnection, SageLink, SetOnEarlierCopy
from sage_integration.stakes import stake_of
from sage_integration.sync.audit import audit_documents
from tests.factories import TODAY
from tests.integration.sage_integration.earlier import PAID, credited, later, on_account, told
from tests.integration.sage_integration.polling import GROSS, poll, standing_of
from tests.integration.sage_integration.posting import push_until_settled


def test_f75_an_earlier_copy_that_was_credited_in_full_counts_no_more_and_nothing_is_told(
    brook, enabled, sage, acme, twice, clock
):
    allocation = credited(sage, enabled.business_id, acme.theirs, "120.00")
    assert later(brook, clock) == ""
    assert (standing_of(acme), told(brook)) == ("cleared", [])
    with practice_scope(brook.pk):
        assert (balance().again.count, balance().in_sage) == (0, 1)
        assert AuditEntry.objects.filter(action="invoice.found_cleared").count() == 1
    with acting_for(brook.pk):
        assert audit_documents().problem == ""
    assert standing_of(acme) == "cleared"
    sage.delete_allocation(allocation["id"])
    later(brook, clock)
    assert standing_of(acme) == ""


def test_f75_of_a_credit_on_an_earlier_copy_no_money_is_told(brook, enabled, sage, acme, twice, clock):
    credited(sage, enabled.business_id, acme.theirs, "20.00")
    assert later(brook, clock) == ""
    assert (standing_of(acme), told(brook)) == ("", [])
    sage.forget_requests()
    sage.record_payment(acme.theirs["id"], "50")
    assert later(brook, clock) == PAID
    asked = [each["path"] for each in sage.requests("GET")]
    assert not [path for path in asked if "/contact_allocations/" in path], (
        "what a credit is, is known already"
    )


def test_f75_money_on_account_that_is_set_against_an_earlier_copy_is_money(
    brook, enabled, sage, acme, twice, clock
):
    rest = on_account(sage, enabled.business_id, acme.theirs["contact"]["id"], "50")
    credited(sage, enabled.business_id, acme.theirs, "50.00", of=rest)
    assert later(brook, clock) == PAID


@pytest.mark.parametrize("pulls_payments", [True, False])
def test_f75_of_an_allocation_of_a_credit_and_of_money_the_money_alone_is_told(
    brook, enabled, sage, acme, twice, clock, pulls_payments
):
    """Whether the money on account is known here or not; what was read of it once is not asked for again."""
    with practice_scope(brook.pk):
        SageConnection.objects.update(pulls_payments=pulls_payments)
    rest = on_account(sage, enabled.business_id, acme.theirs["contact"]["id"], "50")
    allocation = credited(sage, enabled.business_id, acme.theirs, "20.00", besides=rest)
    clock.shift(600)
    with acting_for(brook.pk):
        assert audit_documents().problem == ("" if pulls_payments else PAID)
    if pulls_payments:
        assert later(brook, clock) == PAID
    assert told(brook) == [PAID]
    with practice_scope(brook.pk):
        parts = sorted(SetOnEarlierCopy.objects.values_list("sage_id", "is_money", "amount"))
        assert parts == [(allocation["id"], False, 20), (allocation["id"], True, 50)]
    sage.forget_requests()
    with acting_for(brook.pk):
        audit_documents()
    assert told(brook) == [PAID]
    assert not [each for each in sage.requests("GET") if "/contact_allocations/" in each["path"]]


def test_f75_a_credit_from_here_that_is_set_against_an_earlier_copy_with_money_hides_none_of_it(
    brook, enabled, sage, acme, twice, clock
):
    with practice_scope(brook.pk):
        issue_credit_note(acme.invoice, reason="Not agreed", issued_on=TODAY, on=TODAY)
    push_until_settled(brook, clock)
    [stored] = sage.sales_credit_notes()
    sage.delete_allocation(sage.contact_allocations()[0]["id"])
    rest = on_account(sage, enabled.business_id, acme.theirs["contact"]["id"], "50")
    credited(sage, enabled.business_id, acme.theirs, "70.00", of=stored, besides=rest)
    clock.shift(600)
    assert PAID in poll(brook).problem
    with practice_scope(brook.pk):
        assert sorted(SetOnEarlierCopy.objects.values_list("is_money", "amount")) == [(False, 70), (True, 50)]


def test_f77_an_earlier_copy_that_is_owed_on_is_told_where_the_invoice_is_credited(
    brook, enabled, sage, acme, twice, clock, alice
):
    """The credit note is set against the newest copy alone; what a credit in Sage takes off the older one counts."""
    words = "INV-000001 is credited here, and £120.00 is still owed in Sage on SI-1, an earlier copy."
    with practice_scope(brook.pk):
        issue_credit_note(acme.invoice, reason="Not agreed", issued_on=TODAY, on=TODAY)
    push_until_settled(brook, clock)
    assert later(brook, clock) == words
    assert told(brook) == [words]
    with practice_scope(brook.pk):
        [thing] = things()
        assert (thing.amount, troubles_of_invoices()[0].amount) == (GROSS, GROSS)
    differences = reverse("sage:invoice-differences", args=[brook.slug, acme.invoice.pk])
    for address in (reverse("sage:inbox", args=[brook.slug]), differences):
        shown = alice.get(address).content.decode()
        assert words in shown
        assert "set a credit note against it there, unless ours is still on its way to it." in shown
    credited(sage, enabled.business_id, acme.theirs, "20.00")
    assert later(brook, clock) == words.replace("£120.00", "£100.00")
    with practice_scope(brook.pk):
        assert things()[0].amount == 100
    credited(sage, enabled.business_id, acme.theirs, "100.00")
    assert (later(brook, clock), told(brook), standing_of(acme)) == ("", [], "cleared")


def test_f77_the_night_tells_of_earlier_copies_of_what_was_credited_before(brook, sage, acme, twice, clock):
    with practice_scope(brook.pk):
        issue_credit_note(acme.invoice, reason="Not agreed", issued_on=TODAY, on=TODAY)
        SageLink.objects.update(wanted_at=None)
    push_until_settled(brook, clock)
    later(brook, clock)
    with acting_for(brook.pk):
        audit_documents()
    assert len(told(brook)) == 1
    sage.void_invoice(acme.theirs["id"])
    later(brook, clock)
    assert told(brook) == []


def test_p05_two_documents_of_one_invoice_that_both_count_in_sage_are_added_up(
    brook, sage, acme, twice, clock, alice
):
    """The earlier copy is owed on still, and the credit was taken off the newest: the client owes both there."""
    with practice_scope(brook.pk):
        issue_credit_note(acme.invoice, reason="The client left", issued_on=TODAY, on=TODAY)
    push_until_settled(brook, clock)
    later(brook, clock)
    [ours] = sage.contact_allocations()
    sage.delete_allocation(ours["id"])
    later(brook, clock)
    with practice_scope(brook.pk):
        listed = things()
        assert [(each.label, each.amount) for each in listed] == [("INV-000001", GROSS)] * 2
        assert stake_of(listed) == 2 * GROSS
        assert stake_of([*listed, *listed]) == 2 * GROSS, "one document counts once"
    shown = alice.get(reverse("sage:inbox", args=[brook.slug])).content.decode()
    assert "£240.00" in shown
