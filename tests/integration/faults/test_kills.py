"""Faults 17 and 23–29: workers killed by SIGKILL. What one began the next one finishes, once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from devtools.faults.interference import Moment
from devtools.faults.victim import KILLED, run_victim
from invoicing.billing_run import run_billing
from invoicing.models import BilledPeriod, BillingRun, Invoice
from invoicing.operations.billing import CHUNK
from ledger.leases import LEASE
from ledger.models import Posting
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import ContactLink, SageConnection, SageLink
from tests.integration.invoicing.documents import MONTHLY, a_schedule, many_schedules, no_run_holds_its_lock
from tests.integration.sage_integration.posting import (
    issued_invoice,
    posted,
    posting_of,
    push_once,
    push_until_settled,
)
from tests.invariants import assert_sound
from tests.racing import in_parallel, wait_until

SEND = "POST /v3.1/sales_invoices"


def killed(practice, job: str, moment: Moment) -> bool:
    return run_victim(job, practice.pk, moment) == KILLED


def assert_posted_once(invoice, sage, clock) -> None:
    """After the lease of the dead worker has run out, the next one brings it to an end."""
    assert_sound(sage, drained=False)
    push_until_settled(invoice.practice, clock)
    assert posting_of(invoice).status == Posting.Status.POSTED, posting_of(invoice).failure_detail
    assert len(sage.sales_invoices()) == len(sage.contacts(name="Acme Ltd")) == 1
    assert_sound(sage)


def test_fault_23_killed_before_the_claim_is_committed(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    assert killed(brook, "push", Moment("statement", words="SET status = 'leased'", when="after"))
    assert (posting_of(invoice).status, posting_of(invoice).lease) == (Posting.Status.PENDING, "")
    assert_posted_once(invoice, sage, clock)


@pytest.mark.parametrize("point", ["leased", "mapped", "contact intended", "contact sent", "intended"])
def test_fault_24_killed_after_the_claim_and_before_the_post(brook, enabled, sage, clock, point):
    invoice = issued_invoice(brook)
    assert killed(brook, "push", Moment("crash point", words=point))
    assert sage.requests("POST", "/sales_invoices") == []
    assert posting_of(invoice).status == Posting.Status.LEASED
    assert push_once(brook) == 0, "the lease still holds"
    assert_posted_once(invoice, sage, clock)


def test_fault_25_killed_before_the_answer(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    assert killed(brook, "push", Moment("request", words=SEND, when="after"))
    assert posting_of(invoice).attempted_at
    assert_posted_once(invoice, sage, clock)
    assert len(sage.requests("POST", "/sales_invoices")) == 1


@pytest.mark.parametrize("belt_off", ["", "idempotency", "search"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_fault_25_killed_in_the_middle_of_several_that_were_announced_together(
    brook, enabled, sage, clock, when, belt_off
):
    """Some are in Sage and not recorded, one may be, and some were announced and never left."""
    killed_among_several(brook, sage, clock, Moment("request", words=SEND, nth=4, when=when), belt_off)


ANNOUNCED, RECORDED = "refused_at = NULL", "SET status = 'posted'"


@pytest.mark.parametrize("belt_off", ["idempotency", "search"])
@pytest.mark.parametrize(
    "moment",
    [
        Moment("statement", words=ANNOUNCED, nth=2),
        Moment("statement", words=ANNOUNCED, nth=2, when="after"),
        Moment("commit", nth=5),
        Moment("commit", nth=5, when="after"),
        Moment("statement", words=RECORDED, nth=1, when="after"),
        Moment("request", words=SEND, nth=8, when="after"),
        Moment("statement", words=RECORDED, nth=2, when="after"),
    ],
    ids=str,
)
def test_fault_26_killed_at_any_step_of_several_taken_together(brook, enabled, sage, clock, moment, belt_off):
    """Before, in and after the commit that announces five and records one; with five unrecorded; with the last two."""
    killed_among_several(brook, sage, clock, moment, belt_off)


@pytest.mark.parametrize("when", ["before", "after"])
def test_fault_24_killed_while_taking_back_what_was_announced(brook, enabled, sage, clock, when):
    """Sage takes no more after the third; whether the rest counts as tried or not, each arrives once."""
    sage.arm("too_many_requests", on="POST /sales_invoices", skip=3)
    moment = Moment("statement", words="SET attempted_at = NULL", when=when)
    killed_among_several(brook, sage, clock, moment, "idempotency")


def killed_among_several(brook, sage, clock, moment: Moment, belt_off: str) -> None:
    """Eight of a known client: one goes alone, five together, and the last two together; a worker dies on the way."""
    issued_invoice(brook)
    push_once(brook)
    if belt_off:
        sage.switch(*(("idempotency", False) if belt_off == "idempotency" else ("index_delay_seconds", 3600)))
    invoices = [issued_invoice(brook) for _ in range(8)]
    assert killed(brook, "push", moment)
    assert_sound(sage, drained=False)
    push_until_settled(brook, clock, tries=60)
    assert {posting_of(invoice).status for invoice in invoices} == {Posting.Status.POSTED}
    assert len(sage.sales_invoices()) == 9
    assert_sound(sage)


@pytest.mark.parametrize("belt_off", ["idempotency", "search"])
def test_fault_26_killed_between_the_answer_and_storing_it(brook, enabled, sage, clock, belt_off):
    issued_invoice(brook)
    push_once(brook)
    sage.switch(*(("idempotency", False) if belt_off == "idempotency" else ("index_delay_seconds", 3600)))
    invoice = issued_invoice(brook)
    assert killed(brook, "push", Moment("crash point", words="sent"))
    push_until_settled(brook, clock)
    assert posting_of(invoice).status == Posting.Status.POSTED
    assert len(sage.sales_invoices()) == 2
    assert_sound(sage)


def test_fault_26_killed_while_storing_it(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    assert killed(brook, "push", Moment("statement", words="sagelink", when="after"))
    assert_posted_once(invoice, sage, clock)
    with practice_scope(brook.pk):
        assert SageLink.objects.get().was_adopted


def test_fault_27_killed_after_storing_and_the_task_comes_again(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    assert killed(brook, "push", Moment("crash point", words="recorded"))
    asked = len(sage.requests())
    assert run_victim("push", brook.pk, None) == 0
    assert len(sage.requests()) == asked
    assert_posted_once(invoice, sage, clock)
    with practice_scope(brook.pk):
        assert ContactLink.objects.count() == SageLink.objects.count() == 1


@pytest.mark.parametrize(
    "moment",
    [
        Moment("statement", words="INSERT INTO invoicing_billedperiod"),
        Moment("statement", words="INSERT INTO invoicing_billedperiod", when="after"),
        Moment("statement", words="INSERT INTO invoicing_invoicenumbering", when="after"),
        # One statement writes invoices, lines, postings and audit entries, and moves the schedules on.
        Moment("statement", words="INSERT INTO invoicing_invoiceline"),
        Moment("statement", words="UPDATE invoicing_billingschedule", when="after"),
        Moment("statement", words='INSERT INTO "invoicing_billingrun"', when="after"),
        Moment("commit", nth=1),
    ],
    ids=str,
)
def test_fault_28_killed_inside_a_billing_run(brook, enabled, sage, clock, moment):
    today = timezone.localdate()
    with practice_scope(brook.pk):
        a_schedule(MONTHLY, on=today, starts_on=today)
    assert killed(brook, "bill", moment)
    wait_until(no_run_holds_its_lock)
    with practice_scope(brook.pk):
        assert not Invoice.objects.exists()
        assert not BilledPeriod.objects.exists()
        assert not Posting.objects.exists()
    for _ in range(2):
        with acting_for(brook.pk):
            run_billing(today)
    push_until_settled(brook, clock)
    assert len(sage.sales_invoices()) == 1
    assert_sound(sage, billed_until=today)


def test_fault_29_killed_between_the_chunks_of_a_billing_run(brook, enabled, sage, clock):
    today = timezone.localdate()
    with practice_scope(brook.pk):
        many_schedules(CHUNK + 2, on=today)
    assert killed(brook, "bill", Moment("commit", nth=1, when="after"))
    wait_until(no_run_holds_its_lock)
    with practice_scope(brook.pk):
        assert Invoice.objects.count() == CHUNK
        assert BillingRun.objects.get().done == CHUNK
    with acting_for(brook.pk):
        assert run_billing(today).invoices == 2
    with practice_scope(brook.pk):
        assert set(Invoice.objects.values_list("number", flat=True)) == set(range(1, CHUNK + 3))
        assert (BillingRun.objects.get().status, BillingRun.objects.get().done) == ("done", CHUNK + 2)
    assert_sound(sage, drained=False, billed_until=today)


@pytest.mark.parametrize("when", ["before", "after"])
def test_fault_17_killed_between_receiving_a_pair_of_tokens_and_committing_it(
    brook, enabled, sage, clock, when
):
    """The window is one statement: killed after it nothing is lost, before it the owner signs in again."""
    posted(brook, sage)
    invoice = issued_invoice(brook)
    clock.shift(300)
    assert killed(brook, "token", Moment("commit", nth=2, when=when))
    push_until_settled(brook, clock)
    with practice_scope(brook.pk):
        status = SageConnection.objects.get().status
    if when == "after":
        assert posting_of(invoice).status == Posting.Status.POSTED
    else:
        assert status == SageConnection.Status.NEEDS_REAUTHORISATION
        assert posting_of(invoice).status == Posting.Status.PENDING
    assert_sound(sage)


def test_three_workers_killed_in_turn_leave_each_invoice_once(brook, enabled, sage, clock):
    """Three processes against one database: the one whose turn it is dies each time, in another place."""
    invoices = [issued_invoice(brook) for _ in range(9)]
    moments = [
        Moment("request", words=SEND, when="after"),
        Moment("request", words=SEND, nth=2, when="before"),
        Moment("crash point", words="sent"),
    ]
    for moment in moments:
        ends = in_parallel(3, lambda moment=moment: run_victim("push", brook.pk, moment))
        assert ends.count(KILLED) == 1, "one worker at a time has the practice's turn"
        assert_sound(sage, drained=False)
        clock.shift(LEASE + timedelta(seconds=1))
    push_until_settled(brook, clock, tries=60)
    assert {posting_of(invoice).status for invoice in invoices} == {Posting.Status.POSTED}
    assert len(sage.sales_invoices()) == len(invoices)
    assert_sound(sage)
