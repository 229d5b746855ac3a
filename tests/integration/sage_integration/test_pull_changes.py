"""What else changes about an invoice in Sage: voids, edits, credits, late rows; and how often Sage is asked."""

from datetime import timedelta
from decimal import Decimal

import pytest
import requests
from django.utils import timezone

from invoicing.models import Invoice, Payment
from invoicing.operations import mark_voided_in_ledger
from ledger.models import Posting
from ledger.outbox import request_posting
from practices.models import AuditEntry
from practices.tasks import practices_from
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import SageConnection, SageLink, SyncCursor
from sage_integration.sessions import open_sage
from sage_integration.sync import pull
from sage_integration.sync.audit import audit_documents
from sage_integration.sync.comparison import compare
from sage_integration.sync.feeds import instant
from sage_integration.sync.mirror import Mirror
from tests.integration.sage_integration.polling import GROSS, poll, polled, standing_of
from tests.integration.sage_integration.posting import (
    fresh,
    issued_invoice,
    payments_of,
    posted,
    posting_of,
    push_until_settled,
)


def test_a_void_in_sage_is_noticed_by_the_next_poll(brook, sage, acme, clock):
    """P13, fault 53: nobody had paid it, so no payment tells of it."""
    polled(brook)
    clock.shift(600)
    sage.void_invoice(acme.theirs["id"])
    run = poll(brook)
    assert run.counts["voided"] == 1
    assert standing_of(acme) == Posting.Standing.VOID
    again = poll(brook)
    assert (again.counts.get("voided", 0), again.problem) == (0, run.problem), "it is said, and no news"
    assert fresh(acme.invoice).status == Invoice.Status.ISSUED, "somebody decides what becomes of it here"
    with practice_scope(brook.pk):
        mark_voided_in_ledger(acme.invoice)
    assert polled(brook).counts.get("voided", 0) == 0


@pytest.mark.parametrize("feed", ["updated", "deleted", "both"])
def test_p13_a_void_is_seen_in_whichever_feed_shows_it_and_needs_no_moment_of_deletion(
    brook, sage, acme, clock, feed
):
    """FACTS.md 17.12: among the deleted ones its row has no `deleted_at`, so its last change is its moment."""
    sage.switch("void_feed", feed)
    polled(brook)
    clock.shift(600)
    voided = sage.void_invoice(acme.theirs["id"])
    assert not voided.get("deleted_at")
    assert poll(brook).counts["voided"] == 1
    assert standing_of(acme) == Posting.Standing.VOID
    with practice_scope(brook.pk):
        read_until = SyncCursor.objects.get(feed="sales_invoices.deleted").since
    seen_there = feed != "updated"
    assert (read_until == instant(voided["updated_at"])) == seen_there


def test_an_edit_in_sage_is_noticed_by_the_next_poll(brook, sage, acme, clock):
    """Fault 52: said, recorded once, never overwritten."""
    polled(brook)
    clock.shift(600)
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-31")
    assert "was changed in Sage (the due date). The total is the same." in poll(brook).problem
    clock.shift(600)
    assert poll(brook).counts["states_changed"] == 0
    with practice_scope(brook.pk):
        assert AuditEntry.objects.filter(action="invoice.changed_in_sage").count() == 1


