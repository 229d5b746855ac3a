"""What a poll reads again and what it leaves alone: an idle business costs next to nothing."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from invoicing.models import Invoice
from ledger.models import Posting
from ledger.outbox import request_posting
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import SageConnection, SageLink
from sage_integration.setup import save_settings
from sage_integration.sync import pull
from sage_integration.sync.mirror import Mirror
from sage_integration.sync.wanted import want, wanted_links, was_read
from tests.integration.sage_integration.polling import GROSS, poll, polled, standing_of
from tests.integration.sage_integration.posting import fresh, payments_of, posted, posting_of, push_once
from tests.sage import usual_settings


def quiet_poll(practice):
    """One reading at the pace of a business in which nothing happens."""
    with acting_for(practice.pk):
        return pull.poll_payments(whole=False)


def second_copy(practice, sage, original) -> dict:
    """Another copy of an invoice, as Sage stores it."""
    with practice_scope(practice.pk):
        request_posting(Posting.Kind.INVOICE_CREATE, original.invoice.pk, label=original.invoice.number_label)
    push_once(practice)
    [stored] = sage.sales_invoices(reference=posting_of(original.invoice).reference)
    return stored


def asked(sage) -> list[str]:
    """What was asked of Sage since it forgot, tokens aside: the resource of each request."""
    paths = [
        each["path"].removeprefix("/v3.1").lstrip("/")
        for each in sage.requests()
        if "token" not in each["path"]
    ]
    return [path.split("?")[0] for path in paths]


def test_an_idle_paid_business_is_not_read_invoice_by_invoice(brook, sage, acme, clock):
    """PO1: the last payments come again within the overlap of each reading, and nothing about them changed."""
    sage.record_payment(acme.theirs["id"], str(GROSS))
    polled(brook)
    sage.forget_requests()
    run = polled(brook)
    assert asked(sage) == ["contact_payments", "contact_allocations"] * 2 + ["sales_invoices"] * 2
    assert run.counts.get("mirrored", 0) == 0


def test_po4_what_comes_again_costs_as_many_statements_however_many_rows_it_is(brook, enabled, sage, clock):
    """The last rows of each feed come with every reading; and what others write in Sage is none of our business."""

    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert polled(brook).counts.get("mirrored", 0) == 0
        return len(seen)

    def happens(number: int) -> None:
        copied = posted(brook, sage, f"Client {number}")
        payment = sage.record_payment(copied.theirs["id"], "20.00")
        sage.delete_payment(sage.record_payment(copied.theirs["id"], "7.00")["id"])
        sage.edit_payment(payment["id"], amount=f"{30 + number}.00")
        lines = [
            {
                "description": "Typed in Sage",
                "ledger_account_id": enabled.default_account_id,
                "quantity": "1",
                "unit_price": "10.00",
                "tax_rate_id": "GB_ZERO",
                "tax_amount": "0",
            }
        ]
        contact = copied.theirs["contact"]["id"]
        theirs = sage.create(
            "sales_invoices",
            contact_id=contact,
            date="2027-03-10",
            due_date="2027-03-24",
            invoice_lines=lines,
        )
        sage.record_payment(theirs["id"], "10.00")

    happens(1)
    polled(brook)
    few = statements()
    for number in range(2, 5):
        happens(number)
    polled(brook)
    assert statements() == few
    with practice_scope(brook.pk):
        assert sorted(Invoice.objects.values_list("outstanding", flat=True)) == [86, 87, 88, 89]


def test_what_differs_for_long_is_news_once_and_read_once(brook, sage, acme, clock):
    """A standing difference neither keeps a business busy nor costs a request each time."""
    polled(brook)
    clock.shift(600)
    sage.delete_record("sales_invoices", acme.theirs["id"])
    first = poll(brook)
    assert (first.counts["missing"], first.counts["states_changed"]) == (1, 1)
    with practice_scope(brook.pk):
        link = SageLink.objects.get()
        assert (link.difference, link.differs_since is not None) == ("missing", True)
        seen = SageConnection.objects.get().last_news_at
    sage.forget_requests()
    second = poll(brook)
    assert second.counts.get("states_changed", 0) == 0
    assert len(asked(sage)) == 6
    with practice_scope(brook.pk):
        assert SageConnection.objects.get().last_news_at == seen


def test_a_void_in_a_quiet_business_is_seen_by_the_very_next_poll_p13(brook, sage, acme, clock):
    """P13: the ledger's own feed says that something happened, and then everything is read."""
    quiet_poll(brook)
    clock.shift(timedelta(hours=5))
    quiet_poll(brook)
    sage.forget_requests()
    quiet_poll(brook)
    assert asked(sage) == ["transactions", "contact_allocations", "contact_allocations"]
    clock.shift(timedelta(minutes=15))
    sage.void_invoice(acme.theirs["id"])
    quiet_poll(brook)
    assert standing_of(acme) == Posting.Standing.VOID


