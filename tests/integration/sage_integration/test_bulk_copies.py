"""Many invoices copied or tried again from the list: a result row each, nothing twice, and one quick request."""

import html
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import Client
from invoicing.bulk_acts import do_many_rows, start_bulk
from invoicing.models import Invoice
from invoicing.operations import draft_invoice, void_in_ledger
from ledger.models import Posting
from ledger.outbox import cancel_posting
from practices.job_models import Job, JobRow
from practices.job_rows import as_they_stand
from practices.job_steps import run_live_jobs
from practices.models import AuditEntry
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import ClientChoices, SageLink, TaxRateMapping
from sage_integration.sync import pull
from sage_integration.tasks import push_due_postings
from services.models import TaxRate
from tests.factories import TODAY
from tests.integration.sage_integration.posting import (
    add_client,
    issue,
    line,
    posted,
    posting_of,
    push_until_settled,
    service_named,
)
from tests.integration.sage_integration.test_corrections import amend, ask


@pytest.fixture
def held(brook, enabled):
    """Three invoices of a client whose invoices are copied by hand."""
    with practice_scope(brook.pk):
        client = add_client("Acme Ltd", posts_automatically=False)
        return [issue(client, line(price)) for price in ("10.00", "20.00", "30.00")]


def outcomes(practice, act: str, ids) -> dict[str, tuple[str, str]]:
    with practice_scope(practice.pk):
        job = start_bulk(act, ids, practice)
    with acting_for(practice.pk):
        run_live_jobs()
    with practice_scope(practice.pk):
        rows = JobRow.objects.filter(job=Job.objects.get(pk=job.pk))
        return {row.label.split(",")[0]: (row.outcome, row.message) for row in rows}


def test_f75_bulk_copy_sends_each_once_and_never_what_sage_has(brook, sage, held, clock):
    ids = [invoice.pk for invoice in held]
    assert {outcome for outcome, _ in outcomes(brook, "copy", ids).values()} == {"done"}
    again = outcomes(brook, "copy", ids)
    assert {message for _, message in again.values()} == {"It is on its way to Sage already."}
    push_until_settled(brook, clock)
    assert len(sage.sales_invoices()) == 3
    assert all("already" in message for _, message in outcomes(brook, "copy", ids).values())
    push_until_settled(brook, clock)
    assert len(sage.sales_invoices()) == 3


def test_each_row_says_why_it_was_not_copied_and_keeps_no_other(brook, sage, held):
    with practice_scope(brook.pk):
        client = add_client("Bolt Ltd", posts_automatically=False)
        TaxRateMapping.objects.filter(tax_rate__vat_code="zero").delete()
        unmapped = issue(client, line("5.00"))
        unmapped.lines.update(tax_rate=TaxRate.objects.get(vat_code="zero"), vat_percent=0)
    found = outcomes(brook, "copy", [held[0].pk, unmapped.pk])
    assert found[held[0].number_label][0] == "done"
    assert (found[unmapped.number_label][0], posting_of(unmapped).status) == (
        "needs_you",
        Posting.Status.HELD,
    )
    assert found[unmapped.number_label][1].startswith("Sage would refuse it. ")


def test_g78_a_draft_copied_in_bulk_is_made_final_first(brook, sage, held, clock):
    with practice_scope(brook.pk):
        by_hand = add_client("Bolt Ltd", posts_automatically=False)
        by_itself = add_client("Cog Ltd")
        drafts = [
            draft_invoice(client, [line("5.00")], tax_point=TODAY, source=Invoice.Source.INSTANT)
            for client in (by_hand, by_itself)
        ]
    with practice_scope(brook.pk):
        job = start_bulk("copy", [draft.pk for draft in drafts], brook)
    with acting_for(brook.pk):
        run_live_jobs()
    with practice_scope(brook.pk):
        job.refresh_from_db()
        assert job.succeeded == 2
        final = [Invoice.objects.get(pk=draft.pk) for draft in drafts]
        assert [invoice.status for invoice in final] == ["issued"] * 2
        called = {row.url.rstrip("/").rpartition("/")[2]: row.label for row in job.rows.all()}
        assert called == {str(each.pk): f"{each.number_label}, {each.client.name}" for each in final}
    push_until_settled(brook, clock)
    assert len(sage.sales_invoices()) == 2


