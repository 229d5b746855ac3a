"""FACTS.md 10 and 11: payments, credit notes, allocations, what they do to an invoice."""

import pytest


def pay(api, customer, amount, artefacts, **more):
    return {
        "contact_payment": {
            "transaction_type_id": "CUSTOMER_RECEIPT",
            "contact_id": customer["id"],
            "bank_account_id": api.get("/bank_accounts")["$items"][0]["id"],
            "date": "2026-01-31",
            "total_amount": amount,
            "allocated_artefacts": [{"artefact_id": key, "amount": part} for key, part in artefacts],
            **more,
        }
    }


def allocation(customer, *artefacts):
    return {
        "contact_allocation": {
            "transaction_type_id": "CUSTOMER_ALLOCATION",
            "contact_id": customer["id"],
            "date": "2026-01-31",
            "allocated_artefacts": [{"artefact_id": key, "amount": amount} for key, amount in artefacts],
        }
    }


def test_a_part_then_the_rest(api, customer):
    invoice = api.invoice(customer)
    part = api.ask("POST", "/contact_payments", pay(api, customer, "50", [(invoice["id"], "50")]))
    assert part.status == 201
    assert part.json["allocated_artefacts"][0]["artefact"]["id"] == invoice["id"]
    assert part.json["payment_on_account"] is None
    assert part.json["payment_method"]["id"] == "ELECTRONIC"
    half = api.read_invoice(invoice)
    assert (half["status"]["id"], half["outstanding_amount"], half["total_paid"]) == (
        "PART_PAID",
        "70.0",
        "50.0",
    )
    assert half["last_paid"] == "2026-01-31"
    assert half["editable"] is False
    api.ask("POST", "/contact_payments", pay(api, customer, "70", [(invoice["id"], "70")]))
    paid = api.read_invoice(invoice)
    assert (paid["status"]["id"], paid["outstanding_amount"]) == ("PAID", "0.0")


def test_what_is_missing_is_named(api):
    reply = api.ask("POST", "/contact_payments", {"contact_payment": {}})
    assert reply.sources == ["transaction_type_id", "contact_id", "bank_account_id", "date", "total_amount"]


def test_paying_too_much_or_a_paid_invoice_names_no_invoice(api, customer):
    invoice = api.invoice(customer)
    reply = api.ask("POST", "/contact_payments", pay(api, customer, "121", [(invoice["id"], "121")]))
    assert (reply.status, reply.sources) == (422, ["base"])
    api.handle.record_payment(invoice["id"], "120")
    reply = api.ask("POST", "/contact_payments", pay(api, customer, "1", [(invoice["id"], "1")]))
    assert reply.json[0]["$message"] == "Only unpaid or part-paid invoices can be paid."
    less = api.ask("POST", "/contact_payments", pay(api, customer, "1", [(api.invoice(customer)["id"], "2")]))
    assert less.sources == ["total_amount"]


@pytest.mark.parametrize(
    ("change", "source"),
    [
        ({"transaction_type_id": "GIFT"}, "transaction_type_id"),
        ({"bank_account_id": "0" * 32}, "bank_account_id"),
        ({"payment_method_id": "SHELLS"}, "payment_method_id"),
        ({"total_amount": "much"}, "total_amount"),
        ({"total_amount": "-5"}, "total_amount"),
        ({"reference": "x" * 26}, "reference"),
        ({"contact_id": "0" * 32}, ""),
        ({"allocated_artefacts": [{"amount": "5"}]}, "allocated_artefacts.artefact_id"),
    ],
)
def test_limits_of_a_payment(api, customer, change, source):
    reply = api.ask("POST", "/contact_payments", pay(api, customer, "5", [], **change))
    assert (reply.status, reply.sources) == (422, [source])


def test_a_supplier_can_be_paid(api):
    supplier = api.handle.add_contact("Paper Mill", contact_type_ids=["VENDOR"])
    body = pay(api, supplier, "10", [], transaction_type_id="VENDOR_PAYMENT", payment_method_id="CASH")
    assert api.ask("POST", "/contact_payments", body).json["payment_method"]["id"] == "CASH"


def test_raising_and_lowering_a_payment_keeps_one_rest_on_account(api, customer):
    payment = api.handle.record_payment(api.invoice(customer)["id"], "150")
    more = api.ask(
        "PUT", f"/contact_payments/{payment['id']}", {"contact_payment": {"total_amount": "160"}}
    ).json
    assert more["payment_on_account"]["id"] == payment["payment_on_account"]["id"]
    assert more["payment_on_account"]["outstanding_amount"] == "40.0"
    less = api.ask(
        "PUT", f"/contact_payments/{payment['id']}", {"contact_payment": {"total_amount": "120"}}
    ).json
    assert less["payment_on_account"] is None
    assert api.get("/unallocated_artefacts", contact_id=customer["id"])["$total"] == 0


