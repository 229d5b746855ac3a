"""FACTS.md 8 and 9: lines, VAT, rounding, numbers, status, changes, voids, PDF."""

import re

import pytest


def refused(api, customer, lines=None, **more):
    reply = api.ask("POST", "/sales_invoices", {"sales_invoice": api.invoice_body(customer, lines, **more)})
    assert reply.status == 422, reply.body
    return reply


def test_a_new_invoice_is_posted_numbered_and_unpaid(api, customer):
    invoice = api.invoice(customer)
    assert invoice["displayed_as"] == invoice["invoice_number"] == "SI-1"
    assert invoice["status"]["id"] == "UNPAID"
    assert invoice["outstanding_amount"] == invoice["total_amount"] == "120.0"
    assert invoice["transaction"]["displayed_as"] == invoice["reference"]
    assert invoice["contact_name"] == "Brook & Co"
    assert invoice["due_date"] == "2026-02-14", "30 days of the invoice settings"
    assert invoice["sent"] is False


def test_the_due_date_follows_the_contact_then_the_settings(api):
    quick = api.handle.add_contact("Quick", credit_days=7)
    assert api.invoice(quick)["due_date"] == "2026-01-22"
    assert api.invoice(quick, due_date="2026-03-01")["due_date"] == "2026-03-01"


def test_what_is_missing_is_named_all_at_once(api):
    reply = api.ask("POST", "/sales_invoices", {"sales_invoice": {}})
    assert (reply.status, reply.sources) == (422, ["date", "contact_id", "invoice_lines"])
    assert api.ask("POST", "/sales_invoices", {"something_else": {}}).sources == ["sales_invoice"]


@pytest.mark.parametrize(
    ("change", "source"),
    [
        ({"description": None}, "line_items.description"),
        ({"description": "Fish &amp; chips"}, "line_items.description"),
        ({"ledger_account_id": None}, "line_items.ledger_account_id"),
        ({"ledger_account_id": "0" * 32}, "line_items.ledger_account_id"),
        ({"unit_price": None}, "line_items.unit_price"),
        ({"unit_price": "ten"}, "line_items.unit_price"),
        ({"tax_rate_id": None}, "line_items.tax_rate_id"),
        ({"tax_rate_id": "IE_STANDARD"}, "line_items.tax_rate_id"),
        ({"tax_amount": None}, "line_items.tax_amount"),
        ({"quantity": "NaN"}, "line_items.quantity"),
        ({"product_id": "0" * 32}, "line_items.product_id"),
    ],
)
def test_faults_of_lines_are_named_under_line_items(api, customer, change, source):
    reply = refused(api, customer, [api.line(**change)])
    assert source in reply.sources
    assert reply.json[0]["$dataCode"] == "RecordInvalid"


def test_an_ampersand_is_not_an_entity(api, customer):
    line = api.line(description="Fish & chips; tea")
    assert api.invoice(customer, [line])["invoice_lines"][0]["description"] == "Fish & chips; tea"
    api.handle.switch("html_entities", "accept")
    assert api.invoice(customer, [api.line(description="a&nbsp;b")])


@pytest.mark.parametrize("code", [5000, 1100])
def test_only_accounts_for_sales_take_lines(api, customer, code):
    assert refused(api, customer, [api.line(ledger_account_id=api.account(code))])


def test_a_supplier_is_refused_in_vague_words(api):
    supplier = api.handle.add_contact("Paper Mill", contact_type_ids=["VENDOR"])
    reply = refused(api, supplier)
    assert reply.json == [
        {
            "$severity": "error",
            "$dataCode": "RecordInvalid",
            "$message": "Couldn't find Customer.",
            "$source": "",
        }
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reference", "x" * 26),
        ("notes", "x" * 2001),
        ("terms_and_conditions", "x" * 2001),
        ("invoice_number_prefix", "x" * 7),
        ("status_id", "PAID"),
        ("due_date", "soon"),
        ("date", "2026-02-30"),
        ("currency_id", "USD"),
    ],
)
def test_limits_of_the_header(api, customer, field, value):
    assert refused(api, customer, **{field: value}).sources == [field]


def test_the_length_of_a_description_is_a_switch(api, customer):
    api.handle.switch("description_max", 255)
    reply = refused(api, customer, [api.line(description="x" * 256)])
    assert reply.sources == ["line_items.description"]


