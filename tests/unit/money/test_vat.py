"""VAT codes and their percentages by tax point (HMRC, VAT Notice 700, section 3)."""

from datetime import date
from decimal import Decimal

import pytest

from money.vat import VatCode, percent_on


@pytest.mark.parametrize(
    ("tax_point", "percent"),
    [
        (date(2008, 11, 30), "17.50"),
        (date(2008, 12, 1), "15.00"),
        (date(2009, 12, 31), "15.00"),
        (date(2010, 1, 1), "17.50"),
        (date(2011, 1, 3), "17.50"),
        (date(2011, 1, 4), "20.00"),
        (date(2027, 3, 10), "20.00"),
    ],
)
def test_the_standard_rate_follows_the_tax_point(tax_point, percent):
    assert percent_on(VatCode.STANDARD, tax_point) == Decimal(percent)


@pytest.mark.parametrize(
    ("code", "percent"), [("reduced", 5), ("zero", 0), ("exempt", 0), ("outside_scope", 0)]
)
def test_the_other_codes_have_one_percentage(code, percent):
    assert percent_on(VatCode(code), date(2027, 3, 10)) == percent


def test_three_codes_of_nothing_stay_three_codes():
    assert len({VatCode.ZERO, VatCode.EXEMPT, VatCode.OUTSIDE_SCOPE}) == 3
