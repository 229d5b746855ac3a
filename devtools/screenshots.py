"""`python -m devtools.screenshots`: every page, with data and with none, wide and narrow, light and dark."""

import argparse
import html
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import requests
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from devtools.accessibility import serious_findings
from devtools.browsers import NO_BROWSER, find_browser, launch_arguments
from devtools.journey.browser import NotAsExpected
from devtools.site_map import each_page, is_the_operators
from devtools.terminal import Problem, say
from devtools.up import DEMO_PASSWORD
from devtools.walk import PASSWORD, Walked, walk

WIDTHS = {"desktop": 1280, "phone": 390}
THEMES = ("light", "dark")
#: Groups of pages, and the pictures of each page: every one unless less is asked for.
GROUPS = ("outside", "demo", "empty", "operator")
#: Who looks after the service; the demo knows one.
OPERATOR = "operator@ignition.example"
LOOKS = tuple(f"{device}-{theme}" for theme in THEMES for device in WIDTHS)
#: The pictures of the documentation: which page of the walk or address in the practice, and how large.
DOCS = Path("docs/pictures")
PICTURES = {
    "home": ("", 1280, 860),
    "sage": ("sage/", 1280, 760),
    "proposal": ("proposal-services", 1280, 900),
    "signing": ("proposal-to-sign", 390, 844),
    "invoice": ("invoice-part-paid", 1280, 950),
    "billing": ("billing/", 1280, 760),
}
#: WebP at this quality keeps letters sharp and each picture under 100 kB.
QUALITY = 82
#: Pages that nobody is signed in for.
OUTSIDE = {
    "sign-in": "/accounts/login/",
    "sign-up": "/accounts/signup/",
    "password-reset": "/accounts/password/reset/",
    "wrong-link": "/proposals/never-was-one/",
    "wrong-invitation": "/invitations/never-was-one/",
}


@dataclass
class Findings:
    """What was seen on the way."""

    out: Path
    files: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    console_errors: list[str] = field(default_factory=list)
    axe_serious: list[str] = field(default_factory=list)
    #: What of everything is drawn: groups of pages, theme and device of their pictures, parts of their names.
    groups: tuple[str, ...] = GROUPS
    looks: tuple[str, ...] = LOOKS
    words: tuple[str, ...] = ()

    def wants(self, name: str) -> bool:
        """Whether a page of this name is drawn: one that holds any of the words, and every one without words."""
        return not self.words or any(word in name for word in self.words)


def main() -> int:
    """Draw everything; exit 0 when no page has a console error or a serious accessibility finding."""
    parser = argparse.ArgumentParser(prog="./dev screenshots", description="Every page as a picture.")
    parser.add_argument("--out", default=".dev/screenshots", help="the folder for pictures and index.html")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--group", action="append", choices=GROUPS, help="only these pages")
    parser.add_argument("--look", action="append", choices=LOOKS, help="only these pictures of each page")
    parser.add_argument(
        "--page", action="append", metavar="WORD", help="only pages whose names hold this, as in the index"
    )
    parser.add_argument("--keep", action="store_true", help="use the development data")
    parser.add_argument(
        "--docs", action="store_true", help=f"draw only what the documentation shows, into {DOCS}"
    )
    options = parser.parse_args()
    path = find_browser()
    if not path:
        raise Problem(NO_BROWSER)
    with sync_playwright() as playwright:
        # On Linux the boxes of dates are in the language of the process, whatever `--lang` says.
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[*launch_arguments(), "--lang=en-GB"],
            env={**os.environ, "LANGUAGE": "en_GB"},
        )
        if options.docs:
            draw_for_docs(browser, the_walk())
            return 0
        found = Findings(
            Path(options.out),
            groups=tuple(options.group or GROUPS),
            looks=tuple(options.look or LOOKS),
            words=tuple(options.page or ()),
        )
        shutil.rmtree(found.out, ignore_errors=True)
        found.out.mkdir(parents=True)
        draw_everything(browser, the_walk(), found)
        browser.close()
    write_index(found)
    report(found, as_json=options.json)
    return 1 if found.console_errors or found.axe_serious else 0


def the_walk() -> Walked:
    """A busy practice, or Problem with what stood in the way of one."""
    say("walking through a practice, so that its pages have something to show")
    try:
        return walk(os.environ["PUBLIC_URL"])
    except (NotAsExpected, requests.RequestException) as problem:
        raise Problem(f"{problem}") from problem


def draw_for_docs(browser: Browser, walked: Walked) -> None:
    """The pages that the README and the guide show, as WebP."""
    context = signed_in(browser, walked.base, walked.email, PASSWORD)
    page = context.new_page()
    known = walked.inside | walked.outside
    known["proposal-services"] = known["proposal-edit"] + "services/"
    for name, (place, width, height) in PICTURES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.goto(known.get(place) or f"{walked.base}/p/{walked.slug}/{place}")
        page.wait_for_load_state("networkidle")
        with Image.open(BytesIO(page.screenshot())) as picture:
            picture.save(DOCS / f"{name}.webp", quality=QUALITY, method=6)
    context.close()


