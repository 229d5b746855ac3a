"""A practice in which something has happened: walked over HTTP, so that every kind of page has something to show."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from devtools.journey import books
from devtools.journey.browser import Browser, Form
from devtools.journey.proposing import Offered, draft
from devtools.journey.steps import (
    Journey,
    connect,
    expect,
    link_in_mail,
    slug_in,
    wait_until,
    work_to_complete,
)

PASSWORD = "a-walk-through-all-of-it"  # noqa: S105 - of a person made up for one run
SERVICES = (
    ("Company set-up", "250.00", "fixed", "We register the company with HMRC and set up its books."),
    ("Annual accounts", "850.00", "fixed", "Statutory accounts and the company tax return, filed in time."),
    (
        "Bookkeeping",
        "180.00",
        "fixed",
        "Monthly bookkeeping with bank reconciliation and a VAT return every quarter.",
    ),
    ("Payroll", "6.50", "unit", "Payslips and filings, per employee."),
    ("Telephone support", "", "included", "Ring us whenever a question comes up."),
)
RULES = ("upfront", "on_completion", "recurring:1:month", "recurring:1:month", "upfront")
CLIENTS = (
    ("Harbour Bakery Ltd", "company", "14 Quay Street", "Whitby", "YO21 3PU", "Mina Okafor"),
    ("Fenwick Joinery", "sole_trader", "3 Tannery Lane", "Hexham", "NE46 1AB", "Tom Fenwick"),
    ("Saltmarsh Community Trust", "charity", "The Old School", "Maldon", "CM9 5QP", "Ines Carver"),
)


@dataclass
class Walked:
    """Where the walk has been: who can sign in, and the pages worth a picture of their own."""

    base: str
    email: str
    slug: str = ""
    inside: dict[str, str] = field(default_factory=dict)
    outside: dict[str, str] = field(default_factory=dict)


def walk(base: str) -> Walked:
    """A practice opened, connected to Sage and busy; raises `NotAsExpected` where it could not go on."""
    return _Walk(base).all_of_it()


class _Walk:
    def __init__(self, base: str) -> None:
        self.journey = Journey()
        self.owner = self.journey.owner
        self.clients: dict[str, str] = {}
        self.done = Walked(base, email=f"alice-{self.journey.mark}@brook.example")

    def all_of_it(self) -> Walked:
        self._open_practice()
        self._invite()
        self._stock()
        first = self._propose("Harbour Bakery Ltd", "Accounts and bookkeeping", 5)
        connect(self.journey)
        self._accept(first, "Mina Okafor")
        self._accept(self._propose("Fenwick Joinery", "Year end", 2), "Tom Fenwick")
        self._decline(self._propose("Fenwick Joinery", "Payroll", 4))
        waiting = self._propose("Saltmarsh Community Trust", "Charity accounts", 3)
        self.done.inside["proposal-sent"] = waiting
        self.done.outside["proposal-to-sign"] = self._link("Ines Carver", send=waiting)
        self.done.inside["proposal-accepted"] = first
        draft = self._propose("Saltmarsh Community Trust", "Payroll next year", 4)
        self.done.inside |= {"proposal-draft": draft, "proposal-edit": f"{draft}edit/"}
        self.done.inside["search"] = f"{self.done.base}/p/{self.done.slug}/search/?q=bakery"
        self._bill()
        self._instant_bills()
        self._payments()
        return self.done

    def _open_practice(self) -> None:
        page = self.owner.open("/accounts/signup/")
        form = page.form_asking("practice_name")
        person = {"email": self.done.email, "name": "Alice Brook", "password1": PASSWORD}
        page = self.owner.submit(page, form, practice_name="Brook & Co", **person)
        self.done.slug = self.journey.slug = slug_in(page.url)

    def _invite(self) -> None:
        page = self.journey.open("settings/team/")
        invited = self.done.email.replace("alice", "bob")
        self.owner.submit(page, page.form_asking("email"), email=invited, role="staff")
        self.done.outside["invitation"] = link_in_mail(self.journey, to=invited)

    def _stock(self) -> None:
        for name, price, basis, words in SERVICES:
            page = self.journey.open("services/new/")
            form = page.form_asking("unit_price")
            rate = form.choose("tax_rate", containing="standard")
            values = {"name": name, "description": words, "billing_basis": basis, "unit_price": price}
            values["unit_name"] = "employee" if basis == "unit" else ""
            self.owner.submit(page, form, tax_rate=rate, **values)
        for name, kind, street, town, postcode, person in CLIENTS:
            page = self.journey.open("clients/new/")
            values = {
                "name": name,
                "kind": kind,
                "address_line_1": street,
                "city": town,
                "postal_code": postcode,
            }
            values |= {
                "people-0-name": person,
                "people-0-email": self._address(person),
                "people-0-is_signatory": "on",
            }
            page = self.owner.submit(page, page.form_asking("people-0-name"), **values)
            self.clients[name] = page.url.rstrip("/").rsplit("/", 1)[-1]

    def _address(self, person: str) -> str:
        return f"{person.split(maxsplit=1)[0].lower()}-{self.journey.mark}@client.example"

    def _propose(self, client: str, title: str, services: int) -> str:
        """A draft with the first so many services; its address."""
        offered = [
            Offered(service[0], rule, "12" if service[2] == "unit" else "1")
            for service, rule in zip(SERVICES[:services], RULES, strict=False)
        ]
        starts_on = date.today().replace(day=1).isoformat()  # noqa: DTZ011 - of this machine
        practice, key = self.journey.path(""), self.clients[client]
        return draft(self.owner, practice, key, offered, title=title, starts_on=starts_on).url

    def _link(self, person: str, *, send: str) -> str:
        page = self.owner.open(send)
        self.owner.submit(page, page.form("/send/"))
        return link_in_mail(self.journey, to=self._address(person))

    def _accept(self, proposal: str, person: str) -> None:
        link = self._link(person, send=proposal)
        phone = Browser(self.done.base, phone=True)
        page = phone.open(link)
        phone.submit(page, page.form_asking("signed_name"), signed_name=person)
        self.done.outside["proposal-accepted"] = link

    def _decline(self, proposal: str) -> None:
        link = self._link("Tom Fenwick", send=proposal)
        phone = Browser(self.done.base, phone=True)
        page = phone.open(link)
        phone.submit(page, page.form("decline/"), reason="We do payroll ourselves now.")
        self.done.outside["proposal-declined"] = link
        self.done.inside["proposal-declined"] = proposal

    def _bill(self) -> None:
        page = work_to_complete(self.journey)
        self.owner.submit(page, page.form("/complete/"))
        page = self.journey.open("billing/")
        self.owner.submit(page, page.form("billing/run"))

    def _instant_bills(self) -> None:
        """One long overdue, one that Sage cannot take, one that stays here, and a draft."""
        past = (date.today() - timedelta(days=45)).isoformat()  # noqa: DTZ011 - of this machine
        self.done.inside["invoice-overdue"] = self._instant_bill("Harbour Bakery Ltd", tax_point=past)
        page = self.journey.open("services/vat-rates/")
        self.owner.submit(page, page.form("vat-rates/add"), name="Reduced rate", vat_code="reduced")
        self.done.inside["invoice-failed"] = self._instant_bill("Harbour Bakery Ltd", rate="reduced")
        page = self.owner.open(self.journey.open("clients/").link("Saltmarsh"))
        self.owner.submit(page, page.form("posts-automatically/"))
        self.done.inside["invoice-held"] = self._instant_bill("Saltmarsh Community Trust")
        self.done.inside["invoice-draft"] = self._instant_bill("Fenwick Joinery", button="draft")

    def _instant_bill(self, client: str, *, rate: str = "", button: str = "issue", **values: str) -> str:
        page = self.journey.open(f"invoices/new/?client={self.clients[client]}")
        form = page.form_asking("lines-0-service")
        values |= _line(form, rate) | {"client": self.clients[client]}
        return self.owner.submit(page, form, button=button, **values).url

    def _payments(self) -> None:
        """Part of the first upfront invoice is paid in Sage, and all of the second."""
        slug = self.done.slug

        def settled() -> bool:
            return not any(entry.posting in ("pending", "leased") for entry in books.invoices_of(slug))

        wait_until(settled, "the invoices in Sage")
        upfront = [entry for entry in books.invoices_of(slug) if entry.source == "upfront"]
        expect(len(upfront) == 2, f"{len(upfront)} upfront invoices")
        today = date.today().isoformat()  # noqa: DTZ011 - of this machine
        for entry, amount in zip(upfront, (Decimal("120.00"), upfront[1].net + upfront[1].vat), strict=True):
            self.journey.accountant().record_payment(entry.sage_id, amount, today)

        def arrived() -> bool:
            paid = {entry.id: entry.settlement for entry in books.invoices_of(slug)}
            return (paid[upfront[0].id], paid[upfront[1].id]) == ("part_paid", "paid")

        wait_until(arrived, "the payments")
        for name, entry in zip(("invoice-part-paid", "invoice-paid"), upfront, strict=True):
            self.done.inside[name] = f"{self.done.base}/p/{slug}/invoices/{entry.id}/"


def _line(form: Form, rate: str) -> dict[str, str]:
    values = {"lines-0-service": form.choose("lines-0-service", containing="Annual"), "lines-0-quantity": "1"}
    values |= {"lines-0-unit_price": "95.00", "lines-0-description": "Advice on a lease, one meeting."}
    return values | ({"lines-0-tax_rate": form.choose("lines-0-tax_rate", containing=rate)} if rate else {})