def test_without_the_journals_every_feed_has_its_turn_whatever_else_is_read(brook, sage, acme, clock):
    """The turn is kept on the connection: a nightly round or a whole reading between takes nobody's place."""
    polled(brook)
    sage.arm("status", on="GET /transactions", status=403, times=1)
    seen = []
    for _ in range(4):
        clock.shift(timedelta(minutes=15))
        sage.forget_requests()
        assert quiet_poll(brook).problem == ""
        seen.append([each for each in asked(sage) if each != "transactions"])
        polled(brook)
    assert [resources[2] for resources in seen] == [
        "contact_payments",
        "contact_allocations",
        "sales_invoices",
        "sales_invoices",
    ]
    clock.shift(timedelta(days=1))
    sage.forget_requests()
    quiet_poll(brook)
    assert "transactions" in asked(sage), "the role may have been granted meanwhile"


def test_news_of_the_ledger_are_forgotten_only_once_everything_was_read(brook, sage, acme, clock):
    """Killed or refused between the glance and the feeds: the next reading looks again."""
    quiet_poll(brook)
    clock.shift(timedelta(minutes=15))
    sage.void_invoice(acme.theirs["id"])
    sage.arm("status", on="GET /sales_invoices", status=500, times=1)
    assert quiet_poll(brook).problem
    assert standing_of(acme) == ""
    clock.shift(timedelta(minutes=15))
    quiet_poll(brook)
    assert standing_of(acme) == Posting.Standing.VOID


def test_what_does_not_fit_into_one_reading_comes_with_the_next(brook, enabled, sage, clock, monkeypatch):
    """Whoever waits longest is first, so the newest cannot push the oldest out for ever."""
    monkeypatch.setattr(pull, "MOST_REREADS", 2)
    many = [posted(brook, sage, f"Client {number}") for number in range(5)]
    with practice_scope(brook.pk):
        for each in reversed(many):
            want([each.invoice.pk], enabled.business_id)
            clock.shift(1)
    read = []
    for _ in range(3):
        sage.forget_requests()
        polled(brook)
        read += [path.split("/")[1] for path in asked(sage) if path.startswith("sales_invoices/")]
    assert read == [each.theirs["id"] for each in reversed(many)]
    with practice_scope(brook.pk):
        assert not SageLink.objects.exclude(wanted_at=None).exists()


def test_what_is_asked_for_while_it_is_being_read_is_read_once_more(brook, enabled, sage, acme):
    """That reading may have come too early for what was meant to be seen."""
    with practice_scope(brook.pk):
        want([acme.invoice.pk], enabled.business_id)
        [being_read] = wanted_links(enabled.business_id, 1)
        want([acme.invoice.pk], enabled.business_id)
        was_read(being_read)
        [again] = wanted_links(enabled.business_id, 1)
        was_read(again)
        assert wanted_links(enabled.business_id, 1) == []


def test_a_poll_is_claimed_by_one_worker(brook, enabled, sage, acme):
    """Two messages at once: the second finds the next reading planned already."""
    with practice_scope(brook.pk):
        before = SageConnection.objects.get().poll_after
    with acting_for(brook.pk):
        assert pull.poll_if_due() is not None
        assert pull.poll_if_due() is None
    with practice_scope(brook.pk):
        assert SageConnection.objects.get().poll_after > before


def test_switched_on_every_copied_invoice_is_compared_at_once_f83_d9(brook, enabled, sage, acme, clock):
    """F83, D9: money that came long before the switch counts with the first poll after it."""
    sage.record_payment(acme.theirs["id"], "40")
    clock.shift(timedelta(days=20))
    with practice_scope(brook.pk):
        now = timezone.now()
        SageConnection.objects.update(enabled_at=now, pulls_payments=False, opening_read_at=now)
        save_settings(usual_settings(default_account_id=enabled.default_account_id, pulls_payments=True))
    with acting_for(brook.pk):
        assert pull.poll_if_due().problem == ""
    assert fresh(acme.invoice).outstanding == 80
    with practice_scope(brook.pk):
        assert SageConnection.objects.get().opening_read_at is not None


def test_the_newest_copy_of_an_invoice_is_the_one_that_counts(brook, enabled, sage, acme, clock):
    """A payment of an older copy pays a document that was replaced; the invoice is owed as its newest copy is."""
    sage.record_payment(acme.theirs["id"], str(GROSS))
    polled(brook)
    assert fresh(acme.invoice).outstanding == 0
    copy = second_copy(brook, sage, acme)
    with acting_for(brook.pk):
        assert "£120.00 was paid in Sage on SI-1, an earlier copy" in pull.reread_open_invoices().problem
    assert fresh(acme.invoice).outstanding == GROSS
    sage.record_payment(copy["id"], "50")
    clock.shift(600)
    polled(brook)
    assert fresh(acme.invoice).outstanding == 70


def test_a_poll_that_is_lost_after_a_page_keeps_what_it_touched(brook, enabled, sage, acme):
    """What a page touched is written down with the page."""
    with practice_scope(brook.pk):
        mirror = Mirror(enabled.business_id)
        mirror.touched.add(acme.invoice.pk)
        want(mirror.touched, enabled.business_id)
    sage.forget_requests()
    polled(brook)
    assert f"sales_invoices/{acme.theirs['id']}" in asked(sage)
    assert payments_of(brook) == []
