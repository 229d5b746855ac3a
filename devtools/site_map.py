"""Which pages there are: one address of each kind that links lead to."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Error, Page

#: Addresses that would end the visit, are not pages, or belong to people outside the practice.
LEFT_OUT = (
    "/accounts/logout",
    "/admin/",
    "/static/",
    "/api/",
    "/export/",
    ".csv",
    ".xlsx",
    ".pdf",
    ".zip",
    "/files/",
)
OUTSIDE = ("/proposals/", "/invitations/")
#: Of the operator's site: what leaves it, is no page, or is for a change.
OPERATORS_LEFT_OUT = ("/logout/", "/password_change/", "/jsi18n/", "/add/", "/delete/", "/history/")
#: What stands in addresses of pages that are one page for many rows: keys, days, links, texts of one form.
SAME_KIND = (
    (r"/\d+/", "/N/"),
    (r"/\d{4}-\d\d-\d\d/", "/day/"),
    (r"/[\w-]{40,}[:\w-]*/", "/token/"),
    (r"/settings/wording/[\w./-]+/", "/settings/wording/message/"),
    (r"/proposals/letter/(?!blocks/|service)[\w-]+/", "/proposals/letter/part/"),
    (r"/p/[^/]+", "/p/practice"),
)


def each_page(
    page: Page, base: str, *, start: str = "/", is_wanted: Callable[[str, str], bool] | None = None
) -> Iterator[tuple[str, str]]:
    """Leads the browser from the start page to one page of each kind; gives the kind and the page's HTML.

    While the caller has them, the browser stands on that page.
    """
    seen: set[str] = set()
    waiting, is_wanted = [base + start], is_wanted or is_ours
    while waiting:
        address = waiting.pop(0)
        if kind_of(address) in seen:
            continue
        try:
            answer = page.goto(address)
        except Error as error:
            if "Download is starting" not in error.message:
                raise
            seen.add(kind_of(address))  # A file, not a page.
            continue
        kind = kind_of(page.url)
        if kind in seen or answer is None:
            continue
        seen.add(kind)
        links = page.eval_on_selector_all(
            "a[href]:not([download])", "links => links.map((link) => link.getAttribute('href'))"
        )
        waiting += [target for link in links if is_wanted(target := urljoin(page.url, link), base)]
        yield kind, answer.text()


def is_ours(address: str, base: str) -> bool:
    """Whether a member of the practice would come to this address by links."""
    path = address.removeprefix(base)
    return (
        path.startswith("/") and not path.startswith(OUTSIDE) and not any(part in path for part in LEFT_OUT)
    )


def is_the_operators(address: str, base: str) -> bool:
    """Whether the operator of the service would come to this address by links, to look."""
    path = urlsplit(address.removeprefix(base)).path
    return path.startswith("/admin/") and not any(part in path for part in OPERATORS_LEFT_OUT)


def kind_of(address: str) -> str:
    """The address without what tells one row or one filter from another: `p/practice/invoices/N`."""
    path = urlsplit(address).path
    for pattern, word in SAME_KIND:
        path = re.sub(pattern, word, path)
    return path.strip("/")
