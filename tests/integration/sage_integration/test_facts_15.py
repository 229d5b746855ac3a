"""FACTS.md 15: every gotcha that users of Sage have reported, by its number."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from urllib.parse import parse_qs, quote

import pytest
from django.db import connection as database
from django.db import connections as databases

from ledger.models import Posting
from practices.models import AuditEntry
from practices.tenancy import acting_for, practice_scope
from sage_integration import tokens
from sage_integration.models import ContactLink, SageConnection, SageLink
from sage_integration.sage.errors import GrantRefused
from sage_integration.sync import pull, reference_data
from sage_integration.sync.audit import audit_documents
from sage_integration.tokens import oauth_client
from tests.integration.sage_integration.posting import (
    add_client,
    empty_valkey,
    issue,
    issued_invoice,
    line,
    posted,
    posting_of,
    push_once,
    push_until_settled,
)
from tests.sage import COMPANY

CREATE = "POST /sales_invoices"
WITHOUT_BUSINESS = ("/businesses", "/user", "/token", "/revoke", "/oauth2")


def sent_invoice(sage) -> dict:
    """The body of the last invoice that was sent."""
    return json.loads(sage.requests("POST", "/sales_invoices")[-1]["body"])["sales_invoice"]


def queries(sage, path: str) -> list[dict[str, list[str]]]:
    return [parse_qs(request["query"]) for request in sage.requests("GET", path)]


def everything(practice, sage, clock) -> None:
    """Push, poll, read and compare: all that is ever asked of Sage."""
    posted(practice, sage)
    sage.arm("drop_answer_after_saving", on=CREATE)
    issued_invoice(practice)
    push_until_settled(practice, clock)
    paid = sage.sales_invoices()[0]
    sage.record_payment(paid["id"], Decimal(10))
    with acting_for(practice.pk):
        pull.poll_payments()
        reference_data.sync_reference_data()
        audit_documents()


def test_facts_15_01_two_workers_refresh_once(brook, enabled, sage):
    sage.expire_access_tokens()
    with practice_scope(brook.pk):
        stale = SageConnection.objects.get().access_token
    sage.forget_requests()

    def refresh(_: int) -> str:
        try:
            with acting_for(brook.pk):
                return tokens.newer_token(stale)
        finally:
            databases.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(refresh, range(2)))) == 1
    assert len(sage.requests("POST", "/token")) == 1


@pytest.mark.parametrize("code", ["GB/unknown", quote("GB/unknown", safe=""), ""])
def test_facts_15_02_invalid_grant_in_its_disguises_asks_for_a_new_sign_in(sage, code):
    with pytest.raises(GrantRefused):
        oauth_client().exchange_code(code or "x", "v" * 43)


def test_facts_15_03_a_missing_subscription_is_not_refreshed_away(brook, enabled, sage):
    invoice = issued_invoice(brook)
    sage.forget_requests()
    sage.arm("no_subscription", on="*", times=None)
    push_once(brook)
    assert posting_of(invoice).failure == "SubscriptionInactive"
    assert sage.requests("POST", "/token") == []


def test_facts_15_04_every_request_names_the_business(brook, enabled, sage, clock):
    everything(brook, sage, clock)
    asked = [request for request in sage.requests() if not request["path"].startswith(WITHOUT_BUSINESS)]
    assert {request["business"] for request in asked} == {sage.business_id(COMPANY)}


def test_facts_15_05_a_long_list_ends_where_sage_says(brook, enabled, sage):
    sage.seed_contacts(450, enabled.business_id)
    sage.add_contact("Zebra Ltd", enabled.business_id)
    sage.forget_requests()
    with practice_scope(brook.pk):
        for name in ("Zebra Ltd", "New One Ltd", "New Two Ltd"):
            issue(add_client(name), line())
    push_once(brook)
    assert len(sage.contacts(name="Zebra Ltd")) == 1
    assert len(sage.requests("GET", "/contacts")) <= 6


def test_facts_15_06_amounts_that_come_as_strings_are_exact(brook, enabled, sage):
    ours = posted(brook, sage, prices=("165.53",))
    assert isinstance(ours.theirs["total_amount"], str)
    with practice_scope(brook.pk):
        link = SageLink.objects.get()
        assert (link.net, link.vat) == (Decimal("165.53"), Decimal("33.11"))


@pytest.mark.parametrize("nothing", ["", "null", None])
def test_facts_15_07_nothing_in_three_spellings(brook, enabled, sage, clock, nothing):
    ours = posted(brook, sage)
    sage.change_record("sales_invoices", ours.theirs["id"], last_paid=nothing, notes=nothing)
    other = sage.create("sales_invoices", **document(sage, reference="other"))
    sage.change_record("sales_invoices", other["id"], reference=nothing)
    with acting_for(brook.pk):
        assert audit_documents().problem == ""


def document(sage, **fields) -> dict:
    account = next(row["id"] for row in sage.records("ledger_accounts") if row["nominal_code"] == 4010)
    one = {
        "description": "Work",
        "ledger_account_id": account,
        "quantity": "1",
        "unit_price": "100",
        "tax_rate_id": "GB_STANDARD",
        "tax_amount": "20",
    }
    contact = sage.add_contact("Somebody")["id"]
    return {"contact_id": contact, "date": "2027-03-10", "invoice_lines": [one], **fields}


def test_facts_15_08_a_field_that_sage_names_wrongly_decides_nothing(brook, enabled, sage):
    sage.switch("description_max", 3)
    invoice = issued_invoice(brook)
    push_once(brook)
    posting = posting_of(invoice)
    assert (posting.status, posting.failure) == (Posting.Status.FAILED, "SageRejected")
    assert "Sage says:" in posting.failure_detail


@pytest.mark.parametrize("text", ["R&amp;D", "Fish &chips; more", "&#163;5 &pound;", "<b>bold</b> &nbsp;"])
def test_facts_15_09_no_entity_ever_leaves(brook, enabled, sage, text):
    with practice_scope(brook.pk):
        invoice = issue(add_client(), line(name=text, description=text))
    push_once(brook)
    assert posting_of(invoice).status == Posting.Status.POSTED, posting_of(invoice).failure_detail


def test_facts_15_10_the_delivery_address_is_left_to_sage_and_not_read(brook, enabled, sage):
    posted(brook, sage)
    assert not any(key.startswith("delivery") for key in sent_invoice(sage))


def test_facts_15_11_nothing_is_sent_as_shipping(brook, enabled, sage):
    posted(brook, sage)
    assert not any("shipping" in key for key in sent_invoice(sage))


def test_facts_15_12_contacts_are_made_without_a_reference_that_a_deleted_one_could_block(
    brook, enabled, sage
):
    gone = sage.add_contact("Acme Ltd", enabled.business_id, reference="ACME")
    sage.delete_record("contacts", gone["id"])
    posted(brook, sage)
    [sent] = sage.requests("POST", "/contacts")
    assert "reference" not in json.loads(sent["body"])["contact"]


def test_facts_15_13_a_contact_in_another_currency_stops_the_invoice(brook, enabled, sage):
    contact = sage.add_contact("Acme Ltd", enabled.business_id)
    sage.change_record("contacts", contact["id"], currency={"id": "EUR", "displayed_as": "Euro", "$path": ""})
    invoice = issued_invoice(brook)
    push_once(brook)
    assert posting_of(invoice).status == Posting.Status.FAILED
    assert sage.sales_invoices() == []


def test_facts_15_14_lines_are_rounded_before_they_are_added(brook, enabled, sage):
    prices = ("41.625", "0.125", "0.125", "10.05", "0.07")
    ours = posted(brook, sage, prices=prices)
    assert Decimal(ours.theirs["total_amount"]) == ours.invoice.gross
    assert "total_amount" not in sent_invoice(sage)


def test_facts_15_15_status_is_read_and_never_written(brook, enabled, sage, clock):
    everything(brook, sage, clock)
    assert sage.requests("PUT") == []
    assert sent_invoice(sage).get("status_id") in (None, "DRAFT", "UNPAID")


def test_facts_15_16_a_vague_refusal_of_a_supplier_is_explained(brook, enabled, sage):
    first = posted(brook, sage)
    vendor = {"id": "VENDOR", "displayed_as": "Vendor", "$path": ""}
    sage.change_record("contacts", first.theirs["contact"]["id"], contact_types=[vendor])
    invoice = issued_invoice(brook)
    push_once(brook)
    assert "supplier" in posting_of(invoice).failure_detail


def test_facts_15_17_a_posted_document_is_never_put(brook, enabled, sage, clock):
    everything(brook, sage, clock)
    assert {request["method"] for request in sage.requests()} <= {"GET", "POST"}


def test_facts_15_18_reading_a_document_never_marks_it_as_sent(brook, enabled, sage, clock):
    everything(brook, sage, clock)
    single = [query for query in queries(sage, "/sales_invoices") if "items_per_page" not in query]
    assert single
    assert {query["mark_as_sent"][0] for query in single} == {"false"}
    assert not any(invoice["sent"] for invoice in sage.sales_invoices())


def test_facts_15_19_lists_ask_for_what_they_need_and_never_for_all(brook, enabled, sage, clock):
    everything(brook, sage, clock)
    lists = [parse_qs(r["query"]) for r in sage.requests("GET") if "items_per_page" in r["query"]]
    assert lists
    assert not any(query.get("attributes") == ["all"] for query in lists)
    invoice = issued_invoice(brook)
    sage.arm("status", on="GET /sales_invoices", status=525, times=2)
    sage.arm("drop_answer_after_saving", on=CREATE)
    for _ in range(4):
        empty_valkey()
        push_until_settled(brook, clock, tries=2)
    assert posting_of(invoice).status == Posting.Status.POSTED


def test_facts_15_20_a_500_that_was_stored_all_the_same(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    sage.arm("status_after_saving", on=CREATE, status=500)
    push_until_settled(brook, clock)
    assert posting_of(invoice).status == Posting.Status.POSTED
    assert len(sage.sales_invoices()) == 1


def test_facts_15_21_a_business_sees_one_write_at_a_time(brook, enabled, sage, clock):
    for number in range(6):
        issued_invoice(brook, f"Client {number}")
    sage.forget_requests()

    def work(_: int) -> None:
        try:
            push_once(brook)
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    push_until_settled(brook, clock)
    assert len(sage.sales_invoices()) == 6
    assert sage.summary()["most_in_flight"] == 1


@pytest.mark.parametrize("path", ["", "/contacts/0123456789abcdef0123456789abcdef"])
def test_facts_15_22_the_path_of_an_address_is_of_no_use(brook, enabled, sage, path):
    ours = posted(brook, sage)
    sage.change_record("sales_invoices", ours.theirs["id"], main_address={"$path": path, "id": None})
    with acting_for(brook.pk):
        assert audit_documents().problem == ""


def test_facts_15_23_the_printed_address_is_not_read(brook, enabled, sage):
    ours = posted(brook, sage)
    sage.change_record("sales_invoices", ours.theirs["id"], main_address_free_form="1 Quay\\nBristol")
    with acting_for(brook.pk):
        assert audit_documents().problem == ""


def test_facts_15_24_sages_own_contacts_are_nobodys_clients(brook, enabled, sage):
    system = next(contact for contact in sage.records("contacts") if contact["system"])
    ours = posted(brook, sage, name=system["name"])
    assert ours.theirs["contact"]["id"] != system["id"]
    assert all(
        query["exclude_system"] == ["true"] for query in queries(sage, "/contacts") if "search" in query
    )


def test_facts_15_25_a_look_up_asks_for_the_reference(brook, enabled, sage, clock):
    issued_invoice(brook)
    sage.arm("drop_answer_after_saving", on=CREATE)
    push_until_settled(brook, clock)
    [looked] = [query for query in queries(sage, "/sales_invoices") if "search" in query]
    assert "reference" in looked["attributes"][0].split(",")
    with practice_scope(brook.pk):
        assert SageLink.objects.get().was_adopted


def test_facts_15_26_the_payment_link_is_kept_nowhere(brook, enabled, sage, clock, caplog):
    ours = posted(brook, sage)
    bookmarks = [link["href"] for link in ours.theirs["links"] if link["rel"] == "bookmark"]
    assert bookmarks
    everything(brook, sage, clock)
    with practice_scope(brook.pk), database.cursor() as cursor:
        kept = []
        for table in ("ledger_posting", "sage_integration_sagelink", "practices_auditentry"):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")
            kept.append(cursor.fetchone()[0])
        assert AuditEntry.objects.exists()
    said = " ".join(kept) + caplog.text
    assert not any(bookmark in said for bookmark in bookmarks)
    assert "bookmark" not in said


@pytest.mark.parametrize("plan", ["P", "S", "T"])
def test_facts_15_27_invoices_leave_on_every_plan(brook, enabled, sage, plan):
    sage.change_business(enabled.business_id, plan=plan)
    posted(brook, sage)
    assert sage.requests("POST", "/contact_allocations") == []
    assert sage.requests("POST", "/products") == []


def test_facts_15_28_a_missing_role_is_named(brook, enabled, sage, clock):
    sage.change_business(enabled.business_id, missing_roles=["Sales"])
    invoice = issued_invoice(brook)
    push_once(brook)
    posting = posting_of(invoice)
    assert (posting.status, posting.failure) == (Posting.Status.FAILED, "AccessDenied")
    assert "role" in posting.failure_detail
    with practice_scope(brook.pk):
        assert ContactLink.objects.count() <= 1
        assert SageConnection.objects.get().status == SageConnection.Status.ENABLED
