"""The steps of the main job, in the order people take them."""

import os
import re
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import urljoin

from devtools.journey import books
from devtools.journey.books import Entry
from devtools.journey.browser import Browser, NotAsExpected, Page
from devtools.journey.proposing import Offered, draft
from devtools.journey.sage import SageApi, consent

PASSWORD = "a-long-journey-begins"  # noqa: S105 - of people made up for one run
#: How long a posting or a payment may take to arrive before the journey gives up.
PATIENCE = 120.0
CLIENT = "Journey Bakery Ltd"
SERVICES = {
    "Company set-up": ("250.00", "upfront"),
    "Annual accounts": ("866.67", "on_completion"),
    "Bookkeeping": ("180.55", "recurring:1:month"),
}


class Journey:
    """What is known on the way: the practice, the people's browsers, the documents."""

    def __init__(self) -> None:
        self.base_url = os.environ["PUBLIC_URL"]
        self.mark = time.strftime("%d%H%M%S")
        self.owner = Browser(self.base_url)
        self.colleague = Browser(self.base_url)
        self.client_phone = Browser(self.base_url, phone=True)
        self.slug = ""
        self.client_id = ""
        self.proposal_url = ""
        self.sage: SageApi | None = None
        self.statuses: list[str] = []
        self.duplicates = 0
        self.difference = Decimal(0)
        self.posted = 0

    def path(self, rest: str) -> str:
        """A path inside the practice."""
        return f"/p/{self.slug}/{rest}"

    def open(self, rest: str) -> Page:
        """A page of the practice, in the owner's browser."""
        return self.owner.open(self.path(rest))

    def accountant(self) -> SageApi:
        """Sage as the accountant uses it."""
        if self.sage is None:
            self.sage = SageApi(books.business_of(self.slug))
            self.sage.authorise()
        return self.sage

    def outcome(self) -> dict[str, object]:
        """The figures of the closing line."""
        return {
            "invoices_posted": self.posted,
            "duplicates": self.duplicates,
            "difference": f"{self.difference:.2f}",
            "statuses": self.statuses,
        }


def sign_up(journey: Journey) -> None:
    """A practice signs up, its owner invites a colleague, and both sign in."""
    page = journey.owner.open("/accounts/signup/")
    email = f"owner-{journey.mark}@journey.example"
    page = journey.owner.submit(
        page,
        page.form_asking("practice_name"),
        email=email,
        name="Olive Owner",
        practice_name=f"Journey {journey.mark}",
        password1=PASSWORD,
    )
    journey.slug = slug_in(page.url)
    page = journey.open("settings/team/")
    colleague = f"colleague-{journey.mark}@journey.example"
    journey.owner.submit(page, page.form_asking("email"), email=colleague, role="staff")
    page = journey.colleague.open(link_in_mail(journey, to=colleague))
    page = journey.colleague.submit(page, page.form_asking("password"), name="Cole League", password=PASSWORD)
    expect(slug_in(page.url) == journey.slug, f"the invited colleague landed on {page.url}")
    for browser, address in ((Browser(journey.base_url), email), (Browser(journey.base_url), colleague)):
        page = browser.open("/accounts/login/")
        page = browser.submit(page, page.form_asking("login"), login=address, password=PASSWORD)
        expect(slug_in(page.url) == journey.slug, f"signing in as {address} led to {page.url}")


def connect(journey: Journey) -> None:
    """Connect Sage, choose a UK company, save the settings and the VAT map, and enable."""
    page = journey.open("apps/")
    page = journey.owner.open(page.link("sage/"))
    page = journey.owner.submit(page, page.form("connect/"))
    page = consent(journey.owner, page)
    form = page.form_asking("business_id")
    page = journey.owner.submit(page, form, business_id=a_uk_company(form.choices["business_id"]))
    page = journey.open("sage/settings/")
    journey.owner.submit(page, page.form_asking("default_account_id"))
    page = journey.open("sage/vat/")
    journey.owner.submit(page, page.form("save vat rates"))
    page = journey.open("sage/")
    page = journey.owner.submit(page, page.form("sage/enable/"))
    expect("enabled" in page.text.lower(), f"after Enable the page says: {page.text[:400]}")


