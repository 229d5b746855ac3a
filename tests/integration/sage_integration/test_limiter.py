"""The request budget, counted by a real server."""

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from sage_integration.limiter import Limiter


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    connection = Redis.from_url(os.environ["REDIS_URL"])
    yield connection
    connection.close()


@pytest.fixture
def prefix(redis) -> Iterator[str]:
    """Where the counters of one test are kept."""
    mine = f"test-budget-{uuid.uuid4().hex}"
    yield mine
    for key in redis.scan_iter(f"{mine}:*"):
        redis.delete(key)


@pytest.fixture
def limiter(redis, prefix) -> Callable[..., Limiter]:
    """Makes limiters that share one set of counters: `limiter(per_minute=5)`."""

    def make(**settings) -> Limiter:
        defaults = {"per_minute": 100, "per_day": 1000, "app_per_day": 10_000, "reserve_per_minute": 0}
        return Limiter(redis, prefix=prefix, **{**defaults, "reserve_of_day": 0, **settings})

    return make


@pytest.fixture
def let_pass(redis, prefix) -> Callable[[float], None]:
    """Makes what was counted older; the server's clock cannot be moved."""

    def age(seconds: float) -> None:
        milliseconds = round(seconds * 1000)
        for key in redis.scan_iter(f"{prefix}:*:minute"):
            for request in redis.zrange(key, 0, -1):
                redis.zincrby(key, -milliseconds, request)
        for key in redis.scan_iter(f"{prefix}:*:pause"):
            redis.pexpire(key, max(0, redis.pttl(key) - milliseconds))

    return age


def granted(limiter: Limiter, tries: int, *, urgent: bool = False, business: str = "b1") -> int:
    return [limiter.acquire(business, urgent=urgent) for _ in range(tries)].count(0)


def test_a_minute_has_its_requests_and_not_one_more(limiter):
    budget = limiter(per_minute=5)
    assert granted(budget, 8) == 5
    assert 59 < budget.acquire("b1", urgent=False) <= 60


def test_each_request_comes_back_a_minute_after_it_was_spent(limiter, let_pass):
    budget = limiter(per_minute=2)
    assert granted(budget, 1) == 1
    let_pass(30)
    assert granted(budget, 3) == 1
    let_pass(31)
    assert granted(budget, 3) == 1, "only the first has come back"
    let_pass(30)
    assert granted(budget, 3) == 1


def test_looking_at_what_is_left_counts_nothing(limiter):
    budget = limiter(per_minute=2, reserve_per_minute=1)
    assert [budget.room("b1") for _ in range(3)] == [(1, 0.0)] * 3
    assert granted(budget, 3) == 1
    left, wait = budget.room("b1")
    assert left == 0
    assert 59 < wait <= 60


def test_the_wait_it_names_is_long_enough(limiter, let_pass):
    budget = limiter(per_minute=3)
    assert granted(budget, 3) == 3
    let_pass(budget.acquire("b1", urgent=False))
    assert budget.acquire("b1", urgent=False) == 0


def test_in_no_minute_are_there_more_than_allowed_however_many_ask(limiter):
    budget = limiter(per_minute=20, minute=0.5)
    before: list[float] = []
    after: list[float] = []
    start = threading.Barrier(4)

    def ask() -> None:
        start.wait(timeout=30)
        while len(after) < 60:
            asked = time.monotonic()
            if budget.acquire("b1", urgent=False) == 0:
                before.append(asked)
                after.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    before.sort()
    after.sort()
    # A grant lies between its two moments; the server counts in whole milliseconds.
    assert all(after[place + 20] - before[place] > 0.498 for place in range(len(after) - 20))


def test_businesses_do_not_share_a_minute(limiter):
    budget = limiter(per_minute=2)
    assert granted(budget, 3, business="b1") == 2
    assert granted(budget, 3, business="b2") == 2


def test_a_person_finds_room_where_background_work_has_none_left(limiter):
    budget = limiter(per_minute=5, reserve_per_minute=2)
    assert granted(budget, 6) == 3
    assert granted(budget, 6, urgent=True) == 2


def test_the_day_is_a_budget_with_a_reserve_too(limiter):
    budget = limiter(per_day=10, reserve_of_day=0.2)
    assert granted(budget, 12) == 8
    assert granted(budget, 12, urgent=True) == 2
    assert 0 < budget.acquire("b1", urgent=True) <= 86_400


def test_all_businesses_together_share_the_day_of_the_app(limiter):
    budget = limiter(app_per_day=5)
    assert granted(budget, 4, business="b1") == 4
    assert granted(budget, 4, business="b2") == 1


def test_what_was_granted_today_can_be_read(limiter):
    budget = limiter(per_minute=2)
    assert budget.used_today("b1") == 0
    granted(budget, 5)
    assert budget.used_today("b1") == 2, "what was refused is not counted"
    assert budget.used_today("b2") == 0


