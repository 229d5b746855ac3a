"""FACTS.md 3: envelopes, paging, partial answers, change feeds."""

import pytest


def invoices(api, count, contact):
    return [api.invoice(contact, reference=f"INV-{number:06}") for number in range(1, count + 1)]


def test_the_envelope_says_items_per_page_in_camel_case(api):
    listed = api.get("/contact_types")
    assert set(listed) == {"$total", "$page", "$next", "$back", "$itemsPerPage", "$items"}
    assert listed["$itemsPerPage"] == 20
    assert listed["$next"] is None


def test_pages_are_linked_without_host_and_version(api):
    api.handle.seed_contacts(45)
    first = api.get("/contacts", attributes="name", exclude_system="true")
    assert first["$total"] == 45
    assert len(first["$items"]) == 20
    assert first["$next"] == "/contacts?page=2&items_per_page=20&attributes=name&exclude_system=true"
    assert first["$back"] is None
    reply = api.ask("GET", first["$next"])
    assert reply.json["$page"] == 2
    assert reply.json["$back"].startswith("/contacts?page=1&")
    assert reply.json["$items"][0]["name"] != first["$items"][0]["name"]


def test_a_page_beyond_the_end_repeats_the_last_one(api):
    api.handle.seed_contacts(45)
    last = api.get("/contacts", page=3, exclude_system="true")
    beyond = api.get("/contacts", page=9, exclude_system="true")
    assert len(last["$items"]) == 5
    assert beyond["$items"] == last["$items"]
    assert beyond["$page"] == 3
    assert beyond["$next"] is None


@pytest.mark.parametrize("size", ["0", "201", "-1", "many", "1e2"])
def test_only_one_to_two_hundred_rows_fit_a_page(api, size):
    assert api.ask("GET", f"/contacts?items_per_page={size}").status == 400
    assert api.get("/contacts", items_per_page=200)["$itemsPerPage"] == 200


def test_a_row_is_short_unless_attributes_are_named(api, customer):
    assert set(api.get("/contacts")["$items"][0]) == {"id", "displayed_as", "$path"}
    row = api.get("/contacts", attributes="reference", search="BROOK")["$items"][0]
    assert row["reference"] == "BROOK"
    assert set(row) == {"id", "displayed_as", "$path", "created_at", "reference"}
    assert "main_address" in api.get("/contacts", attributes="all")["$items"][0]


def test_a_single_answer_is_whole_unless_attributes_are_named(api, customer):
    assert "tax_treatment" in api.get(f"/contacts/{customer['id']}")
    assert "tax_treatment" not in api.get(f"/contacts/{customer['id']}", attributes="name")


def test_nested_attributes_open_linked_objects_one_level(api, customer):
    plain = api.get(f"/contacts/{customer['id']}")["main_address"]
    assert set(plain) == {"id", "displayed_as", "$path"}
    nested = api.get(f"/contacts/{customer['id']}", nested_attributes="main_address")
    assert nested["main_address"]["city"] == "Leeds"
    assert "email" not in nested["main_contact_person"]


def test_legacy_ids_are_shown_on_request(api, customer):
    row = api.get("/contacts", show_legacy_id="true", search="BROOK")["$items"][0]
    assert isinstance(row["legacy_id"], int)


def test_the_changed_feed_includes_its_moment_and_the_deleted_feed_does_not(api, customer):
    api.handle.advance_clock(100)
    first = api.invoice(customer)
    stamp = first["updated_at"]
    api.handle.advance_clock(100)
    assert api.get("/sales_invoices", updated_or_created_since=stamp)["$total"] == 1
    later = api.handle.now()
    assert api.get("/sales_invoices", updated_or_created_since=later)["$total"] == 0
    draft = api.invoice(customer, status_id="DRAFT")
    api.handle.advance_clock(5)
    api.ask("DELETE", f"/sales_invoices/{draft['id']}")
    row = api.get("/sales_invoices", deleted_since=stamp, attributes="deleted_at")["$items"][0]
    assert row["id"] == draft["id"]
    assert api.get("/sales_invoices", deleted_since=row["deleted_at"])["$total"] == 0
    assert draft["id"] not in [row["id"] for row in api.get("/sales_invoices")["$items"]]