def test_references_are_not_unique_and_unknown_attributes_are_ignored(api, customer):
    first = api.invoice(customer, currency_code="GBP")
    second = api.invoice(customer)
    assert first["reference"] == second["reference"]


def test_lines_are_rounded_one_by_one_and_then_added(api, customer):
    lines = [api.line(price="0.333", quantity="3", tax="0.20"), api.line(price="41.625", tax="8.325")]
    invoice = api.invoice(customer, lines)
    first, second = invoice["invoice_lines"]
    assert (first["unit_price"], first["net_amount"]) == ("0.33", "0.99")
    assert (second["net_amount"], second["tax_amount"]) == ("41.63", "8.33")
    assert invoice["net_amount"] == "42.62"
    assert invoice["tax_amount"] == "8.53"
    assert invoice["total_amount"] == "51.15"


def test_rounding_and_places_are_switches(api, customer):
    api.handle.switch("unit_price_places", 4)
    assert api.invoice(customer, [api.line(price="0.333", quantity="3")])["net_amount"] == "1.0"
    api.handle.switch("rounding", "down")
    assert api.invoice(customer, [api.line(price="0.999", quantity="1")])["net_amount"] == "0.99"


def test_the_tax_sent_is_taken_as_it_is(api, customer):
    invoice = api.invoice(customer, [api.line(price="38", tax="6.48")])
    assert (invoice["tax_amount"], invoice["total_amount"]) == ("6.48", "44.48")


@pytest.mark.parametrize(("switch", "tax"), [("zero", "0.0"), ("compute", "20.0")])
def test_tax_left_out_is_refused_zero_or_computed(api, customer, switch, tax):
    assert refused(api, customer, [api.line(tax=None)]).sources == ["line_items.tax_amount"]
    api.handle.switch("tax_when_omitted", switch)
    assert api.invoice(customer, [api.line(tax=None)])["tax_amount"] == tax


def test_tax_is_nothing_at_a_rate_of_nothing(api, customer):
    assert api.invoice(customer, [api.line(tax=None, rate="GB_EXEMPT")])["tax_amount"] == "0.0"


def test_a_tax_rate_may_be_left_out_when_switched(api, customer):
    api.handle.switch("tax_rate_required", False)
    line = api.line(tax=None, tax_rate_id=None)
    assert api.invoice(customer, [line])["invoice_lines"][0]["tax_rate"] is None


def test_a_price_with_tax_and_a_discount_come_out_as_recorded(api, customer):
    line = api.line(
        price="55.00", quantity="3", tax="26.9", unit_price_includes_tax=True, discount_amount="3"
    )
    made = api.invoice(customer, [line])["invoice_lines"][0]
    assert (made["unit_price"], made["net_amount"]) == ("45.83", "134.5")
    assert (made["total_amount"], made["discount_percentage"]) == ("161.4", "2.18")


def test_a_discount_may_be_a_percentage(api, customer):
    made = api.invoice(customer, [api.line(tax="18", discount_percentage="10")])["invoice_lines"][0]
    assert (made["net_amount"], made["discount_amount"]) == ("90.0", "10.0")


def test_tax_is_analysed_by_rate(api, customer):
    lines = [api.line(), api.line(tax=None, rate="GB_ZERO"), api.line(price="50", tax="10")]
    analysis = api.invoice(customer, lines)["tax_analysis"]
    assert [(row["tax_rate"]["id"], row["net_amount"], row["tax_amount"]) for row in analysis] == [
        ("GB_STANDARD", "150.0", "30.0"),
        ("GB_ZERO", "100.0", "0.0"),
    ]


def test_header_totals_that_disagree_are_refused_with_the_catch_all(api, customer):
    assert refused(api, customer, total_amount="119.99").sources == ["line_items.description"]
    assert api.invoice(customer, total_amount="120.00")
    api.handle.switch("mismatched_totals", "ignore")
    assert api.invoice(customer, total_amount="119.99")["total_amount"] == "120.0"


def test_negative_lines_are_a_switch(api, customer):
    lines = [api.line(), api.line(price="-10", tax="-2")]
    assert api.invoice(customer, lines)["total_amount"] == "108.0"
    api.handle.switch("negative_lines", "reject")
    assert refused(api, customer, lines).sources == ["line_items.unit_price"]


