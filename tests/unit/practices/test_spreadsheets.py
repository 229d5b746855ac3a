"""Cells that a spreadsheet would run are written so that it does not."""

import pytest

from practices.spreadsheets import neutral


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-cmd", "@sum", "\t=1", "\r=1", "-1-1", "+44 20 7946 0000"])
def test_a_cell_that_begins_like_a_formula_is_quoted(text):
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "text"), [("-12.50", "-12.50"), ("+3", "+3"), ("Acme", "Acme"), (None, "")]
)
def test_numbers_and_words_stay_as_they_are(value, text):
    assert neutral(value) == text