def a_uk_company(choices: list[tuple[str, str]]) -> str:
    """The first company that may be chosen; others are shown but cannot be."""
    for value, _ in choices:
        return value
    raise NotAsExpected("Sage offers no UK company.")


def stock(journey: Journey) -> None:
    """A client with a signatory, and three services."""
    page = journey.open("clients/new/")
    values = {
        "name": CLIENT,
        "address_line_1": "14 Quay Street",
        "city": "Whitby",
        "postal_code": "YO21 3PU",
        "people-0-name": "Mina Okafor",
        "people-0-email": f"mina-{journey.mark}@bakery.example",
        "people-0-is_signatory": "on",
    }
    page = journey.owner.submit(page, page.form_asking("people-0-name"), **values)
    journey.client_id = page.url.rstrip("/").rsplit("/", 1)[-1]
    for name, (price, _) in SERVICES.items():
        page = journey.open("services/new/")
        form = page.form_asking("unit_price")
        rate = form.choose("tax_rate", containing="standard")
        journey.owner.submit(page, form, name=name, unit_price=price, tax_rate=rate)


def propose(journey: Journey) -> None:
    """A proposal with an upfront, an on-completion and a monthly service, sent by e-mail."""
    services = [Offered(name, rule) for name, (_, rule) in SERVICES.items()]
    page = draft(journey.owner, journey.path(""), journey.client_id, services, title="Journey")
    page = journey.owner.submit(page, page.form("/send/"))
    journey.proposal_url = link_in_mail(journey, to=f"mina-{journey.mark}@bakery.example")


def sign(journey: Journey) -> None:
    """The client opens the link on a phone and signs by typing a name."""
    page = journey.client_phone.open(journey.proposal_url)
    form = page.form_asking("signed_name")
    page = journey.client_phone.submit(page, form, signed_name="Mina Okafor")
    expect("accepted" in page.text.lower(), f"after signing the page says: {page.text[:400]}")
    again = journey.client_phone.open(journey.proposal_url)
    expect("accepted" in again.text.lower(), f"opened again the page says: {again.text[:400]}")


def post_upfront(journey: Journey) -> None:
    """The upfront invoice reaches Sage by itself; its page shows Sage's number as a link."""
    entry = wait_for_posted(journey, "upfront")
    page = journey.open(f"invoices/{entry.id}/")
    expect(bool(page.link(entry.sage_number)), "the invoice page does not link to Sage")


def pay(journey: Journey) -> None:
    """A payment is recorded in Sage, part and then the rest, and comes back each time."""
    entry = entry_of(journey, "upfront")
    today = time.strftime("%Y-%m-%d")
    journey.statuses.append(entry.settlement)
    part = Decimal("100.00")
    for amount, expected in ((part, "part_paid"), (entry.net + entry.vat - part, "paid")):
        journey.accountant().record_payment(entry.sage_id, amount, today)
        wait_until(lambda wanted=expected: entry_of(journey, "upfront").settlement == wanted, expected)  # type: ignore[misc]
        page = journey.open(f"invoices/{entry.id}/")
        words = expected.replace("_", " ")
        expect(words in page.text.lower(), f"the invoice page does not say “{words}”: {page.text[:400]}")
        journey.statuses.append(expected)


def work_to_complete(journey: Journey) -> Page:
    """The page of the first service that waits to be marked complete."""
    listed = journey.open("billing/?show=complete")
    found = [href for href, _ in listed.links if re.search(r"/billing/\d+/$", href)]
    if not found:
        raise NotAsExpected(f"Nothing waits to be marked complete on {listed.url}: {listed.text[:600]}")
    return journey.owner.open(urljoin(listed.url, found[0]))


def complete(journey: Journey) -> None:
    """Marking the on-completion work complete bills it, once."""
    page = work_to_complete(journey)
    journey.owner.submit(page, page.form("/complete/"))
    wait_for_posted(journey, "on_completion")


