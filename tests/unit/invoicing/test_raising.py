"""What an uplift makes of a price."""

from decimal import Decimal

import pytest

from invoicing.raising import Raise


@pytest.mark.parametrize(
    ("percent", "amount", "rounding", "price", "expected"),
    [
        ("5", None, "0.01", "100", "105.00"),
        ("5", None, "0.01", "6.50", "6.83"),
        ("3.3", None, "0.50", "101", "104.50"),
        ("3.3", None, "1.00", "101", "104.00"),
        ("3.3", None, "5.00", "101", "105.00"),
        (None, "12.50", "0.01", "100", "112.50"),
        (None, "-12.50", "0.01", "10", "0"),
        ("-10", None, "0.01", "100", "90.00"),
        ("0.5", None, "0.01", "0.01", "0.01"),
    ],
)
def test_g39_a_price_is_raised_and_rounded_half_up(percent, amount, rounding, price, expected):
    by = Raise(Decimal(percent) if percent else None, Decimal(amount) if amount else None, Decimal(rounding))
    assert by.of(Decimal(price)) == Decimal(expected)
