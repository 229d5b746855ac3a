"""Reading what the practice sent."""

from playwright.sync_api import Page


def link_in_newest_message(page: Page) -> str:
    """The address in the newest message of Sent mail, read on its page."""
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("link", name="Sent mail").click()
    page.locator("tbody .row-link").first.click()
    return page.locator(".letter a").first.get_attribute("href") or ""