@pytest.mark.parametrize(
    "stamp", ["2020-01-01", "2020-01-01T+01:00", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00+01:00"]
)
def test_feeds_take_dates_and_date_times_with_a_zone(api, customer, stamp):
    assert api.get("/contacts", updated_or_created_since=stamp)["$total"] == 3


@pytest.mark.parametrize("stamp", ["yesterday", "2020-01-01T00:00:00 01:00"])
def test_a_plus_sign_that_was_not_encoded_is_refused(api, stamp):
    assert api.ask("GET", "/contacts", query={"updated_or_created_since": stamp}).status == 400


def test_rows_are_sorted_as_asked(api, customer):
    early = api.invoice(customer, date="2026-01-01")
    late = api.invoice(customer, date="2026-02-01")
    ascending = api.get("/sales_invoices", sort="date")["$items"]
    descending = api.get("/sales_invoices", sort="date:desc")["$items"]
    assert [row["id"] for row in ascending] == [early["id"], late["id"]]
    assert [row["id"] for row in descending] == [late["id"], early["id"]]
    assert api.ask("GET", "/sales_invoices", query={"sort": "total_amount"}).status == 400
    assert api.ask("GET", "/contacts", query={"sort": "updated_at"}).status == 400, "contacts have no sort"


def test_search_looks_at_the_reference_and_the_contact_name(api, customer):
    invoices(api, 3, customer)
    assert api.get("/sales_invoices", search="inv-000002")["$total"] == 1
    assert api.get("/sales_invoices", search="brook")["$total"] == 3
    assert api.get("/sales_invoices", search="SI-2")["$total"] == 0, "not at the number"


@pytest.mark.parametrize(("mode", "found"), [("substring", 1), ("prefix", 0), ("exact", 0)])
def test_how_search_matches_is_a_switch(api, customer, mode, found):
    invoices(api, 1, customer)
    api.handle.switch("search_mode", mode)
    assert api.get("/sales_invoices", search="000001")["$total"] == found
    assert api.get("/sales_invoices", search="INV-000001")["$total"] == 1


def test_lists_may_lag_behind(api, customer):
    api.handle.switch("index_delay_seconds", 120)
    made = api.invoice(customer)
    assert api.get("/sales_invoices", search="INV-000001")["$total"] == 0
    assert api.status(made) == "UNPAID"
    api.handle.advance_clock(121)
    assert api.get("/sales_invoices", search="INV-000001")["$total"] == 1


def test_filters_of_documents(api, customer):
    other = api.handle.add_contact("Cedar LLP")
    early = api.invoice(customer, date="2026-01-01")
    late = api.invoice(other, date="2026-02-01")
    api.handle.record_payment(late["id"], "20")

    def found(**query):
        return [row["id"] for row in api.get("/sales_invoices", **query)["$items"]]

    assert found(contact_id=customer["id"]) == [early["id"]]
    assert found(status_id="PART_PAID") == [late["id"]]
    assert found(from_date="2026-01-02") == [late["id"]]
    assert found(to_date="2026-01-31") == [early["id"]]


def test_timestamps_are_utc_in_whole_seconds(api, customer):
    assert api.invoice(customer)["created_at"].endswith("Z")
    assert len(api.invoice(customer)["created_at"]) == 20


def test_transactions_are_one_feed_of_everything(api, customer):
    invoice = api.invoice(customer)
    payment = api.handle.record_payment(invoice["id"], "120")
    api.handle.delete_payment(payment["id"])
    rows = api.get("/transactions", attributes="all")["$items"]
    kinds = {row["transaction_type"]["id"]: row for row in rows}
    assert kinds["SALES_INVOICE"]["origin"]["id"] == invoice["id"]
    assert kinds["CUSTOMER_RECEIPT"]["deleted"] is True