def test_the_invoice_of_another_contact_cannot_be_paid(api, customer):
    other = api.invoice(api.handle.add_contact("Cedar LLP"))
    reply = api.ask("POST", "/contact_payments", pay(api, customer, "10", [(other["id"], "10")]))
    assert reply.sources == ["allocated_artefacts.artefact_id"]


def test_one_payment_may_settle_two_invoices(api, customer):
    first, second = api.invoice(customer), api.invoice(customer)
    body = pay(api, customer, "170", [(first["id"], "120"), (second["id"], "50")])
    assert api.ask("POST", "/contact_payments", body).status == 201
    assert (api.status(first), api.status(second)) == ("PAID", "PART_PAID")


def test_a_discount_settles_without_money(api, customer):
    invoice = api.invoice(customer)
    body = pay(api, customer, "110", [])
    body["contact_payment"]["allocated_artefacts"] = [
        {"artefact_id": invoice["id"], "amount": "110", "discount": "10"}
    ]
    assert api.ask("POST", "/contact_payments", body).status == 201
    paid = api.read_invoice(invoice)
    assert (paid["status"]["id"], paid["total_paid"]) == ("PAID", "120.0")
    assert paid["payments_allocations_total_amount"] == "110.0"
    assert paid["payments_allocations_total_discount"] == "10.0"


def test_the_rest_stays_on_account_and_can_be_allocated(api, customer):
    invoice = api.invoice(customer)
    payment = api.handle.record_payment(invoice["id"], "150")
    on_account = payment["payment_on_account"]
    assert on_account["outstanding_amount"] == "30.0"
    second = api.invoice(customer)
    rows = api.get("/unallocated_artefacts", contact_id=customer["id"])["$items"]
    assert {row["id"] for row in rows} == {on_account["id"], second["id"]}
    body = allocation(customer, (second["id"], "30"), (on_account["id"], "-30"))
    assert api.ask("POST", "/contact_allocations", body).status == 201
    assert api.read_invoice(second)["outstanding_amount"] == "90.0"
    assert api.ask("DELETE", f"/contact_payments/{payment['id']}").status == 422, "its rest is allocated"


def test_the_start_plan_leaves_nothing_on_account(api, customer):
    invoice = api.invoice(customer)
    api.handle.change_business(api.business, plan="T")
    reply = api.ask("POST", "/contact_payments", pay(api, customer, "150", [(invoice["id"], "120")]))
    assert reply.sources == ["allocated_artefacts"]


def test_editing_and_deleting_a_payment_moves_the_status_back(api, customer):
    invoice = api.invoice(customer)
    payment = api.handle.record_payment(invoice["id"], "120")
    api.handle.edit_payment(payment["id"], amount="20", date="2026-02-02")
    changed = api.read_invoice(invoice)
    assert (changed["status"]["id"], changed["outstanding_amount"], changed["last_paid"]) == (
        "PART_PAID",
        "100.0",
        "2026-02-02",
    )
    assert api.ask("DELETE", f"/contact_payments/{payment['id']}").status == 204
    assert api.status(invoice) == "UNPAID"
    assert api.read_invoice(invoice)["last_paid"] == ""


def test_a_put_that_allocates_nothing_takes_the_payment_off(api, customer):
    invoice = api.invoice(customer)
    payment = api.handle.record_payment(invoice["id"], "50")
    reply = api.ask(
        "PUT", f"/contact_payments/{payment['id']}", {"contact_payment": {"allocated_artefacts": []}}
    )
    assert reply.json["payment_on_account"]["outstanding_amount"] == "50.0"
    assert api.status(invoice) == "UNPAID"


def test_a_refused_change_changes_nothing(api, customer):
    invoice = api.invoice(customer)
    payment = api.handle.record_payment(invoice["id"], "50")
    body = {"contact_payment": {"total_amount": "10"}}
    assert api.ask("PUT", f"/contact_payments/{payment['id']}", body).status == 422
    assert api.read_invoice(invoice)["outstanding_amount"] == "70.0"


def test_a_bank_reconciled_payment_stays(api, customer):
    payment = api.handle.record_payment(api.invoice(customer)["id"], "50")
    api.handle.change_record("contact_payments", payment["id"], editable=False)
    assert api.ask("DELETE", f"/contact_payments/{payment['id']}").status == 422


def test_a_deleted_payment_shows_in_its_feed_without_its_artefacts(api, customer):
    invoice = api.invoice(customer)
    payment = api.handle.record_payment(invoice["id"], "50")
    api.handle.advance_clock(60)
    since = api.handle.now()
    api.handle.advance_clock(5)
    api.handle.delete_payment(payment["id"])

    def row():
        return api.get("/contact_payments", deleted_since=since, attributes="all")["$items"][0]

    assert row()["id"] == payment["id"]
    assert row()["allocated_artefacts"] == []
    api.handle.switch("deleted_payment_lists_artefacts", True)
    assert row()["allocated_artefacts"][0]["artefact"]["id"] == invoice["id"]