def test_a_document_needs_an_address_from_somewhere(api):
    bare = api.handle.add_contact("Bare", main_address={})
    assert refused(api, bare).sources == ["main_address"]
    address = {"address_line_1": "1 Quay", "city": "Leeds", "postal_code": "LS1 1AA"}
    sent = api.invoice(bare, main_address=address)
    assert sent["main_address_free_form"] == "1 Quay\\nLeeds\\nLS1 1AA"
    assert sent["delivery_address"]["address_line_1"] == "1 Quay", "copied from the main address"
    api.handle.switch("main_address_required", False)
    assert api.invoice(bare)["main_address_free_form"] == ""


def test_invoices_and_credit_notes_share_one_sequence_until_separated(api, customer):
    assert api.invoice(customer)["invoice_number"] == "SI-1"
    assert api.credit_note(customer)["credit_note_number"] == "SCN-2"
    assert api.invoice(customer)["invoice_number"] == "SI-3"
    api.handle.change_business(
        api.business,
        invoice_settings={"separate_invoice_credit_note_numbering": True, "next_credit_note_number": 1},
    )
    assert api.credit_note(customer)["credit_note_number"] == "SCN-1"
    assert api.invoice(customer)["invoice_number"] == "SI-4"


def test_a_number_of_our_own_is_kept_and_taken_once(api, customer):
    assert api.invoice(customer, invoice_number="SI-41")["invoice_number"] == "SI-41"
    assert api.invoice(customer)["invoice_number"] == "SI-42"
    own = {"invoice_number_prefix": "BR-", "invoice_number": "7"}
    assert api.invoice(customer, **own)["invoice_number"] == "BR-7"
    assert refused(api, customer, **own).sources == ["invoice_number"]
    api.handle.switch("duplicate_invoice_number", "accept")
    assert api.invoice(customer, **own)


def test_a_draft_has_no_number_and_no_transaction_until_released(api, customer):
    draft = api.invoice(customer, status_id="DRAFT")
    assert draft["displayed_as"] == draft["invoice_number"] == "SI-DRAFT"
    assert draft["transaction"] is None
    assert draft["outstanding_amount"] == "0.0"
    released = api.ask("POST", f"/sales_invoices/{draft['id']}/release")
    assert released.status == 201
    assert released.json["invoice_number"] == "SI-1"
    assert released.json["outstanding_amount"] == "120.0"
    assert api.ask("POST", f"/sales_invoices/{draft['id']}/release").status == 422


def test_a_put_merges_lines_by_id(api, customer):
    invoice = api.invoice(customer, [api.line(), api.line(price="50", tax="10")])
    first = invoice["invoice_lines"][0]
    body = {"invoice_lines": [{"id": first["id"], "unit_price": "80", "tax_amount": "16"}]}
    changed = api.ask("PUT", f"/sales_invoices/{invoice['id']}", {"sales_invoice": body}).json
    assert [line["net_amount"] for line in changed["invoice_lines"]] == ["80.0", "50.0"]
    assert changed["total_amount"] == changed["outstanding_amount"] == "156.0"
    body = {"invoice_lines": [api.line(price="1", tax="0.2")]}
    longer = api.ask("PUT", f"/sales_invoices/{invoice['id']}", {"sales_invoice": body}).json
    assert len(longer["invoice_lines"]) == 3
    body = {"invoice_lines": [{"id": "0" * 32}]}
    assert api.ask("PUT", f"/sales_invoices/{invoice['id']}", {"sales_invoice": body}).status == 422


def test_a_put_may_replace_lines_when_switched(api, customer):
    api.handle.switch("put_lines", "replace")
    invoice = api.invoice(customer, [api.line(), api.line(price="50", tax="10")])
    body = {"invoice_lines": [{"id": invoice["invoice_lines"][1]["id"]}], "reference": "NEW"}
    changed = api.ask("PUT", f"/sales_invoices/{invoice['id']}", {"sales_invoice": body}).json
    assert [line["net_amount"] for line in changed["invoice_lines"]] == ["50.0"]
    assert changed["reference"] == "NEW"


