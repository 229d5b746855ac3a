"""Array literals say exactly what they are given."""

from datetime import date
from decimal import Decimal

from practices.arrays import array


def test_values_become_the_elements_of_a_literal():
    assert array([1, None, Decimal("2.50"), date(2027, 3, 1), True]) == "{1,NULL,2.50,2027-03-01,t}"
    assert array([]) == "{}"


def test_text_is_quoted_so_that_nothing_in_it_ends_the_element():
    assert array(['a"b\\c', "NULL", "", "{x},y"]) == '{"a\\"b\\\\c","NULL","","{x},y"}'
