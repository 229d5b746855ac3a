"""Earlier copies that count in Sage: money on them, voids, edits and credits are known by the ordinary poll (F75)."""

from datetime import timedelta

import pytest
import requests
from django.urls import reverse

from invoicing.models import Invoice
from invoicing.operations import (
    copy_again,
    mark_voided_in_ledger,
    set_sending_rules,
    void_in_ledger,
)
from invoicing.operations.sending import reminders_due
from invoicing.queries import ledger_facts
from ledger.models import Posting
from practices.models import AuditEntry
from practices.tenancy import acting_for, practice_scope
from sage_integration.attention import things
from sage_integration.balance import balance, troubles_of_invoices
from sage_integration.models import SageConnection, SageLink, SetOnEarlierCopy
from sage_integration.sync import pull
from sage_integration.sync.audit import audit_documents
from tests.factories import TODAY
from tests.integration.sage_integration.earlier import PAID, later, told
from tests.integration.sage_integration.polling import GROSS, poll, polled, standing_of
from tests.integration.sage_integration.posting import (
    empty_valkey,
    fresh,
    posted,
    push_until_settled,
)


def reads(sage, document) -> int:
    """How often one document was read since requests were forgotten."""
    return sum(document["id"] in each["path"] for each in sage.requests("GET"))


def test_f75_nobody_is_reminded_while_money_lies_on_an_earlier_copy(brook, sage, acme, twice, clock):
    """The client did pay; reminders go on once that money was taken off again."""

    day = fresh(acme.invoice).due_on + timedelta(days=7)
    with practice_scope(brook.pk):
        set_sending_rules(payment_instructions="", emails_invoices=False, reminder_days=[7])

    def reminded() -> list[int]:
        with practice_scope(brook.pk):
            return [found.pk for found, _ in reminders_due(day)]

    assert reminded() == [acme.invoice.pk]
    payment = sage.record_payment(acme.theirs["id"], "50")
    later(brook, clock)
    assert reminded() == []
    sage.delete_payment(payment["id"])
    later(brook, clock)
    assert reminded() == [acme.invoice.pk]


def test_f75_money_on_an_earlier_copy_is_told_and_goes_once_it_is_set_against_the_newest(
    brook, sage, acme, twice, clock, alice
):
    payment = sage.record_payment(acme.theirs["id"], "50")
    assert later(brook, clock) == PAID
    assert told(brook) == [PAID]
    with practice_scope(brook.pk):
        [thing] = things()
        [trouble] = troubles_of_invoices()
    assert (thing.amount, trouble.amount, thing.client) == (50, 50, "Acme Ltd")
    assert "against the newest copy, or leave it on account where nothing is owed" in thing.way_out
    assert fresh(acme.invoice).outstanding == GROSS
    for name in ("sage:outstanding", "sage:balance", "sage:inbox"):
        assert PAID in alice.get(reverse(name, args=[brook.slug])).content.decode(), name
    differences = reverse("sage:invoice-differences", args=[brook.slug, acme.invoice.pk])
    shown = alice.get(differences).content.decode()
    assert PAID in shown
    assert "Something is set against it there, and pays nothing here" in shown
    assert "Nothing to do" not in shown
    invoice = alice.get(
        reverse("invoicing:invoice-detail", args=[brook.slug, acme.invoice.pk])
    ).content.decode()
    assert "In Sage something is set against SI-1, an earlier copy of it, which pays nothing here." in invoice
    sage.edit_payment(payment["id"], allocated_artefacts=[{"artefact_id": twice["id"], "amount": "50"}])
    assert later(brook, clock) == ""
    assert told(brook) == []
    assert fresh(acme.invoice).outstanding == 70
    assert PAID not in alice.get(differences).content.decode()


def test_p05_what_differs_of_two_copies_of_an_invoice_is_one_row_of_the_balance(
    brook, sage, acme, twice, clock
):
    sage.record_payment(acme.theirs["id"], "50")
    later(brook, clock)
    sage.edit_invoice(twice["id"], due_date="2027-05-31")
    clock.shift(600)
    poll(brook)
    assert len(told(brook)) == 2
    with practice_scope(brook.pk):
        since = min(thing.since for thing in things())
        [trouble] = troubles_of_invoices()
    changed = "INV-000001: SI-2 was changed in Sage (the due date). The total is the same."
    assert (trouble.sentence, trouble.amount, trouble.since) == (f"{PAID} {changed}", 50, since)


@pytest.mark.parametrize("lists_artefacts", [True, False])
def test_f75_what_was_told_of_an_earlier_copy_goes_once_the_payment_is_deleted(
    brook, sage, acme, twice, clock, lists_artefacts
):
    sage.switch("deleted_payment_lists_artefacts", lists_artefacts)
    payment = sage.record_payment(acme.theirs["id"], "50")
    assert later(brook, clock) == PAID
    sage.delete_payment(payment["id"])
    assert later(brook, clock) == ""
    assert told(brook) == []
    sage.void_invoice(acme.theirs["id"])
    later(brook, clock)
    assert standing_of(acme) == "void"
    with practice_scope(brook.pk):
        assert not SetOnEarlierCopy.objects.exists()


