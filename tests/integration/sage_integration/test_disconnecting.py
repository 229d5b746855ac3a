"""Leaving Sage, coming back, and changing the company."""

import pytest

from ledger.models import Posting
from ledger.outbox import ledger_settings, request_posting
from practices.tenancy import practice_scope
from sage_integration.connections import current_connection
from sage_integration.models import SageConnection, SyncRun, TaxRateMapping
from tests.integration.sage_integration.connecting import page, sign_in, text_of
from tests.integration.sage_integration.test_turns import messages
from tests.sage import COMPANY, connected


def test_f27_disconnecting_erases_the_tokens_and_ends_the_grant_at_sage(alice, brook, sage):
    connected(brook, sage)
    shown = text_of(alice.get(page("connection-disconnect")))
    assert "stay in the queue" in shown or "stays in the queue" in shown
    sage.forget_requests()
    assert alice.post(page("connection-disconnect"), {"business_name": COMPANY}).headers["Location"] == page(
        "connection-detail"
    )
    assert [r["path"] for r in sage.requests("POST")] == ["/revoke"]
    with practice_scope(brook.pk):
        assert current_connection() is None
        ended = SageConnection.objects.get()
        assert (ended.access_token, ended.refresh_token) == ("", "")
        assert not ledger_settings().accepts_postings
    assert "Not connected" in text_of(alice.get(page("app-list")))


def test_f27_disconnecting_erases_the_tokens_even_when_sage_is_down(alice, brook, sage):
    connected(brook, sage)
    sage.arm("status", on="POST /revoke", times=None, status=503)
    alice.post(page("connection-disconnect"), {"business_name": COMPANY})
    shown = text_of(alice.get(page("connection-detail")))
    assert "Sage could not be told" in shown
    with practice_scope(brook.pk):
        ended = SageConnection.objects.get()
        assert (ended.status, ended.refresh_token) == ("disconnected", "")


def test_connecting_the_same_company_again_finds_everything_as_it_was(alice, brook, sage):
    connected(brook, sage)
    with practice_scope(brook.pk):
        account = current_connection().default_account_id
    alice.post(page("connection-disconnect"), {"business_name": COMPANY})
    sign_in(alice)
    alice.post(page("business-choose"), {"business_id": sage.business_id()})
    with practice_scope(brook.pk):
        assert current_connection().default_account_id == account
        assert TaxRateMapping.objects.count() == 2
    assert alice.post(page("connection-enable")).status_code == 303
    with practice_scope(brook.pk):
        assert current_connection().status == SageConnection.Status.ENABLED


def test_another_company_is_refused_while_documents_wait_for_the_first(alice, brook, sage):
    connected(brook, sage)
    with practice_scope(brook.pk):
        request_posting(Posting.Kind.INVOICE_CREATE, 1, label="INV-000001")
    alice.post(page("connection-disconnect"), {"business_name": COMPANY})
    sign_in(alice)
    quayside = sage.business_id("Quayside Advisory Ltd")
    refused = alice.post(page("business-choose"), {"business_id": quayside})
    assert refused.status_code == 409
    assert "1 document is still waiting for Harbour" in text_of(refused)
    with practice_scope(brook.pk):
        assert current_connection().business_id == ""
        Posting.objects.all().delete()
    assert alice.post(page("business-choose"), {"business_id": quayside}).status_code == 303
    with practice_scope(brook.pk):
        assert current_connection().default_account_id == ""
        assert not TaxRateMapping.objects.exists()


@pytest.mark.parametrize("pulls_payments", [True, False])
def test_f59_sync_now_reads_money_and_changes_too_where_they_are_mirrored(alice, brook, sage, pulls_payments):
    connected(brook, sage)
    with practice_scope(brook.pk):
        SageConnection.objects.update(pulls_payments=pulls_payments)
    messages("polling")
    shown = text_of(alice.post(page("sync-start"), follow=True))
    assert ("payments" in shown.split("Reading ")[1].split(".")[0]) is pulls_payments
    assert (brook.pk in [practice_id for practice_id, _ in messages("polling")]) is pulls_payments


def test_f59_pressing_sync_twice_quickly_runs_once(alice, brook, sage, settings):
    connected(brook, sage)
    for _ in range(2):
        alice.post(page("sync-start"))
    with practice_scope(brook.pk):
        assert SyncRun.objects.filter(kind="reference_data").count() == 1
    assert "Reading" in text_of(alice.get(page("connection-detail")))
