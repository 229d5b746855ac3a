"""How often a business is asked what changed, and how much of it: a decision about instants, without a database.

Every reading costs a token (they live five minutes, FACTS.md 1.2) and a request for each feed. A business in which
something happened lately is read whole every few minutes. Of a quiet one the ledger is glanced at and its allocations
are read. The arithmetic is in docs/polling.md.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: Something is "lately" for this long.
ACTIVE_FOR = timedelta(hours=2)
#: A quiet business is read this much less often by day, and by night.
QUIET, AT_NIGHT = 4, 16
#: Hours of the practice's own day in which people book payments.
OPENS, CLOSES = 7, 19


@dataclass(frozen=True, slots=True)
class Cadence:
    """Whether the next reading is of every feed, and how long after this one it comes."""

    whole: bool
    after: timedelta


def cadence(now: datetime, last_news: datetime, every: timedelta) -> Cadence:
    """How to read a business whose newest change was seen at ``last_news``; ``now`` is in the practice's zone.

    ``every`` is the pace of a business in which something happens.
    """
    if now - last_news < ACTIVE_FOR:
        return Cadence(whole=True, after=every)
    is_day = OPENS <= now.hour < CLOSES
    return Cadence(whole=False, after=every * (QUIET if is_day else AT_NIGHT))


#: Contacts of a business in which nothing happens are read this often (`sage_practices_to_read_contacts`), and when
#: somebody opens a page that shows them.
CONTACTS_WHILE_IDLE = timedelta(hours=2)


def requests_for_contacts_a_day(a_reading: int = 3) -> int:
    """What reading contacts costs a day where nothing happens in Sage: a token and both feeds each time."""
    return timedelta(days=1) // CONTACTS_WHILE_IDLE * a_reading


def most_requests_a_day(every: timedelta, *, feeds: int = 3) -> int:
    """What a business in which nothing changes costs a day: a token and the feeds of each reading in part."""
    open_hours = timedelta(hours=CLOSES - OPENS)
    readings = open_hours // (every * QUIET) + (timedelta(days=1) - open_hours) // (every * AT_NIGHT)
    return readings * (1 + feeds)
