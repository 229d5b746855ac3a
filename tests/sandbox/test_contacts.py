"""FACTS.md 6: contacts, addresses, persons."""

import pytest


def test_a_customer_needs_a_name_and_one_type(api):
    reply = api.ask("POST", "/contacts", {"contact": {}})
    assert reply.status == 422
    assert reply.sources == ["name", "contact_type_ids"]
    both = {"name": "Both", "contact_type_ids": ["CUSTOMER", "VENDOR"]}
    assert api.ask("POST", "/contacts", {"contact": both}).sources == ["contact_type_ids"]


def test_a_contact_is_shown_with_its_reference(api):
    made = api.create(
        "contacts",
        "contact",
        name="Brook & Co",
        reference="BR-1",
        contact_type_ids=["CUSTOMER"],
        main_address={
            "address_line_1": "1 Quay",
            "city": "Leeds",
            "postal_code": "LS1 1AA",
            "country_id": "GB",
        },
        main_contact_person={"name": "Bob", "email": "bob@brook.example"},
    )
    assert made["displayed_as"] == "Brook & Co (BR-1)"
    assert made["email"] == "bob@brook.example"
    assert made["main_address"]["displayed_as"] == "1 Quay\nLeeds\nLS1 1AA"
    assert made["currency"]["id"] == "GBP"
    assert api.get("/addresses", contact_id=made["id"], attributes="all")["$items"][0]["city"] == "Leeds"
    assert api.get("/contact_persons", contact_id=made["id"])["$items"][0]["displayed_as"] == "Bob"


@pytest.mark.parametrize(
    ("attributes", "source"),
    [
        ({"name": "x" * 101}, "name"),
        ({"reference": "x" * 11}, "reference"),
        ({"credit_days": 366}, "credit_days"),
        ({"credit_terms": "whenever"}, "credit_terms"),
        ({"currency_id": "USD"}, "currency_id"),
        ({"default_sales_ledger_account_id": "0"}, "default_sales_ledger_account_id"),
        ({"main_address": {"postal_code": "x" * 11}}, "main_address.postal_code"),
        ({"main_address": {"address_line_1": "x" * 51}}, "main_address.address_line_1"),
        ({"main_address": {"country_id": "XX"}}, "main_address.country_id"),
        ({"main_contact_person": {"email": "nobody"}}, "main_contact_person.email"),
    ],
)
def test_limits_are_named_by_field(api, attributes, source):
    body = {"name": "Brook", "contact_type_ids": ["CUSTOMER"], **attributes}
    reply = api.ask("POST", "/contacts", {"contact": body})
    assert (reply.status, reply.sources) == (422, [source])
    assert reply.json[0]["$dataCode"] == "RecordInvalid"


def test_names_are_not_unique_but_references_are_even_of_deleted_contacts(api, customer):
    same_name = {"name": "Brook & Co", "contact_type_ids": ["CUSTOMER"]}
    assert api.ask("POST", "/contacts", {"contact": same_name}).status == 201
    clash = same_name | {"reference": "BROOK"}
    assert api.ask("POST", "/contacts", {"contact": clash}).sources == ["reference"]
    assert api.ask("DELETE", f"/contacts/{customer['id']}").status == 204
    assert api.ask("POST", "/contacts", {"contact": clash}).sources == ["reference"]
    api.handle.switch("contact_reference_clash", "accept")
    assert api.ask("POST", "/contacts", {"contact": clash}).status == 201


def test_sages_own_contacts_are_listed_unless_excluded(api):
    rows = api.get("/contacts", attributes="system,deletable,contact_types")["$items"]
    assert [row["displayed_as"] for row in rows] == ["HMRC Payments (HMRC Pay)", "HMRC Reclaimed (HMRC Rec)"]
    assert all(row["system"] and row["deletable"] for row in rows)
    assert api.get("/contacts", exclude_system="true")["$total"] == 0
    assert api.ask("DELETE", f"/contacts/{rows[0]['id']}").status == 422


