"""Faults 41, 81–83, 85: a restored backup, a poisonous invoice, a busy and a broken neighbour, a practice gone."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from devtools.faults.interference import Moment
from devtools.faults.invariants import violations
from devtools.faults.victim import KILLED, run_victim
from invoicing.models import Invoice, InvoiceNumbering
from ledger.models import Posting
from ledger.outbox import retry_posting
from practices.tenancy import acting_for, practice_scope
from sage_integration.connections import disconnect
from sage_integration.models import ContactLink, SageLink
from sage_integration.sync import audit, push
from sage_integration.tasks import poll_payments, push_due_postings
from tests.integration.sage_integration.posting import (
    add_client,
    issue,
    issued_invoice,
    line,
    posted,
    posting_of,
    push_once,
    push_until_settled,
)
from tests.invariants import assert_sound
from tests.sage import connected

OTHER = "Quayside Advisory Ltd"


def restore_backup_before_posting(practice) -> None:
    """The rows as they were before anything left for Sage."""
    with practice_scope(practice.pk):
        SageLink.objects.all().delete()
        ContactLink.objects.all().delete()
        Posting.objects.filter(kind=Posting.Kind.CONTACT_UPSERT).delete()
        Posting.objects.update(
            status=Posting.Status.PENDING, attempted_at=None, external_id="", attempts=0, settled_at=None
        )


def test_fault_41_a_backup_of_before_the_invoice_left(brook, enabled, sage, clock):
    """What Sage kept is found again: the contact by its name, the invoice by its idempotency id."""
    ours = posted(brook, sage)
    restore_backup_before_posting(brook)
    push_until_settled(brook, clock)
    assert posting_of(ours.invoice).external_id == ours.theirs["id"]
    assert len(sage.sales_invoices()) == len(sage.contacts(name="Acme Ltd")) == 1
    assert_sound(sage)


def test_fault_41_the_operator_has_everything_looked_for_even_without_idempotency_ids(
    brook, enabled, sage, clock
):
    ours = posted(brook, sage)
    later = posted(brook, sage)
    with practice_scope(brook.pk):
        never_left = issue(add_client("Bolt Ltd"), line())
    sage.switch("idempotency", False)
    restore_backup_before_posting(brook)
    call_command("look_before_sending", stdout=StringIO())
    assert posting_of(never_left).state_in_words == "Checking with Sage"
    push_until_settled(brook, clock, tries=12)
    assert posting_of(ours.invoice).external_id == ours.theirs["id"]
    assert posting_of(later.invoice).external_id == later.theirs["id"]
    assert posting_of(never_left).status == Posting.Status.POSTED
    assert len(sage.sales_invoices()) == 3
    assert_sound(sage)


def test_fault_41_what_was_issued_after_the_backup_is_reported(brook, enabled, sage, clock):
    ours, lost = posted(brook, sage), posted(brook, sage)
    with practice_scope(brook.pk):
        SageLink.objects.filter(posting=lost.posting).delete()
        Posting.objects.filter(pk=lost.posting.pk).delete()
        Invoice.objects.filter(pk=lost.invoice.pk).delete()
        InvoiceNumbering.objects.update(next_number=2)
    with acting_for(brook.pk):
        run = audit.audit_documents()
    assert run.counts["unknown"] == 1
    assert lost.posting.reference in run.problem
    assert ours.posting.reference not in run.problem
    assert [str(each) for each in violations(sage)] == [
        f"I2: Sage has {lost.posting.reference}, which nobody here knows."
    ]


def test_fault_81_an_invoice_that_kills_its_worker_each_time(brook, enabled, sage, clock):
    """Parked after three workers, while the others of its batch arrive."""
    poison, *others = (issued_invoice(brook, name) for name in ("Poison Ltd", "Acme Ltd", "Bolt Ltd"))
    deadly = Moment("request", words=posting_of(poison).reference)
    deaths = 0
    for _ in range(12):
        deaths += run_victim("push", brook.pk, deadly) == KILLED
        clock.shift(timedelta(minutes=5, seconds=1))
    assert deaths == 3
    assert (posting_of(poison).status, posting_of(poison).failure) == (Posting.Status.FAILED, "Unexpected")
    assert {posting_of(invoice).status for invoice in others} == {Posting.Status.POSTED}
    assert_sound(sage)
    with practice_scope(brook.pk):
        retry_posting(posting_of_scope(poison))
    push_until_settled(brook, clock)
    assert posting_of(poison).status == Posting.Status.POSTED
    assert_sound(sage)


def test_fault_82_ten_thousand_of_one_and_one_of_another(brook, cedar, enabled, sage, clock):
    """A turn is at most 50 postings, so the other practice's worker need not wait for a whole backlog."""
    connected(cedar, sage, company=OTHER)
    with practice_scope(brook.pk):
        client = add_client()
        backlog = [issue(client, line()) for _ in range(55)]
    theirs = issued_invoice(cedar)
    push_due_postings(brook.pk)
    push_due_postings(cedar.pk)
    assert posting_of(theirs).status == Posting.Status.POSTED
    arrived = [posting_of(invoice).status == Posting.Status.POSTED for invoice in backlog]
    assert sum(arrived) == push.TURN
    assert arrived == sorted(arrived, reverse=True), "in order"
    push_until_settled(brook, clock)
    assert_sound(sage)


@pytest.mark.parametrize("fault", ["status", "reset_before_saving", "too_many_requests", "unauthorised"])
def test_fault_83_everything_fails_for_one_practice(brook, cedar, enabled, sage, clock, fault):
    connected(cedar, sage, company=OTHER)
    mine = [issued_invoice(brook) for _ in range(3)]
    theirs = [issued_invoice(cedar) for _ in range(3)]
    sage.forget_requests()
    sage.arm(fault, on="*", times=None, business=enabled.business_id)
    push_once(brook)
    assert push_once(cedar) == 3
    assert {posting_of(invoice).status for invoice in theirs} == {Posting.Status.POSTED}
    assert not any(request["status"] >= 400 for request in sage.requests() if is_of(request, OTHER, sage))
    sage.disarm()
    assert {posting_of(invoice).status for invoice in mine} == {Posting.Status.PENDING}
    assert_sound(sage, drained=False)


def is_of(request, company: str, sage) -> bool:
    return request["business"] == sage.business_id(company)


@pytest.mark.parametrize("task", [push_due_postings, poll_payments])
def test_fault_85_a_task_for_a_practice_that_is_gone(db, sage, task):
    sage.forget_requests()
    task(987_654)
    assert sage.requests() == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('ignition.practice_id', true)")
        assert not cursor.fetchone()[0]


def test_fault_85_a_practice_that_disconnects_with_jobs_queued(brook, enabled, sage, clock):
    issued_invoice(brook)
    with practice_scope(brook.pk):
        disconnect()
    sage.forget_requests()
    for task in (push_due_postings, poll_payments):
        task(brook.pk)
    assert sage.requests() == []
    assert_sound(sage)


def posting_of_scope(invoice) -> Posting:
    """The invoice's posting, inside an open scope."""
    return Posting.objects.get(kind=Posting.Kind.INVOICE_CREATE, subject_id=invoice.pk)
