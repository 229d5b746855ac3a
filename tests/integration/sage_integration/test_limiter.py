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
def limiter(redis) -> Iterator[Callable[..., Limiter]]:
    """Makes limiters that share one set of counters: `limiter(per_minute=5)`."""
    prefix = f"test-budget-{uuid.uuid4().hex}"

    def make(**settings) -> Limiter:
        defaults = {"per_minute": 100, "per_day": 1000, "app_per_day": 10_000, "reserve_per_minute": 0}
        return Limiter(redis, prefix=prefix, **{**defaults, "reserve_of_day": 0, **settings})

    yield make
    for key in redis.scan_iter(f"{prefix}:*"):
        redis.delete(key)


def granted(limiter: Limiter, tries: int, *, urgent: bool = False, business: str = "b1") -> int:
    return [limiter.acquire(business, urgent=urgent) for _ in range(tries)].count(0)


def test_a_minute_has_its_requests_and_not_one_more(limiter):
    budget = limiter(per_minute=5)
    assert granted(budget, 8) == 5
    assert 59 < budget.acquire("b1", urgent=False) <= 60


def test_each_request_comes_back_a_minute_after_it_was_spent(limiter):
    budget = limiter(per_minute=2, minute=0.6)
    assert granted(budget, 1) == 1
    time.sleep(0.3)
    assert granted(budget, 3) == 1
    time.sleep(0.35)
    assert granted(budget, 3) == 1, "only the first has come back"
    time.sleep(0.3)
    assert granted(budget, 3) == 1


def test_the_wait_it_names_is_long_enough(limiter):
    budget = limiter(per_minute=3, minute=0.3)
    assert granted(budget, 3) == 3
    time.sleep(budget.acquire("b1", urgent=False))
    assert budget.acquire("b1", urgent=False) == 0


def test_in_no_minute_are_there_more_than_allowed_however_many_ask(limiter, redis):
    budget = limiter(per_minute=20, minute=0.5)
    moments: list[float] = []
    stop = time.monotonic() + 1.6

    def ask() -> None:
        while time.monotonic() < stop:
            if budget.acquire("b1", urgent=False) == 0:
                moments.append(time.monotonic())
            else:
                time.sleep(0.002)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moments.sort()
    slack = 0.05  # between the server's clock and ours
    assert all(moments[i + 20] - moments[i] > 0.5 - slack for i in range(len(moments) - 20))
    assert len(moments) >= 60, "three full windows fit, and none of them is wasted"


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


def test_yesterday_does_not_count(limiter, redis):
    budget = limiter(per_day=3)
    granted(budget, 3)
    (key,) = (key for key in redis.scan_iter("test-budget-*{b1}:day"))
    redis.hset(key, "day", int(time.time() // 86_400) - 1)
    assert granted(budget, 1) == 1
    assert budget.used_today("b1") == 1


def test_a_pause_stops_one_business_for_everybody(limiter):
    budget = limiter()
    budget.pause("b1", 60)
    assert 59 < budget.acquire("b1", urgent=True) <= 60
    assert budget.acquire("b2", urgent=False) == 0


def test_a_pause_ends_and_is_never_shortened(limiter):
    budget = limiter()
    budget.pause("b1", 0.2)
    budget.pause("b1", 0.05)
    time.sleep(0.1)
    assert budget.acquire("b1", urgent=False) > 0
    time.sleep(0.15)
    assert budget.acquire("b1", urgent=False) == 0
    budget.pause("b1", 0)
    assert budget.acquire("b1", urgent=False) == 0


def test_counters_do_not_pile_up(limiter, redis):
    budget = limiter(per_minute=3, minute=0.2)
    for _ in range(5):
        granted(budget, 5)
        time.sleep(0.1)
    (key,) = (key for key in redis.scan_iter("test-budget-*{b1}:minute"))
    assert redis.llen(key) <= 3
    assert all(redis.pttl(key) > 0 for key in redis.scan_iter("test-budget-*"))


def test_a_reserve_that_is_the_whole_budget_is_refused(limiter):
    with pytest.raises(ValueError):
        limiter(per_minute=3, reserve_per_minute=3)
    with pytest.raises(ValueError):
        limiter(reserve_of_day=1.0)