@pytest.mark.parametrize("on_the_page", [True, False], ids=["accountant's page", "as a PUT"])
@pytest.mark.parametrize(
    ("seconds", "by_night"), [(600, False), (2, True)], ids=["by the next poll", "by night, however soon"]
)
def test_fault_52_amounts_moved_from_line_to_line_are_noticed_where_the_total_stays(
    brook, enabled, sage, clock, on_the_page, seconds, by_night
):
    copied = posted(brook, sage, prices=("100.00", "50.00"))
    polled(brook)
    clock.shift(seconds)
    prices = zip(copied.theirs["invoice_lines"], ("80.00", "70.00"), strict=True)
    if on_the_page:
        form = {f"{line['id']}.unit_price": price for line, price in prices}
        page = f"{sage.url}/invoicing/sales_invoices/{copied.theirs['id']}/edit"
        assert requests.post(page, form, timeout=30).status_code == 200
    else:
        lines = [
            {"id": line["id"], "unit_price": price, "tax_amount": Decimal(price) / 5}
            for line, price in prices
        ]
        sage.edit_invoice(copied.theirs["id"], invoice_lines=lines)
    if by_night:
        with acting_for(brook.pk):
            audit_documents()
    assert "was changed in Sage (a line). The total is the same." in poll(brook).problem
    assert standing_of(copied) == Posting.Standing.CHANGED


@pytest.mark.parametrize(
    "read_before", [True, False], ids=["wanted when adopted", "wanted when seen in a list"]
)
def test_fault_52_an_edit_of_an_adopted_invoice_is_noticed_where_the_total_stays(
    brook, enabled, sage, clock, read_before
):
    """It was adopted from a row of a list, which shows no lines: the document is read before anything is changed."""
    posted(brook, sage, "Somebody Else")
    sage.switch("idempotency", False)
    invoice = issued_invoice(brook)
    sage.arm("drop_answer_after_saving", on="POST /sales_invoices")
    push_until_settled(brook, clock)
    reference = posting_of(invoice).reference
    with practice_scope(brook.pk):
        links = SageLink.objects.filter(posting__reference=reference, was_adopted=True)
        assert links.exclude(wanted_at=None).get().copied == {}
        if not read_before:
            links.update(wanted_at=None)
    polled(brook)
    clock.shift(600)
    with practice_scope(brook.pk):
        link = links.get()
    [stored] = sage.sales_invoices(reference=reference)
    described = {"id": stored["invoice_lines"][0]["id"], "description": "Something else"}
    sage.edit_invoice(link.sage_id, invoice_lines=[described])
    assert "was changed in Sage (a line). The total is the same." in poll(brook).problem
    assert posting_of(invoice).standing == Posting.Standing.CHANGED


def test_an_invoice_renumbered_in_sage_is_known_by_its_new_number_and_is_no_difference(
    brook, sage, acme, clock, client_of
):
    polled(brook)
    clock.shift(600)
    before = acme.theirs["invoice_number"]
    renumbered = {"invoice_number": "X-77", "displayed_as": "X-77", "updated_at": sage.now()}
    sage.change_record("sales_invoices", acme.theirs["id"], **renumbered)
    for _ in range(2):
        polled(brook)
    assert posting_of(acme.invoice).external_number == "X-77"
    assert standing_of(acme) == ""
    with practice_scope(brook.pk):
        assert SageLink.objects.get().sage_number == "X-77"
        assert AuditEntry.objects.filter(action="invoice.renumbered_in_sage").count() == 1
    log = client_of("alice").get("/p/brook-co/sage/log/").content.decode()
    assert f"{before}, the copy of {acme.invoice.number_label}, has the number X-77 in Sage now." in log


def test_a_row_of_a_list_that_came_late_brings_no_old_number_back(brook, enabled, sage, acme, clock):
    """The list was asked for before the change, and its row is compared after the document was read."""
    polled(brook)
    with acting_for(brook.pk), open_sage(enabled) as client:
        [late] = client.sales_invoices.list()
    clock.shift(600)
    renumbered = {"invoice_number": "X-77", "displayed_as": "X-77", "updated_at": sage.now()}
    sage.change_record("sales_invoices", acme.theirs["id"], **renumbered)
    polled(brook)
    with practice_scope(brook.pk):
        compare(SageLink.objects.select_related("posting").get(), late)
    assert posting_of(acme.invoice).external_number == "X-77"


