"""A running sandbox, set back before each test, and a small client that talks to it as an app would."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

import pytest

from sage_sandbox.handle import SandboxHandle
from sage_sandbox.server import Sandbox


@dataclass
class Reply:
    """Status, headers and body of an answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def sources(self):
        """The fields that the errors of the answer name."""
        return [entry["$source"] for entry in self.json]


class Api:
    """Requests to one sandbox with one access token and one business."""

    def __init__(self, sandbox: Sandbox):
        self.sandbox = sandbox
        self.handle = sandbox.handle
        self.business = self.handle.business_id()
        self.token = self.handle.tokens()["access_token"]

    def raw(self, method, path, body=None, headers=None):
        with closing(http.client.HTTPConnection(urlsplit(self.sandbox.url).netloc, timeout=10)) as connection:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())

    def ask(self, method, path, body=None, query=None, **headers):
        sent = {
            "Authorization": f"Bearer {self.token}",
            "X-Business": self.business,
            "Accept": "application/json",
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent["Content-Type"] = "application/json"
        target = f"/v3.1{path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        sent = {name: value for name, value in sent.items() if value is not None}
        return self.raw(method, target, None if body is None else json.dumps(body), sent)

    def get(self, path, **query):
        reply = self.ask("GET", path, query=query)
        assert reply.status == 200, (reply.status, reply.body)
        return reply.json

    def create(self, kind, root, **attributes):
        reply = self.ask("POST", f"/{kind}", {root: attributes})
        assert reply.status == 201, (reply.status, reply.body)
        return reply.json

    def account(self, code=4000):
        found = self.get("/ledger_accounts", items_per_page=200, attributes="all")["$items"]
        return next(row["id"] for row in found if row["nominal_code"] == code)

    def line(self, price="100", tax="20", quantity="1", rate="GB_STANDARD", **more):
        line = {
            "description": "Bookkeeping",
            "ledger_account_id": self.account(),
            "quantity": quantity,
            "unit_price": price,
            "tax_rate_id": rate,
            "tax_amount": tax,
        }
        return {name: value for name, value in (line | more).items() if value is not None}

    def invoice_body(self, contact=None, lines=None, **more):
        contact = contact or self.handle.add_contact("Brook & Co", self.business)
        return {
            "contact_id": contact["id"],
            "date": "2026-01-15",
            "reference": "INV-000001-AAAAAA",
            "invoice_lines": lines or [self.line()],
            **more,
        }

    def invoice(self, contact=None, lines=None, **more):
        return self.create("sales_invoices", "sales_invoice", **self.invoice_body(contact, lines, **more))

    def credit_note(self, contact, lines=None, **more):
        lines = lines or [self.line()]
        body = {"contact_id": contact["id"], "date": "2026-01-20", "credit_note_lines": lines, **more}
        return self.create("sales_credit_notes", "sales_credit_note", **body)

    def read_invoice(self, invoice, **query):
        return self.get(f"/sales_invoices/{invoice['id']}", mark_as_sent="false", **query)

    def wait_until_held(self):
        """Return once a request is held by the fault `hold`."""
        deadline = time.monotonic() + 10
        while not self.handle.summary()["held"]:
            assert time.monotonic() < deadline, "no request was held"

    def status(self, invoice):
        return self.read_invoice(invoice)["status"]["id"]


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running) -> Sandbox:
    running.handle.reset()
    running.handle.switch("rate_limit_per_minute", 0)
    return running


@pytest.fixture
def handle(sandbox) -> SandboxHandle:
    return sandbox.handle


@pytest.fixture
def api(sandbox) -> Api:
    return Api(sandbox)


@pytest.fixture
def customer(api):
    return api.handle.add_contact("Brook & Co", api.business, reference="BROOK")
