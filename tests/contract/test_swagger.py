"""The judge itself: it accepts what Sage really said and refuses what Sage would not understand."""

import json
from decimal import Decimal

import pytest

from sage_integration.sage.decimals import json_text
from tests.contract import swagger
from tests.contract.swagger import ContractBroken, Request, documents_folder

HEADERS = {"Authorization": "Bearer t", "X-Business": "b1", "Content-Type": "application/json"}
ANSWER_HEADERS = {"X-Business": "b1", "Content-Type": "application/json"}
RECORDINGS = {
    "sales_invoice.get.json": "/sales_invoices/1",
    "sales_invoices.list_all.json": "/sales_invoices",
    "sales_invoices.list_attributes_sorted_page1.json": "/sales_invoices",
    "contact_customer.get_nested.json": "/contacts/1",
    "contacts.list.json": "/contacts",
    "contacts.list_empty.json": "/contacts",
    "contact_types.list.json": "/contact_types",
    "bank_accounts.list_all.json": "/bank_accounts",
    "products.list_all_page1.json": "/products",
    "financial_settings.get.json": "/financial_settings",
    "businesses.list_trimmed.json": "/businesses",
    "user.get.json": "/user",
}


def get(path: str, query: str = "", **headers: str) -> Request:
    return Request("GET", path, query, {**HEADERS, **headers}, b"")


def post(path: str, body: object) -> Request:
    return Request("POST", path, "", HEADERS, json_text(body).encode())


def invoice(**changes: object) -> dict[str, object]:
    line = {"description": "x", "ledger_account_id": "a", "unit_price": Decimal("1.10")}
    fields = {"contact_id": "c", "date": "2026-11-22", "invoice_lines": [line], "idempotency_id": "0" * 32}
    return {"sales_invoice": {**fields, **changes}}


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_recorded_answer_of_sage_is_accepted(contract, name):
    path = documents_folder() / "recorded" / name
    if not path.is_file():
        pytest.skip(f"The recorded answers are not in {path.parent}.")
    contract.check_answer(get(RECORDINGS[name]), 200, ANSWER_HEADERS, path.read_bytes())


def test_a_documented_create_is_accepted(contract):
    contract.check_request(post("/sales_invoices", invoice()))


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (invoice(line_items=[]), "line_items"),
        (invoice(date="22/11/2026"), "date"),
        (invoice(idempotency_id="not-hex"), "idempotency_id"),
        (invoice(total_amount="198.64"), "total_amount"),
        ({"sales_invoice": {"contact_id": "c"}}, "required"),
        ({"invoice": {}}, "invoice"),
        ({}, "sales_invoice"),
        (invoice(invoice_lines=[{"idempotency_id": "0" * 32}]), "idempotency_id"),
    ],
)  # fmt: skip
def test_an_undocumented_body_is_refused(contract, body, complaint):
    with pytest.raises(ContractBroken, match=complaint):
        contract.check_request(post("/sales_invoices", body))


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (get("/invoices"), "not part of"),
        (Request("PATCH", "/contacts/1", "", HEADERS, b""), "not part of"),
        (get("/contacts", "name=Acme"), "not documented"),
        (get("/contacts", "items_per_page=500"), "items_per_page"),
        (get("/contacts", "exclude_system=True"), "exclude_system"),
        (get("/contacts", "attributes=name,colour"), "colour"),
        (get("/contacts", "updated_or_created_since=2026-11-22T09:00:00"), "updated_or_created_since"),
        (get("/ledger_accounts", "visible_in=shop"), "visible_in"),
        (get("/contacts", **{"X-Business": ""}), "X-Business"),
        (get("/contacts", Authorization="Basic x"), "bearer"),
        (Request("POST", "/contacts", "", HEADERS, b""), "body is missing"),
        (Request("POST", "/sales_invoices/1/release", "", HEADERS, b'{"a": 1}'), "takes no body"),
    ],
)
def test_an_undocumented_request_is_refused(contract, request_, complaint):
    with pytest.raises(ContractBroken, match=complaint):
        contract.check_request(request_)


@pytest.mark.parametrize(
    ("path", "status", "body", "complaint"),
    [
        ("/contacts", 200, [], "envelope"),
        ("/contacts", 200, {"$items": []}, "envelope"),
        ("/contacts", 201, {}, "status 201"),
        ("/contacts/1", 200, {"id": 7}, "id"),
        ("/contacts/1", 200, {"id": "1", "colour": "red"}, "colour"),
        ("/contacts/1", 200, {"id": "1", "created_at": "yesterday"}, "created_at|valid"),
        ("/sales_invoices/1", 200, {"id": "1", "total_amount": "12,00"}, "12,00"),
        ("/contacts/1", 422, {"error": "x"}, "error body"),
        ("/contacts/1", 404, [{"message": "x"}], "error body"),
    ],
)
def test_an_answer_sage_would_not_give_is_refused(contract, path, status, body, complaint):
    with pytest.raises(ContractBroken, match=complaint):
        contract.check_answer(get(path), status, ANSWER_HEADERS, json.dumps(body).encode())


def test_an_answer_without_its_business_is_refused(contract):
    with pytest.raises(ContractBroken, match="X-Business"):
        contract.check_answer(get("/contacts/1"), 200, {}, b'{"id": "1"}')


def test_where_the_documents_are_absent_the_sentence_says_so_and_may_be_made_a_failure(monkeypatch, tmp_path):
    monkeypatch.setenv("SAGE_OPENAPI_DIR", str(tmp_path))
    monkeypatch.delenv("REQUIRE_SAGE_OPENAPI", raising=False)
    absent = swagger.contract_or_none.__wrapped__
    assert absent() is None
    monkeypatch.setenv("REQUIRE_SAGE_OPENAPI", "1")
    with pytest.raises(pytest.fail.Exception, match="SAGE_OPENAPI_DIR"):
        absent()
