"""What axe calls serious or critical on a page, in either theme."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SCRIPT = Axe().axe_script
FINISH_TRANSITIONS = """document.getAnimations()
  .filter((animation) => animation.effect.getComputedTiming().endTime !== Infinity)
  .forEach((animation) => animation.finish())"""


def serious_findings(page: Page, *, only_colours: bool = False) -> list[str]:
    """A line for each serious or critical finding on the page as it is now; `only_colours` is much quicker.

    The layout is the same in both themes, so the second needs its colours looked at and no more.
    """
    # A colour half way between two themes is nobody's choice.
    page.evaluate(FINISH_TRANSITIONS)
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT)
    run_only = (
        {"type": "rule", "values": ["color-contrast"]} if only_colours else {"type": "tag", "values": RULES}
    )
    options = {"runOnly": run_only, "resultTypes": ["violations"]}
    answer = page.evaluate("(options) => axe.run(document, options)", options)
    return [_line(found) for found in answer["violations"] if found["impact"] in ("serious", "critical")]


def _line(found: dict[str, Any]) -> str:
    places = ", ".join(str(node["target"][0]) for node in found["nodes"][:3])
    return f"{found['id']}: {places}"
