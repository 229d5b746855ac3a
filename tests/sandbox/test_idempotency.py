"""FACTS.md 14: one idempotency_id, one record."""

import threading

import pytest

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def body(api, customer):
    return api.invoice_body(customer, idempotency_id=KEY)


def post(api, body, kind="sales_invoices", root="sales_invoice"):
    return api.ask("POST", f"/{kind}", {root: body})


def test_a_repeat_makes_one_record_and_answers_the_same(api, body):
    first, second = post(api, body), post(api, body)
    assert (first.status, second.status) == (201, 201)
    assert first.json == second.json
    assert len(api.handle.sales_invoices()) == 1


def test_it_can_be_switched_off(api, body):
    api.handle.switch("idempotency", False)
    post(api, body)
    post(api, body)
    assert len(api.handle.sales_invoices()) == 2


def test_an_id_belongs_to_one_resource(api, body, customer):
    post(api, body)
    other = {"name": "x", "contact_type_ids": ["CUSTOMER"], "idempotency_id": KEY}
    assert post(api, other, "contacts", "contact").sources == ["idempotency_id"]


def test_a_changed_body_is_replayed_or_refused(api, body):
    first = post(api, body)
    assert post(api, body | {"reference": "OTHER"}).json == first.json
    api.handle.switch("idempotency_changed_body", "reject")
    assert post(api, body | {"reference": "OTHER"}).sources == ["idempotency_id"]


def test_a_failure_is_not_remembered(api, body):
    assert post(api, body | {"date": None}).status == 422
    assert post(api, body).status == 201


def test_an_id_is_forgotten_after_a_week(api, body):
    post(api, body)
    api.handle.advance_clock(7 * 86400 + 1)
    api.token = api.handle.tokens()["access_token"]
    post(api, body)
    assert len(api.handle.sales_invoices()) == 2


def test_an_id_is_32_hexadecimal_characters(api, body):
    assert post(api, body | {"idempotency_id": "not-a-guid"}).sources == ["idempotency_id"]


def test_ids_of_two_businesses_do_not_meet(api, body):
    post(api, body)
    api.business = api.handle.business_id("Quayside Advisory Ltd")
    contact = api.handle.add_contact("Same", api.business)
    assert post(api, api.invoice_body(contact, idempotency_id=KEY)).status == 201


def test_many_at_the_same_instant_make_one_record(api, body):
    barrier = threading.Barrier(8)
    replies = []

    def send():
        barrier.wait(timeout=30)
        replies.append(post(api, body).json["id"])

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(replies)) == 1
    assert len(api.handle.sales_invoices()) == 1


def test_payments_and_contacts_are_covered_too(api, customer):
    contact = {"name": "Once", "contact_type_ids": ["CUSTOMER"], "idempotency_id": KEY}
    post(api, contact, "contacts", "contact")
    post(api, contact, "contacts", "contact")
    assert len(api.handle.contacts(name="Once")) == 1


def put(api, invoice, **attributes):
    return api.ask("PUT", f"/sales_invoices/{invoice['id']}", {"sales_invoice": attributes})


@pytest.mark.parametrize(("remembered", "lines"), [(False, 3), (True, 2)])
def test_a_put_is_remembered_only_when_switched(api, customer, remembered, lines):
    """FACTS.md 17.6: a PUT that adds a line adds it again with each repeat, unless its id is remembered."""
    api.handle.switch("idempotency_on_put", remembered)
    invoice = api.invoice(customer)
    for _ in range(2):
        assert put(api, invoice, invoice_lines=[api.line("50", "10")], idempotency_id=KEY).status == 200
    assert len(api.get(f"/sales_invoices/{invoice['id']}")["invoice_lines"]) == lines


def test_a_remembered_put_serves_one_record_and_no_post(api, body, customer):
    api.handle.switch("idempotency_on_put", True)
    first, second = post(api, body).json, api.invoice(customer)
    assert put(api, first, notes="x", idempotency_id=KEY).sources == ["idempotency_id"]
    other = "f" * 32
    assert put(api, first, notes="x", idempotency_id=other).status == 200
    assert put(api, second, notes="x", idempotency_id=other).sources == ["idempotency_id"]
    assert put(api, second, notes="y").json["notes"] == "y"
