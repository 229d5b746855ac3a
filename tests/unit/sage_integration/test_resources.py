from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from responses import matchers

from sage_integration.sage.decimals import number
from sage_integration.sage.errors import (
    AmbiguousContact,
    DuplicateInSage,
    OutcomeUnknown,
    UnexpectedAnswer,
    VoidedInSage,
)
from sage_integration.sage.resources.businesses import has_active_subscription, is_uk
from sage_integration.sage.resources.resource import moment_text, web_address
from tests.unit.sage_integration.conftest import BASE

REFERENCE = "INV-000123-K7Q2M9"


def rows(*items: dict[str, object]) -> dict[str, object]:
    return {
        "$total": len(items),
        "$page": 1,
        "$next": None,
        "$back": None,
        "$itemsPerPage": 200,
        "$items": list(items),
    }


def invoice_row(row_id: str = "1", reference: str = REFERENCE, status: str = "UNPAID") -> dict[str, object]:
    return {"id": row_id, "displayed_as": "SI-1", "reference": reference, "status": {"id": status},
            "total_amount": "198.64"}  # fmt: skip


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], None),
        ([invoice_row("1")], "1"),
        ([invoice_row("1", reference=REFERENCE + "0")], None),
        ([invoice_row("1", reference=REFERENCE.lower())], None),
        ([invoice_row("1", reference=""), invoice_row("2")], "2"),
        ([invoice_row("1", status="VOID"), invoice_row("2")], "2"),
    ],
)
def test_a_lookup_wants_this_very_reference(sage, client, found, expected):
    sage.get(f"{BASE}/sales_invoices", json=rows(*found))
    invoice = client.sales_invoices.find_by_reference(REFERENCE)
    assert (invoice["id"] if invoice else None) == expected


@pytest.mark.parametrize(
    ("found", "error"),
    [
        ([invoice_row("1"), invoice_row("2")], DuplicateInSage),
        ([invoice_row("1", status="VOID")], VoidedInSage),
        ([invoice_row("1", status="VOID"), invoice_row("2", status="VOID")], VoidedInSage),
    ],
)
@pytest.mark.parametrize("resource", ["sales_invoices", "sales_credit_notes"])
def test_a_lookup_never_adopts_one_of_two_and_never_a_void_one(sage, client, resource, found, error):
    sage.get(f"{BASE}/{resource}", json=rows(*found))
    with pytest.raises(error):
        getattr(client, resource).find_by_reference(REFERENCE)


def test_a_lookup_asks_for_the_reference_itself(sage, client):
    """Without attributes the rows would not contain it (FACTS.md 14)."""
    sage.get(f"{BASE}/sales_invoices", json=rows())
    client.sales_invoices.find_by_reference(REFERENCE)
    params = sage.calls[0].request.params
    assert (params["search"], params["items_per_page"]) == (REFERENCE, "200")
    assert {"reference", "invoice_number", "total_amount", "status", "contact", "created_at"} <= set(
        params["attributes"].split(",")
    )


def contact_row(row_id: str, name: str, **extra: object) -> dict[str, object]:
    return {"id": row_id, "displayed_as": name, "name": name, **extra}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], None),
        ([contact_row("1", "Acme Co Ltd")], None),
        ([contact_row("1", "acme co")], None),
        ([contact_row("1", "Acme Co ")], None),
        ([contact_row("1", "Acme Co Ltd"), contact_row("2", "Acme Co")], "2"),
        ([contact_row("1", "Acme Co", gdpr_obfuscated=True), contact_row("2", "Acme Co")], "2"),
        ([contact_row("1", "Acme Co", system=True)], None),
    ],
)
def test_a_contact_is_found_by_its_exact_name_only(sage, client, found, expected):
    """F51: named exactly as the client."""
    sage.get(
        f"{BASE}/contacts",
        json=rows(*found),
        match=[
            matchers.query_param_matcher(
                {"search": "Acme Co", "exclude_system": "true", "contact_type_id": "CUSTOMER"},
                strict_match=False,
            )
        ],
    )
    contact = client.contacts.find_by_name("Acme Co")
    assert (contact["id"] if contact else None) == expected


