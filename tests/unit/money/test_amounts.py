"""The rounding rules with their worked examples."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from money.amounts import Amounts, price_line, to_pence, total

quantities = st.decimals("0.01", "9999", places=2)
prices = st.decimals("0", "99999", places=4)
percents = st.sampled_from([Decimal("20.00"), Decimal("5.00"), Decimal("0.00"), Decimal("17.50")])


def half_up_pence(exact: Fraction) -> int:
    """An independent recomputation in whole pence."""
    pence, rest = divmod(exact * 100, 1)
    return int(pence) + (rest >= Fraction(1, 2))


@pytest.mark.parametrize(
    ("quantity", "price", "percent", "net", "vat"),
    [
        ("3", "0.333", "20", "1.00", "0.20"),
        ("1", "120.00", "20", "120.00", "24.00"),
        ("1", "45.53", "20", "45.53", "9.11"),
        ("1", "0.005", "20", "0.01", "0.00"),
        ("0.33", "0.10", "5", "0.03", "0.00"),
        ("1", "0.025", "20", "0.03", "0.01"),
        ("1", "99999999.99", "20", "99999999.99", "20000000.00"),
        ("2", "850", "0", "1700.00", "0.00"),
    ],
)
def test_a_line_is_rounded_half_up_by_itself(quantity, price, percent, net, vat):
    amounts = price_line(Decimal(quantity), Decimal(price), Decimal(percent))
    assert (str(amounts.net), str(amounts.vat)) == (net, vat)


def test_totals_are_sums_of_rounded_lines_and_not_rounded_sums():
    lines = [price_line(Decimal(1), Decimal("0.333"), Decimal(20)) for _ in range(3)]
    assert total(lines) == Amounts(Decimal("0.99"), Decimal("0.21"))


def test_nothing_adds_up_to_nothing():
    assert total([]) == Amounts(Decimal("0.00"), Decimal("0.00"))


@given(quantities, prices, percents)
def test_a_line_equals_an_independent_computation_in_pence(quantity, price, percent):
    amounts = price_line(quantity, price, percent)
    net = half_up_pence(Fraction(quantity) * Fraction(price))
    assert int(amounts.net * 100) == net
    assert int(amounts.vat * 100) == half_up_pence(Fraction(net, 100) * Fraction(percent) / 100)
    assert amounts.gross == amounts.net + amounts.vat


@given(st.decimals("-9999", "9999", places=6))
def test_rounding_keeps_within_half_a_penny(amount):
    assert abs(to_pence(amount) - amount) <= Decimal("0.005")
