"""How often a business is read: often while something happens, cheaply while nothing does."""

from datetime import UTC, datetime, timedelta

import pytest

from sage_integration.sync.cadence import (
    Cadence,
    cadence,
    most_requests_a_day,
    requests_for_contacts_a_day,
)

EVERY = timedelta(seconds=225)
NOON, MIDNIGHT = datetime(2027, 3, 10, 12, tzinfo=UTC), datetime(2027, 3, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "silent_for", "expected"),
    [
        (NOON, timedelta(minutes=119), Cadence(whole=True, after=EVERY)),
        (NOON, timedelta(minutes=120), Cadence(whole=False, after=timedelta(minutes=15))),
        (MIDNIGHT, timedelta(minutes=5), Cadence(whole=True, after=EVERY)),
        (MIDNIGHT, timedelta(days=3), Cadence(whole=False, after=timedelta(minutes=60))),
        (NOON.replace(hour=7), timedelta(days=3), Cadence(whole=False, after=timedelta(minutes=15))),
        (NOON.replace(hour=19), timedelta(days=3), Cadence(whole=False, after=timedelta(minutes=60))),
    ],
)
def test_the_pace_follows_what_happened_lately_and_the_hour(now, silent_for, expected):
    assert cadence(now, now - silent_for, EVERY) == expected


def test_a_business_in_which_nothing_changes_stays_within_its_share_of_the_day():
    """48 readings by day and 12 by night, each a token and three feeds."""
    assert most_requests_a_day(EVERY) == 240


def test_po1_with_its_contacts_it_stays_below_three_hundred_requests():
    assert most_requests_a_day(EVERY) + requests_for_contacts_a_day() == 276
