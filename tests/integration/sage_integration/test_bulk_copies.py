"""Many invoices copied or tried again from the list: a result row each, nothing twice, and one quick request."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invoicing.bulk_acts import start_bulk
from invoicing.models import Invoice
from invoicing.operations import draft_invoice
from ledger.models import Posting
from practices.job_steps import run_live_jobs
from practices.models import Job, JobRow
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import TaxRateMapping
from services.models import TaxRate
from tests.factories import TODAY
from tests.integration.sage_integration.posting import add_client, issue, line, posting_of, push_until_settled


@pytest.fixture
def held(brook, enabled):
    """Three invoices of a client whose invoices are copied by hand."""
    with practice_scope(brook.pk):
        client = add_client("Acme Ltd", posts_automatically=False)
        return [issue(client, line(price)) for price in ("10.00", "20.00", "30.00")]


def outcomes(practice, act: str, ids) -> dict[str, tuple[str, str]]:
    with practice_scope(practice.pk):
        job = start_bulk(act, ids)
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
        draft = draft_invoice(client, [line("5.00")], tax_point=TODAY, source=Invoice.Source.INSTANT)
        TaxRateMapping.objects.filter(tax_rate__vat_code="zero").delete()
        unmapped = issue(client, line("5.00"))
        unmapped.lines.update(tax_rate=TaxRate.objects.get(vat_code="zero"), vat_percent=0)
    found = outcomes(brook, "copy", [held[0].pk, draft.pk, unmapped.pk])
    assert found[held[0].number_label][0] == "done"
    assert "draft" in found["Draft"][1]
    assert (found[unmapped.number_label][0], posting_of(unmapped).status) == ("failed", Posting.Status.HELD)


def test_bulk_retry_lets_only_what_was_refused_try_again(brook, sage, held, clock):
    with practice_scope(brook.pk):
        Posting.objects.filter(subject_id=held[0].pk).update(status="failed", failure="SageRejected")
    found = outcomes(brook, "retry", [invoice.pk for invoice in held])
    assert found[held[0].number_label][0] == "done"
    assert {found[each.number_label][0] for each in held[1:]} == {"failed"}
    push_until_settled(brook, clock)
    assert len(sage.sales_invoices()) == 1


def test_pg10_asking_for_many_costs_one_request_no_more_statements_than_for_few(brook, held, client_of):
    browser = client_of("alice")
    few, many = ({"act": "retry", "selected": [each.pk for each in chosen]} for chosen in (held[:1], held))
    with CaptureQueriesContext(connection) as one:
        assert browser.post("/p/brook-co/invoices/bulk/", few).status_code == 303
    with CaptureQueriesContext(connection) as three:
        assert browser.post("/p/brook-co/invoices/bulk/", many).status_code == 303
    assert len(three) <= len(one)