def test_f75_more_money_on_an_earlier_copy_needs_somebody_anew(brook, sage, acme, twice, clock):
    payment = sage.record_payment(acme.theirs["id"], "50")
    later(brook, clock)
    with practice_scope(brook.pk):
        before = SageLink.objects.get(posting=acme.posting).differs_since
    sage.edit_payment(payment["id"], amount="60")
    later(brook, clock)
    assert told(brook) == [PAID.replace("£50.00", "£60.00")]
    with practice_scope(brook.pk):
        assert SageLink.objects.get(posting=acme.posting).differs_since > before


def test_f75_a_copy_that_was_paid_before_it_was_replaced_is_told_with_the_next_poll(
    brook, enabled, sage, acme, clock
):
    sage.record_payment(acme.theirs["id"], "50")
    later(brook, clock)
    assert fresh(acme.invoice).outstanding == 70
    with practice_scope(brook.pk):
        copy_again(acme.invoice, reason="The client lost the first one")
    push_until_settled(brook, clock)
    assert later(brook, clock) == PAID
    assert (told(brook), fresh(acme.invoice).outstanding) == ([PAID], GROSS)


@pytest.mark.parametrize("waits_as", ["pending", "held", "failed"])
def test_f75_what_is_set_against_a_copy_pays_here_until_a_newer_one_has_arrived(
    brook, sage, acme, clock, alice, waits_as
):
    sage.record_payment(acme.theirs["id"], "50")
    later(brook, clock)
    with practice_scope(brook.pk):
        newer = copy_again(acme.invoice, reason="The client lost the first one")
        Posting.objects.filter(pk=newer.pk).update(status=waits_as)
    later(brook, clock)
    assert fresh(acme.invoice).outstanding == 70
    assert PAID not in told(brook)
    for name in ("sage:invoice-differences", "sage:invoice-copy", "invoicing:invoice-detail"):
        shown = alice.get(reverse(name, args=[brook.slug, acme.invoice.pk])).content.decode()
        assert "SI-1" in shown, name
        assert "pays nothing here" not in shown, name
    with practice_scope(brook.pk):
        assert ledger_facts([acme.invoice.pk])[acme.invoice.pk].settled_earlier == ()


def test_p14_what_is_known_of_earlier_copies_is_asked_for_no_more(brook, sage, acme, twice, clock):
    """One request for what is new; the rows come again with each reading and lead to none."""
    sage.record_payment(acme.theirs["id"], "50")
    clock.shift(60)
    sage.forget_requests()
    poll(brook)
    assert reads(sage, acme.theirs) == 1
    for _ in range(3):
        clock.shift(60)
        polled(brook)
    assert reads(sage, acme.theirs) == 1


def test_p14_a_business_without_earlier_copies_is_asked_for_nothing_more(brook, enabled, sage, acme, clock):
    other = posted(brook, sage, "Bolt Ltd")
    later(brook, clock)
    sage.forget_requests()
    sage.record_payment(other.theirs["id"], "50")
    later(brook, clock)
    assert reads(sage, acme.theirs) == 0


@pytest.mark.parametrize("void_feed", ["updated", "deleted", "both"])
def test_p13_a_void_of_an_earlier_copy_is_known_by_the_next_poll(
    brook, sage, acme, twice, clock, alice, void_feed
):
    page = reverse("invoicing:invoice-detail", args=[brook.slug, acme.invoice.pk])
    assert "Copied 2 times" in alice.get(page).content.decode()
    with practice_scope(brook.pk):
        assert balance().again.count == 1
    sage.switch("void_feed", void_feed)
    sage.void_invoice(acme.theirs["id"])
    later(brook, clock)
    assert (standing_of(acme), told(brook)) == ("void", [])
    assert "Copied 2 times" not in alice.get(page).content.decode()
    with practice_scope(brook.pk):
        assert balance().again.count == 0
        assert balance().in_sage == 1


def test_p13_an_edit_and_a_deletion_of_an_earlier_copy_are_known_by_the_next_poll(
    brook, sage, acme, twice, clock
):
    line = {"id": acme.theirs["invoice_lines"][0]["id"], "unit_price": "90", "tax_amount": "18"}
    sage.edit_invoice(acme.theirs["id"], invoice_lines=[line])
    later(brook, clock)
    assert standing_of(acme) == "changed"
    with practice_scope(brook.pk):
        assert balance().again.beyond == 108
    sage.delete_record("sales_invoices", acme.theirs["id"])
    later(brook, clock)
    assert standing_of(acme) == "missing"


def test_f72_check_now_tells_of_money_on_an_earlier_copy(brook, sage, acme, twice, alice):
    sage.record_payment(acme.theirs["id"], "50")
    address = reverse("sage:invoice-check", args=[brook.slug, acme.invoice.pk])
    assert PAID in alice.post(address, follow=True).content.decode()
    assert told(brook) == [PAID]