def test_g78_a_draft_that_cannot_be_copied_stays_a_draft(brook, sage, held):
    with practice_scope(brook.pk):
        client = add_client("Bolt Ltd", posts_automatically=False)
        future = TODAY + timedelta(days=9)
        later = draft_invoice(client, [line("5.00")], tax_point=future, source=Invoice.Source.INSTANT)
        TaxRateMapping.objects.filter(tax_rate__vat_code="zero").delete()
        zero = service_named("Training", rate="zero")
        unmapped = draft_invoice(
            client, [line("5.00", service=zero)], tax_point=TODAY, source=Invoice.Source.INSTANT
        )
        job = start_bulk("copy", [later.pk, unmapped.pk, held[0].pk], brook)
    with acting_for(brook.pk):
        run_live_jobs()
    with practice_scope(brook.pk):
        job.refresh_from_db()
        assert (job.succeeded, job.needs_you) == (1, 2)
        assert Invoice.objects.filter(status="draft").count() == 2
        assert Posting.objects.get(subject_id=held[0].pk).status == Posting.Status.PENDING


def test_what_is_remembered_for_a_client_is_what_a_bulk_copy_is_sent_with(brook, sage, held, clock):
    with practice_scope(brook.pk):
        rate = held[0].lines.get().tax_rate_id
        ClientChoices.objects.create(client=held[0].client, rates={str(rate): ""})
    outcomes(brook, "copy", [held[0].pk, held[1].pk])
    push_until_settled(brook, clock)
    assert {invoice["tax_amount"] for invoice in sage.sales_invoices()} == {"0.0"}


def test_bulk_retry_lets_only_what_was_refused_try_again(brook, sage, held, clock):
    with practice_scope(brook.pk):
        Posting.objects.filter(subject_id=held[0].pk).update(status="failed", failure="SageRejected")
    found = outcomes(brook, "retry", [invoice.pk for invoice in held])
    assert found[held[0].number_label][0] == "done"
    assert {found[each.number_label][0] for each in held[1:]} == {"skipped"}
    again = outcomes(brook, "retry", [held[0].pk])
    assert again[held[0].number_label][0] == "skipped"
    push_until_settled(brook, clock)
    assert len(sage.sales_invoices()) == 1
    with practice_scope(brook.pk):
        assert AuditEntry.objects.filter(action="posting.retried").count() == 1


@pytest.mark.parametrize("act", ["copy", "retry"])
def test_a_row_that_sage_refuses_later_needs_somebody_until_it_is_mended(
    brook, sage, held, clock, client_of, act
):
    with practice_scope(brook.pk):
        if act == "retry":
            Posting.objects.update(status="failed", failure="SageRejected")
        job = start_bulk(act, [each.pk for each in held], brook)
    with acting_for(brook.pk):
        run_live_jobs()
    alice, address = client_of("alice"), job.get_absolute_url()
    waiting = alice.get(address).content.decode()
    assert waiting.count(">On its way<") == 4  # Its tab, and each row.
    assert 'hx-trigger="every 5s"' in waiting
    assert "On its way to Sage" in alice.get("/p/brook-co/jobs/").content.decode()
    assert "On its way to Sage" in alice.get("/p/brook-co/jobs/?file=csv").getvalue().decode()
    sage.arm("status", on="POST /sales_invoices", status=422, times=1)
    push_until_settled(brook, clock)
    refused, done = (
        alice.get(f"{address}?outcome={each}").content.decode() for each in ("needs_you", "done")
    )
    assert [held[0].number_label in each for each in (refused, done)] == [True, False]
    assert posting_of(held[0]).failure_detail in html.unescape(refused)
    assert "every 5s" not in refused
    assert [held[1].number_label in each for each in (refused, done)] == [False, True]
    assert f"In Sage as {posting_of(held[1]).external_number}" in done
    assert "Finished, needs you" in alice.get("/p/brook-co/jobs/").content.decode()
    assert "Finished, needs you" in alice.get("/p/brook-co/jobs/?file=csv").getvalue().decode()
    assert posting_of(held[0]).failure_detail in alice.get(f"{address}?file=csv").getvalue().decode()
    outcomes(brook, "retry", [held[0].pk])
    push_until_settled(brook, clock)
    assert "No rows here yet" in alice.get(f"{address}?outcome=needs_you").content.decode()
    jobs = alice.get("/p/brook-co/jobs/").content.decode()
    assert ["Finished, needs you" in jobs, "On its way to Sage" in jobs] == [False, False]


