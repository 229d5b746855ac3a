"""The pages of the library."""

from datetime import date
from decimal import Decimal

import pytest

from practices.tenancy import practice_scope
from sage_integration.connections import current_connection
from sage_integration.setup import map_account, usable_accounts
from services.models import Service, VatSettings
from services.operations import set_vat_settings
from tests.integration.invoicing.documents import MONTHLY, a_proposal, accept
from tests.integration.services.test_library import a_service, entered
from tests.sage import connected

LIBRARY = "/p/brook-co/services/"


@pytest.fixture
def payroll(brook):
    with practice_scope(brook.pk):
        return a_service(billing_basis="unit", unit_name="employee")


def test_g58_a_service_is_added_with_its_defaults_and_shown(brook, client_of):
    with practice_scope(brook.pk):
        data = entered(
            name="Tax advice", billing_basis="range", unit_price="90", highest_price="150", category_name="Advice",
            description="We <b>talk</b><script>x</script>", terms="Advice is for you alone.",
        )  # fmt: skip
    browser = client_of("alice")
    answer = browser.post(LIBRARY + "new/", data)
    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"]).text
    for words in ("Advice", "Range", "£90.00", "£150.00", "We <b>talk</b>", "Advice is for you alone."):
        assert words in page
    assert "<script>x" not in page


def test_what_is_wrong_with_a_service_stands_at_its_field(brook, client_of):
    with practice_scope(brook.pk):
        data = entered(billing_basis="unit", unit_price="-5")
    answer = client_of("alice").post(LIBRARY + "new/", data)
    assert answer.status_code == 422
    assert "Say what is counted" in answer.text
    assert "At least 0" in answer.text


def test_g60_ticked_services_are_changed_together(brook, client_of, payroll):
    with practice_scope(brook.pk):
        other = a_service("Bookkeeping", "180")
    browser = client_of("alice")
    shown = browser.get(LIBRARY + "change/", {"selected": [payroll.pk, other.pk]})
    assert "Bookkeeping" in shown.text
    data = {"selected": [payroll.pk], "save": "1", "percent": "10", "effective_from": "2027-04-06"}
    assert browser.post(LIBRARY + "change/", data).status_code == 303
    with practice_scope(brook.pk):
        assert payroll.prices.first().unit_price == Decimal("7.15")
        assert other.prices.count() == 1


def test_g60_changing_nothing_is_said_and_ticking_nothing_leads_back(brook, client_of, payroll):
    browser = client_of("alice")
    answer = browser.post(LIBRARY + "change/", {"selected": [payroll.pk], "save": "1"})
    assert answer.status_code == 422
    assert "Nothing is to be changed yet" in answer.text
    assert browser.get(LIBRARY + "change/").status_code == 303


def test_the_list_is_found_by_words_and_category(brook, client_of, payroll):
    browser = client_of("alice")
    assert "per employee" in browser.get(LIBRARY).text
    assert "Payroll" not in browser.get(LIBRARY, {"q": "book"}).text
    assert "Payroll" not in browser.get(LIBRARY, {"category": "999"}).text
    assert browser.get(LIBRARY, {"category": "x" * 40}).status_code == 200


def test_4_9_the_list_says_the_account_and_where_asked_who_has_a_service_and_what_it_brings(
    brook, sage, client_of
):
    with practice_scope(brook.pk):
        accept(a_proposal(MONTHLY | {"name": "Bookkeeping", "price": "180"}, starts_on=date(2027, 3, 1)))
        a_service(name="Payroll")
    browser = client_of("alice")
    assert "Default" not in browser.get(LIBRARY).text
    connected(brook, sage)
    with practice_scope(brook.pk):
        usual = current_connection().default_account_id
        account = next(each for each in usable_accounts() if each.sage_id != usual)
        map_account(Service.objects.get(name="Payroll"), account.sage_id)
    page = browser.get(LIBRARY).text
    assert "Default" in page
    assert str(account) in page
    columns = "?columns=account&columns=clients&columns=monthly&columns=state"
    rows = [service.known for service, *_ in browser.get(LIBRARY + columns).context["rows"]]
    assert rows == [
        {"account": "Default", "clients": 1, "monthly": Decimal(180)},
        {"account": str(account)},
    ]
    file = b"".join(browser.get(LIBRARY + columns + "&file=csv")).decode()
    assert f"Payroll,{account},0,0" in file


def test_without_registration_no_vat_is_shown(brook, client_of, payroll):
    browser = client_of("alice")
    data = {"vat-label": "VAT", "vat-shown": "exclusive"}
    assert browser.post(LIBRARY + "vat-rates/settings/", data).status_code == 303
    page = browser.get(LIBRARY).text
    assert "before VAT" not in page
    with practice_scope(brook.pk):
        assert Service.objects.get().tax_rate.vat_code == "outside_scope"
        set_vat_settings(VatSettings(charges_vat=True))
    assert "before VAT" in browser.get(LIBRARY).text


def test_g61_a_rate_says_where_it_is_used(brook, client_of, payroll):
    page = client_of("alice").get(f"{LIBRARY}vat-rates/{payroll.tax_rate_id}/")
    assert "Payroll" in page.text


def test_where_a_service_is_used_and_what_it_brings(brook, client_of):
    with practice_scope(brook.pk):
        accept(
            a_proposal(
                MONTHLY | {"name": "Bookkeeping", "price": "180", "quantity": 2}, starts_on=date(2027, 3, 1)
            )
        )
        service = Service.objects.get(name="Bookkeeping")
    browser = client_of("alice")
    assert "£360.00" in browser.get("/p/brook-co/service-use/").text
    page = browser.get(f"/p/brook-co/service-use/{service.pk}/")
    assert "Acme Dental Ltd" in page.text
    assert "£4,320.00" in page.text
    fragment = browser.get(f"/p/brook-co/service-use/{service.pk}/", headers={"HX-Request": "true"})
    assert "<html" not in fragment.text
    assert "£360.00" in fragment.text


def test_a_service_being_edited_leads_back_to_itself_and_is_previewed_once(brook, client_of, payroll):
    page = client_of("alice").get(f"{LIBRARY}{payroll.pk}/edit/").text
    assert f'class="back" href="{LIBRARY}{payroll.pk}/"' in page
    assert page.count("sage/services/preview/") == 1
    assert f"sage/services/{payroll.pk}/" not in page


def test_prices_of_the_starter_catalogue_are_written_to_the_penny(client_of, brook):
    page = client_of("alice").get(f"{LIBRARY}starters/").text
    assert 'value="850.00"' in page
    assert 'value="6.50"' in page
