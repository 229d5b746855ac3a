"""What tests hold in their hands: the sandbox's control endpoint as Python calls (standard library only)."""

import http.client
import json
from contextlib import closing
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

Doc = dict[str, Any]


class SandboxProblem(Exception):
    """The sandbox refused a control request; the message says why."""


class SandboxHandle:
    """Arms faults, turns switches, moves the clock, acts as the accountant, and reads what was asked and saved."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._host = urlsplit(self.url).netloc

    # Addresses, as the app's settings want them.

    @property
    def settings(self) -> dict[str, str]:
        """The app's SAGE_… settings for this sandbox."""
        return {
            "SAGE_AUTHORIZE_URL": f"{self.url}/oauth2/auth/central",
            "SAGE_TOKEN_URL": f"{self.url}/token",
            "SAGE_REVOKE_URL": f"{self.url}/revoke",
            "SAGE_API_URL": f"{self.url}/v3.1",
        }

    # Faults and switches.

    def arm(self, fault: str, on: str | None = None, times: int | None = 1, **options: Any) -> int:
        """Arm a fault on `"METHOD /path"`; answers its number. `times=None` strikes until disarmed.

        Options: probability, seed, skip, business, when ("before" or "after"), and what the fault itself takes.
        """
        body = {"fault": fault, "on": on, "times": times, **options}
        number: int = self._ask("POST", "faults", body)["id"]
        return number

    def disarm(self, number: int | None = None) -> None:
        """Disarm one fault, or all; held requests go on."""
        self._ask("DELETE", f"faults/{number}" if number is not None else "faults")

    def faults(self) -> list[Doc]:
        """The faults still armed, each with how often it struck."""
        return self._list("faults")

    def release(self) -> None:
        """Let requests go on that the fault `hold` stopped."""
        self._ask("POST", "release")

    def switch(self, name: str, value: Any) -> None:
        """Set a switch; SandboxProblem names the choices when it does not take the value."""
        self._ask("PUT", "switches", {name: value})

    def switches(self) -> Doc:
        """Every switch with value, default, choices and meaning."""
        return self._ask("GET", "switches")

    # What happened.

    def requests(self, method: str | None = None, path: str | None = None, since: int = 0) -> list[Doc]:
        """The API and OAuth requests so far, oldest first; `path` is a prefix without /v3.1."""
        query = {"method": method, "path": path, "since": since or None}
        return self._list("requests", query)

    def summary(self) -> Doc:
        """Counts: requests, in_flight, most_in_flight, held, requests each business made today."""
        return self._ask("GET", "summary")

    def forget_requests(self) -> None:
        """Empty the request log."""
        self._ask("DELETE", "requests")

    # What is saved.

    def records(self, kind: str, business: str | None = None, *, deleted: bool = False) -> list[Doc]:
        """Every record of a kind, of one business or of all; with `deleted`, the deleted ones too.

        Each has its business id under `business_id`.
        """
        return self._list(f"records/{kind}", {"business": business, "deleted": "true" if deleted else None})

    def sales_invoices(self, business: str | None = None, reference: str | None = None) -> list[Doc]:
        """Every sales invoice, voided ones included, deleted drafts not."""
        found = self.records("sales_invoices", business)
        return [doc for doc in found if reference in (None, doc["reference"])]

    def sales_credit_notes(self, business: str | None = None) -> list[Doc]:
        """Every sales credit note."""
        return self.records("sales_credit_notes", business)

    def contacts(self, business: str | None = None, name: str | None = None) -> list[Doc]:
        """Every contact but Sage's own."""
        found = self.records("contacts", business)
        return [doc for doc in found if not doc["system"] and name in (None, doc["name"])]

    def contact_payments(self, business: str | None = None) -> list[Doc]:
        """Every payment that is not deleted."""
        return self.records("contact_payments", business)

    def contact_allocations(self, business: str | None = None) -> list[Doc]:
        """Every allocation that is not deleted."""
        return self.records("contact_allocations", business)

    # Businesses.

    def businesses(self) -> list[Doc]:
        """Every business with id, name, country, plan, roles it lacks and settings."""
        return self._list("businesses")

    def business_id(self, name: str = "Harbour & Pine Ltd") -> str:
        """The id of the business of that name."""
        for business in self.businesses():
            if business["answer"]["name"] == name:
                return str(business["id"])
        raise SandboxProblem(f"There is no business called {name!r}.")

    def add_business(self, name: str, country: str = "GB", plan: str = "P") -> str:
        """A further business (plan P plus, S standard, T start); answers its id."""
        return self.add_businesses([name], country, plan)[0]

    def add_businesses(self, names: list[str], country: str = "GB", plan: str = "P") -> list[str]:
        """Further businesses; answers their ids in the same order."""
        ids: list[str] = self._ask("POST", "businesses", {"names": names, "country": country, "plan": plan})[
            "ids"
        ]
        return ids

    def change_business(self, business: str, **changes: Any) -> Doc:
        """Change plan, active, accessible, missing_roles, invoice_settings or financial_settings of a business.

        A lock date: `financial_settings={"year_end_lockdown_date": "2026-03-31"}`.
        """
        return self._ask("PUT", f"businesses/{business}", changes)

    # Tokens.

    def tokens(self, client_id: str = "test-client", scope: str = "full_access") -> Doc:
        """A fresh grant with its pair of tokens, without the consent page."""
        return self._ask("POST", "tokens", {"client_id": client_id, "scope": scope})

    def revoke_grants(self) -> int:
        """The person removes the app in Sage; answers how many grants there were."""
        return int(self._ask("POST", "revoke_grants")["count"])

    def expire_access_tokens(self) -> int:
        """Every access token expires now; answers how many there were."""
        return int(self._ask("POST", "expire_access_tokens")["count"])

    # The clock.

    def now(self) -> str:
        """The sandbox's time, as Sage prints it."""
        return str(self._ask("GET", "clock")["now"])

    def advance_clock(self, seconds: float) -> str:
        """Move the sandbox's clock; answers its new time."""
        return str(self._ask("POST", "clock", {"advance": seconds})["now"])

    # What an accountant does in Sage.

    def record_payment(
        self,
        invoice_id: str,
        amount: Decimal | str,
        date: str | None = None,
        reference: str = "",
        discount: Decimal | str = "0",
    ) -> Doc:
        """A customer receipt set against one invoice; what is over stays on account."""
        body = {"amount": str(amount), "date": date, "reference": reference, "discount": str(discount)}
        return self._ask("POST", f"invoices/{invoice_id}/payments", body)

    def edit_payment(self, payment_id: str, **attributes: Any) -> Doc:
        """Change a payment as a PUT would; `amount=` changes the total and its only allocation alike."""
        return self._ask("PUT", f"payments/{payment_id}", _plain(attributes))

    def delete_payment(self, payment_id: str) -> None:
        """Delete a payment."""
        self._ask("DELETE", f"payments/{payment_id}")

    def delete_allocation(self, allocation_id: str) -> None:
        """Delete an allocation: what it set against each other is open again."""
        self._ask("DELETE", f"allocations/{allocation_id}")

    def void_invoice(self, invoice_id: str, reason: str = "Voided in Sage") -> Doc:
        """Void an invoice, or delete it when it is a draft."""
        return self._ask("POST", f"invoices/{invoice_id}/void", {"reason": reason})

    def edit_invoice(self, invoice_id: str, **attributes: Any) -> Doc:
        """Change an invoice as a PUT would."""
        return self._ask("PUT", f"invoices/{invoice_id}", _plain(attributes))

    def add_contact(self, name: str, business: str | None = None, **attributes: Any) -> Doc:
        """A new customer (or what `contact_type_ids` says) with a main address unless one is given."""
        body = {"business": business, "name": name, **_plain(attributes)}
        return self._ask("POST", "contacts", body)

    def seed_contacts(self, count: int, business: str | None = None) -> int:
        """So many further customers, for paging; answers how many the business has now."""
        return int(self._ask("POST", "seed_contacts", {"count": count, "business": business})["contacts"])

    def create(self, kind: str, business: str | None = None, **attributes: Any) -> Doc:
        """Make a record as a POST would: sales_invoices, sales_credit_notes, contact_payments, products, …"""
        return self._ask("POST", f"records/{kind}", {"business": business, "attributes": _plain(attributes)})

    def change_record(self, kind: str, record_id: str, **fields: Any) -> Doc:
        """Overwrite raw fields of a record, such as tax_reconciled or a payment's editable, whatever Sage allows."""
        return self._ask("PUT", f"records/{kind}/{record_id}", _plain(fields))

    def delete_record(self, kind: str, record_id: str) -> None:
        """Delete a record whatever hangs on it."""
        self._ask("DELETE", f"records/{kind}/{record_id}")

    def reset(self) -> None:
        """Back to a first start: data, tokens, switches, faults, clock, log."""
        self._ask("POST", "reset")

    def _list(self, path: str, query: dict[str, Any] | None = None) -> list[Doc]:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        items: list[Doc] = self._ask("GET", f"{path}?{urlencode(given)}" if given else path)["items"]
        return items

    def _ask(self, method: str, path: str, body: object = None) -> Doc:
        target = quote(f"/_control/{path}", safe="/?=&%+")
        text = None if body is None else json.dumps(body)
        with closing(http.client.HTTPConnection(self._host, timeout=120)) as connection:
            connection.request(
                method, target, text, {"Content-Type": "application/json", "Connection": "close"}
            )
            response = connection.getresponse()
            answer = response.read()
        payload: Doc = json.loads(answer) if answer else {}
        if response.status >= 400:
            raise SandboxProblem(f"{method} {target}: {response.status} {json.dumps(payload)}")
        return payload


def _plain(value: Any) -> Any:
    """The value with Decimals as text, for JSON."""
    if isinstance(value, dict):
        return {name: _plain(content) for name, content in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(content) for content in value]
    return str(value) if isinstance(value, Decimal) else value