def as_it_stands(job) -> tuple[str, str]:
    with practice_scope(job.practice_id):
        row = as_they_stand(JobRow.objects.filter(job=job)).get()
    return row.stands, row.says


def start(practice, act: str, invoice) -> Job:
    with practice_scope(practice.pk):
        job = start_bulk(act, [invoice.pk], practice)
    with acting_for(practice.pk):
        run_live_jobs()
    return job


def test_f74_a_row_of_what_is_voided_and_copied_again_follows_the_new_copy(brook, sage, enabled, clock):
    """The voided document is no success: Sage may refuse the one that is to take its place."""
    acme = posted(brook, sage, prices=("100.00", "50.00"))
    amend(acme.invoice, "100.00")
    job = start(brook, "update", acme.invoice)
    assert as_it_stands(job) == ("waiting", "Voided there and copied again")
    sage.arm("status", on="POST /sales_invoices", status=422, times=1)
    push_until_settled(brook, clock)
    assert as_it_stands(job) == ("needs_you", posting_of(acme.invoice).failure_detail)
    start(brook, "retry", acme.invoice)
    push_until_settled(brook, clock)
    again = posting_of(acme.invoice)
    assert again.pk != acme.posting.pk
    assert as_it_stands(job) == ("done", f"In Sage as {again.external_number}")


def test_a_row_whose_new_copy_was_withdrawn_says_so_and_is_not_done(brook, sage, enabled, clock):
    acme = posted(brook, sage, prices=("100.00", "50.00"))
    amend(acme.invoice, "100.00")
    job = start(brook, "update", acme.invoice)
    sage.arm("status", on="POST /sales_invoices", status=422, times=1)
    push_until_settled(brook, clock)
    again = posting_of(acme.invoice)
    with practice_scope(brook.pk):
        cancel_posting(again)
    stands, says = as_it_stands(job)
    assert stands == "skipped"
    assert says == "The old copy is void in Sage, and the new one was withdrawn here before it left."


def test_a_void_that_is_tried_again_is_said_to_be_one_and_ends_as_voided(brook, sage, acme, clock):
    ask(acme.invoice, void_in_ledger, reason="Billed twice")
    sage.arm("status", on="DELETE /sales_invoices", status=422, times=1)
    push_until_settled(brook, clock)
    job = start(brook, "retry", acme.invoice)
    stands, says = as_it_stands(job)
    assert stands == "waiting"
    assert says.startswith("The void INV-")
    push_until_settled(brook, clock)
    assert as_it_stands(job) == ("done", "Voided in Sage")


def test_the_page_of_many_rows_asks_no_more_than_that_of_one(brook, held, client_of):
    alice, costs = client_of("alice"), []
    with practice_scope(brook.pk):
        Posting.objects.update(status="failed", failure="SageRejected")
        jobs = [start_bulk("retry", [held[0].pk], brook)]
        Posting.objects.update(status="failed", failure="SageRejected")
        jobs.append(start_bulk("retry", [each.pk for each in held], brook))
    alice.get(jobs[0].get_absolute_url())
    for job in jobs:
        with CaptureQueriesContext(connection) as seen:
            alice.get(job.get_absolute_url())
        costs.append(len(seen))
    assert costs[0] == costs[1]


def statements_of(work) -> int:
    with CaptureQueriesContext(connection) as seen:
        work()
    return len(seen)


def test_pg10_a_bulk_retry_takes_ten_statements_however_many(brook, held):
    with practice_scope(brook.pk):
        Posting.objects.update(status="failed", failure="SageRejected")
        assert statements_of(lambda: start_bulk("retry", [each.pk for each in held], brook)) <= 10
        assert set(Posting.objects.values_list("status", flat=True)) == {"pending"}


def test_pg10_copying_many_takes_no_more_statements_than_copying_one(brook, held):
    with practice_scope(brook.pk):
        one = start_bulk("copy", [held[0].pk], brook)
        three = start_bulk("copy", [each.pk for each in held], brook)
        few = statements_of(lambda: do_many_rows(one, 0, 1))
        Posting.objects.update(status="held")
        assert statements_of(lambda: do_many_rows(three, 0, 3)) == few


