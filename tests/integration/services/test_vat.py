"""VAT rates, and practices that charge none."""

from datetime import date
from decimal import Decimal

import pytest

from practices.tenancy import practice_scope
from services import errors
from services.models import Service, TaxRate, VatSettings
from services.operations import archive_tax_rate, rename_tax_rate, reprice_service, set_vat_settings
from services.queries import default_tax_rate, vat_settings
from tests.integration.services.test_library import a_service


def test_g61_p20_a_rate_is_renamed_and_archived_but_not_while_it_is_in_use(brook):
    with practice_scope(brook.pk):
        service = a_service()
        rate = rename_tax_rate(service.tax_rate, "Full rate")
        with pytest.raises(errors.RateInUse):
            archive_tax_rate(rate)
        service.status = Service.Status.ARCHIVED
        service.save()
        assert archive_tax_rate(rate).status == "archived"


def test_g62_the_default_rate_is_offered_first_until_it_is_archived(brook):
    with practice_scope(brook.pk):
        zero = TaxRate.objects.get(vat_code="zero")
        set_vat_settings(VatSettings(default_tax_rate=zero, label="VAT"))
        assert default_tax_rate() == zero
        archive_tax_rate(zero)
        assert default_tax_rate().vat_code == "standard"


def test_a_practice_without_registration_has_one_rate_outside_the_scope_of_vat(brook, cedar):
    with practice_scope(cedar.pk):
        theirs = a_service()
    with practice_scope(brook.pk):
        service = a_service()
        assert set_vat_settings(VatSettings(charges_vat=False)) == 1
        service.refresh_from_db()
        assert service.tax_rate.vat_code == "outside_scope"
        assert default_tax_rate() == service.tax_rate
        assert set_vat_settings(VatSettings(charges_vat=False)) == 0
        assert VatSettings.objects.count() == 1
    with practice_scope(cedar.pk):
        theirs.refresh_from_db()
        assert theirs.tax_rate.vat_code == "standard"
        assert vat_settings().charges_vat


def test_g62_prices_are_shown_including_vat_where_the_practice_chose_so(brook, client_of):
    with practice_scope(brook.pk):
        reprice_service(a_service(), unit_price=Decimal("6.55"), effective_from=date(2020, 1, 1))
    browser = client_of("alice")
    assert "£6.55" in browser.get("/p/brook-co/services/").text
    with practice_scope(brook.pk):
        set_vat_settings(VatSettings(shown="inclusive", label="VAT"))
    page = browser.get("/p/brook-co/services/").text
    assert "Price including VAT" in page
    assert "£7.86" in page


def test_a_practice_without_registration_reads_of_vat_on_no_page_of_its_library(brook, client_of):
    with practice_scope(brook.pk):
        service = a_service("Payroll", "6.55")
        set_vat_settings(VatSettings(charges_vat=False))
    browser = client_of("alice")
    for page in ("", "new/", f"{service.pk}/", f"{service.pk}/edit/", f"change/?selected={service.pk}"):
        text = browser.get(f"/p/brook-co/services/{page}").text
        main = text[text.index("<main") :].replace("VAT rates", "")
        assert "VAT" not in main, page


def test_the_rate_that_new_services_get_is_marked_and_named_where_none_was_chosen(brook, client_of):
    browser = client_of("alice")
    page = browser.get("/p/brook-co/services/vat-rates/")
    with practice_scope(brook.pk):
        first, zero = default_tax_rate(), TaxRate.objects.get(vat_code="zero")
    assert page.context["usual"] == first
    assert f"The first one: {first.name}" in page.text
    assert page.text.count(">Default<") == 1
    with practice_scope(brook.pk):
        set_vat_settings(VatSettings(default_tax_rate=zero, label="VAT"))
    assert browser.get("/p/brook-co/services/vat-rates/").context["usual"] == zero
    with practice_scope(brook.pk):
        archive_tax_rate(zero)
        assert default_tax_rate() == first
    assert browser.get("/p/brook-co/services/vat-rates/").context["usual"] == first


def test_a_rate_is_archived_from_its_own_page_unless_services_have_it(brook, client_of):
    with practice_scope(brook.pk):
        service = a_service()
        zero = TaxRate.objects.get(vat_code="zero")
    browser = client_of("alice")
    rates = "/p/brook-co/services/vat-rates/"
    assert errors.RateInUse.message in browser.get(f"{rates}{service.tax_rate_id}/").text
    assert f'action="{rates}{zero.pk}/archive/"' in browser.get(f"{rates}{zero.pk}/").text
    browser.post(f"{rates}{zero.pk}/archive/")
    assert f'action="{rates}{zero.pk}/restore/"' in browser.get(f"{rates}{zero.pk}/").text
