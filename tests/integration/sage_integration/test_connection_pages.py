"""Signing in to Sage and choosing a company, driven as a browser would."""

import pytest
from django.core.management import call_command

from ledger.outbox import ledger_settings
from practices.tenancy import practice_scope
from sage_integration.connections import current_connection
from sage_integration.models import SageConnection, SageLedgerAccount, SageTaxRate
from tests.integration.sage_integration.connecting import (
    page,
    rates_of,
    settings_of,
    sign_in,
    text_of,
)
from tests.sage import COMPANY, answer_of_consent, callback_path, connected


def test_f04_f06_f07_an_owner_connects_sage_from_the_apps_page(alice, brook, sage):
    apps = alice.get(page("app-list"))
    assert "Not connected" in text_of(apps)
    tile = alice.get(page("connection-detail"))
    assert 'target="_blank"' in text_of(tile)
    assert 'type="password"' not in text_of(tile)

    begun = alice.post(page("connection-begin"))
    url = begun.headers["Location"]
    assert url.startswith(sage.settings["SAGE_AUTHORIZE_URL"])
    for part in (
        "client_id=ignition%2Ftests",
        "redirect_uri=",
        "scope=full_access",
        "state=",
        "code_challenge=",
    ):
        assert part in url
    back = alice.get(callback_path(answer_of_consent(url)))
    assert back.headers["Location"] == page("business-choose")

    choice = text_of(alice.get(page("business-choose")))
    for name in (COMPANY, "Liffey Books Ltd", "Quayside Advisory Ltd"):
        assert name in choice
    chosen = alice.post(page("business-choose"), {"business_id": sage.business_id("Quayside Advisory Ltd")})
    assert chosen.headers["Location"] == page("health-check")
    assert alice.post(page("health-check")).headers["Location"] == page("account-map")

    assert "4010 " in text_of(alice.get(page("account-map")))
    default = {"default_account_id": settings_of(brook)["default_account_id"]}
    assert alice.post(page("account-map"), default).headers["Location"] == page("tax-rate-map")
    saved = alice.post(page("tax-rate-map"), rates_of(brook, **{"Zero rate": "GB_ZERO"}))
    assert saved.headers["Location"] == page("clients-foreseen")
    assert alice.post(page("clients-foreseen")).headers["Location"] == page("invoices-foreseen")
    assert alice.post(page("invoices-foreseen")).headers["Location"] == page("settings-edit")
    assert alice.post(page("settings-edit"), settings_of(brook)).headers["Location"] == page("dry-run")
    assert alice.post(page("dry-run")).headers["Location"] == page("connection-detail")
    assert "Enable app" in text_of(alice.get(page("connection-detail")))
    assert alice.post(page("connection-enable")).status_code == 303

    with practice_scope(brook.pk):
        connection = current_connection()
        assert connection.status == SageConnection.Status.ENABLED
        assert connection.business_name == "Quayside Advisory Ltd"
        assert connection.plan == "Accounting"
        assert ledger_settings().accepts_postings
    detail = text_of(alice.get(page("connection-detail")))
    assert "Quayside Advisory Ltd" in detail
    assert "Connected" in text_of(alice.get(page("app-list")))


def test_f06_every_request_names_the_chosen_company_and_no_other(alice, brook, sage):
    sign_in(alice)
    quayside = sage.business_id("Quayside Advisory Ltd")
    sage.forget_requests()
    alice.post(page("business-choose"), {"business_id": quayside})
    asked = [
        r for r in sage.requests() if r["path"].startswith(("/ledger_accounts", "/tax_rates", "/financial"))
    ]
    assert asked
    assert {r["business"] for r in asked} == {quayside}


def test_f05_a_refusal_on_sages_page_leaves_things_as_they_were(alice, brook, sage):
    back = sign_in(alice, "deny")
    assert back.headers["Location"] == page("app-list")
    apps = text_of(alice.get(page("app-list")))
    assert "Access was refused" in apps
    assert "Not connected" in apps
    with practice_scope(brook.pk):
        assert not SageConnection.objects.exists()


