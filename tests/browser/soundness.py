"""What every page owes everybody: HTML that is well made, nothing in anybody's way, no sideways scrolling."""

import re

from playwright.sync_api import Page

from devtools.accessibility import serious_findings
from tests.browser.markup import faults_in

DESKTOP = {"width": 1280, "height": 900}
NARROW = {"width": 320, "height": 700}
#: Pages built of the same pieces are looked at by axe once a run; their words make no difference to it.
SOUND: set[str] = set()
#: Attributes whose value decides how a piece looks or what it is to a screen reader.
TELLING = re.compile(
    r"\s((?:class|role|type|kind|data-kind|data-tone|data-size|data-state|data-shape|hidden|open|disabled|aria-\w+|for"
    r"|href|alt|title|tabindex)(?![\w-]))(?:=\"([^\"]*)\")?"
)
#: Tables whose rows are blocks on a phone, and that are too wide all the same.
WIDE_TABLES = """[...document.querySelectorAll('.table-wrap:has(> :is(.list, .stacked, .diff, .lines))')]
  .filter((wrap) => wrap.scrollWidth > wrap.clientWidth).map((wrap) => wrap.ariaLabel)"""
WITH_WORDS = ("aria-label", "alt", "title", "href", "for", "aria-labelledby", "aria-describedby")


def findings_on(page: Page, html: str) -> list[str]:
    """What is wrong with the page the browser stands on: its HTML, light and wide, dark and narrow."""
    found = faults_in(html)
    pieces = pieces_of(html)
    is_new = pieces not in SOUND
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")
    if is_new:
        found += [f"light, 1280 px: {line}" for line in serious_findings(page)]
    page.set_viewport_size(NARROW)
    page.emulate_media(color_scheme="dark")
    if is_new:
        found += [f"dark, 320 px: {line}" for line in serious_findings(page)]
    if too_wide := page.evaluate("document.documentElement.scrollWidth - innerWidth"):
        found.append(f"320 px: {too_wide} px to scroll sideways")
    found += [f"320 px: the table {label} scrolls sideways" for label in page.evaluate(WIDE_TABLES)]
    if not found:
        SOUND.add(pieces)
    return found


def pieces_of(html: str) -> str:
    """The page without its words: tags with what decides how they look, each kind of row and entry once."""
    kept = []
    for tag, attributes, words in re.findall(r"<(/?\w+)((?:\"[^\"]*\"|'[^']*'|[^<>\"'])*)>([^<]*)", html):
        said = [
            f"{name}={'…' if name in WITH_WORDS and value else value}"
            for name, value in TELLING.findall(attributes)
        ]
        kept.append(f"<{tag} {' '.join(said)}>{'…' if words.strip() else ''}")
    seen: set[str] = set()
    parts = re.split(r"(?=<(?:tr|li|option|section|figure) )|(?<=</(?:tr|li) >)", "".join(kept))
    return "".join(part for part in parts if not (part in seen or seen.add(part)))  # type: ignore[func-returns-value]
