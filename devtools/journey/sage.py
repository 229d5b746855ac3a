"""Sage as its accountant's tools see it: an access of our own, to record payments and to compare."""

import os
import re
import secrets
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests

from devtools.journey.browser import Browser, Form, NotAsExpected, Page
from sage_integration.sage.decimals import json_text

Row = dict[str, Any]
#: What a button says that grants access; servers differ.
AGREEING = re.compile(r"\b(allow|agree|accept|approve|authori[sz]e|grant|continue|yes)\b", re.IGNORECASE)


def consent(browser: Browser, page: Page) -> Page:
    """The page after saying yes on Sage's authorise page, where one is shown."""
    own = urlsplit(browser.base_url).netloc
    for _ in range(3):
        if urlsplit(page.url).netloc == own:
            return page
        form = _form_to_agree(page)
        page = browser.submit(page, form, button=_button_to_agree(form))
    return page


def _form_to_agree(page: Page) -> Form:
    """The form of an authorise page that goes on: the first that posts, else the first."""
    posting = [form for form in page.forms if form.method == "post"] or page.forms
    if not posting:
        raise NotAsExpected(f"The authorise page {page.url} has no form: {page.text[:400]}")
    return posting[0]


def _button_to_agree(form: Form) -> str:
    """The words of the button that says yes: a likely word, else the first button, as Enter would press."""
    words = [words for _, _, words in form.buttons]
    likely = [text for text in words if AGREEING.search(text)]
    return next(iter(likely or words), "")


class SageApi:
    """The Sage API with a token pair of its own, got through the same authorise page as the product's."""

    def __init__(self, business_id: str) -> None:
        self.business_id = business_id
        self.base = os.environ["SAGE_API_URL"].rstrip("/")
        self.session = requests.Session()
        self.session.trust_env = False
        self.redirect_uri = os.environ["PUBLIC_URL"].rstrip("/") + "/sage/callback/"
        self.refresh_token = ""

    def authorise(self) -> None:
        """Get an access token as the product does, catching the code before the product sees it."""
        asked = {
            "filter": "apiv3.1",
            "response_type": "code",
            "client_id": os.environ["SAGE_CLIENT_ID"],
            "redirect_uri": self.redirect_uri,
            "scope": "full_access",
            "state": secrets.token_urlsafe(16),
        }
        address = os.environ["SAGE_AUTHORIZE_URL"]
        code = self._code(f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}")
        self._take_tokens(
            {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri}
        )

    def _code(self, address: str) -> str:
        browser = Browser(self.redirect_uri)
        answer = browser.session.get(address, allow_redirects=False, timeout=60)
        for _ in range(10):
            location = urljoin(answer.url, answer.headers.get("Location", ""))
            if answer.is_redirect and location.startswith(self.redirect_uri):
                return parse_qs(urlsplit(location).query)["code"][0]
            if answer.is_redirect:
                answer = browser.session.get(location, allow_redirects=False, timeout=60)
                continue
            page = Page(answer)
            form = _form_to_agree(page)
            answer = browser.send(page, form, {}, button=_button_to_agree(form), follow=False)
        raise NotAsExpected("The authorise page never came back with a code.")

    def _take_tokens(self, form: dict[str, str]) -> None:
        client = {
            "client_id": os.environ["SAGE_CLIENT_ID"],
            "client_secret": os.environ["SAGE_CLIENT_SECRET"],
        }
        answer = self.session.post(os.environ["SAGE_TOKEN_URL"], data=form | client, timeout=60)
        if answer.status_code != 200:
            raise NotAsExpected(f"Sage's token endpoint answered {answer.status_code}: {answer.text[:300]}")
        tokens = answer.json()
        self.refresh_token = tokens["refresh_token"]
        self.session.headers.update(
            {
                "Authorization": f"Bearer {tokens['access_token']}",
                "X-Business": self.business_id,
                "Accept": "application/json",
            }
        )

    def call(self, method: str, path: str, **options: Any) -> Row:
        """One call of the API; raises `NotAsExpected` for anything but success."""
        answer = self.session.request(method, self.base + path, timeout=60, **options)
        if answer.status_code == 401:
            self._take_tokens({"grant_type": "refresh_token", "refresh_token": self.refresh_token})
            answer = self.session.request(method, self.base + path, timeout=60, **options)
        if answer.status_code >= 300:
            raise NotAsExpected(f"Sage answered {answer.status_code} to {method} {path}: {answer.text[:300]}")
        row: Row = answer.json()
        return row

    def every(self, path: str, **query: str) -> list[Row]:
        """All rows of a list, over any number of pages."""
        rows: list[Row] = []
        address: str | None = f"{path}?{urlencode({'items_per_page': '200', 'attributes': 'all', **query})}"
        while address:
            page = self.call("GET", address.removeprefix(self.base))
            rows += page["$items"]
            address = page.get("$next")
        return rows

    def record_payment(self, invoice_id: str, amount: Decimal, on: str) -> None:
        """Record a receipt against an invoice, as the accountant would in Sage."""
        invoice = self.call("GET", f"/sales_invoices/{invoice_id}")
        payment = {
            "transaction_type_id": "CUSTOMER_RECEIPT",
            "contact_id": invoice["contact"]["id"],
            "bank_account_id": self._bank_account_for(invoice)["id"],
            "date": on,
            "total_amount": amount,
            "allocated_artefacts": [{"artefact_id": invoice_id, "amount": amount}],
        }
        body = json_text({"contact_payment": payment})
        self.call("POST", "/contact_payments", data=body, headers={"Content-Type": "application/json"})

    def _bank_account_for(self, invoice: Row) -> Row:
        """An account in use whose currency is the invoice's, as Sage demands (FACTS.md 11.1)."""
        currency = _id_in(invoice, "currency")
        for account in self.every("/bank_accounts"):
            own = _id_in(account, "currency")
            if account.get("is_active") is not False and (not own or not currency or own == currency):
                return account
        raise NotAsExpected(f"Sage has no bank account in {currency} that could receive a payment.")


def _id_in(row: Row, name: str) -> str:
    """The id of a linked record; empty where Sage shows none."""
    return str((row.get(name) or {}).get("id", ""))