def test_f01_a_practice_outside_the_united_kingdom_cannot_connect(alice, brook, sage):
    brook.country = "AU"
    brook.save()
    for name in ("app-list", "connection-detail"):
        shown = text_of(alice.get(page(name)))
        assert "Unavailable" in shown
        assert "United Kingdom only" in shown
    refused = alice.post(page("connection-begin"))
    assert refused.status_code == 409
    assert "United Kingdom only" in text_of(refused)
    with practice_scope(brook.pk):
        assert not SageConnection.objects.exists()


def test_f09_a_practice_whose_plan_lacks_sage_sees_why_and_cannot_connect(alice, brook, sage, settings):
    settings.SAGE_PLANS = ["plus"]
    shown = text_of(alice.get(page("app-list")))
    assert "not part of the practice's plan" in shown
    assert alice.post(page("connection-begin")).status_code == 409
    call_command("set_plan", "brook-co", "plus")
    assert "Not connected" in text_of(alice.get(page("app-list")))
    assert alice.post(page("connection-begin")).status_code == 303


def test_f09_without_plans_sage_belongs_to_all(alice, brook, sage, settings):
    assert settings.SAGE_PLANS == []
    assert alice.post(page("connection-begin")).status_code == 303


def test_f02_a_company_outside_the_united_kingdom_is_shown_disabled_and_refused(alice, brook, sage):
    sign_in(alice)
    choice = text_of(alice.get(page("business-choose")))
    assert "Liffey Books Ltd is a company in Ireland" in choice
    irish = sage.business_id("Liffey Books Ltd")
    refused = alice.post(page("business-choose"), {"business_id": irish})
    assert refused.status_code == 409
    assert "Ireland" in text_of(refused)
    with practice_scope(brook.pk):
        assert current_connection().business_id == ""
        assert not SageLedgerAccount.objects.exists()
        assert not SageTaxRate.objects.exists()


def test_f02_a_company_without_an_active_plan_is_refused(alice, brook, sage):
    sign_in(alice)
    lapsed = sage.business_id("Quayside Advisory Ltd")
    sage.change_business(lapsed, active=False)
    assert "no active Sage Accounting plan" in text_of(alice.get(page("business-choose")))
    assert alice.post(page("business-choose"), {"business_id": lapsed}).status_code == 409
    with practice_scope(brook.pk):
        assert current_connection().business_id == ""


def test_one_company_is_still_asked_for(alice, brook, sage):
    for name in ("Liffey Books Ltd", "Quayside Advisory Ltd"):
        sage.change_business(sage.business_id(name), accessible=False)
    back = sign_in(alice)
    assert back.headers["Location"] == page("business-choose")
    with practice_scope(brook.pk):
        assert current_connection().business_id == ""


def test_sage_going_down_at_the_choice_of_companies_stores_nothing(alice, brook, sage):
    sign_in(alice)
    company = sage.business_id(COMPANY)
    sage.arm("status", on="GET /tax_rates", times=None, status=503)
    answer = alice.post(page("business-choose"), {"business_id": company})
    assert answer.headers["Location"] == page("business-choose")
    assert "The company was not chosen" in text_of(alice.get(page("business-choose")))
    with practice_scope(brook.pk):
        assert current_connection().business_id == ""
        assert not SageLedgerAccount.objects.exists()
    sage.disarm()
    assert alice.post(page("business-choose"), {"business_id": company}).headers["Location"] == page(
        "health-check"
    )


def test_sage_being_down_when_the_companies_are_listed_is_said_on_the_page(alice, brook, sage):
    sign_in(alice)
    sage.arm("status", on="GET /businesses", times=None, status=503)
    answer = alice.get(page("business-choose"))
    assert answer.status_code == 503
    assert "could not be read" in text_of(answer)


@pytest.mark.parametrize(
    "name", ["connection-begin", "connection-enable", "connection-disconnect", "sync-start"]
)
def test_f08_f88_staff_may_look_but_not_touch(client_of, brook, sage, name):
    bob = client_of("bob")
    assert bob.get(page("connection-detail")).status_code == 200
    assert bob.post(page(name)).status_code == 403


def test_f89_a_company_is_connected_for_one_practice_only(client_of, brook, cedar, sage):
    connected(brook, sage)
    carol = client_of("carol")
    assert carol.get(page("connection-detail")).status_code == 404
    with practice_scope(cedar.pk):
        assert current_connection() is None
        assert not SageLedgerAccount.objects.exists()