def test_filters(api, customer):
    api.handle.add_contact("Paper Mill", contact_type_ids=["VENDOR"])
    api.handle.add_contact("Cedar LLP", main_contact_person={"name": "Carol", "email": "Carol@cedar.example"})
    assert api.get("/contacts", contact_type_id="VENDOR", exclude_system="true")["$total"] == 1
    assert api.get("/contacts", email="carol@cedar.example")["$total"] == 1
    assert api.get("/contacts", search="roo")["$total"] == 1
    assert api.get("/contacts", search="BROOK")["$total"] == 1, "name and reference of one contact"


def test_a_put_changes_what_it_names(api, customer):
    body = {"name": "Brook and Company", "main_contact_person": {"email": "new@brook.example"}}
    changed = api.ask("PUT", f"/contacts/{customer['id']}", {"contact": body}).json
    assert changed["displayed_as"] == "Brook and Company (BROOK)"
    assert changed["email"] == "new@brook.example"
    assert changed["main_address"] == customer["main_address"]
    moved = api.ask(
        "PUT", f"/contacts/{customer['id']}", {"contact": {"main_address": {"city": "York"}}}
    ).json
    assert "York" in moved["main_address"]["displayed_as"]


@pytest.mark.parametrize(("switch", "line", "phone"), [("merge", "1 Quay", "0161"), ("replace", "", None)])
def test_a_put_keeps_or_empties_what_it_leaves_out_of_address_and_person(api, switch, line, phone):
    api.handle.switch("put_contact", switch)
    contact = api.create(
        "contacts",
        "contact",
        name="Quay Ltd",
        contact_type_ids=["CUSTOMER"],
        main_address={"address_line_1": "1 Quay", "city": "Hull"},
        main_contact_person={"name": "Quinn", "telephone": "0161"},
    )
    body = {"main_address": {"city": "York"}, "main_contact_person": {"email": "q@quay.example"}}
    changed = api.ask("PUT", f"/contacts/{contact['id']}", {"contact": body}).json
    address = api.get(f"/addresses/{changed['main_address']['id']}")
    person = api.get(f"/contact_persons/{changed['main_contact_person']['id']}")
    assert (address["address_line_1"], address["city"]) == (line, "York")
    assert (person["telephone"], person["email"], person["name"]) == (phone, "q@quay.example", "Quinn")
    assert changed["name"] == "Quay Ltd"


def test_a_contact_with_transactions_may_refuse_a_put(api, customer):
    api.handle.switch("put_contact", "reject_used")
    path = f"/contacts/{customer['id']}"
    assert api.ask("PUT", path, {"contact": {"name": "Brook Two"}}).status == 200
    api.invoice(customer)
    assert api.ask("PUT", path, {"contact": {"name": "Brook Three"}}).status == 422
    assert api.get(path)["name"] == "Brook Two"


def test_a_contact_with_transactions_stays(api, customer):
    assert api.get(f"/contacts/{customer['id']}")["deletable"] is True
    api.invoice(customer)
    assert api.get(f"/contacts/{customer['id']}")["deletable"] is False
    assert api.ask("DELETE", f"/contacts/{customer['id']}").status == 422


def test_a_deleted_contact_shows_in_its_feed_and_refuses_changes(api, customer):
    api.handle.advance_clock(10)
    api.ask("DELETE", f"/contacts/{customer['id']}")
    assert api.get("/contacts", deleted_since=customer["created_at"])["$total"] == 1
    assert api.ask("PUT", f"/contacts/{customer['id']}", {"contact": {"name": "x"}}).status == 404


def test_the_balance_is_shown_on_request(api, customer):
    api.invoice(customer)
    assert "balance" not in api.get(f"/contacts/{customer['id']}")
    assert api.get(f"/contacts/{customer['id']}", show_balance="true")["balance"] == "120.0"


def test_an_obfuscated_contact_takes_no_new_documents(api, customer):
    api.handle.change_record("contacts", customer["id"], gdpr_obfuscated=True)
    reply = api.ask("POST", "/sales_invoices", {"sales_invoice": api.invoice_body(customer)})
    assert reply.json[0]["$message"] == "Couldn't find Customer."