def test_of_two_contacts_with_one_name_none_is_guessed(sage, client):
    sage.get(f"{BASE}/contacts", json=rows(contact_row("1", "Acme Co"), contact_row("2", "Acme Co")))
    with pytest.raises(AmbiguousContact):
        client.contacts.find_by_name("Acme Co")


def test_amounts_come_back_exact_and_at_every_depth(sage, client):
    sage.get(
        f"{BASE}/sales_invoices/1",
        json={
            "id": "1",
            "total_amount": "6011.4",
            "last_paid": "",
            "invoice_lines": [{"id": "2", "quantity": "100.0", "tax_breakdown": [{"percentage": "20.0"}]}],
        },
        match=[matchers.query_param_matcher({"mark_as_sent": "false"})],
    )
    invoice = client.sales_invoices.get("1")
    assert invoice["total_amount"] == Decimal("6011.4")
    assert invoice["invoice_lines"][0]["quantity"] == 100
    assert invoice["invoice_lines"][0]["tax_breakdown"][0]["percentage"] == 20


def test_a_new_invoice_goes_out_wrapped_with_exact_numbers_and_its_idempotency_id(sage, client):
    sage.post(f"{BASE}/sales_invoices", json=invoice_row(), status=201)
    line = {
        "description": "Bookkeeping",
        "ledger_account_id": "acc",
        "quantity": number(Decimal("1.5")),
        "unit_price": number(Decimal("45.53")),
        "tax_rate_id": "GB_STANDARD",
        "tax_amount": number(Decimal("13.66")),
    }
    created = client.sales_invoices.create(
        {
            "contact_id": "c1",
            "date": "2026-11-22",
            "reference": REFERENCE,
            "invoice_lines": [line],
            "idempotency_id": "0" * 32,
        }
    )
    assert created["total_amount"] == Decimal("198.64")
    assert sage.calls[0].request.body.decode() == (
        '{"sales_invoice":{"contact_id":"c1","date":"2026-11-22","reference":"INV-000123-K7Q2M9",'
        '"invoice_lines":[{"description":"Bookkeeping","ledger_account_id":"acc","quantity":1.5,'
        '"unit_price":45.53,"tax_rate_id":"GB_STANDARD","tax_amount":13.66}],'
        f'"idempotency_id":"{"0" * 32}"}}}}'
    )


@pytest.mark.parametrize("answer", [{}, {"id": ""}, {"id": None}, {"id": "1", "total_amount": "12,00"}])
def test_a_create_whose_answer_makes_no_sense_has_an_unknown_outcome(sage, client, answer):
    sage.post(f"{BASE}/sales_invoices", json=answer, status=201)
    with pytest.raises(OutcomeUnknown):
        client.sales_invoices.create({})


def test_a_read_whose_amounts_make_no_sense_is_an_unexpected_answer(sage, client):
    sage.get(f"{BASE}/sales_invoices", json=rows({"id": "1", "total_amount": "a lot"}))
    with pytest.raises(UnexpectedAnswer):
        list(client.sales_invoices.list())


def test_a_reason_for_voiding_is_sent_in_the_query_and_in_the_body(sage, client):
    sage.delete(
        f"{BASE}/sales_invoices/1",
        json=invoice_row(status="VOID"),
        match=[
            matchers.query_param_matcher({"void_reason": "Sent twice"}),
            matchers.json_params_matcher({"void_reason": "Sent twice"}),
        ],
    )
    voided = client.sales_invoices.void("1", "Sent twice")
    assert voided["status"]["id"] == "VOID"


def test_a_removed_draft_leaves_nothing(sage, client):
    sage.delete(f"{BASE}/sales_invoices/1", status=204)
    assert client.sales_invoices.void("1", "A draft") is None


@pytest.mark.parametrize("reason", ["", "x" * 201])
def test_a_reason_sage_would_not_keep_is_refused_before_sending(sage, client, reason):
    with pytest.raises(ValueError):
        client.sales_invoices.void("1", reason)


def test_payments_and_allocations_are_asked_for(sage, client):
    sage.get(
        f"{BASE}/sales_invoices/1",
        json={"id": "1", "payments_allocations": [{"amount": "40.0"}]},
        match=[matchers.query_param_matcher({"mark_as_sent": "false", "show_payments_allocations": "true"})],
    )
    assert client.sales_invoices.payments_allocations("1")[0]["amount"] == 40


