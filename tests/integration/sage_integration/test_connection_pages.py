"""The pages that connect a practice to Sage, driven as a browser would."""

from html import unescape

import pytest
from django.core.management import call_command
from django.urls import reverse

from ledger.models import Posting
from ledger.outbox import ledger_settings, request_posting
from practices.models import AuditEntry
from practices.tenancy import practice_scope
from sage_integration.connections import current_connection
from sage_integration.models import SageConnection, SageLedgerAccount, SageTaxRate, SyncRun, TaxRateMapping
from services.models import TaxRate
from tests.sage import COMPANY, answer_of_consent, callback_path, connected

SETTINGS = {
    "manual_terms_days": "7",
    "automatic_terms_days": "14",
    "posts_new_clients": "on",
    "includes_descriptions": "on",
    "pulls_payments": "on",
    "number_owner": "sage",
    "pdf_owner": "sage",
    "arrives_as": "final",
    "name_direction": "to_sage",
}


def page(name: str, practice="brook-co") -> str:
    return reverse(f"sage:{name}", kwargs={"practice": practice})


def text_of(answer) -> str:
    return unescape(answer.content.decode())


@pytest.fixture
def alice(client_of, sage):
    """Alice's browser, with Sage in reach."""
    return client_of("alice")


def sign_in(browser, decision="allow"):
    begun = browser.post(page("connection-begin"))
    assert begun.status_code == 303
    return browser.get(callback_path(answer_of_consent(begun.headers["Location"], decision)))


def settings_of(practice, **changes) -> dict[str, str]:
    with practice_scope(practice.pk):
        account = SageLedgerAccount.objects.get(nominal_code=4010)
    return {**SETTINGS, "default_account_id": account.sage_id, **changes}


def rates_of(practice, **by_name) -> dict[str, str]:
    """The VAT form's fields: our rates by name, each with Sage's id."""
    with practice_scope(practice.pk):
        return {
            f"rate_{rate.pk}": by_name.get(rate.name, "GB_STANDARD") for rate in TaxRate.objects.offered()
        }


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


def test_f13_settings_are_not_saved_without_a_default_sales_account(alice, brook, sage):
    sign_in(alice)
    alice.post(page("business-choose"), {"business_id": sage.business_id()})
    invalid = alice.post(page("settings-edit"), settings_of(brook, default_account_id=""))
    assert invalid.status_code == 422
    assert "Choose the account" in text_of(invalid)
    with practice_scope(brook.pk):
        assert current_connection().default_account_id == ""


def test_f13_only_sales_accounts_are_offered(alice, brook, sage):
    sign_in(alice)
    alice.post(page("business-choose"), {"business_id": sage.business_id()})
    shown = text_of(alice.get(page("settings-edit")))
    assert "4000 " in shown
    assert "5000 " not in shown
    assert "1200 " not in shown


def test_f07_enabling_is_refused_with_every_reason_by_name(alice, brook, sage):
    sign_in(alice)
    alice.post(page("business-choose"), {"business_id": sage.business_id()})
    refused = alice.post(page("connection-enable"))
    assert refused.status_code == 409
    for reason in ("No default sales account", "Standard rate", "Zero rate"):
        assert reason in text_of(refused)
    with practice_scope(brook.pk):
        assert current_connection().status == SageConnection.Status.CONNECTED
        assert not ledger_settings().accepts_postings


def test_enabling_is_refused_when_the_chosen_account_has_gone(alice, brook, sage):
    connected(brook, sage)
    with practice_scope(brook.pk):
        SageConnection.objects.update(status="connected", enabled_at=None)
        SageLedgerAccount.objects.filter(nominal_code=4010).update(is_usable=False)
    refused = alice.post(page("connection-enable"))
    assert refused.status_code == 409
    assert "no longer a sales account" in text_of(refused)


def test_f07_what_was_held_before_is_listed_and_leaves_when_released(alice, brook, sage):
    with practice_scope(brook.pk):
        posting = request_posting(Posting.Kind.INVOICE_CREATE, 1, label="INV-000001")
        assert posting.status == Posting.Status.HELD
    connected(brook, sage)
    shown = text_of(alice.get(page("connection-detail")))
    assert "1 document is held" in shown
    assert posting.reference in shown
    alice.post(page("held-release"), {"selected": [str(posting.pk)]})
    with practice_scope(brook.pk):
        assert Posting.objects.get().status == Posting.Status.PENDING


