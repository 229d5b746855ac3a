"""Payments made in Sage come back here: each once, as they are now, whatever order they are read in."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invoicing.models import Allocation, Invoice, Payment
from practices.models import AuditEntry
from practices.tenancy import practice_scope
from sage_integration.models import SageConnection, SageLink, SyncCursor, SyncRun
from sage_integration.sync.mirror import Mirror
from sage_integration.sync.wanted import want_links
from tests.factories import TODAY
from tests.integration.sage_integration.polling import GROSS, poll, polled
from tests.integration.sage_integration.posting import (
    add_client,
    fresh,
    issue,
    line,
    payments_of,
    posted,
    posting_of,
    push_once,
)


def test_an_invoice_paid_in_sage_is_paid_here_f79(brook, sage, acme):
    sage.record_payment(acme.theirs["id"], GROSS, "2027-03-20", reference="BACS 77")
    polled(brook)
    assert fresh(acme.invoice).outstanding == 0
    assert fresh(acme.invoice).settlement(TODAY) == "paid"
    [payment] = payments_of(brook)
    assert (payment.amount, payment.received_on.isoformat(), payment.reference) == (
        GROSS,
        "2027-03-20",
        "BACS 77",
    )


def test_a_part_and_then_the_rest_f80(brook, sage, acme, clock):
    sage.record_payment(acme.theirs["id"], "40")
    polled(brook)
    assert fresh(acme.invoice).settlement(TODAY) == "part_paid"
    assert fresh(acme.invoice).outstanding == 80
    clock.shift(600)
    sage.record_payment(acme.theirs["id"], "80")
    polled(brook)
    assert fresh(acme.invoice).settlement(TODAY) == "paid"
    assert [payment.amount for payment in payments_of(brook)] == [40, 80]


def test_an_edited_payment_is_mirrored_and_its_history_kept_f81(brook, sage, acme, clock):
    payment = sage.record_payment(acme.theirs["id"], "40")
    polled(brook)
    clock.shift(600)
    sage.edit_payment(payment["id"], amount="45")
    polled(brook)
    assert fresh(acme.invoice).outstanding == 75
    [mirrored] = payments_of(brook)
    assert mirrored.amount == 45
    with practice_scope(brook.pk):
        [amended] = AuditEntry.objects.filter(action="payment.amended")
        assert (amended.data["before"]["amount"], amended.data["after"]["amount"]) == ("40.00", "45.00")


@pytest.mark.parametrize("lists_artefacts", [False, True])
def test_a_deleted_payment_gives_the_debt_back_f82(brook, sage, acme, clock, lists_artefacts):
    sage.switch("deleted_payment_lists_artefacts", lists_artefacts)
    payment = sage.record_payment(acme.theirs["id"], "100")
    polled(brook)
    clock.shift(600)
    sage.delete_payment(payment["id"])
    sage.forget_requests()
    polled(brook)
    assert fresh(acme.invoice).outstanding == GROSS
    assert payments_of(brook)[0].reversed_at is not None
    assert sage.requests("GET", f"/sales_invoices/{acme.theirs['id']}"), "the invoice it paid was read again"
    polled(brook)
    assert fresh(acme.invoice).outstanding == GROSS


def test_a_payment_that_came_and_went_between_two_polls_leaves_no_trace(brook, sage, acme, clock):
    payment = sage.record_payment(acme.theirs["id"], "100")
    sage.delete_payment(payment["id"])
    polled(brook)
    assert fresh(acme.invoice).outstanding == GROSS
    assert payments_of(brook) == []


def test_one_payment_over_three_invoices(brook, enabled, sage):
    three = [posted(brook, sage) for _ in range(3)]
    receipt(
        sage,
        enabled,
        three[0].theirs,
        [(each.theirs["id"], amount) for each, amount in zip(three, (120, 50, 10), strict=True)],
    )
    polled(brook)
    assert [fresh(each.invoice).outstanding for each in three] == [0, 70, 110]
    [payment] = payments_of(brook)
    assert payment.amount == 180


def test_a_payment_moved_to_another_invoice_moves_here_too(brook, enabled, sage, clock):
    first, second = posted(brook, sage), posted(brook, sage)
    payment = sage.record_payment(first.theirs["id"], "100")
    polled(brook)
    clock.shift(600)
    sage.edit_payment(
        payment["id"], allocated_artefacts=[{"artefact_id": second.theirs["id"], "amount": "100"}]
    )
    polled(brook)
    assert (fresh(first.invoice).outstanding, fresh(second.invoice).outstanding) == (120, 20)
    clock.shift(600)
    sage.edit_payment(payment["id"], allocated_artefacts=[])
    polled(brook)
    assert (fresh(first.invoice).outstanding, fresh(second.invoice).outstanding) == (120, 120)
    assert payments_of(brook)[0].reversed_at is None


@pytest.mark.parametrize("breaks_off", [False, True])
def test_i10_room_made_by_a_later_change_is_used_in_the_same_poll(brook, sage, acme, clock, breaks_off):
    """The second payment only fits because the first was deleted, and the deletion is read after it.

    Its own feed has passed it by then: where a later one breaks off, only the nightly round would look at it again.
    """
    first = sage.record_payment(acme.theirs["id"], "100")
    polled(brook)
    clock.shift(600)
    sage.delete_payment(first["id"])
    sage.record_payment(acme.theirs["id"], "120")
    if breaks_off:
        sage.arm("status", on="GET /sales_invoices", status=500, times=1)
    assert bool(poll(brook).problem) is breaks_off
    assert fresh(acme.invoice).outstanding == 0


def test_a_reading_that_a_mistake_of_ours_ends_is_seen_among_the_runs(brook, sage, acme, monkeypatch):
    sage.record_payment(acme.theirs["id"], "40")
    monkeypatch.setattr(Mirror, "payment", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        poll(brook)
    with practice_scope(brook.pk):
        run = SyncRun.objects.get(kind="payments")
    assert run.finished_at
    assert run.problem.startswith("Something went wrong here, not in Sage")


def test_a_discount_for_paying_early_settles_too(brook, sage, acme):
    sage.record_payment(acme.theirs["id"], "115", discount="5")
    polled(brook)
    assert fresh(acme.invoice).outstanding == 0


def test_a_payment_that_does_not_move_its_invoice_is_seen(brook, sage, acme, clock):
    sage.switch("payment_bumps_invoice_updated_at", False)
    clock.shift(3600)
    before = sage.sales_invoices()[0]["updated_at"]
    sage.record_payment(acme.theirs["id"], "40")
    assert sage.sales_invoices()[0]["updated_at"] == before
    polled(brook)
    assert fresh(acme.invoice).outstanding == 80


def test_payments_of_other_documents_are_none_of_our_business(brook, enabled, sage, acme):
    other = sage.create(
        "sales_invoices",
        enabled.business_id,
        contact_id=acme.theirs["contact"]["id"],
        date="2027-03-10",
        invoice_lines=[
            {
                "description": "Made in Sage",
                "ledger_account_id": enabled.default_account_id,
                "quantity": "1",
                "unit_price": "10",
                "tax_rate_id": "GB_STANDARD",
                "tax_amount": "2",
            }
        ],
    )
    sage.record_payment(other["id"], "12")
    polled(brook)
    assert payments_of(brook) == []


def test_rows_of_the_same_second_are_all_seen_and_a_repeat_changes_nothing(brook, enabled, sage, clock):
    many = [posted(brook, sage, name) for name in ("Acme Ltd", "Bolt Ltd", "Cog Ltd")]
    first, *others = many
    sage.record_payment(first.theirs["id"], "10")
    polled(brook)
    for each in others:
        sage.record_payment(each.theirs["id"], "10")
    polled(brook)
    assert [payment.amount for payment in payments_of(brook)] == [10, 10, 10]
    with practice_scope(brook.pk):
        entries = AuditEntry.objects.count()
    run = polled(brook)
    with practice_scope(brook.pk):
        assert AuditEntry.objects.count() == entries
    assert run.counts.get("mirrored", 0) == 0


def test_more_rows_than_a_page_holds_are_all_seen(brook, enabled, sage, clock):
    """All 205 within a second or two: more than one page of the same instant."""
    with practice_scope(brook.pk):
        invoice = issue(add_client(), line("10000"))
    push_once(brook)
    [theirs] = sage.sales_invoices(reference=posting_of(invoice).reference)
    for _ in range(205):
        sage.record_payment(theirs["id"], "1")
    polled(brook)
    assert len(payments_of(brook)) == 205
    assert fresh(invoice).outstanding == invoice.gross - 205


def test_two_pollers_at_once_are_harmless(brook, enabled, sage):
    many = [posted(brook, sage, name) for name in ("Acme Ltd", "Bolt Ltd", "Cog Ltd", "Dash Ltd")]
    for each in many:
        sage.record_payment(each.theirs["id"], "40")
    barrier = threading.Barrier(4)

    def work(_: int) -> str:
        try:
            barrier.wait(timeout=10)
            return poll(brook).problem
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [""] * 4
    assert [payment.amount for payment in payments_of(brook)] == [40] * 4
    assert [fresh(each.invoice).outstanding for each in many] == [80] * 4
    with practice_scope(brook.pk):
        assert Allocation.objects.count() == 4


def test_what_is_wished_to_be_read_again_is_locked_in_order(brook, enabled, sage):
    """Of two readings at once neither waits for the other while that waits for it."""
    for name in ("Acme Ltd", "Bolt Ltd", "Cog Ltd"):
        posted(brook, sage, name)
    with practice_scope(brook.pk), CaptureQueriesContext(connection) as asked:
        ids = list(SageLink.objects.order_by("-pk").values_list("pk", flat=True))
        want_links(ids)
        assert SageLink.objects.filter(wanted_at=None).count() == 0
    said = [each["sql"] for each in asked]
    locking = next(sql for sql in said if sql.endswith("ASC FOR UPDATE"))
    writing = next(sql for sql in said if sql.startswith("UPDATE"))
    assert said.index(locking) < said.index(writing)


def test_an_older_page_never_overwrites_a_newer_one(brook, enabled, sage, acme, clock):
    payment = sage.record_payment(acme.theirs["id"], "40")
    old_row = {**payment, "transaction_type": {"id": "CUSTOMER_RECEIPT"}, "date": "2027-03-10"}
    clock.shift(600)
    sage.edit_payment(payment["id"], amount="45")
    polled(brook)
    late = Mirror(enabled.business_id)
    with practice_scope(brook.pk):
        late.payment(with_amounts(old_row, acme.theirs["id"], "40"))
    assert payments_of(brook)[0].amount == 45
    assert fresh(acme.invoice).outstanding == 75


def test_a_late_page_does_not_bring_a_deleted_payment_back(brook, enabled, sage, acme, clock):
    payment = sage.record_payment(acme.theirs["id"], "40")
    polled(brook)
    sage.delete_payment(payment["id"])
    polled(brook)
    late = Mirror(enabled.business_id)
    with practice_scope(brook.pk):
        late.payment(with_amounts({**payment, "date": "2027-03-10"}, acme.theirs["id"], "40"))
    assert fresh(acme.invoice).outstanding == GROSS


def test_the_cursor_is_sages_clock_and_never_goes_back(brook, enabled, sage, acme, clock):
    payment = sage.record_payment(acme.theirs["id"], "40")
    polled(brook)
    with practice_scope(brook.pk):
        cursor = SyncCursor.objects.get(feed="contact_payments.updated")
    stored = next(each for each in sage.contact_payments() if each["id"] == payment["id"])
    assert cursor.since.strftime("%Y-%m-%dT%H:%M:%SZ") == stored["updated_at"]
    clock.shift(timedelta(days=1))
    polled(brook)
    with practice_scope(brook.pk):
        assert SyncCursor.objects.get(feed="contact_payments.updated").since == cursor.since


def test_a_page_that_cannot_be_read_loses_nothing(brook, sage, acme, clock):
    sage.record_payment(acme.theirs["id"], "40")
    sage.arm("status", on="GET /contact_payments", status=500, times=1)
    run = poll(brook)
    assert "could not be reached" in run.problem
    assert payments_of(brook) == []
    polled(brook)
    assert fresh(acme.invoice).outstanding == 80


def test_a_void_in_sage_is_noticed_when_its_payment_goes(brook, sage, acme, clock):
    payment = sage.record_payment(acme.theirs["id"], "40")
    polled(brook)
    clock.shift(600)
    sage.delete_payment(payment["id"])
    sage.void_invoice(acme.theirs["id"])
    run = poll(brook)
    assert posting_of(acme.invoice).standing == "void"
    assert fresh(acme.invoice).status == Invoice.Status.ISSUED, (
        "what follows from a void is a person's decision"
    )
    assert run.counts["voided"] == 1


def test_a_total_changed_in_sage_is_said_and_not_overwritten(brook, enabled, sage, acme, clock):
    sage.edit_invoice(
        acme.theirs["id"],
        invoice_lines=[
            {"id": acme.theirs["invoice_lines"][0]["id"], "unit_price": "200", "tax_amount": "40"}
        ],
    )
    clock.shift(600)
    sage.record_payment(acme.theirs["id"], "40")
    writes = len(sage.requests("PUT"))
    run = poll(brook)
    assert run.counts["differing"] == 1
    assert "£120.00" in run.problem
    assert "£240.00" in run.problem
    assert fresh(acme.invoice).gross == GROSS
    assert len(sage.requests("PUT")) == writes
    with practice_scope(brook.pk):
        assert AuditEntry.objects.filter(action="invoice.changed_in_sage").count() == 1


def test_payments_stay_away_while_the_switch_is_off_and_come_with_it_f83(brook, enabled, sage, acme, clock):
    """F12, F83: nothing is asked while it is off; switched on, what was paid meanwhile comes too (D9)."""
    with practice_scope(brook.pk):
        SageConnection.objects.update(pulls_payments=False)
    sage.record_payment(acme.theirs["id"], "40")
    sage.forget_requests()
    assert poll(brook) is None
    assert sage.requests() == []
    with practice_scope(brook.pk):
        SageConnection.objects.update(pulls_payments=True)
    clock.shift(timedelta(days=3))
    polled(brook)
    assert fresh(acme.invoice).outstanding == 80


def test_nothing_is_ever_written_to_sage_by_a_poll_f84_f85(brook, sage, acme):
    """F84, F85: one way only, and no expense endpoint is ever called."""
    sage.record_payment(acme.theirs["id"], "40")
    sage.forget_requests()
    polled(brook)
    assert {request["method"] for request in sage.requests()} == {"GET"}
    asked = {request["path"].removeprefix("/v3.1").split("/")[1].split("?")[0] for request in sage.requests()}
    assert asked == {"contact_payments", "contact_allocations", "sales_invoices"}


def test_the_other_practice_sees_no_payment(brook, cedar, sage, acme):
    sage.record_payment(acme.theirs["id"], "40")
    polled(brook)
    with practice_scope(cedar.pk):
        assert not Payment.objects.exists()
        assert not SyncCursor.objects.exists()


def receipt(sage, enabled, document, parts) -> dict:
    """A customer receipt set against several documents of one contact."""
    [bank, *_] = sage.records("bank_accounts", enabled.business_id)
    return sage.create(
        "contact_payments",
        enabled.business_id,
        transaction_type_id="CUSTOMER_RECEIPT",
        contact_id=document["contact"]["id"],
        bank_account_id=bank["id"],
        date="2027-03-15",
        total_amount=str(sum(amount for _, amount in parts)),
        allocated_artefacts=[{"artefact_id": artefact, "amount": str(amount)} for artefact, amount in parts],
    )


def with_amounts(row, artefact_id, amount) -> dict:
    """A row as our client reads it: with Decimals."""
    return {
        **row,
        "transaction_type": {"id": "CUSTOMER_RECEIPT", "displayed_as": ""},
        "total_amount": Decimal(amount),
        "allocated_artefacts": [
            {"artefact": {"id": artefact_id, "displayed_as": ""}, "amount": Decimal(amount)}
        ],
    }
