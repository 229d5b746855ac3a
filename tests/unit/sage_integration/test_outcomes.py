"""When a posting is tried again, and when the first of two looks counts."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger.models import Posting
from sage_integration.sage.errors import SageRateLimited
from sage_integration.sync.outcomes import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    is_our_own_budget,
    looked_already,
    pause_after,
)

NOON = datetime(2027, 3, 10, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_pauses_double_from_a_minute_to_a_quarter_of_an_hour():
    assert [pause_after(tries, 0) for tries in (1, 2, 3, 4, 5, 99)] == [60, 120, 240, 480, 900, 900]
    assert all(FIRST_PAUSE <= pause_after(tries, 1) <= LONGEST_PAUSE for tries in range(60))
    assert pause_after(1, 1) > pause_after(1, 0)


@pytest.mark.parametrize(
    ("failure", "attempted_at", "not_before", "counts"),
    [
        ("NotSeenYet", NOON, NOON + MINUTE, True),
        ("NotSeenYet", NOON + MINUTE, NOON, False),
        ("OutcomeUnknown", NOON, NOON + MINUTE, False),
        ("", NOON, NOON + MINUTE, False),
        ("NotSeenYet", None, NOON, False),
    ],
)
def test_a_look_counts_only_if_nothing_was_sent_since(failure, attempted_at, not_before, counts):
    """A worker that died after sending again leaves the old reason behind; its look was before the sending."""
    posting = Posting(failure=failure, attempted_at=attempted_at, not_before=not_before)
    assert looked_already(posting) is counts


def test_our_own_budget_is_told_from_sages_limit():
    assert is_our_own_budget(SageRateLimited(retry_after=3))
    assert not is_our_own_budget(SageRateLimited(status=429, retry_after=3))