def test_f28_f30_exactly_the_rates_defined_here_are_mapped(alice, brook, sage):
    sign_in(alice)
    alice.post(page("business-choose"), {"business_id": sage.business_id()})
    shown = text_of(alice.get(page("tax-rate-map")))
    assert shown.count("<select") == 2
    assert "Sure" in shown
    assert reverse("services:tax-rate-list", kwargs={"practice": "brook-co"}) in shown  # F31
    first = next(iter(rates_of(brook)))
    assert alice.post(page("tax-rate-map"), {first: "GB_STANDARD"}).status_code == 422
    with practice_scope(brook.pk):
        assert not TaxRateMapping.objects.exists()


def test_f31_a_rate_added_later_is_warned_of_on_the_tile(alice, brook, sage):
    connected(brook, sage)
    with practice_scope(brook.pk):
        TaxRate.objects.create(name="Reduced rate", vat_code="reduced")
    tile = text_of(alice.get(page("app-list")))
    assert "Not mapped to a VAT rate of Sage yet: Reduced rate" in tile
    assert "Reduced rate" in text_of(alice.get(page("connection-detail")))


def test_f32_a_mapping_is_in_force_only_once_saved(alice, brook, sage):
    connected(brook, sage)
    shown = text_of(alice.get(page("tax-rate-map")))
    assert "data-unsaved" in shown
    with practice_scope(brook.pk):
        standard = TaxRate.objects.get(name="Standard rate")
        assert TaxRateMapping.objects.get(tax_rate=standard).sage_tax_rate_id == "GB_STANDARD"
    alice.post(page("tax-rate-map"), rates_of(brook, **{"Standard rate": "GB_LOWER", "Zero rate": "GB_ZERO"}))
    with practice_scope(brook.pk):
        assert TaxRateMapping.objects.get(tax_rate=standard).sage_tax_rate_id == "GB_LOWER"


def test_f26_settings_can_be_changed_later_and_the_trail_says_who(alice, cast, brook, sage):
    connected(brook, sage)
    with practice_scope(brook.pk):
        other = SageLedgerAccount.objects.get(nominal_code=4000)
    changed = settings_of(brook, default_account_id=other.sage_id)
    del changed["pulls_payments"]
    alice.post(page("settings-edit"), changed)
    with practice_scope(brook.pk):
        connection = current_connection()
        assert connection.default_account_id == other.sage_id
        assert connection.pulls_payments is False
        entry = AuditEntry.objects.get(action="sage.settings_changed", actor=cast.alice)
        assert set(entry.data["changes"]) == {"default_account_id", "pulls_payments"}
    assert "Settings changed" in text_of(alice.get(page("connection-detail")))


def test_f17_new_clients_start_with_the_switch_of_the_settings(alice, brook, sage):
    connected(brook, sage)
    changed = settings_of(brook)
    del changed["posts_new_clients"]
    alice.post(page("settings-edit"), changed)
    with practice_scope(brook.pk):
        assert ledger_settings().posts_new_clients is False


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


def test_an_enabled_company_cannot_be_swapped_without_disconnecting(alice, brook, sage):
    connected(brook, sage)
    refused = alice.post(page("business-choose"), {"business_id": sage.business_id("Quayside Advisory Ltd")})
    assert refused.status_code == 409
    with practice_scope(brook.pk):
        assert current_connection().business_name == COMPANY


def test_f59_pressing_sync_twice_quickly_runs_once(alice, brook, sage, settings):
    connected(brook, sage)
    for _ in range(2):
        alice.post(page("sync-start"))
    with practice_scope(brook.pk):
        assert SyncRun.objects.filter(kind="reference_data").count() == 1
    assert "Reading" in text_of(alice.get(page("connection-detail")))


@pytest.mark.parametrize(
    "name",
    [
        "settings-edit",
        "tax-rate-map",
        "account-map",
        "business-choose",
        "health-check",
        "clients-foreseen",
        "invoices-foreseen",
        "dry-run",
    ],
)
def test_a_step_before_its_turn_leads_back_to_the_connections_page(alice, brook, sage, name):
    answer = alice.get(page(name))
    assert answer.status_code == 303
    assert answer.headers["Location"] == page("connection-detail")


def test_f14_f16_a_service_gets_an_account_of_its_own(alice, brook, sage):
    from sage_integration.models import AccountMapping
    from services.models import Service

    connected(brook, sage)
    with practice_scope(brook.pk):
        service = Service.objects.create(name="Bookkeeping", tax_rate=TaxRate.objects.first())
        account = SageLedgerAccount.objects.get(nominal_code=4000)
    shown = text_of(alice.get(page("account-map")))
    assert str(account) in shown
    assert "Default: 4010" in shown
    alice.post(page("account-map"), {f"service_{service.pk}": account.sage_id})
    with practice_scope(brook.pk):
        assert AccountMapping.objects.get(service=service).ledger_account_id == account.sage_id
    alice.post(page("account-map"), {f"service_{service.pk}": ""})
    with practice_scope(brook.pk):
        assert not AccountMapping.objects.exists()


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
