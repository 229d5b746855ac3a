"""FACTS.md 4: requests a minute for each business."""

import threading

import pytest


@pytest.fixture
def limited(api):
    api.handle.switch("rate_limit_per_minute", 3)
    return api


def statuses(api, count):
    return [api.ask("GET", "/contacts").status for _ in range(count)]


def test_over_the_minute_is_a_429_that_says_how_long_to_wait(limited):
    assert statuses(limited, 4) == [200, 200, 200, 429]
    reply = limited.ask("GET", "/contacts")
    assert 1 <= int(reply.headers["Retry-After"]) <= 60
    assert reply.json[0]["$message"]
    assert limited.ask("GET", "/businesses").status == 200, "counted for a business"


def test_after_waiting_so_long_it_goes_on(limited):
    statuses(limited, 3)
    wait = int(limited.ask("GET", "/contacts").headers["Retry-After"])
    limited.handle.advance_clock(wait)
    assert limited.ask("GET", "/contacts").status == 200


def test_another_business_has_its_own_minute(limited):
    statuses(limited, 4)
    limited.business = limited.handle.business_id("Quayside Advisory Ltd")
    assert limited.ask("GET", "/contacts").status == 200


def test_the_window_can_be_scaled(limited):
    limited.handle.switch("rate_limit_window_seconds", 5)
    statuses(limited, 4)
    limited.handle.advance_clock(5)
    assert limited.ask("GET", "/contacts").status == 200


@pytest.mark.parametrize(("body", "content"), [("html", b"<h1>"), ("empty", b"")])
def test_header_and_body_are_switches(limited, body, content):
    limited.handle.switch("retry_after_header", False)
    limited.handle.switch("limit_body", body)
    statuses(limited, 3)
    reply = limited.ask("GET", "/contacts")
    assert reply.status == 429
    assert reply.headers["Retry-After"] is None
    assert content in reply.body


def test_a_day_can_be_limited(api):
    api.handle.switch("rate_limit_per_day", 2)
    assert statuses(api, 3) == [200, 200, 429]
    assert api.handle.summary()["used_today"][api.business] == 2


def test_too_many_at_once_are_refused(api):
    api.handle.switch("in_flight_limit", 1)
    api.handle.arm("hold", on="GET /contacts", when="before")
    held = threading.Thread(target=lambda: api.ask("GET", "/contacts"))
    held.start()
    api.wait_until_held()
    assert api.ask("GET", "/businesses").status == 429
    api.handle.release()
    held.join()
    assert api.handle.summary()["most_in_flight"] == 2
    assert api.ask("GET", "/businesses").status == 200
