"""Accounts and VAT rates as Sage has them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from practices.tenancy import acting_for, practice_scope
from sage_integration.connections import current_connection, disconnect
from sage_integration.models import SageLedgerAccount, SageTaxRate, SyncRun
from sage_integration.readiness import readiness
from sage_integration.sync.reference_data import sync_reference_data
from sage_integration.sync.runs import request_run
from sage_integration.tasks import read_reference_data
from tests.sage import connected

Kind = SyncRun.Kind


@pytest.fixture
def practice(brook, sage):
    """Brook & Co, connected and enabled."""
    connected(brook, sage)
    sage.forget_requests()
    return brook


def synced(practice) -> SyncRun | None:
    with acting_for(practice.pk):
        return sync_reference_data()


def account_in_sage(sage, nominal_code: int) -> dict:
    accounts = sage.records("ledger_accounts", sage.business_id())
    return next(account for account in accounts if account["nominal_code"] == nominal_code)


def test_what_sage_offers_for_sales_is_known_here(practice, sage):
    with practice_scope(practice.pk):
        codes = set(SageLedgerAccount.objects.filter(is_usable=True).values_list("nominal_code", flat=True))
        rates = dict(SageTaxRate.objects.values_list("sage_id", "percentage"))
    assert {4000, 4010} <= codes
    assert not {1200, 2200, 5000} & codes
    assert rates == {
        "GB_STANDARD": Decimal("20.00"),
        "GB_LOWER": Decimal("5.00"),
        "GB_ZERO": Decimal("0.00"),
        "GB_EXEMPT": Decimal("0.00"),
        "GB_NO_TAX": Decimal("0.00"),
    }


def test_a_run_says_when_and_how_much(practice, sage):
    run = synced(practice)
    assert run.finished_at
    assert run.counts["rates"] == 5
    assert run.counts["gone"] == 0
    assert run.problem == ""


def test_an_account_that_is_hidden_in_sage_is_kept_and_no_longer_usable(practice, sage):
    account = account_in_sage(sage, 4010)
    sage.change_record("ledger_accounts", account["id"], visible_in_sales=False, visible_scopes=[])
    assert synced(practice).counts["gone"] == 1
    with practice_scope(practice.pk):
        assert SageLedgerAccount.objects.get(nominal_code=4010).is_usable is False
        problems = [check.problem for check in readiness(current_connection()) if check.problem]
    assert problems == ["4010 Sales - Services is no longer a sales account in Sage: choose another one."]


def test_an_account_renamed_in_sage_is_renamed_here(practice, sage):
    account = account_in_sage(sage, 4010)
    sage.change_record("ledger_accounts", account["id"], name="Fees")
    synced(practice)
    with practice_scope(practice.pk):
        assert str(SageLedgerAccount.objects.get(sage_id=account["id"])) == "4010 Fees"


def test_a_login_that_may_not_see_the_settings_can_still_be_connected(practice, sage):
    sage.arm("forbidden", on="GET /financial_settings")
    assert synced(practice).problem == ""
    with practice_scope(practice.pk):
        assert current_connection().tax_scheme == ""


def test_a_sage_that_is_down_is_kept_on_the_run_and_changes_nothing(practice, sage):
    sage.arm("status", on="GET /ledger_accounts", times=None, status=503)
    run = synced(practice)
    assert "could not be reached" in run.problem
    with practice_scope(practice.pk):
        assert SageLedgerAccount.objects.filter(is_usable=True).exists()


def test_nothing_is_read_once_disconnected(practice, sage):
    with practice_scope(practice.pk):
        disconnect()
    assert synced(practice) is None
    assert sage.requests() == []


def test_f59_a_run_asked_for_is_the_run_that_is_done(practice, sage):
    with practice_scope(practice.pk):
        asked_for = request_run(Kind.REFERENCE_DATA)
        assert request_run(Kind.REFERENCE_DATA) is None
    read_reference_data(practice.pk)
    with practice_scope(practice.pk):
        run = SyncRun.objects.get()
        assert (run.pk, run.counts["rates"]) == (asked_for.pk, 5)
        assert request_run(Kind.REFERENCE_DATA) is None  # it has only just ended


def test_a_run_that_was_lost_with_its_worker_does_not_block_the_next(practice, sage):
    with practice_scope(practice.pk):
        request_run(Kind.REFERENCE_DATA)
        SyncRun.objects.update(started_at=timezone.now() - timedelta(minutes=6))
        assert request_run(Kind.REFERENCE_DATA) is not None


@pytest.mark.parametrize(
    "path", ["/products", "/services", "/bank_accounts", "/financial_settings", "/contacts"]
)
def test_what_a_company_does_not_offer_keeps_nobody_from_its_accounts_and_rates(practice, sage, path):
    sage.arm("status", on=f"GET {path}", times=None, status=404)
    run = synced(practice)
    assert run.problem == ""
    assert run.counts["accounts"] > 0
    assert run.counts["rates"] == 5