def draw_everything(browser: Browser, walked: Walked, found: Findings) -> None:
    """The pages for everybody, those of a busy practice, and those of a practice opened just now."""
    if "outside" in found.groups:
        context = new_context(browser, walked.base)
        outside = {name: walked.base + path for name, path in OUTSIDE.items()} | walked.outside
        draw_these(watched(context, found), found, "outside", outside)
        context.close()
    if "demo" in found.groups:
        context = signed_in(browser, walked.base, walked.email, PASSWORD)
        page = watched(context, found)
        draw_all(page, found, "demo", walked.base)
        draw_these(page, found, "demo", walked.inside | {"not-found": f"{walked.base}/p/not-a-practice/"})
        context.close()
    if "empty" in found.groups:
        context = newly_signed_up(browser, walked.base)
        draw_all(watched(context, found), found, "empty", walked.base)
        context.close()
    if "operator" in found.groups:
        context = signed_in(browser, walked.base, OPERATOR, DEMO_PASSWORD, to="/admin/")
        page = watched(context, found)
        for kind, _ in each_page(page, walked.base, start="/admin/", is_wanted=is_the_operators):
            draw(page, found, f"operator-{kind}")
        context.close()


def new_context(browser: Browser, base: str) -> BrowserContext:
    """A browser of somebody in the United Kingdom."""
    return browser.new_context(base_url=base, locale="en-GB", timezone_id="Europe/London")


def signed_in(browser: Browser, base: str, email: str, password: str, *, to: str = "/p/") -> BrowserContext:
    """A browser in which somebody is signed in who comes to such a page then."""
    context = new_context(browser, base)
    page = context.new_page()
    page.goto("/accounts/login/" + (f"?next={to}" if to != "/p/" else ""))
    page.fill("[name=login]", email)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda address: urlsplit(address).path.startswith(to))
    page.close()
    return context


def newly_signed_up(browser: Browser, base: str) -> BrowserContext:
    """A browser whose practice has nothing in it yet."""
    context = new_context(browser, base)
    page = context.new_page()
    page.goto("/accounts/signup/")
    answers = {
        "email": f"empty-{time.time_ns()}@example.test",
        "name": "Erin Empty",
        "practice_name": "Empty & New",
        "password1": "nothing-here-so-far",
    }
    for name, value in answers.items():
        page.fill(f"[name={name}]", value)
    page.press("[name=password1]", "Enter")
    page.wait_for_url("**/p/**")
    page.close()
    return context


def watched(context: BrowserContext, found: Findings) -> Page:
    """A page whose console is read."""
    page = context.new_page()
    page.on("console", lambda message: note_console(found, page, message.type, message.text))
    page.on("pageerror", lambda error: found.console_errors.append(f"{page.url}: {error}"))
    return page


def draw_all(page: Page, found: Findings, group: str, base: str) -> None:
    """One page of each kind that links lead to."""
    for kind, _ in each_page(page, base):
        draw(page, found, f"{group}-{kind}")


def draw_these(page: Page, found: Findings, group: str, pages: Mapping[str, str]) -> None:
    """The pages at these addresses, under these names."""
    for name, url in pages.items():
        if found.wants(name_of(f"{group}-{name}")):
            page.goto(url)
            draw(page, found, f"{group}-{name}")


def name_of(words: str) -> str:
    """The name of a page's pictures: `demo-p-practice-invoices-n`."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def draw(page: Page, found: Findings, words: str) -> None:
    """The page in each width and theme, with what axe says about it; nothing where it was not asked for."""
    name = name_of(words)
    if not found.wants(name):
        return
    say(name)
    found.pages.append(name)
    for look in found.looks:
        device, theme = look.split("-")
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": WIDTHS[device], "height": 900})
        where = f"{name}-{look}"
        lines = serious_findings(page, only_colours=theme == "dark")
        found.axe_serious += [f"{where}: {line}" for line in lines]
        page.screenshot(path=found.out / f"{where}.png", full_page=True)
        found.files.append(f"{where}.png")


def note_console(found: Findings, page: Page, kind: str, text: str) -> None:
    """Remember errors and warnings of the page, save that a page drawn for being missing is missing."""
    if kind in ("error", "warning") and "status of 404" not in text and "status of 410" not in text:
        found.console_errors.append(f"{page.url}: {text}")


def write_index(found: Findings) -> None:
    """A page that shows all pictures side by side."""
    pictures = "\n".join(
        f'<figure><a href="{name}"><img src="{name}" alt="" loading="lazy" width="400"></a>'
        f"<figcaption>{html.escape(name)}</figcaption></figure>"
        for name in found.files
    )
    head = '<!doctype html><html lang="en-GB"><meta charset="utf-8"><title>Every page</title>'
    style = "<style>body{display:flex;flex-wrap:wrap;gap:1rem;font:14px system-ui}figure{margin:0}</style>"
    (found.out / "index.html").write_text(f"{head}{style}{pictures}")


def report(found: Findings, *, as_json: bool) -> None:
    """Say what was found; the last line as COMMANDS has it."""
    for line in [*found.console_errors, *found.axe_serious]:
        print(line, file=sys.stderr)
    figures = {
        "pages": len(found.pages),
        "files": len(found.files),
        "console_errors": len(found.console_errors),
        "axe_serious": len(found.axe_serious),
        "out": str(found.out),
    }
    if as_json:
        print(json.dumps(figures))
    else:
        print("{pages} pages, {files} pictures in {out}/index.html".format(**figures), file=sys.stderr)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Problem as problem:
        sys.exit(str(problem))
