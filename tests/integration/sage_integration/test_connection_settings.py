"""Setting the connection up and switching it on, driven as a browser would."""

import pytest
from django.urls import reverse

from invoicing.operations.settings import set_billing_rules
from ledger.models import Posting
from ledger.outbox import ledger_settings, request_posting
from practices.models import AuditEntry
from practices.tenancy import practice_scope
from sage_integration.connections import current_connection
from sage_integration.models import SageConnection, SageLedgerAccount, TaxRateMapping
from sage_integration.queries import set_up_steps
from services.models import TaxRate
from tests.integration.sage_integration.connecting import (
    page,
    rates_of,
    settings_of,
    sign_in,
    text_of,
)
from tests.integration.sage_integration.posting import add_client, issued_invoice
from tests.sage import connected


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


def test_the_settings_name_what_stands_around_them_and_whom_a_change_concerns_f26(alice, brook, sage):
    """Screen 4.17: accounts, VAT map, quiet time, alerts and connection are one click away."""
    connected(brook, sage)
    with practice_scope(brook.pk):
        add_client("One Ltd", posts_automatically=True)
        add_client("Two Ltd", posts_automatically=False)
        set_billing_rules(grouping="service", needs_approval=False, asks_about_missed=True, quiet_minutes=30)
    issued_invoice(brook, "One Ltd")
    sign_in(alice)
    shown = text_of(alice.get(page("settings-edit")))
    assert "invoices of 1 client from now on, and 1 that waits to leave" in shown
    assert "wait before they leave: 30 minutes" in shown
    assert "VAT rates are mapped" in shown
    for words in ("Accounts and items of single services", "See or change the map", "Pause or disconnect"):
        assert words in shown


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
    assert "Suggested, not saved" in shown
    assert "A VAT rate is not mapped yet" not in shown  # While setting up, nothing waits for it.
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
    assert "VAT rate without a match in Sage: Reduced rate" in tile
    assert "Map the VAT rate" in tile
    assert "Working, but invoices with a VAT rate without a match in Sage wait here." in tile
    assert f'href="{page("tax-rate-map")}"' in tile
    assert "Reduced rate" in text_of(alice.get(page("connection-detail")))
    shown = text_of(alice.get(page("tax-rate-map")))
    assert "A VAT rate is not mapped yet" in shown
    assert "Suggested, not saved" in shown


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


def test_the_set_up_goes_on_where_it_was_left(alice, client_of, brook, sage):
    """Each step is saved by itself: in another browser the next one is offered, and those before are filled in."""
    sign_in(alice)
    alice.post(page("business-choose"), {"business_id": sage.business_id()})
    alice.post(page("health-check"))
    chosen = settings_of(brook)["default_account_id"]
    alice.post(page("account-map"), {"default_account_id": chosen})
    another = client_of("alice")
    with practice_scope(brook.pk):
        steps = set_up_steps(current_connection(), brook, "sage:connection-detail")
    states = {step["url"]: step["state"] for step in steps if step["url"]}
    assert states[page("health-check")] != "todo"
    assert states[page("account-map")] == "done"
    assert states[page("tax-rate-map")] == states[page("dry-run")] == "todo"
    assert page("tax-rate-map") in text_of(another.get(page("connection-detail")))
    assert f'value="{chosen}" selected' in text_of(another.get(page("account-map")))
    saved = another.post(page("tax-rate-map"), rates_of(brook, **{"Zero rate": "GB_ZERO"}))
    assert saved.headers["Location"] == page("clients-foreseen")
