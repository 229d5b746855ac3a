"""`python -m devtools.screenshots`: every page, with demo data and with none, wide and narrow, light and dark."""

import argparse
import html
import json
import os
import re
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from devtools.browsers import NO_BROWSER, find_browser, launch_arguments
from devtools.terminal import Problem
from devtools.up import DEMO_PASSWORD

WIDTHS = {"desktop": 1280, "phone": 390}
THEMES = ("light", "dark")
#: Pages that nobody is signed in for.
OUTSIDE = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")
#: Addresses that would end the visit or are not ours to draw.
LEFT_OUT = ("/accounts/logout", "/admin/", "/static/", ".pdf", "/emails/")
AXE_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@dataclass
class Findings:
    """What was seen on the way."""

    out: Path
    files: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    console_errors: list[str] = field(default_factory=list)
    axe_serious: list[str] = field(default_factory=list)


def main() -> int:
    """Draw everything; exit 0 when no page has a console error or a serious accessibility finding."""
    parser = argparse.ArgumentParser(prog="./dev screenshots", description="Every page as a picture.")
    parser.add_argument("--out", default=".dev/screenshots", help="the folder for pictures and index.html")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--keep", action="store_true", help="use the development data")
    options = parser.parse_args()
    path = find_browser()
    if not path:
        raise Problem(NO_BROWSER)
    found = Findings(Path(options.out))
    shutil.rmtree(found.out, ignore_errors=True)
    found.out.mkdir(parents=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=launch_arguments())
        draw_everything(browser, os.environ["PUBLIC_URL"], found)
        browser.close()
    write_index(found)
    report(found, as_json=options.json)
    return 1 if found.console_errors or found.axe_serious else 0


def draw_everything(browser: Browser, base: str, found: Findings) -> None:
    """The pages for everybody, those of the demo practice, and those of a practice opened just now."""
    context = browser.new_context(base_url=base)
    draw(context, found, "outside", [base + path for path in OUTSIDE])
    context.close()
    context = signed_in(browser, base)
    draw(context, found, "demo", addresses(context, base))
    context.close()
    context = newly_signed_up(browser, base)
    draw(context, found, "empty", addresses(context, base))
    context.close()


def signed_in(browser: Browser, base: str) -> BrowserContext:
    """A browser in which Alice of the demo is signed in."""
    context = browser.new_context(base_url=base)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.fill("[name=login]", "alice@brook.example")
    page.fill("[name=password]", DEMO_PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/p/**")
    page.close()
    return context


def newly_signed_up(browser: Browser, base: str) -> BrowserContext:
    """A browser whose practice has nothing in it yet."""
    context = browser.new_context(base_url=base)
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


def addresses(context: BrowserContext, base: str) -> list[str]:
    """One address of each kind of page that can be reached by links from the start page."""
    page = context.new_page()
    found: dict[str, str] = {}
    waiting = [base + "/"]
    while waiting:
        page.goto(waiting.pop(0))
        if (kind := kind_of(page.url)) in found:
            continue
        found[kind] = page.url
        links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.getAttribute('href'))")
        for link in links:
            address = urljoin(page.url, link)
            if address.startswith(base + "/") and not any(part in address for part in LEFT_OUT):
                waiting += [] if kind_of(address) in found else [address]
    page.close()
    return list(found.values())


def kind_of(address: str) -> str:
    """The address without what tells one row or one filter from another."""
    path = re.sub(r"/\d+/", "/N/", urlsplit(address).path)
    return re.sub(r"/p/[^/]+", "/p/practice", re.sub(r"/[\w-]{40,}[:\w-]*/", "/token/", path))


def draw(context: BrowserContext, found: Findings, group: str, urls: list[str]) -> None:
    """Each page in each width and theme, with what the console and axe say about it."""
    page = context.new_page()
    page.on("console", lambda message: note_console(found, page, message.type, message.text))
    page.on("pageerror", lambda error: found.console_errors.append(f"{page.url}: {error}"))
    for url in urls:
        found.pages.append(f"{group} {kind_of(url)}")
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            for device, width in WIDTHS.items():
                page.set_viewport_size({"width": width, "height": 900})
                page.goto(url)
                name = f"{group}-{re.sub(r'[^a-z0-9]+', '-', kind_of(url).lower()).strip('-') or 'start'}"
                picture = f"{name}-{device}-{theme}.png"
                page.screenshot(path=found.out / picture, full_page=True)
                found.files.append(picture)
                check_accessibility(found, page, f"{name} {device} {theme}")
    page.close()


def note_console(found: Findings, page: Page, kind: str, text: str) -> None:
    """Remember errors and warnings of the page."""
    if kind in ("error", "warning"):
        found.console_errors.append(f"{page.url}: {text}")


def check_accessibility(found: Findings, page: Page, where: str) -> None:
    """Remember what axe calls serious or critical."""
    for violation in Axe().run(page, options=AXE_RULES).response["violations"]:
        if violation["impact"] in ("serious", "critical"):
            targets = [node["target"] for node in violation["nodes"][:3]]
            found.axe_serious.append(f"{where}: {violation['id']} {targets}")


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
