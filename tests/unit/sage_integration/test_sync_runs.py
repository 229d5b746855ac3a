"""What a reading of Sage says that it counted."""

import pytest

from sage_integration.models import SyncRun


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"checked": 12, "missing": 0, "states_changed": 1}, "12 checked, 1 states changed"),
        (
            {"here": "1234.50", "sage": "1200.00", "invoices": 3},
            "£1,234.50 here, £1,200.00 in Sage, 3 invoices",
        ),
        ({"apart": [[7, "1.00", "2.00"]], "by_hand": "0"}, "1 apart"),
        ({"apart": []}, ""),
        ({}, ""),
    ],
)
def test_counts_are_said_in_words_and_what_came_to_nothing_is_left_out(counts, words):
    assert SyncRun(counts=counts).counts_in_words == words