@pytest.mark.parametrize("bumps", [False, True])
def test_whether_a_payment_moves_the_invoice_is_a_switch(api, customer, bumps):
    api.handle.switch("payment_bumps_invoice_updated_at", bumps)
    invoice = api.invoice(customer)
    api.handle.advance_clock(60)
    api.handle.record_payment(invoice["id"], "50")
    assert (api.read_invoice(invoice)["updated_at"] > invoice["updated_at"]) is bumps


def test_payments_are_shown_with_an_invoice_on_request(api, customer):
    invoice = api.invoice(customer)
    payment = api.handle.record_payment(invoice["id"], "50", date="2026-01-31", reference="BACS")
    assert "payments_allocations" not in api.read_invoice(invoice)
    shown = api.read_invoice(invoice, show_payments_allocations="true")["payments_allocations"]
    assert [(row["date"], row["amount"], row["reference"]) for row in shown] == [
        ("2026-01-31", "50.0", "BACS")
    ]
    assert shown[0]["contact_payment"]["id"] == payment["id"]
    assert shown[0]["contact_allocation"] is None


def test_payments_can_be_filtered(api, customer):
    payment = api.handle.record_payment(api.invoice(customer)["id"], "50", date="2026-01-31")
    bank = payment["bank_account"]["id"]

    def total(**query):
        return api.get("/contact_payments", **query)["$total"]

    assert total(contact_id=customer["id"], transaction_type_id="CUSTOMER_RECEIPT", bank_account_id=bank) == 1
    assert total(transaction_type_id="CUSTOMER_REFUND") == total(from_date="2026-02-01") == 0


def test_a_credit_note_is_allocated_to_an_invoice_and_back(api, customer):
    invoice = api.invoice(customer)
    note = api.credit_note(customer, [api.line(price="50", tax="10")])
    assert (note["status"]["id"], note["outstanding_amount"]) == ("UNPAID", "60.0")
    made = api.ask(
        "POST", "/contact_allocations", allocation(customer, (invoice["id"], "60"), (note["id"], "-60"))
    )
    assert made.status == 201
    assert api.read_invoice(invoice)["outstanding_amount"] == "60.0"
    assert api.get(f"/sales_credit_notes/{note['id']}")["status"]["id"] == "PAID"
    smaller = allocation(customer, (invoice["id"], "10"), (note["id"], "-10"))
    assert api.ask("PUT", f"/contact_allocations/{made.json['id']}", smaller).status == 200
    assert api.read_invoice(invoice)["outstanding_amount"] == "110.0"
    assert api.ask("DELETE", f"/contact_allocations/{made.json['id']}").status == 204
    assert api.status(invoice) == "UNPAID"
    assert api.get(f"/sales_credit_notes/{note['id']}")["outstanding_amount"] == "60.0"


@pytest.mark.parametrize("amounts", [("60", "-59"), ("-60", "60"), ("61", "-61"), ("60", "60")])
def test_allocations_must_balance_within_what_is_open(api, customer, amounts):
    invoice = api.invoice(customer)
    note = api.credit_note(customer, [api.line(price="50", tax="10")])
    body = allocation(customer, (invoice["id"], amounts[0]), (note["id"], amounts[1]))
    assert api.ask("POST", "/contact_allocations", body).status == 422
    assert api.status(invoice) == "UNPAID"


def test_allocations_stay_within_one_contact(api, customer):
    note = api.credit_note(api.handle.add_contact("Cedar LLP"))
    body = allocation(customer, (api.invoice(customer)["id"], "10"), (note["id"], "-10"))
    assert api.ask("POST", "/contact_allocations", body).sources == ["allocated_artefacts.artefact_id"]


def test_a_refund_uses_up_a_credit_note(api, customer):
    note = api.credit_note(customer)
    body = pay(api, customer, "120", [(note["id"], "120")], transaction_type_id="CUSTOMER_REFUND")
    assert api.ask("POST", "/contact_payments", body).status == 201
    assert api.get(f"/sales_credit_notes/{note['id']}")["status"]["id"] == "PAID"


def test_credit_notes_can_be_drafts_by_default(api, customer):
    api.handle.switch("credit_note_default_status", "DRAFT")
    note = api.credit_note(customer)
    assert (note["status"]["id"], note["credit_note_number"]) == ("DRAFT", "SCN-DRAFT")
    assert api.ask("POST", f"/sales_credit_notes/{note['id']}/release").json["status"]["id"] == "UNPAID"


def test_a_credit_note_is_voided_like_an_invoice(api, customer):
    note = api.credit_note(customer)
    reply = api.ask("DELETE", f"/sales_credit_notes/{note['id']}", query={"void_reason": "wrong client"})
    assert reply.json["status"]["id"] == "VOID"
    pdf = api.ask("GET", f"/sales_credit_notes/{note['id']}", Accept="application/pdf")
    assert pdf.body.startswith(b"%PDF")
