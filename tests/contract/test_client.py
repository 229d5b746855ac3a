"""Every method of the Sage client against the sandbox, with both sides held to Sage's published contract."""

import inspect
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from sage_integration.sage.client import SageClient
from sage_integration.sage.decimals import number
from sage_integration.sage.errors import (
    GrantRefused,
    NotInSage,
    SageRejected,
    VoidedInSage,
)
from sage_integration.sage.oauth import OAuthClient
from sage_integration.sage.resources.businesses import is_uk
from sage_integration.sage.resources.resource import Resource
from sage_integration.sage.transport import Transport
from sage_sandbox.server import Sandbox

REDIRECT = "http://127.0.0.1:8000/sage/callback/"
TODAY = date(2026, 11, 22)
ADDRESS = {"address_line_1": "1 Brook Street", "city": "Leeds", "postal_code": "LS1 1AA", "country_id": "GB"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def oauth(sandbox) -> OAuthClient:
    return OAuthClient(
        authorize_url=f"{sandbox.url}/oauth2/auth/central",
        token_url=f"{sandbox.url}/token",
        revoke_url=f"{sandbox.url}/revoke",
        client_id="11111111-1111/22222222-2222",
        client_secret="secret",
        redirect_uri=REDIRECT,
    )


def signed_in(oauth: OAuthClient, code_verifier: str | None = None):
    """The tokens of somebody who pressed Allow on the consent page."""
    page = oauth.authorization_url("the-state", code_verifier)
    assert requests.get(page, timeout=5).status_code == 200
    fields = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
    allowed = requests.post(
        page.partition("?")[0], data=urlencode({**fields, "decision": "allow"}), timeout=5, allow_redirects=False,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    answer = parse_qs(urlsplit(allowed.headers["Location"]).query)
    assert answer["state"] == ["the-state"]
    return oauth.exchange_code(answer["code"][0], code_verifier)


@pytest.fixture(scope="module")
def access_token(oauth) -> str:
    return signed_in(oauth).access_token


def client_for(sandbox, access_token: str, business_id: str | None) -> SageClient:
    return SageClient(Transport(f"{sandbox.url}/v3.1", business_id, lambda: access_token))


@pytest.fixture(scope="module")
def business_id(sandbox, access_token) -> str:
    with client_for(sandbox, access_token, None) as nobody_chosen:
        return next(
            business["id"]
            for business in nobody_chosen.businesses.list()
            if is_uk(nobody_chosen.businesses.get(business["id"]))
        )


@pytest.fixture
def sage(sandbox, access_token, business_id, sage_contract) -> Iterator[SageClient]:
    """The client of one business; everything it sends and gets is held to the contract."""
    with client_for(sandbox, access_token, business_id) as client:
        yield client


def new_id() -> str:
    return uuid.uuid4().hex


def customer(sage: SageClient, name: str | None = None):
    return sage.contacts.create(
        {
            "name": name or f"Acme {new_id()[:8]}",
            "contact_type_ids": ["CUSTOMER"],
            "main_address": ADDRESS,
            "main_contact_person": {
                "name": "Ann Other",
                "email": "ann@acme.invalid",
                "is_main_contact": True,
            },
            "idempotency_id": new_id(),
        }
    )


def line(sage: SageClient):
    account = next(account for account in sage.ledger_accounts.list() if account["nominal_code"] == 4000)
    return {
        "description": "Bookkeeping, November",
        "ledger_account_id": account["id"],
        "quantity": number(Decimal("1.5")),
        "unit_price": number(Decimal("80.00")),
        "tax_rate_id": "GB_STANDARD",
        "tax_amount": number(Decimal("24.00")),
    }


def invoice(sage: SageClient, contact_id: str, **changes):
    return sage.sales_invoices.create(
        {
            "contact_id": contact_id,
            "date": TODAY.isoformat(),
            "due_date": "2026-12-22",
            "reference": f"INV-{new_id()[:12]}",
            "notes": "Engagement 7",
            "main_address": ADDRESS,
            "invoice_lines": [line(sage)],
            "idempotency_id": new_id(),
            **changes,
        }
    )


def credit_note(sage: SageClient, contact_id: str):
    return sage.sales_credit_notes.create(
        {
            "contact_id": contact_id,
            "date": TODAY.isoformat(),
            "reference": f"CRN-{new_id()[:12]}",
            "original_invoice_date": TODAY.isoformat(),
            "main_address": ADDRESS,
            "credit_note_lines": [line(sage)],
            "idempotency_id": new_id(),
        }
    )


def receipt(sage: SageClient, paid, amount: str):
    return sage.contact_payments.create(
        {
            "transaction_type_id": "CUSTOMER_RECEIPT",
            "contact_id": paid["contact"]["id"],
            "bank_account_id": next(iter(sage.bank_accounts.list()))["id"],
            "date": TODAY.isoformat(),
            "total_amount": number(Decimal(amount)),
            "reference": "BACS",
            "allocated_artefacts": [{"artefact_id": paid["id"], "amount": number(Decimal(amount))}],
            "idempotency_id": new_id(),
        }
    )


class TestSigningIn:
    def test_the_whole_dance_with_and_without_pkce(self, oauth):
        for verifier in (None, oauth.new_code_verifier()):
            first = signed_in(oauth, verifier)
            second = oauth.refresh(first.refresh_token)
            assert second.refresh_token != first.refresh_token
            assert (second.expires_in, second.scope) == (300, "full_access")
            with pytest.raises(GrantRefused):
                oauth.refresh(first.refresh_token)

    def test_a_revoked_grant_cannot_be_refreshed_and_may_be_revoked_again(self, oauth):
        pair = signed_in(oauth)
        oauth.revoke(pair.refresh_token)
        oauth.revoke(pair.refresh_token)
        with pytest.raises(GrantRefused):
            oauth.refresh(pair.refresh_token)


def test_business_user_and_settings(sage, business_id):
    assert business_id in [business["id"] for business in sage.businesses.list()]
    assert is_uk(sage.businesses.get(business_id))
    assert sage.user.get()["email"]
    assert sage.financial_settings.get()["base_currency"]["id"] == "GBP"
    assert sage.invoice_settings.get()["next_invoice_number"] >= 1
    assert "default_ledger_accounts" in sage.business_settings.get()


def test_reference_data(sage):
    accounts = list(sage.ledger_accounts.list())
    assert sage.ledger_accounts.get(accounts[0]["id"])["nominal_code"] == accounts[0]["nominal_code"]
    assert all(account["visible_in_sales"] for account in accounts)
    assert {rate["id"]: rate["percentage"] for rate in sage.tax_rates.list(on=TODAY)} == {
        "GB_STANDARD": 20,
        "GB_LOWER": 5,
        "GB_ZERO": 0,
        "GB_EXEMPT": 0,
        "GB_NO_TAX": 0,
    }
    assert sage.tax_rates.get("GB_STANDARD")["percentages"][0]["percentage"] == 20
    bank = next(iter(sage.bank_accounts.list()))
    assert sage.bank_accounts.get(bank["id"])["balance"] == bank["balance"]


def test_contacts_are_created_found_by_name_and_changed(sage):
    name = f"Acme & Söhne {new_id()[:8]}"
    assert sage.contacts.find_by_name(name) is None
    made = customer(sage, name)
    assert sage.contacts.find_by_name(name)["id"] == made["id"]
    assert sage.contacts.update(made["id"], {"notes": "Pays late"})["id"] == made["id"]
    assert sage.contacts.get(made["id"])["name"] == name
    assert not any(contact.get("system") for contact in sage.contacts.list())
    (changed,) = [
        row
        for row in sage.contacts.changed(datetime.now(UTC) - timedelta(minutes=5))
        if row["id"] == made["id"]
    ]
    assert changed["balance"] == 0
    assert changed["main_address"]["country"]["id"] == "GB"
    everybody = sage.contacts.all_on_one_page()
    assert made["id"] in {contact["id"] for contact in everybody}


def test_invoices_are_read_newest_first(sage):
    dates = [invoice["date"] for invoice in sage.sales_invoices.newest_first()]
    assert dates == sorted(dates, reverse=True)


def test_the_same_idempotency_id_makes_one_contact(sage):
    body = {"name": f"Acme {new_id()}", "contact_type_ids": ["CUSTOMER"], "idempotency_id": new_id()}
    assert sage.contacts.create(body)["id"] == sage.contacts.create(body)["id"]


def test_an_invoice_is_created_looked_up_changed_printed_paid_and_seen_in_the_feeds(sage):
    before = datetime.now(UTC) - timedelta(minutes=5)
    made = invoice(sage, customer(sage)["id"])
    assert (made["net_amount"], made["tax_amount"], made["total_amount"]) == (120, 24, 144)
    assert sage.sales_invoices.find_by_reference(made["reference"])["id"] == made["id"]
    assert sage.sales_invoices.find_by_reference(made["reference"][:-1]) is None
    assert sage.sales_invoices.update(made["id"], {"notes": "Engagement 8"})["total_amount"] == 144
    assert sage.sales_invoices.pdf(made["id"]).startswith(b"%PDF-")
    assert sage.sales_invoices.get(made["id"])["sent"] is False

    payment = receipt(sage, made, "44.00")
    assert sage.contact_payments.get(payment["id"])["total_amount"] == 44
    paid = sage.sales_invoices.get(made["id"])
    assert (paid["outstanding_amount"], paid["status"]["id"]) == (100, "PART_PAID")
    assert [entry["amount"] for entry in sage.sales_invoices.payments_allocations(made["id"])] == [44]
    (seen,) = [
        row
        for row in sage.contact_payments.list(updated_or_created_since=before)
        if row["id"] == payment["id"]
    ]
    assert seen["allocated_artefacts"][0]["artefact"]["id"] == made["id"]
    assert made["id"] in [row["id"] for row in sage.sales_invoices.list(updated_or_created_since=before)]
    assert list(sage.sales_invoices.list(deleted_since=before)) == []


def test_a_deleted_payment_is_in_the_feed_of_deleted_ones_only(sage, sandbox):
    """F82: what is deleted in Sage can be seen."""
    before = datetime.now(UTC) - timedelta(minutes=5)
    payment = receipt(sage, invoice(sage, customer(sage)["id"]), "10.00")
    sandbox.handle.delete_payment(payment["id"])
    (deleted,) = sage.contact_payments.list(deleted_since=before)
    assert (deleted["id"], deleted["deleted_at"] is not None) == (payment["id"], True)
    assert payment["id"] not in [
        row["id"] for row in sage.contact_payments.list(updated_or_created_since=before)
    ]


def test_an_invoice_is_voided_with_a_reason_but_not_while_it_is_paid(sage):
    made = invoice(sage, customer(sage)["id"])
    voided = sage.sales_invoices.void(made["id"], "Sent twice")
    assert voided["status"]["id"] == "VOID"
    with pytest.raises(VoidedInSage):
        sage.sales_invoices.find_by_reference(made["reference"])
    other = invoice(sage, customer(sage)["id"])
    receipt(sage, other, "10.00")
    with pytest.raises(SageRejected):
        sage.sales_invoices.void(other["id"], "Sent twice")


def test_a_draft_is_released_or_removed(sage):
    contact_id = customer(sage)["id"]
    draft = invoice(sage, contact_id, status_id="DRAFT")
    assert draft["status"]["id"] == "DRAFT"
    assert sage.sales_invoices.release(draft["id"])["status"]["id"] == "UNPAID"
    other = invoice(sage, contact_id, status_id="DRAFT")
    sage.sales_invoices.void(other["id"], "Not needed")
    with pytest.raises(NotInSage):
        sage.sales_invoices.get(other["id"])


def test_a_credit_note_is_created_looked_up_and_allocated_to_its_invoice(sage):
    before = datetime.now(UTC) - timedelta(minutes=5)
    made = invoice(sage, customer(sage)["id"])
    note = credit_note(sage, made["contact"]["id"])
    assert sage.sales_credit_notes.find_by_reference(note["reference"])["id"] == note["id"]
    assert sage.sales_credit_notes.pdf(note["id"]).startswith(b"%PDF-")
    assert sage.sales_credit_notes.update(note["id"], {"notes": "Billed twice"})["notes"] == "Billed twice"
    allocation = sage.contact_allocations.create(
        {
            "transaction_type_id": "CUSTOMER_ALLOCATION",
            "contact_id": made["contact"]["id"],
            "date": TODAY.isoformat(),
            "allocated_artefacts": [
                {"artefact_id": made["id"], "amount": number(Decimal("144.00"))},
                {"artefact_id": note["id"], "amount": number(Decimal("-144.00"))},
            ],
            "idempotency_id": new_id(),
        }
    )
    assert sage.contact_allocations.get(allocation["id"])["id"] == allocation["id"]
    assert allocation["id"] in [
        row["id"] for row in sage.contact_allocations.list(updated_or_created_since=before)
    ]
    assert list(sage.contact_allocations.list(deleted_since=before)) == []
    assert list(sage.transactions.list(updated_or_created_since=before)), "the ledger's own feed tells of it"
    assert sage.sales_invoices.get(made["id"])["outstanding_amount"] == 0
    assert sage.sales_credit_notes.get(note["id"])["outstanding_amount"] == 0
    assert len(sage.sales_credit_notes.payments_allocations(note["id"])) == 1
    assert note["id"] in [row["id"] for row in sage.sales_credit_notes.list(updated_or_created_since=before)]
    sage.contact_allocations.delete(allocation["id"])
    assert sage.sales_invoices.get(made["id"])["outstanding_amount"] == Decimal(144)
    with pytest.raises(NotInSage):
        sage.contact_allocations.get(allocation["id"])


def test_a_credit_note_is_voided(sage):
    note = credit_note(sage, customer(sage)["id"])
    assert sage.sales_credit_notes.void(note["id"], "Wrong client")["status"]["id"] == "VOID"


def test_sage_s_own_products_and_services(sage):
    account = next(iter(sage.ledger_accounts.list()))["id"]
    purchases = next(iter(sage.ledger_accounts.list(visible_in="expenses")))["id"]
    transport = sage.products._transport
    product = {
        "description": "Pencils",
        "sales_ledger_account_id": account,
        "purchase_ledger_account_id": purchases,
    }
    made = transport.write("POST", "/products", {"product": product})
    transport.write(
        "POST", "/services", {"service": {"description": "Payroll", "sales_ledger_account_id": account}}
    )
    assert [item["description"] for item in sage.products.list(search="Pencils")] == ["Pencils"]
    assert sage.products.get(made["id"])["description"] == "Pencils"
    (service,) = sage.services.list(search="Payroll")
    assert sage.services.get(service["id"])["description"] == "Payroll"


def test_lists_of_more_than_one_page_come_whole(sage, monkeypatch):
    name = f"Many {new_id()[:8]}"
    made = {customer(sage, f"{name} {index}")["id"] for index in range(5)}
    monkeypatch.setattr("sage_integration.sage.resources.resource.ROWS_PER_PAGE", 2)
    assert {contact["id"] for contact in sage.contacts.list(search=name)} == made


def test_what_is_not_there_or_not_allowed_is_said_in_sage_s_way(sage):
    with pytest.raises(NotInSage):
        sage.contacts.get("0" * 32)
    with pytest.raises(SageRejected) as caught:
        invoice(sage, customer(sage)["id"], invoice_lines=[])
    assert caught.value.problems


def test_every_method_of_the_client_is_held_to_the_contract():
    """The calls in this module's source; a new method without one fails here."""
    source = inspect.getsource(inspect.getmodule(customer))
    with SageClient(Transport("http://127.0.0.1:1/v3.1", "b1", lambda: "token")) as client:
        resources = {name: value for name, value in vars(client).items() if isinstance(value, Resource)}
    missing = [
        f"sage.{name}.{method}"
        for name, resource in resources.items()
        for method in dir(resource)
        if not method.startswith("_") and inspect.ismethod(getattr(resource, method))
        if f"sage.{name}.{method}(" not in source and f"nobody_chosen.{name}.{method}(" not in source
    ]
    assert missing == ["sage.sales_credit_notes.release"], "drafts of credit notes are released like invoices"
