"""Which of Sage's VAT rates ours most likely is (F28)."""

from decimal import Decimal

import pytest

from sage_integration.models import SageTaxRate
from sage_integration.rate_matching import suggestion

UK = [
    SageTaxRate(sage_id=sage_id, name=name, percentage=Decimal(percentage))
    for sage_id, name, percentage in (
        ("GB_STANDARD", "Standard 20.00%", 20),
        ("GB_LOWER", "Lower Rate 5.00%", 5),
        ("GB_ZERO", "Zero Rated 0.00%", 0),
        ("GB_EXEMPT", "Exempt 0.00%", 0),
        ("GB_NO_TAX", "No VAT", 0),
    )
]


@pytest.mark.parametrize(
    ("vat_code", "percent", "expected"),
    [
        ("standard", "20.00", "GB_STANDARD"),
        ("reduced", "5.00", "GB_LOWER"),
        ("zero", "0.00", "GB_ZERO"),
        ("exempt", "0.00", "GB_EXEMPT"),
        ("outside_scope", "0.00", "GB_NO_TAX"),
    ],
)
def test_f28_the_five_uk_treatments_are_suggested_and_nothing_looks_saved(vat_code, percent, expected):
    found = suggestion(vat_code, Decimal(percent), UK, "")
    assert (found.sage_id, found.word, found.tone) == (expected, "Suggested, not saved", "warn")


def test_another_percentage_under_the_same_word_is_not_suggested():
    assert suggestion("standard", Decimal("17.50"), UK, "").sage_id == ""


def test_a_percentage_that_only_one_rate_has_is_suggested():
    renamed = [SageTaxRate(sage_id="f00d", name="Our 20", percentage=Decimal(20)), *UK[1:]]
    found = suggestion("standard", Decimal("20.00"), renamed, "")
    assert (found.sage_id, found.word) == ("f00d", "Suggested, not saved")


def test_zero_per_cent_alone_says_nothing():
    assert suggestion("exempt", Decimal("0.00"), UK[:3], "").sage_id == ""


def test_a_company_without_vat_can_only_mean_no_vat_and_is_to_be_checked():
    found = suggestion("standard", Decimal("20.00"), UK, "NOT_REGISTERED")
    assert (found.sage_id, found.tone) == ("GB_NO_TAX", "warn")
