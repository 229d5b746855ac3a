"""Numbers and addresses of UK businesses are checked offline and written one way."""

import pytest

from clients import identifiers
from clients.identifiers import Malformed
from clients.models.search import words_of


@pytest.mark.parametrize(
    ("check", "typed", "kept"),
    [
        (identifiers.company_number, " 1234567 ", "01234567"),
        (identifiers.company_number, "sc 123456", "SC123456"),
        (identifiers.company_number, "", ""),
        (identifiers.vat_number, "123 4567 82", "GB123456782"),
        (identifiers.vat_number, "gb123456782", "GB123456782"),
        (identifiers.vat_number, "IE6388047V", "IE6388047V"),
        (identifiers.utr, "19558 39661", "1955839661"),
        (identifiers.postcode, "yo213pu", "YO21 3PU"),
        (identifiers.postcode, "ec1a 1bb", "EC1A 1BB"),
        (identifiers.postcode, "gir0aa", "GIR 0AA"),
        (identifiers.phone, "+44 1947 600123", "01947 600123"),
        (identifiers.phone, "+353 1 234 5678", "+353 1 234 5678"),
    ],
)
def test_a_number_is_kept_one_way_however_it_was_typed(check, typed, kept):
    assert check(typed) == kept


@pytest.mark.parametrize(
    ("check", "typed"),
    [
        (identifiers.company_number, "123456789"),
        (identifiers.company_number, "QQ123456"),
        (identifiers.vat_number, "GB123456789"),
        (identifiers.utr, "1955839662"),
        (identifiers.postcode, "12345"),
        (identifiers.phone, "call me"),
        (identifiers.phone, "12"),
        (identifiers.emails, "mina@harbour"),
        (identifiers.emails, " ".join(f"a{n}@b.example" for n in range(11))),
    ],
)
def test_a_number_that_cannot_exist_is_refused_in_words(check, typed):
    with pytest.raises(Malformed, match=r"\w+ \w+"):
        check(typed)


def test_several_addresses_in_one_field_are_told_apart():
    typed = "mina@harbour.example; tom@harbour.example, mina@harbour.example"
    assert identifiers.emails(typed) == ["mina@harbour.example", "tom@harbour.example"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Café O'Brien & Søn", ["cafe", "obrien", "søn"]),
        ("YO21 3PU", ["yo21", "3pu"]),
        ("GB 123 4567 82", ["gb123456782"]),
        ("Mina@Harbour.example", ["mina@harbour.example"]),
        ("  \0 ", []),
        ("🙂", []),
    ],
)
def test_what_is_looked_for_is_cut_into_words(typed, words):
    assert words_of(typed) == words