def test_an_invoice_deleted_in_sage_is_missing_and_not_sent_again(brook, sage, acme, clock):
    polled(brook)
    clock.shift(600)
    sage.delete_record("sales_invoices", acme.theirs["id"])
    sage.forget_requests()
    run = poll(brook)
    assert run.counts["missing"] == 1
    assert fresh(acme.invoice).status == Invoice.Status.ISSUED
    assert sage.requests("POST", "/sales_invoices") == []


def credited(sage, enabled, acme, amount) -> dict:
    """A credit note made in Sage and set against the invoice there."""
    note = sage.create(
        "sales_credit_notes",
        enabled.business_id,
        contact_id=acme.theirs["contact"]["id"],
        date="2027-03-12",
        credit_note_lines=[
            {
                "description": "Goodwill",
                "ledger_account_id": enabled.default_account_id,
                "quantity": "1",
                "unit_price": str(amount),
                "tax_rate_id": "GB_ZERO",
                "tax_amount": "0",
            }
        ],
    )
    return set_against(sage, enabled, acme, note["id"], amount)


def set_against(sage, enabled, acme, artefact, amount) -> dict:
    return sage.create(
        "contact_allocations",
        enabled.business_id,
        transaction_type_id="CUSTOMER_ALLOCATION",
        contact_id=acme.theirs["contact"]["id"],
        date="2027-03-12",
        allocated_artefacts=[
            {"artefact_id": acme.theirs["id"], "amount": str(amount)},
            {"artefact_id": artefact, "amount": str(-Decimal(amount))},
        ],
    )


def test_a_credit_note_set_against_it_in_sage_settles_it_here(brook, enabled, sage, acme, clock):
    """P14: what is owed falls although nobody paid; taken off again, it is owed again."""
    allocation = credited(sage, enabled, acme, 30)
    polled(brook)
    assert fresh(acme.invoice).outstanding == 90
    [held] = payments_of(brook)
    assert (held.kind, held.amount) == (Payment.Kind.SET_AGAINST, 30)
    clock.shift(600)
    sage.delete_allocation(allocation["id"])
    polled(brook)
    assert fresh(acme.invoice).outstanding == GROSS


def test_money_on_account_counts_once_it_is_set_against_the_invoice(brook, enabled, sage, acme, clock):
    """What was received stays what was received; what lay on account no longer does once it settles something."""
    payment = sage.record_payment(acme.theirs["id"], "50")
    clock.shift(600)
    sage.edit_payment(payment["id"], allocated_artefacts=[])
    polled(brook)
    assert fresh(acme.invoice).outstanding == GROSS
    [held] = payments_of(brook)
    assert (held.amount, held.on_account) == (50, 50)
    [stored] = sage.contact_payments()
    allocation = set_against(sage, enabled, acme, stored["payment_on_account"]["id"], 30)
    clock.shift(600)
    polled(brook)
    assert fresh(acme.invoice).outstanding == 90
    receipt, set_off = payments_of(brook)
    assert (receipt.amount, receipt.on_account) == (50, 20)
    assert (set_off.kind, set_off.amount) == (Payment.Kind.SET_AGAINST, 30)
    clock.shift(600)
    sage.delete_allocation(allocation["id"])
    polled(brook)
    assert payments_of(brook)[0].on_account == 50
    assert fresh(acme.invoice).outstanding == GROSS


def test_money_paid_back_is_no_longer_on_account(brook, enabled, sage, acme, clock):
    payment = sage.record_payment(acme.theirs["id"], "50")
    sage.edit_payment(payment["id"], allocated_artefacts=[])
    polled(brook)
    [stored] = sage.contact_payments()
    [bank, *_] = sage.records("bank_accounts", enabled.business_id)
    clock.shift(600)
    sage.create(
        "contact_payments",
        enabled.business_id,
        transaction_type_id="CUSTOMER_REFUND",
        contact_id=acme.theirs["contact"]["id"],
        bank_account_id=bank["id"],
        date="2027-03-15",
        total_amount="50",
        allocated_artefacts=[{"artefact_id": stored["payment_on_account"]["id"], "amount": "50"}],
    )
    polled(brook)
    receipt, refund = payments_of(brook)
    assert (receipt.amount, receipt.on_account) == (50, 0)
    assert (refund.kind, refund.amount) == (Payment.Kind.REFUNDED, 50)
    assert fresh(acme.invoice).outstanding == GROSS


