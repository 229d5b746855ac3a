"""Money as a reader sees it."""

from decimal import Decimal

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from practices.templatetags.money_tags import written

MINUS = "\N{MINUS SIGN}"


def shown(source: str, **context: object) -> str:
    return Template("{% load money_tags %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Decimal("1234.5"), "£1,234.50"),
        (Decimal("1234567.89"), "£1,234,567.89"),
        (Decimal(0), "£0.00"),
        (Decimal("-0.00"), "£0.00"),
        (Decimal("-1234.50"), f"{MINUS}£1,234.50"),
        (7, "£7.00"),
        (None, "\N{EM DASH}"),
    ],
)
def test_an_amount_has_pounds_thousands_and_two_places(value, words):
    assert written(value) == words


def test_the_tag_wraps_the_amount_for_tabular_figures():
    assert shown("{% amount value %}", value=Decimal("9.9")) == '<span class="amount">£9.90</span>'


def test_another_currency_shows_its_sign_or_else_its_code():
    assert shown('{% amount value "EUR" %}', value=5) == '<span class="amount">€5.00</span>'
    assert (
        shown('{% amount value currency="CHF" %}', value=-5) == f'<span class="amount">{MINUS}CHF 5.00</span>'
    )


def test_a_unit_price_keeps_the_places_it_carries():
    assert written(Decimal("0.0125")) == "£0.0125"
    assert written(Decimal("12.3400")) == "£12.34"


@pytest.mark.parametrize("value", [1.5, "12.00", "", True])
def test_a_float_or_text_is_refused(value):
    with pytest.raises(TypeError, match="an amount is a Decimal"):
        written(value)


def test_a_misspelt_variable_is_refused_and_not_shown_as_nothing():
    with pytest.raises(TypeError):
        shown("{% amount invoice.grosss %}", invoice={"gross": Decimal("1.00")})


def test_the_filter_gives_plain_text():
    assert shown("{{ value|money }}", value=Decimal("-3.50")) == f"{MINUS}£3.50"


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_nothing_is_ever_rounded_away(value):
    digits = written(value).replace("£", "").replace(",", "").replace(MINUS, "-")
    assert Decimal(digits) == value