def test_a_put_may_change_texts_addresses_contact_and_number(api, customer):
    invoice = api.invoice(customer)
    other = api.handle.add_contact("Cedar LLP", api.business, reference="CEDAR")
    body = {
        "contact_id": other["id"],
        "due_date": "2026-03-01",
        "notes": "new",
        "main_address": {"address_line_1": "9 Hill", "city": "York"},
        "invoice_number": "SI-90",
        "sent": True,
    }
    changed = api.ask("PUT", f"/sales_invoices/{invoice['id']}", {"sales_invoice": body}).json
    assert changed["contact"]["id"] == other["id"]
    assert (changed["contact_name"], changed["contact_reference"]) == ("Cedar LLP", "CEDAR")
    assert (changed["due_date"], changed["notes"], changed["sent"]) == ("2026-03-01", "new", True)
    assert changed["main_address"]["city"] == "York"
    assert changed["displayed_as"] == "SI-90"


@pytest.mark.parametrize(
    "body",
    [
        {"invoice_lines": "none"},
        {"invoice_lines": ["none"]},
        {"date": "never"},
        {"due_date": "never"},
        {"reference": "x" * 26},
        {"main_address": {"city": "x" * 51}},
        {"contact_id": "0" * 32},
        {"total_amount": "1"},
    ],
)
def test_a_put_that_is_refused_changes_nothing(api, customer, body):
    invoice = api.invoice(customer)
    assert api.ask("PUT", f"/sales_invoices/{invoice['id']}", {"sales_invoice": body}).status == 422
    assert api.read_invoice(invoice) == invoice


@pytest.mark.parametrize("given", ["none", ["none"], []])
def test_lines_are_a_list_of_objects(api, customer, given):
    reply = api.ask(
        "POST", "/sales_invoices", {"sales_invoice": {**api.invoice_body(customer), "invoice_lines": given}}
    )
    assert reply.sources == ["invoice_lines"]


def test_goods_and_services_for_abroad_do_not_mix(api, customer):
    kinds = [api.line(eu_goods_services_type_id=kind) for kind in ("GOODS", "SERVICES")]
    assert refused(api, customer, kinds).sources == ["line_items.eu_goods_services_type_id"]
    assert refused(api, customer, [api.line(eu_goods_services_type_id="BOTH")])


def test_a_put_cannot_write_the_status(api, customer):
    invoice = api.invoice(customer)
    changed = api.ask("PUT", f"/sales_invoices/{invoice['id']}", {"sales_invoice": {"status_id": "PAID"}})
    assert changed.json["status"]["id"] == "UNPAID"


@pytest.mark.parametrize("state", ["paid", "void", "reconciled", "locked"])
def test_a_settled_void_reconciled_or_locked_invoice_cannot_be_changed(api, customer, state):
    invoice = api.invoice(customer)
    if state == "paid":
        api.handle.record_payment(invoice["id"], "10")
    elif state == "void":
        api.handle.void_invoice(invoice["id"])
    elif state == "reconciled":
        api.handle.change_record("sales_invoices", invoice["id"], tax_reconciled=True)
    else:
        api.handle.change_business(api.business, financial_settings={"year_end_lockdown_date": "2026-03-31"})
    reply = api.ask("PUT", f"/sales_invoices/{invoice['id']}", {"sales_invoice": {"reference": "x"}})
    assert reply.status == 422


def test_voiding_keeps_the_record_with_nothing_outstanding(api, customer):
    invoice = api.invoice(customer)
    path = f"/sales_invoices/{invoice['id']}"
    assert api.ask("DELETE", path).sources == ["void_reason"]
    assert api.ask("DELETE", path, query={"void_reason": "x" * 201}).sources == ["void_reason"]
    voided = api.ask("DELETE", path, query={"void_reason": "entered twice"})
    assert voided.status == 200
    assert voided.json["status"]["id"] == "VOID"
    assert voided.json["outstanding_amount"] == "0.0"
    assert voided.json["total_amount"] == "120.0"
    assert voided.json["void_reason"] == "entered twice"
    assert voided.json["editable"] is False
    assert api.ask("DELETE", path, query={"void_reason": "again"}).status == 422


@pytest.mark.parametrize(
    ("where", "query", "body"), [("body", 422, 200), ("either", 200, 200), ("query", 200, 422)]
)
def test_where_the_void_reason_is_read_is_a_switch(api, customer, where, query, body):
    api.handle.switch("void_reason_in", where)
    first, second = api.invoice(customer), api.invoice(customer)
    in_query = api.ask("DELETE", f"/sales_invoices/{first['id']}", query={"void_reason": "x"})
    in_body = api.ask("DELETE", f"/sales_invoices/{second['id']}", {"void_reason": "x"})
    assert (in_query.status, in_body.status) == (query, body)


