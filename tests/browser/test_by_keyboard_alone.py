"""A person who uses no mouse: from signing in to an invoice that is in Sage."""

import pytest
from playwright.sync_api import Locator, Page, expect

from ledger.models import Posting
from practices.tenancy import practice_scope
from tests.browser.workers import work
from tests.factories import PASSWORD
from tests.integration.proposals.offers import a_client, a_service
from tests.sage import connected

#: More stops than any page has before what one looks for.
MOST_STOPS = 80


@pytest.fixture
def ready(brook, sage) -> None:
    """A connected practice with a client and a service."""
    connected(brook, sage)
    with practice_scope(brook.pk):
        a_client("Mara Hill", name="Acme Dental Ltd")
        a_service("Bookkeeping", "180")


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the focus is where one wants to be."""
    expect(target).to_be_visible()
    for _ in range(MOST_STOPS):
        if target.evaluate("(element) => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {target}")


def test_from_signing_in_to_a_posted_invoice_without_a_mouse(ready, cast, brook, visitor):
    page = visitor()
    page.goto("/accounts/login/")
    tab_to(page, page.get_by_label("E-mail address"))
    page.keyboard.type(cast.alice.email)
    tab_to(page, page.get_by_label("Password", exact=True))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()

    page.wait_for_load_state()  # a key pressed before the scripts are there is nobody's
    page.keyboard.press("c")
    entry = page.locator("#create-menu").get_by_role("link", name="Instant bill")
    for _ in range(6):
        if entry.evaluate("(element) => element === document.activeElement"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Instant bill", level=1)).to_be_visible()
    tab_to(page, page.get_by_label("Client", exact=True))
    page.keyboard.type("Acme")
    tab_to(page, page.get_by_label("Service", exact=True).first)
    page.keyboard.type("Book")
    tab_to(page, page.get_by_role("button", name="Issue now"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="INV-000001", level=1)).to_be_visible()

    work(brook)
    with practice_scope(brook.pk):
        copies = Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE)
        assert [posting.status for posting in copies] == [Posting.Status.POSTED]
    page.wait_for_load_state()
    page.keyboard.press("/")
    page.keyboard.type("INV-0000")
    expect(page.locator("#search-hits").get_by_role("link", name="INV-000001")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_label("About this invoice")).to_contain_text("In Sage")


def test_escape_puts_away_what_the_search_found(ready, alice):
    alice.keyboard.press("/")
    alice.keyboard.type("acme")
    found = alice.locator("#search-hits").get_by_role("link", name="Acme Dental Ltd")
    expect(found).to_be_visible()
    alice.keyboard.press("ArrowDown")
    expect(found).to_be_focused()
    alice.keyboard.press("Escape")
    expect(found).to_be_hidden()
    expect(alice.get_by_role("searchbox", name="Search clients, proposals and invoices")).to_be_focused()
