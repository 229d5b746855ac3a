"""The price list: price types, prices by date, categories, and many services changed at once."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError

from practices.models import AuditEntry
from practices.tenancy import practice_scope
from services import errors
from services.forms import BulkEditForm, PriceForm, ServiceForm
from services.models import Price, Service, ServiceCategory, TaxRate
from services.operations import (
    add_service,
    amend_service,
    amend_services,
    category_named,
    remove_empty_categories,
    reprice_service,
    reprice_services,
)
from services.queries import price_on, with_price
from tests.racing import at_once

NEW_YEAR = date(2027, 1, 1)


def a_service(name="Payroll", price="6.50", **values) -> Service:
    values.setdefault("tax_rate", TaxRate.objects.offered().first())
    return add_service(Service(name=name, **values), unit_price=Decimal(price), effective_from=NEW_YEAR)


def entered(**changes) -> dict:
    values = {
        "name": "Payroll",
        "billing_basis": "fixed",
        "unit_price": "100",
        "billing_mode": "automatic",
        "tax_rate": TaxRate.objects.offered().first().pk,
    }
    return values | changes


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"unit_price": "-0.01"}, "unit_price"),
        ({"unit_price": "1.00001"}, "unit_price"),
        ({"unit_price": ""}, "unit_price"),
        ({"unit_price": "NaN"}, "unit_price"),
        ({"billing_basis": "unit"}, "unit_name"),
        ({"billing_basis": "range"}, "highest_price"),
        ({"billing_basis": "range", "highest_price": "100"}, "highest_price"),
        ({"terms": "x" * 100_001}, "terms"),
        ({"description": "x" * 20_001}, "description"),
        ({"name": ""}, "name"),
    ],
)
def test_g56_a_service_that_makes_no_sense_is_refused_at_its_field(brook, changes, field):
    with practice_scope(brook.pk):
        form = ServiceForm(entered(**changes))
        assert list(form.errors) == [field]


@pytest.mark.parametrize(
    ("basis", "more", "confirmed"),
    [
        ("fixed", {}, False),
        ("unit", {"unit_name": "employee"}, False),
        ("minimum", {}, True),
        ("range", {"highest_price": "150"}, True),
        ("hourly", {}, True),
        ("included", {"unit_price": ""}, False),
    ],
)
def test_g56_variable_prices_need_confirming_before_they_are_billed(brook, basis, more, confirmed):
    with practice_scope(brook.pk):
        form = ServiceForm(entered(billing_basis=basis, **more))
        assert form.is_valid(), form.errors
        assert form.save(commit=False).needs_confirming is confirmed


def test_g57_a_service_is_billed_automatically_or_by_hand(brook):
    with practice_scope(brook.pk):
        assert a_service().billing_mode == "automatic"
        assert ServiceForm(entered(billing_mode="manual")).is_valid()
        assert "billing_mode" in ServiceForm(entered(billing_mode="sometimes")).errors


def test_g58_script_in_the_description_or_the_terms_is_gone(brook):
    hostile = (
        '<p onclick="x()">Good <b>work</b><script>alert(1)</script></p><a href="javascript:x()">here</a>'
    )
    with practice_scope(brook.pk):
        form = ServiceForm(entered(description=hostile, terms=hostile))
        assert form.is_valid()
        for text in (form.cleaned_data["description"], form.cleaned_data["terms"]):
            assert "<b>work</b>" in text
            assert "script" not in text
            assert "onclick" not in text


def test_prices_are_appended_by_date_and_never_edited(brook):
    with practice_scope(brook.pk):
        service = a_service(price="100")
        reprice_service(service, unit_price=Decimal(110), effective_from=date(2027, 4, 6))
        assert price_on(service, date(2027, 4, 5)) == 100
        assert price_on(service, date(2027, 4, 6)) == 110
        with pytest.raises(errors.PriceExists):
            reprice_service(service, unit_price=Decimal(120), effective_from=date(2027, 4, 6))
        assert service.prices.count() == 2


def test_a_range_has_its_upper_end_and_the_database_keeps_it_above_the_lower(brook):
    with practice_scope(brook.pk):
        service = a_service(price="100", billing_basis="range")
        reprice_service(
            service, unit_price=Decimal(90), highest_price=Decimal(150), effective_from=date(2027, 2, 1)
        )
        [priced] = with_price(Service.objects.all(), date(2027, 2, 1))
        assert (priced.unit_price, priced.highest_price) == (90, 150)
        form = PriceForm({"unit_price": 5, "highest_price": 4, "effective_from": "2027-05-01"}, basis="range")
        assert "highest_price" in form.errors
    with pytest.raises(IntegrityError, match="a_range_goes_up"), practice_scope(brook.pk):
        Price.objects.create(service=service, unit_price=5, highest_price=5, effective_from=date(2027, 6, 1))


def test_g60_a_category_is_made_once_whatever_its_letters_and_forgotten_when_empty(brook):
    with practice_scope(brook.pk):
        first, second = category_named(" Compliance "), category_named("compliance")
        assert first == second
        assert category_named("  ") is None
        a_service(category=first)
        category_named("Advice")
        remove_empty_categories()
        assert [str(category) for category in ServiceCategory.objects.all()] == ["Compliance"]


def test_g60_many_services_change_at_once_and_each_says_so(brook):
    with practice_scope(brook.pk):
        services = [a_service(f"Service {number}") for number in range(3)]
        chosen = Service.objects.filter(pk__in=[service.pk for service in services[:2]])
        zero = TaxRate.objects.get(vat_code="zero")
        assert (
            amend_services(chosen, category=category_named("Extras"), tax_rate=zero, billing_mode="manual")
            == 2
        )
        changed = Service.objects.filter(category__name="Extras", tax_rate=zero, billing_mode="manual")
        assert set(changed) == set(services[:2])
        entries = AuditEntry.objects.filter(action="service.amended").order_by("subject_id")
        assert [entry.subject_id for entry in entries] == [service.pk for service in services[:2]]
        assert entries[0].data["changes"]["tax_rate"] == ["Standard rate", "Zero rate"]
        assert entries[0].data["changes"]["category"] == [None, "Extras"]


def test_a_changed_service_says_in_the_trail_what_was_before_and_after(brook):
    with practice_scope(brook.pk):
        service = a_service("Payroll")
        service.name, service.tax_rate = "Payroll bureau", TaxRate.objects.get(vat_code="zero")
        amend_service(service)
        entry = AuditEntry.objects.get(action="service.amended")
    assert entry.data["changes"] == {
        "name": ["Payroll", "Payroll bureau"],
        "tax_rate": ["Standard rate", "Zero rate"],
    }


def test_g60_prices_of_many_rise_by_percent_to_the_penny_from_a_date_on(brook):
    with practice_scope(brook.pk):
        dear, odd = a_service("Dear", "100"), a_service("Odd", "6.55")
        included = a_service("Support", "0", billing_basis="included")
        changed, left = reprice_services(
            Service.objects.all(), percent=Decimal(5), effective_from=date(2027, 4, 6)
        )
        assert (changed, left) == (2, [included])
        assert price_on(dear, date(2027, 4, 6)) == Decimal("105.00")
        assert price_on(odd, date(2027, 4, 6)) == Decimal("6.88")
        assert price_on(odd, date(2027, 4, 5)) == Decimal("6.55")
        again = reprice_services(Service.objects.all(), percent=Decimal(5), effective_from=date(2027, 4, 6))
        assert again[0] == 0


def test_two_people_repricing_at_once_leave_one_price_for_the_day(brook):
    with practice_scope(brook.pk):
        service = a_service(price="100")
    outcomes = at_once(
        brook,
        4,
        lambda: reprice_services(Service.objects.all(), percent=Decimal(10), effective_from=date(2027, 4, 6))[
            0
        ],
    )
    assert sorted(outcomes) == [0, 0, 0, 1]
    with practice_scope(brook.pk):
        assert list(service.prices.values_list("unit_price", flat=True)) == [110, 100]


def test_a_bulk_edit_that_changes_nothing_is_refused(brook):
    with practice_scope(brook.pk):
        assert BulkEditForm({}).non_field_errors()
        assert "effective_from" in BulkEditForm({"percent": "5"}).errors
        assert "percent" in BulkEditForm({"percent": "-100", "effective_from": "2027-01-01"}).errors