def test_an_answer_about_another_record_leaves_a_change_unknown(sage, client):
    sage.put(f"{BASE}/sales_invoices/1", json={**invoice_row(), "id": "2"})
    with pytest.raises(OutcomeUnknown):
        client.sales_invoices.update("1", {"date": "2027-03-10"})


def test_a_pdf_does_not_mark_the_invoice_as_sent(sage, client):
    """F11: the bytes are Sage's own."""
    sage.get(
        f"{BASE}/sales_invoices/1",
        body=b"%PDF-1.4\n%%EOF",
        match=[matchers.query_param_matcher({"mark_as_sent": "false"})],
    )
    assert client.sales_invoices.pdf("1") == b"%PDF-1.4\n%%EOF"


def test_an_id_is_one_part_of_a_path(sage, client):
    sage.get(f"{BASE}/contacts/..%2Fuser%3Fx", json={"id": "1"})
    client.contacts.get("../user?x")
    with pytest.raises(ValueError):
        client.contacts.get("")


def test_change_feeds_take_whole_seconds_of_utc_rounded_down():
    london_summer = datetime(2026, 7, 1, 10, 30, 15, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert moment_text(london_summer) == "2026-07-01T09:30:15Z"
    assert moment_text(None) is None
    with pytest.raises(ValueError):
        moment_text(datetime(2026, 7, 1))  # noqa: DTZ001 - the very thing that is refused


@pytest.mark.parametrize("feed", ["updated_or_created_since", "deleted_since"])
@pytest.mark.parametrize(
    "resource", ["contact_payments", "contact_allocations", "sales_invoices", "sales_credit_notes"]
)
def test_feeds_are_read_in_order_of_change(sage, client, resource, feed):
    sage.get(f"{BASE}/{resource}", json=rows())
    list(getattr(client, resource).list(**{feed: datetime(2026, 11, 22, 9, tzinfo=UTC)}))
    params = sage.calls[0].request.params
    assert (params[feed], params["sort"]) == ("2026-11-22T09:00:00Z", "updated_at:asc")
    assert "deleted_at" in params["attributes"]


def test_tax_rates_are_those_for_sales_on_a_day(sage, client):
    sage.get(
        f"{BASE}/tax_rates",
        json=rows({"id": "GB_STANDARD", "percentage": "20.0"}),
        match=[matchers.query_param_matcher({"usage": "sales", "date": "2026-11-22"}, strict_match=False)],
    )
    (rate,) = client.tax_rates.list(on=date(2026, 11, 22))
    assert rate["percentage"] == 20


def test_businesses_are_listed_without_parameters(sage, client):
    sage.get(
        f"{BASE}/businesses",
        json={"$items": [{"id": "b1", "displayed_as": "One"}], "$next": None, "$items_per_page": 2147483647},
        match=[matchers.query_param_matcher({})],
    )
    assert [business["id"] for business in client.businesses.list()] == ["b1"]


@pytest.mark.parametrize(("country", "expected"), [("GB", True), ("IE", False)])
def test_a_business_is_british_by_its_country(country, expected):
    assert (
        is_uk({"id": "b1", "displayed_as": "One", "country": {"id": country, "displayed_as": ""}}) is expected
    )


@pytest.mark.parametrize(
    ("subscriptions", "expected"),
    [([], False), ([{"id": "START", "active": False}], False), ([{"active": False}, {"active": True}], True)],
)
def test_one_active_subscription_is_enough(subscriptions, expected):
    business = {"id": "b1", "displayed_as": "One", "subscriptions": subscriptions}
    assert has_active_subscription(business) is expected


def test_only_the_link_for_people_is_handed_out():
    """F66: the number links to Sage, never through the payment link, which is a secret (FACTS.md 9.7)."""
    secret = {"href": "https://sage.test/online_payment/gb1", "rel": "bookmark", "type": "text/html"}
    page = {"href": "https://sage.test/invoicing/1", "rel": "alternate", "type": "text/html"}
    assert web_address([secret, page]) == "https://sage.test/invoicing/1"
    assert web_address([secret]) is None
    assert web_address(None) is None
