"""Keys of rows from forms: what is none is never a row, however odd or long."""

import pytest
from django.http import QueryDict

from practices.row_keys import row_key, row_keys


@pytest.mark.parametrize(
    ("text", "key"), [("7", 7), ("0", 0), ("9" * 18, 10**18 - 1), ("10000000000", 10**10)]
)
def test_a_number_is_a_key_however_many_rows_there_are(text, key):
    assert row_key(text) == key


@pytest.mark.parametrize("text", ["", " 7", "-7", "7.0", "1e3", "7 OR 1=1", "9" * 19, "²", "None"])
def test_anything_else_is_the_key_of_no_row(text):
    assert row_key(text) == 0


def test_the_ticked_rows_keep_their_order_and_nothing_else():
    assert row_keys(QueryDict("selected=9&selected=x&selected=3&selected=0&other=4")) == [9, 3]
