"""What the health check finds in a company, before it can hurt an invoice."""

from datetime import date

import pytest
from django.urls import reverse

from clients.models import Client
from practices.tenancy import acting_for, practice_scope
from sage_integration.connections import current_connection
from sage_integration.health import findings, is_connected_elsewhere
from sage_integration.models import SageBankAccount
from sage_integration.sync.reference_data import sync_reference_data
from tests.integration.sage_integration.posting import issued_invoice, push_once
from tests.sage import connected


@pytest.fixture
def practice(brook, sage):
    """Brook & Co, connected and enabled."""
    connected(brook, sage)
    return brook


def found_again(practice) -> dict[str, tuple[str, str]]:
    """Word and tone of each finding after another look."""
    with acting_for(practice.pk):
        sync_reference_data()
    with practice_scope(practice.pk):
        return {finding.label: (finding.word, finding.tone) for finding in findings(current_connection())}


def test_a_company_in_order_has_nothing_to_look_at(practice, sage):
    found = found_again(practice)
    assert found["Access to Sales"] == ("Can be read", "good")
    assert found["Rights to write"] == ("Not checked", "info"), "nobody claims what was not looked at"
    assert found["Country"] == ("United Kingdom", "good")
    assert found["Currency"] == ("Pound sterling", "good")
    assert found["VAT rates"] == ("5 found", "good")
    assert not [label for label, (_, tone) in found.items() if tone in ("warn", "bad")]
    with practice_scope(practice.pk):
        assert current_connection().health_read_at
        assert SageBankAccount.objects.exists()


def test_the_right_to_write_is_proved_by_what_arrived(practice, sage):
    """FACTS.md 2: a login's rights are told by refusals alone, and nothing is written to find out."""
    assert not [request for request in sage.requests() if request["business"] and request["method"] != "GET"]
    issued_invoice(practice)
    push_once(practice)
    assert found_again(practice)["Rights to write"] == ("Proved", "good")


def test_the_start_plan_is_told_with_what_it_lacks(brook, sage):
    sage.add_business("Small Beginnings Ltd", plan="T")
    connected(brook, sage, company="Small Beginnings Ltd")
    assert found_again(brook)["Sage plan"][1] == "warn"


@pytest.mark.parametrize(
    ("area", "label", "tone"),
    [("Bank", "Access to Bank", "warn"), ("Settings", "Access to Settings", "warn")],
)
def test_a_missing_role_is_found_by_the_answer_403_and_named(practice, sage, area, label, tone):
    sage.change_business(sage.business_id(), missing_roles=[area])
    assert found_again(practice)[label] == ("Not allowed", tone)


def test_without_the_role_for_banking_known_bank_accounts_stay_usable(practice, sage):
    with practice_scope(practice.pk):
        before = SageBankAccount.objects.filter(is_usable=True).count()
    sage.change_business(sage.business_id(), missing_roles=["Bank"])
    found_again(practice)
    with practice_scope(practice.pk):
        assert SageBankAccount.objects.filter(is_usable=True).count() == before > 0


def test_lock_date_first_day_and_scheme_are_read_and_told(practice, sage):
    sage.change_business(
        sage.business_id(),
        financial_settings={
            "year_end_lockdown_date": "2027-01-31",
            "accounts_start_date": "2020-04-01",
            "tax_scheme": {"id": "NOT_REGISTERED", "displayed_as": "Not registered"},
        },
    )
    found = found_again(practice)
    assert found["Lock date"][0] == "31 Jan 2027"
    assert found["Accounts start"][0] == "1 Apr 2020"
    assert found["VAT scheme"] == ("Not registered", "warn")
    with practice_scope(practice.pk):
        assert current_connection().locked_until == date(2027, 1, 31)


def test_clients_are_foreseen_by_exact_name_f51_f56(practice, sage):
    sage.add_contact("Acme Co Ltd", sage.business_id())
    for _ in range(2):
        sage.add_contact("Twin Ltd", sage.business_id())
    with practice_scope(practice.pk):
        for name in ("Acme Co Ltd", "Acme Co Limited", "Twin Ltd"):
            Client.objects.create(name=name)
    found_again(practice)
    with practice_scope(practice.pk):
        foreseen = current_connection().health["clients"]
    assert foreseen == {"linked": 0, "matched": 1, "ambiguous": 1, "created": 1}


def test_one_company_in_two_practices_is_told_without_saying_which(practice, cedar, sage, client_of):
    with practice_scope(practice.pk):
        business_id = current_connection().business_id
        assert not is_connected_elsewhere(business_id)
    connected(cedar, sage)
    assert found_again(practice)["Other connections"] == ("Connected elsewhere", "warn")
    alice = client_of("alice")
    shown = alice.get(reverse("sage:health-check", args=[practice.slug])).content.decode()
    assert "Another practice in this installation" in shown
    assert cedar.name not in shown


def test_the_page_says_when_it_was_read_and_what_helps(practice, sage, client_of):
    sage.change_business(sage.business_id(), missing_roles=["Bank"])
    found_again(practice)
    shown = client_of("alice").get(reverse("sage:health-check", args=[practice.slug])).content.decode()
    assert "payments cannot be brought back" in shown
    assert "full access to Bank" in shown
    assert "Read from Sage" in shown


def test_a_failed_look_keeps_the_last_one_and_still_reads_accounts_and_rates(practice, sage):
    with practice_scope(practice.pk):
        read_at = current_connection().health_read_at
    sage.arm("status", on="GET /contacts", times=None, status=503)
    with acting_for(practice.pk):
        run = sync_reference_data()
    assert run.problem == ""
    assert run.counts["rates"] == 5
    with practice_scope(practice.pk):
        assert current_connection().health_read_at == read_at
