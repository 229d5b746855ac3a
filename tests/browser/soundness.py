"""What every page owes everybody: HTML that is well made, nothing in anybody's way, no sideways scrolling."""

from playwright.sync_api import Page

from devtools.accessibility import serious_findings
from tests.browser.markup import faults_in

DESKTOP = {"width": 1280, "height": 900}
NARROW = {"width": 320, "height": 700}


def findings_on(page: Page, html: str) -> list[str]:
    """What is wrong with the page the browser stands on: its HTML, light and wide, dark and narrow."""
    found = faults_in(html)
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")
    found += [f"light, 1280 px: {line}" for line in serious_findings(page)]
    page.set_viewport_size(NARROW)
    page.emulate_media(color_scheme="dark")
    found += [f"dark, 320 px: {line}" for line in serious_findings(page)]
    if too_wide := page.evaluate("document.documentElement.scrollWidth - innerWidth"):
        found.append(f"320 px: {too_wide} px to scroll sideways")
    return found
