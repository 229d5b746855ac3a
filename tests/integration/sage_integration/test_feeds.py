"""Reading a change feed misses no row, whatever moves while it is being read, and never outruns its cursor."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from practices.tenancy import acting_for, practice_scope
from sage_integration.models import SyncCursor
from sage_integration.sage.errors import SageUnavailable
from sage_integration.sage.paging import ROWS_PER_PAGE
from sage_integration.sync.feeds import OVERLAP, Feed, read_feed

BEGIN = datetime(2027, 3, 10, 9, 0, tzinfo=UTC)


def stamp(seconds: int) -> str:
    return (BEGIN + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class PretendFeed:
    """Rows by id and second of change, read in pages as Sage does: each page is a fresh look at the list."""

    def __init__(self, rows: dict[str, int]) -> None:
        self.rows = rows
        self.meanwhile: list = []

    def ask(self, since: datetime):
        page = 0
        while True:
            ordered = sorted(self.rows.items(), key=lambda row: (row[1], row[0]))
            found = [row for row in ordered if BEGIN + timedelta(seconds=row[1]) >= since]
            yield from (
                {"id": key, "updated_at": stamp(second)} for key, second in found[page : page + ROWS_PER_PAGE]
            )
            page += ROWS_PER_PAGE
            if page >= len(found):
                return
            if self.meanwhile:
                self.meanwhile.pop(0)()


@pytest.fixture
def read(brook):
    """Reads a feed for Brook & Co and returns what was recorded so far."""
    recorded: Counter = Counter()

    def reading(rows, record=None, name="test"):
        feed = Feed(name, "updated_at", rows)
        with acting_for(brook.pk):
            read_feed(
                feed,
                "business",
                begin=BEGIN,
                record=record
                or (lambda page: recorded.update((row["id"], row["updated_at"]) for row in page)),
            )
        return recorded

    return reading


def cursor_of(practice) -> datetime:
    with practice_scope(practice.pk):
        return SyncCursor.objects.get(feed="test").since


def test_the_cursor_is_the_newest_stamp_and_the_next_reading_overlaps(brook, read):
    asked = []
    feed = PretendFeed({"a": 0, "b": 500})

    def ask(since):
        asked.append(since)
        return feed.ask(since)

    read(ask)
    read(ask)
    assert cursor_of(brook) == BEGIN + timedelta(seconds=500)
    assert asked == [BEGIN - OVERLAP, BEGIN + timedelta(seconds=500) - OVERLAP]


def test_a_row_that_slips_over_a_page_border_is_read_again(brook, read):
    feed = PretendFeed({f"{n:04}": n for n in range(450)})
    feed.meanwhile = [lambda: feed.rows.update({"0005": 9000})]
    assert {key for key, _ in read(feed.ask)} == set(feed.rows)


def test_more_than_a_page_of_one_second_is_read_once_each(read):
    feed = PretendFeed({f"{n:04}": 7 for n in range(430)})
    recorded = read(feed.ask)
    assert len(recorded) == 430
    assert set(recorded.values()) == {1}


def test_pages_in_the_wrong_order_end_with_the_newest_stamp(brook, read):
    rows = [{"id": str(n), "updated_at": stamp(1000 - n)} for n in range(300)]
    assert len(read(lambda _: iter(rows))) == 300
    assert cursor_of(brook) == BEGIN + timedelta(seconds=1000)


def test_a_reading_cut_short_leaves_the_cursor_where_it_was(brook, read):
    feed = PretendFeed({f"{n:04}": n for n in range(450)})

    def cut_short(since):
        for number, row in enumerate(feed.ask(since)):
            if number == 420:
                raise SageUnavailable("GET /contact_payments")
            yield row

    with pytest.raises(SageUnavailable):
        read(cut_short)
    assert cursor_of(brook) == BEGIN
    assert len(read(feed.ask)) == 450


def test_rows_that_cannot_be_recorded_do_not_move_the_cursor(brook, read):
    def refuse(page):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read(PretendFeed({"a": 5}).ask, refuse)
    assert cursor_of(brook) == BEGIN


def test_a_slower_poller_does_not_take_the_cursor_back(brook, read):
    read(PretendFeed({"a": 900}).ask)
    read(PretendFeed({"b": 800}).ask)
    assert cursor_of(brook) == BEGIN + timedelta(seconds=900)


def test_no_change_is_missed_in_random_histories(read):
    """Rows are added and changed between pages; after the last reading each row's last state was recorded."""
    for seed in range(25):
        chance = random.Random(seed)
        feed = PretendFeed({f"{seed}-{n:04}": n // 3 for n in range(chance.randrange(150, 700))})
        history = History(feed, chance)
        for _ in range(4):
            feed.meanwhile = [history.go_on] * chance.randrange(4)
            read(feed.ask, name=f"history {seed}")
            history.second += chance.randrange(200)
            history.go_on()
        feed.meanwhile = []
        recorded = read(feed.ask, name=f"history {seed}")
        assert {(key, stamp(second)) for key, second in feed.rows.items()} <= set(recorded), seed


class History:
    """What goes on in Sage meanwhile: some rows change, some are new, the clock moves on or stands still."""

    def __init__(self, feed: PretendFeed, chance: random.Random) -> None:
        self.feed, self.chance, self.second = feed, chance, 1000

    def go_on(self) -> None:
        for _ in range(self.chance.randrange(1, 5)):
            self.second += self.chance.randrange(2)
            is_change = self.chance.random() < 0.7
            key = self.chance.choice(sorted(self.feed.rows)) if is_change else f"new {self.chance.random()}"
            self.feed.rows[key] = self.second