def test_an_invoice_with_a_payment_cannot_be_voided(api, customer):
    invoice = api.invoice(customer)
    payment = api.handle.record_payment(invoice["id"], "120")
    path = f"/sales_invoices/{invoice['id']}"
    assert api.ask("DELETE", path, query={"void_reason": "x"}).status == 422
    api.handle.delete_payment(payment["id"])
    assert api.ask("DELETE", path, query={"void_reason": "x"}).status == 200


def test_a_draft_is_really_deleted(api, customer):
    draft = api.invoice(customer, status_id="DRAFT")
    assert api.ask("DELETE", f"/sales_invoices/{draft['id']}").status == 200
    assert api.ask("GET", f"/sales_invoices/{draft['id']}").status == 404


@pytest.mark.parametrize(
    ("feed", "updated", "deleted"), [("updated", 1, 0), ("deleted", 0, 1), ("both", 1, 1)]
)
def test_the_feed_that_shows_a_void_is_a_switch(api, customer, feed, updated, deleted):
    api.handle.switch("void_feed", feed)
    invoice = api.invoice(customer)
    api.handle.advance_clock(60)
    since = api.handle.now()
    api.handle.advance_clock(5)
    api.handle.void_invoice(invoice["id"])
    assert api.get("/sales_invoices", updated_or_created_since=since)["$total"] == updated
    assert api.get("/sales_invoices", deleted_since=since)["$total"] == deleted


def test_reading_marks_as_sent_unless_told_not_to(api, customer):
    invoice = api.invoice(customer)
    assert api.read_invoice(invoice)["sent"] is False
    assert api.get(f"/sales_invoices/{invoice['id']}")["sent"] is True


def test_only_the_pdf_marks_as_sent_when_switched(api, customer):
    api.handle.switch("mark_as_sent_on", "pdf")
    invoice = api.invoice(customer)
    assert api.get(f"/sales_invoices/{invoice['id']}")["sent"] is False
    api.ask("GET", f"/sales_invoices/{invoice['id']}", Accept="application/pdf")
    assert api.read_invoice(invoice)["sent"] is True


def test_the_pdf_is_one(api, customer):
    invoice = api.invoice(customer, [api.line(description="Tax (return) \\ fee – £")])
    query = {"mark_as_sent": "false"}
    reply = api.ask("GET", f"/sales_invoices/{invoice['id']}", query=query, Accept="application/pdf")
    assert reply.headers["Content-Type"] == "application/pdf"
    assert reply.body.startswith(b"%PDF-1.4")
    assert reply.body.endswith(b"%%EOF\n")
    start = int(re.search(rb"startxref\n(\d+)", reply.body)[1])
    assert reply.body[start:].startswith(b"xref")
    assert rb"Tax \(return\) \\ fee" in reply.body


def test_the_web_link_opens_the_accountants_page(api, customer):
    links = {link["rel"]: link["href"] for link in api.invoice(customer)["links"]}
    assert set(links) == {"alternate", "bookmark"}
    page = api.raw("GET", links["alternate"].removeprefix(api.sandbox.url))
    assert page.status == 200
    assert b"SI-1" in page.body
    assert api.raw("GET", links["bookmark"].removeprefix(api.sandbox.url)).status == 200


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"sales_invoice": NaN}', b'{"sales_invoice": {"notes": "\\ud800"}}']
)
def test_what_is_not_a_json_object_is_a_bad_request(api, body):
    headers = {
        "Authorization": f"Bearer {api.token}",
        "X-Business": api.business,
        "Content-Type": "application/json",
    }
    assert api.raw("POST", "/v3.1/sales_invoices", body, headers).status == 400


def test_text_comes_back_as_it_was_sent(api, customer):
    text = "Café ☕ 😀 مرحبا e\u0301 \u200b<script>alert(1)</script>"
    invoice = api.invoice(customer, [api.line(description=text)], notes="line one\nline two")
    again = api.read_invoice(invoice)
    assert again["invoice_lines"][0]["description"] == text
    assert again["notes"] == "line one\nline two"
