import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_integration.sage.decimals import decimal, json_text, json_value, number, with_decimals


@pytest.mark.parametrize(
    ("value", "expected"),
    [("6011.4", "6011.4"), ("0.0", "0.0"), ("-3", "-3"), (178, "178"), (Decimal("45.83"), "45.83")],
)
def test_a_string_or_number_becomes_the_exact_decimal(value, expected):
    assert str(decimal(value)) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "null",
        "1,000.00",
        "NaN",
        "Infinity",
        "1e5",
        " 1",
        "1_000",
        "٣",
        None,
        True,
        1.5,
        [],
        Decimal("NaN"),
    ],
)
def test_anything_else_is_not_an_amount(value):
    with pytest.raises(ValueError):
        decimal(value)


def test_only_finite_amounts_may_be_sent():
    assert number(Decimal("1.10")) == Decimal("1.10")
    with pytest.raises(ValueError):
        number(Decimal("Infinity"))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4))
def test_a_decimal_goes_out_and_comes_back_as_the_same_json_number(value):
    text = json_text({"unit_price": value})
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal)["unit_price"] == value


def test_a_body_is_written_without_exponents_and_with_its_letters():
    body = {
        "name": 'Zoë "Z" £',
        "lines": [{"quantity": Decimal("1E+2"), "paid": False, "note": None, "n": 3}],
    }
    assert (
        json_text(body)
        == '{"name":"Zoë \\"Z\\" £","lines":[{"quantity":100,"paid":false,"note":null,"n":3}]}'
    )


def test_a_float_never_leaves():
    with pytest.raises(TypeError):
        json_text({"unit_price": 0.1})


def test_json_numbers_are_read_as_decimal():
    assert json_value('{"total": 198.64}') == {"total": Decimal("198.64")}


@pytest.mark.parametrize("text", ["", "<html>", "NaN", '{"a": Infinity}', "[" * 100_000, b"\xff\xfe"])
def test_what_is_not_json_is_said_to_be_none(text):
    with pytest.raises(ValueError):
        json_value(text)


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud83d", "\\uDE00"])
def test_what_no_database_can_hold_is_replaced_wherever_it_stands(escape):
    assert json_value(f'{{"lines": [{{"a{escape}": "b{escape}"}}]}}') == {"lines": [{"a\ufffd": "b\ufffd"}]}


def test_letters_that_are_escaped_stay_what_they_are():
    assert json_value('["\\ud83d\\ude00 \\u00a3 \\\\u0000"]') == ["😀 £ \\u0000"]


def test_named_fields_become_decimals_at_any_depth_and_empty_ones_none():
    record = {"total_amount": "6011.4", "last_paid": "", "lines": [{"amount": ""}, {"amount": "0.0"}]}
    assert with_decimals(record, ("total_amount", "amount")) == {
        "total_amount": Decimal("6011.4"),
        "last_paid": "",
        "lines": [{"amount": None}, {"amount": Decimal("0.0")}],
    }


def test_an_amount_that_is_none_is_refused():
    with pytest.raises(ValueError):
        with_decimals({"total_amount": "12,00"}, ("total_amount",))