def test_pg10_asking_for_many_costs_one_request_no_more_statements_than_for_few(brook, held, client_of):
    nothing_asked = ("BEGIN", "SAVEPOINT", "RELEASE", "COMMIT", "SELECT set_config")
    browser, costs = client_of("alice"), []
    browser.get("/p/brook-co/invoices/")
    for chosen in (held[:1], held):
        with practice_scope(brook.pk):
            Posting.objects.update(status="failed", failure="SageRejected")
        fields = {"act": "retry", "selected": [each.pk for each in chosen]}
        with CaptureQueriesContext(connection) as seen:
            browser.post("/p/brook-co/invoices/bulk/", fields)
        costs.append(sum(not query["sql"].startswith(nothing_asked) for query in seen))
    assert costs[1] == costs[0] <= 10
    with practice_scope(brook.pk):
        assert set(Posting.objects.values_list("status", flat=True)) == {"pending"}


def test_check_now_reads_many_again_and_keeps_what_differs(brook, sage, held, clock):
    outcomes(brook, "copy", [each.pk for each in held[:2]])
    push_until_settled(brook, clock)
    stored = sage.sales_invoices()[0]
    line_of_it = {"id": stored["invoice_lines"][0]["id"], "unit_price": "55", "tax_amount": "11"}
    sage.edit_invoice(stored["id"], invoice_lines=[line_of_it])
    found = outcomes(brook, "check", [each.pk for each in held])
    assert [found[each.number_label][0] for each in held] == ["done", "done", "skipped"]
    with acting_for(brook.pk):
        pull.poll_payments(whole=False)
    with practice_scope(brook.pk):
        assert SageLink.objects.exclude(difference="").count() == 1


def test_check_now_on_an_invoice_keeps_the_difference_for_the_list_and_the_inbox(
    brook, sage, acme, client_of
):
    line_of_it = {"id": acme.theirs["invoice_lines"][0]["id"], "unit_price": "55", "tax_amount": "11"}
    sage.edit_invoice(acme.theirs["id"], invoice_lines=[line_of_it])
    alice = client_of("alice")
    assert alice.post(f"/p/brook-co/sage/invoices/{acme.invoice.pk}/check/").status_code == 303
    with practice_scope(brook.pk):
        assert SageLink.objects.get().difference == "differing"
    assert acme.invoice.number_label in alice.get("/p/brook-co/sage/inbox/").content.decode()
    assert acme.invoice.number_label in alice.get("/p/brook-co/invoices/?view=changed").content.decode()


def test_f86_copying_by_itself_and_by_hand_share_one_store_and_send_nothing_twice(
    brook, sage, held, clock, client_of
):
    by_itself = posted(brook, sage, "Bolt Ltd")
    outcomes(brook, "copy", [held[0].pk])
    push_until_settled(brook, clock)
    with practice_scope(brook.pk):
        Client.objects.update(
            posts_automatically=True
        )  # What was copied by hand is the scheduler's business as well.
    push_due_postings(brook.pk)
    assert len(sage.requests("POST", "/sales_invoices")) == 2
    alice = client_of("alice")
    for invoice in (held[0], by_itself.invoice):
        page = alice.get(f"/p/brook-co/invoices/{invoice.pk}/").content.decode()
        for words in ("In Sage as", "Create new", "Open in Sage"):
            assert words in page


def test_f73_updating_many_leaves_out_what_needs_no_update_and_asks_once_for_what_does(
    brook, sage, held, clock
):
    """Nobody is needed for what is the same on both sides, void, or not in Sage; the history says no more than is."""
    changed, same = (posted(brook, sage, name).invoice for name in ("Dock Ltd", "Quay Ltd"))
    void = posted(brook, sage, "Pier Ltd").invoice
    with practice_scope(brook.pk):
        Invoice.objects.filter(pk=void.pk).update(status=Invoice.Status.VOID, outstanding=0)
    amend(changed, "150.00")
    ids = [each.pk for each in (changed, same, void, held[0])]
    found = outcomes(brook, "update", ids)
    assert found[changed.number_label][0] == "done"
    assert found[same.number_label] == ("skipped", "Sage has it as it is here.")
    assert found[void.number_label] == ("skipped", "It is void here, so nothing is updated in Sage.")
    assert found[held[0].number_label] == ("skipped", "It is not in Sage, so there is nothing to update.")
    again = outcomes(brook, "update", [changed.pk])
    assert again[changed.number_label][0] == "needs_you"
    with practice_scope(brook.pk):
        assert AuditEntry.objects.filter(action="invoice.update_requested").count() == 1