def test_what_our_own_credit_note_settled_is_not_settled_again(brook, enabled, sage, acme):
    """One allocation of our credit note (known here already) and of one that somebody made in Sage."""
    parts = [
        {"artefact": {"id": acme.theirs["id"]}, "amount": Decimal(50)},
        {"artefact": {"id": "ours"}, "amount": Decimal(-30)},
        {"artefact": {"id": "theirs"}, "amount": Decimal(-20)},
    ]
    row = {
        "id": "set-off",
        "date": "2027-03-12",
        "updated_at": "2027-03-12T09:00:00Z",
        "contact": {"id": "c"},
    }
    with practice_scope(brook.pk):
        posting = request_posting(Posting.Kind.CREDIT_NOTE_CREATE, 1, label="CN-000001")
        SageLink.objects.create(
            posting=posting, business_id=enabled.business_id, sage_id="ours", net=30, vat=0
        )
        mirror = Mirror(enabled.business_id)
        mirror.allocation({**row, "allocated_artefacts": parts})
        mirror.allocation(
            {
                **row,
                "id": "ours alone",
                "allocated_artefacts": [{**parts[0], "amount": Decimal(30)}, parts[1]],
            }
        )
    assert [payment.amount for payment in payments_of(brook)] == [20]
    assert fresh(acme.invoice).outstanding == 100


def test_the_nightly_net_finds_what_no_feed_brought(brook, enabled, sage, acme, clock):
    """Rows that came late behind the cursor: found by what is open, healed entry by entry."""
    polled(brook)
    sage.record_payment(acme.theirs["id"], "40")
    credited(sage, enabled, acme, 30)
    with practice_scope(brook.pk):
        SyncCursor.objects.update(since="2030-01-01T00:00:00Z")
    polled(brook)
    assert fresh(acme.invoice).outstanding == GROSS
    with acting_for(brook.pk):
        run = pull.reread_open_invoices()
    assert run.problem == ""
    assert fresh(acme.invoice).outstanding == 50


def test_the_nightly_net_gives_back_what_a_lost_deletion_took(brook, sage, acme, clock):
    payment = sage.record_payment(acme.theirs["id"], str(GROSS))
    polled(brook)
    sage.delete_payment(payment["id"])
    with practice_scope(brook.pk):
        SyncCursor.objects.update(since="2030-01-01T00:00:00Z")
    with acting_for(brook.pk):
        assert pull.reread_open_invoices().problem == ""
    assert fresh(acme.invoice).outstanding == GROSS


def test_payments_older_than_the_connection_are_the_opening_state_d9(brook, enabled, sage, acme, clock):
    """D9: whatever settled an invoice before payments were mirrored counts from the first night on."""
    sage.record_payment(acme.theirs["id"], "40")
    clock.shift(timedelta(days=20))
    with practice_scope(brook.pk):
        SageConnection.objects.update(enabled_at=timezone.now())
    polled(brook)
    assert fresh(acme.invoice).outstanding == GROSS
    with acting_for(brook.pk):
        pull.reread_open_invoices()
    assert fresh(acme.invoice).outstanding == 80


def test_a_business_is_not_read_before_its_time(brook, enabled, sage, acme, clock):
    with acting_for(brook.pk):
        assert pull.poll_if_due() is not None
        assert pull.poll_if_due() is None
        assert practices_from("sage_practices_to_poll") == []
    sage.record_payment(acme.theirs["id"], "40")
    clock.shift(timedelta(minutes=5))
    with acting_for(brook.pk):
        assert pull.poll_if_due().counts["mirrored"] == 1