def test_f72_check_now_takes_over_money_that_was_just_set_against_the_newest_copy(
    brook, sage, acme, twice, alice
):
    """As the way out beside money on an earlier copy says: set it against the newest, then press Check now."""
    payment = sage.record_payment(acme.theirs["id"], "50")
    address = reverse("sage:invoice-check", args=[brook.slug, acme.invoice.pk])
    alice.post(address)
    sage.edit_payment(payment["id"], allocated_artefacts=[{"artefact_id": twice["id"], "amount": "50"}])
    shown = alice.post(address, follow=True).content.decode()
    assert "INV-000001 was looked at in Sage just now." in shown
    assert told(brook) == []
    assert fresh(acme.invoice).outstanding == GROSS - 50
    with practice_scope(brook.pk):
        assert AuditEntry.objects.get(action="invoice.payment_recorded").actor is None


def test_f72_check_now_takes_over_no_money_where_payments_are_not_mirrored(brook, sage, acme, twice, alice):
    with practice_scope(brook.pk):
        SageConnection.objects.update(pulls_payments=False)
    sage.record_payment(twice["id"], "50")
    alice.post(reverse("sage:invoice-check", args=[brook.slug, acme.invoice.pk]))
    assert fresh(acme.invoice).outstanding == GROSS


def test_f75_the_night_finds_what_no_feed_brought(brook, sage, acme, twice, clock):
    sage.record_payment(acme.theirs["id"], "50")
    with acting_for(brook.pk):
        assert pull.reread_open_invoices().problem == PAID
    assert told(brook) == [PAID]


def test_f75_without_payments_from_sage_the_nightly_comparison_tells_it(brook, sage, acme, twice, clock):
    sage.record_payment(acme.theirs["id"], "50")
    with practice_scope(brook.pk):
        SageConnection.objects.update(pulls_payments=False)
    with acting_for(brook.pk):
        assert audit_documents().problem == PAID
    assert told(brook) == [PAID]


def test_f75_an_earlier_copy_that_counts_on_is_told_where_the_invoice_is_void(
    brook, sage, acme, twice, clock
):
    words = "INV-000001 is void here, and SI-1 is not void in Sage."
    with practice_scope(brook.pk):
        void_in_ledger(Invoice.objects.get(pk=acme.invoice.pk), reason="A mistake")
    push_until_settled(brook, clock)
    assert fresh(acme.invoice).status == Invoice.Status.VOID
    assert later(brook, clock) == words
    assert told(brook) == [words]
    sage.void_invoice(acme.theirs["id"])
    later(brook, clock)
    assert told(brook) == []


def test_f75_an_accepted_void_leaves_no_earlier_copy_behind_unseen(brook, sage, acme, twice, clock, alice):
    sage.void_invoice(twice["id"])
    clock.shift(600)
    poll(brook)
    shown = alice.get(
        reverse("sage:invoice-differences", args=[brook.slug, acme.invoice.pk])
    ).content.decode()
    assert "SI-1, an earlier copy, counts on in Sage until it is voided there too." in shown
    with practice_scope(brook.pk):
        mark_voided_in_ledger(Invoice.objects.get(pk=acme.invoice.pk))
    later(brook, clock)
    assert told(brook) == ["INV-000001 is void here, and SI-1 is not void in Sage."]


def test_f75_a_poll_that_is_lost_after_the_page_tells_it_later(brook, sage, acme, twice, clock):
    sage.record_payment(acme.theirs["id"], "50")
    clock.shift(600)
    sage.arm("status", on=f"GET /sales_invoices/{acme.theirs['id']}", status=500, times=4)
    assert PAID not in poll(brook).problem
    sage.disarm()
    clock.shift(600)
    empty_valkey()
    assert poll(brook).problem == PAID


def test_f75_an_earlier_copy_in_the_books_of_a_company_that_was_left_needs_nobody(
    brook, sage, acme, twice, clock
):
    """What stands there is beside no copy of the company that is connected, and nobody can read it any more."""
    sage.record_payment(acme.theirs["id"], "50")
    later(brook, clock)
    with practice_scope(brook.pk):
        SageConnection.objects.update(business_id="another")
    assert told(brook) == []


def test_f75_what_an_accountant_does_on_the_sandboxs_own_pages_is_told_and_goes(
    brook, sage, acme, twice, clock
):
    """Paid on the earlier copy by its form, then that payment deleted by its own and the newest one paid."""

    def press(path: str, **fields: str) -> None:
        headers = {"Referer": f"{sage.url}/"}
        answer = requests.post(
            f"{sage.url}{path}", data=fields, headers=headers, allow_redirects=False, timeout=30
        )
        assert answer.status_code == 303, answer.text

    press(f"/invoicing/sales_invoices/{acme.theirs['id']}/pay", amount="50", date=TODAY.isoformat())
    assert later(brook, clock) == PAID
    press(f"/payments/{sage.contact_payments()[0]['id']}/delete")
    press(f"/invoicing/sales_invoices/{twice['id']}/pay", amount="50", date=TODAY.isoformat())
    assert later(brook, clock) == ""
    assert (told(brook), fresh(acme.invoice).outstanding) == ([], 70)
