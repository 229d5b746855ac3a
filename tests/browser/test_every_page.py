"""Every page that links lead to, with data and without: valid, accessible in both themes, whole at 320 px."""

import pytest
from playwright.sync_api import Page

from devtools.site_map import each_page
from practices.tenancy import practice_scope
from proposals.links import public_url
from tests.browser.soundness import findings_on
from tests.browser.workers import work
from tests.integration.invoicing.documents import an_invoice
from tests.integration.proposals.offers import (
    MONTHLY,
    ON_COMPLETION,
    UPFRONT,
    a_client,
    a_draft,
    a_line,
    a_sent,
    sign,
)
from tests.sage import connected


@pytest.fixture
def busy(brook, sage, site) -> None:
    """Brook & Co with a document of each kind in several states."""
    connected(brook, sage)
    today = brook.today()
    with practice_scope(brook.pk):
        lines = [
            a_line(UPFRONT),
            a_line(ON_COMPLETION, "Annual accounts", "850"),
            a_line(MONTHLY, "Payroll", "78"),
        ]
        client = a_client("Mara Hill")
        sign(a_sent(*lines, client=client, on=today, starts_on=today.replace(day=1)), on=today)
        a_sent(client=client, on=today)
        a_draft(client=client, on=today)
    work(brook)
    with practice_scope(brook.pk):
        an_invoice(client, on=today)


def unsound(pages: Page, base: str) -> dict[str, list[str]]:
    """The kinds of page with findings, and how many pages there were, from wherever the browser is signed in."""
    seen, found = [], {}
    for kind, html in each_page(pages, base):
        seen.append(kind)
        if findings := findings_on(pages, html):
            found[kind] = findings
    assert len(seen) > 15, seen
    return found


def test_every_page_of_a_busy_practice_is_sound(busy, cast, browser_of, site):
    assert unsound(browser_of(cast.alice), site) == {}


def test_every_page_of_a_practice_with_nothing_in_it_is_sound(cast, browser_of, site):
    assert unsound(browser_of(cast.carol), site) == {}


def test_every_page_that_nobody_is_signed_in_for_is_sound(cast, brook, visitor, watch, site):
    with practice_scope(brook.pk):
        client = a_client("Mara Hill")
        open_link = public_url(a_sent(client=client, on=brook.today()))
        signed = a_sent(client=client, on=brook.today())
        sign(signed, on=brook.today())
        decided_link = public_url(signed)
    page, found = visitor(), {}
    paths = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/proposals/no-such-link/"]
    for address in [*paths, "/invitations/no-such-link/", open_link, decided_link]:
        answer = page.goto(address)
        if findings := findings_on(page, answer.text()):
            found[address] = findings
    watch.expect_refusals(404, 410)
    assert found == {}