def bill_monthly(journey: Journey) -> None:
    """The daily run, started twice, bills the monthly service once."""
    for _ in range(2):
        page = journey.open("billing/")
        journey.owner.submit(page, page.form("billing/run"))
    wait_for_posted(journey, "recurring")


def compare(journey: Journey) -> None:
    """Every invoice of ours is in Sage exactly once, to the penny."""
    entries = books.invoices_of(journey.slug)
    rows = journey.accountant().every("/sales_invoices")
    by_reference = Counter(row.get("reference") for row in rows)
    journey.duplicates = sum(max(by_reference[entry.reference] - 1, 0) for entry in entries)
    journey.posted = sum(1 for entry in entries if entry.posting == "posted")
    in_sage = {row["id"]: row for row in rows}
    for entry in entries:
        expect(entry.sage_id in in_sage, f"invoice {entry.number} is not in Sage")
        row = in_sage[entry.sage_id]
        expect(
            row.get("reference") == entry.reference, f"{entry.reference} is {row.get('reference')} in Sage"
        )
        ours = (entry.net + entry.vat, entry.net, entry.vat, entry.outstanding)
        names = ("total_amount", "net_amount", "tax_amount", "outstanding_amount")
        theirs = tuple(Decimal(str(row[name])) for name in names)
        journey.difference += sum((abs(a - b) for a, b in zip(ours, theirs, strict=True)), Decimal(0))
    sources = Counter(entry.source for entry in entries)
    wanted = Counter(upfront=1, on_completion=1, recurring=1)
    expect(sources == wanted, f"invoices by source: {dict(sources)}")
    expect(journey.duplicates == 0, f"{journey.duplicates} invoices are in Sage twice")
    expect(journey.difference == 0, f"the figures differ by £{journey.difference}")


STEPS: list[tuple[str, Callable[[Journey], None]]] = [
    ("sign up", sign_up),
    ("connect", connect),
    ("clients and services", stock),
    ("propose", propose),
    ("sign", sign),
    ("upfront invoice in Sage", post_upfront),
    ("payments come back", pay),
    ("bill on completion", complete),
    ("bill monthly, twice", bill_monthly),
    ("compare with Sage", compare),
]


def expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise `NotAsExpected` unless it holds."""
    if not holds:
        raise NotAsExpected(otherwise)


def slug_in(url: str) -> str:
    """The practice's short name in an address of ours."""
    found = re.search(r"/p/([-\w]+)/", url)
    return found.group(1) if found else ""


def link_in_mail(journey: Journey, *, to: str) -> str:
    """The first link of the newest message to an address, from the sent-mail page."""
    page = journey.open("settings/emails/")
    expect(to in page.text, f"no message to {to} in the sent mail")
    for href, _ in page.links:
        if re.search(r"/settings/emails/\d+/$", href):
            message = journey.owner.open(href)
            links = [
                link for link, _ in message.links if link.startswith(journey.base_url) and "/p/" not in link
            ]
            if to in message.text and links:
                return links[0]
    raise NotAsExpected(f"The message to {to} holds no link.")


def entry_of(journey: Journey, source: str) -> Entry:
    """The one invoice of that source."""
    found = [entry for entry in books.invoices_of(journey.slug) if entry.source == source]
    expect(len(found) == 1, f"{len(found)} invoices of source {source}")
    return found[0]


def wait_for_posted(journey: Journey, source: str) -> Entry:
    """The one invoice of that source, once Sage has it."""

    def settled() -> bool:
        return entry_of(journey, source).posting in ("posted", "failed")

    wait_until(settled, f"the {source} invoice in Sage")
    entry = entry_of(journey, source)
    expect(entry.posting == "posted", f"the posting of {entry.reference} is {entry.posting}")
    return entry


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Look again until it holds; raises `NotAsExpected` when patience ends."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        expect(time.monotonic() < deadline, f"waited {PATIENCE:.0f} s for {what}")
        time.sleep(0.3)
