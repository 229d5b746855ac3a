"""What browser tests stand on: the application on a port, one Chromium a worker, people with browsers.

Whatever a test does, its browsers must see no console error and ask no other origin but Sage's: each is
watched, and the test ends with what was noticed.
"""

import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from django.conf import settings as live_settings
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from devtools.browsers import NO_BROWSER, find_browser, launch_arguments
from practices.models import User
from tests.browser.server import serving
from tests.browser.watching import Watch

# Playwright keeps an event loop in the main thread for the rest of the run; Django takes that for asynchronous
# code and would refuse every query of every test that follows in this worker.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

#: Milliseconds that a page may take on a busy machine.
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine; without one the tests are skipped, or fail where one is required."""
    path = find_browser()
    if not path:
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=launch_arguments())
        yield browser
        browser.close()


@pytest.fixture
def site(db, sage, settings) -> Iterator[str]:
    """The address of the running application, which talks to the pretend Sage."""
    application = WSGIHandler()
    with serving(application) as port:
        address = f"http://127.0.0.1:{port}"
        settings.PUBLIC_URL = address
        settings.ALLOWED_HOSTS = ["127.0.0.1"]
        yield address


@pytest.fixture
def watch(site, sage) -> Iterator[Watch]:
    """What the browsers of this test notice; anything at the end fails it."""
    watch = Watch(site, sage.url)
    yield watch
    assert watch.noticed() == []


@pytest.fixture
def visitor(chromium, site, watch) -> Iterator[Callable[..., Page]]:
    """A new browser that nobody is signed in to: `visitor()`, `visitor(**PHONE)`."""
    opened: list[BrowserContext] = []

    def visit(**options) -> Page:
        context = chromium.new_context(base_url=site, locale="en-GB", **options)
        context.set_default_timeout(PATIENCE)
        watch.over(context)
        opened.append(context)
        return context.new_page()

    yield visit
    for context in opened:
        context.close()


@pytest.fixture
def browser_of(site, visitor) -> Callable[..., Page]:
    """A new browser in which this person is signed in: `browser_of(cast.alice)`."""

    def signed_in(person: User, **options) -> Page:
        page = visitor(**options)
        client = Client()
        client.force_login(person)
        name = live_settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": site}])
        return page

    return signed_in


@pytest.fixture
def alice(cast: SimpleNamespace, browser_of) -> Page:
    """Alice's browser on the home page of Brook & Co."""
    page = browser_of(cast.alice)
    page.goto(f"/p/{cast.brook.slug}/")
    return page