def test_yesterday_does_not_count(limiter, redis, prefix):
    budget = limiter(per_day=3)
    granted(budget, 3)
    redis.hset(f"{prefix}:{{b1}}:day", "day", int(time.time() // 86_400) - 1)
    assert granted(budget, 1) == 1
    assert budget.used_today("b1") == 1


def test_a_pause_stops_one_business_for_everybody(limiter):
    budget = limiter()
    budget.pause("b1", 60)
    assert 59 < budget.acquire("b1", urgent=True) <= 60
    assert budget.acquire("b2", urgent=False) == 0


def test_a_pause_ends_and_is_never_shortened(limiter, let_pass):
    budget = limiter()
    budget.pause("b1", 60)
    budget.pause("b1", 5)
    budget.pause("b1", 0)
    let_pass(30)
    assert budget.acquire("b1", urgent=False) > 0
    let_pass(30)
    assert budget.acquire("b1", urgent=False) == 0


def test_counters_do_not_pile_up(limiter, let_pass, redis, prefix):
    budget = limiter(per_minute=3)
    for _ in range(5):
        granted(budget, 5)
        let_pass(30)
    assert redis.zcard(f"{prefix}:{{b1}}:minute") <= 3
    lasting = [key for key in redis.scan_iter(f"{prefix}:*") if redis.pttl(key) <= 0]
    assert lasting == [f"{prefix}:memory".encode()]


def test_several_requests_are_granted_together_as_far_as_the_budget_goes(limiter):
    budget = limiter(per_minute=5)
    held, _ = budget.hold("b1", 3, seconds=10)
    assert held.left == 3
    more, _ = budget.hold("b1", 10, seconds=10)
    assert more.left == 2
    none, wait = budget.hold("b1", 1, seconds=10)
    assert none is None
    assert 60 < wait <= 70, "until it is known when they left, they count as sent at the last moment"


def test_what_was_held_and_not_needed_is_given_back(limiter):
    budget = limiter(per_minute=5)
    held, _ = budget.hold("b1", 5, seconds=10)
    held.spend()
    held.close()
    assert held.left == 0
    assert granted(budget, 6) == 4
    assert 59 < budget.acquire("b1", urgent=False) <= 60, "and what was sent counts from when it left"


def test_a_held_request_counts_for_the_day_and_keeps_its_reserve(limiter):
    budget = limiter(per_day=10, reserve_of_day=0.2)
    held, _ = budget.hold("b1", 20, seconds=10)
    assert held.left == 8
    assert granted(budget, 12, urgent=True) == 2


def three_that_come_back_one_after_the_other(budget, let_pass) -> None:
    """Of four a minute, three were sent half a second apart; one is free, and the first comes back in half a second."""
    for seconds in (0.5, 0.5, 58.5):
        assert granted(budget, 1) == 1
        let_pass(seconds)
    budget.note_pace("b1", 0.6)


def test_what_comes_back_while_the_ones_before_are_under_way_is_granted_with_them(limiter, let_pass):
    budget = limiter(per_minute=4)
    three_that_come_back_one_after_the_other(budget, let_pass)
    assert budget.room("b1").requests == 4
    held, _ = budget.hold("b1", 10, seconds=10)
    assert (held.left, held.wait) == (4, 0)
    held.spend()
    assert 0 < held.wait <= 0.5, "the second may not leave before the minute of the first is over"


def test_at_an_unknown_pace_only_what_is_free_is_granted(limiter, let_pass):
    budget = limiter(per_minute=4)
    three_that_come_back_one_after_the_other(budget, let_pass)
    assert limiter(per_minute=4).room("b1").requests == 1


def test_what_is_sent_quicker_than_it_comes_back_is_not_granted(limiter, let_pass):
    budget = limiter(per_minute=4)
    three_that_come_back_one_after_the_other(budget, let_pass)
    budget.note_pace("b1", 0.1)
    assert budget.room("b1").requests == 1


def test_taken_ahead_of_time_leaves_a_person_the_reserve(limiter, let_pass):
    budget = limiter(per_minute=5, reserve_per_minute=1)
    three_that_come_back_one_after_the_other(budget, let_pass)
    held, _ = budget.hold("b1", 10, seconds=10)
    assert held.left == 4
    assert granted(budget, 3, urgent=True) == 1
    assert granted(budget, 1) == 0


def test_what_was_taken_ahead_of_time_and_not_needed_counts_as_before(limiter, let_pass):
    budget = limiter(per_minute=4)
    three_that_come_back_one_after_the_other(budget, let_pass)
    held, _ = budget.hold("b1", 10, seconds=10)
    held.spend()
    held.close()
    assert 0 < budget.acquire("b1", urgent=False) <= 0.5, "the first comes back when it would have"
    let_pass(0.5)
    assert granted(budget, 2) == 1


def test_held_together_in_no_minute_are_there_more_than_allowed(limiter):
    budget = limiter(per_minute=20, minute=0.3)
    sent: list[float] = []

    def send() -> None:
        while len(sent) < 120:
            budget.note_pace("b1", 0.004)
            held, _ = budget.hold("b1", 7, seconds=0.1)
            while held is not None and held.left and not held.wait:
                held.spend()
                sent.append(time.monotonic())
            if held is not None:
                held.close()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent.sort()
    # The server counts in whole milliseconds, and hears of each a moment after it was noted here.
    assert all(sent[place + 20] - sent[place] > 0.29 for place in range(len(sent) - 20))


def test_fault_35_a_budget_that_was_forgotten_is_not_spent_again_within_the_minute(limiter, redis, prefix):
    """Whoever knew of it holds everybody back for a whole minute; a process that never knew is held back too."""
    budget, newcomer = limiter(per_minute=5), limiter(per_minute=5)
    assert granted(budget, 5) == 5
    for key in redis.scan_iter(f"{prefix}:*"):
        redis.delete(key)
    assert 59 < budget.acquire("b1", urgent=False) <= 60
    assert granted(newcomer, 3) == 0
    assert budget.room("b2").wait > 59, "and nobody knows what other businesses have had"
    redis.set(f"{prefix}:memory", int(redis.get(f"{prefix}:memory")) - 60_000)
    redis.delete(f"{prefix}:emptied")
    assert granted(budget, 6) == 5


def test_a_process_that_starts_with_an_empty_valkey_does_not_wait(limiter):
    assert granted(limiter(per_minute=5), 1) == 1


def test_a_reserve_that_is_the_whole_budget_is_refused(limiter):
    with pytest.raises(ValueError):
        limiter(per_minute=3, reserve_per_minute=3)
    with pytest.raises(ValueError):
        limiter(reserve_of_day=1.0)
