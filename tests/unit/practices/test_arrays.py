"""Array literals say exactly what they are given."""

from datetime import date
from decimal import Decimal

from practices.arrays import array


def test_values_become_the_elements_of_a_literal():
    assert array([1, None, Decimal("2.50"), date(2027, 3, 1), True]) == "{1,NULL,2.50,2027-03-01,t}"
    assert array([]) == "{}"


def test_text_is_quoted_so_that_nothing_in_it_ends_the_element():
    assert array(['a"b\\c', "NULL", "", "{x},y"]) == '{"a\\"b\\\\c","NULL","","{x},y"}'


def test_texts_alone_are_written_as_among_other_values():
    for texts in (["plain", "a,b"], ['a"b', "c\\d"], [""], ['"', "\\", "{}"]):
        assert array([*texts, None]) == array(texts)[:-1] + ",NULL}"


def test_a_text_with_a_character_that_none_may_have_stays_one_element():
    assert array(["a\0b", "c"]) == '{"a\0b","c"}'


def test_truths_among_numbers_stay_truths():
    assert array([1, True, 0]) == "{1,t,0}"
