"""Faults 54–61, 69 and 70: what Sage refuses, or what was changed there, stops at a person and is never guessed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from clients.models import Client
from ledger.models import Posting
from ledger.outbox import retry_posting
from practices.tenancy import practice_scope
from sage_integration.explanations import EXPLANATIONS
from sage_integration.models import ContactLink, SageConnection, SageLedgerAccount, TaxRateMapping
from services.models import TaxRate
from tests.integration.sage_integration.posting import (
    add_client,
    issue,
    issued_invoice,
    line,
    posted,
    posting_of,
    push_once,
    push_until_settled,
    service_named,
)
from tests.invariants import assert_sound
from tests.racing import wait_until
from tests.sage import connected

Status = Posting.Status
#: Combining marks, right to left, emoji, zero width, markup, an override of the direction.
NAMES = [
    "Cafe\u0301 \u05d0\u05d1\u05d2 \U0001f9fe \u200bLtd",
    "Ærøskøbing & Søn",
    "名前株式会社",
    "O'Brien <b>& Co</b>",
    "\u202eoverride",
]


def assert_needs_a_person(invoice, sage, *failures: str) -> None:
    """Stopped for a reason from the list, with a way out; Sage holds nothing of it."""
    posting = posting_of(invoice)
    assert posting.status == Status.FAILED, (posting.status, posting.failure)
    assert posting.failure in failures, posting.failure
    assert EXPLANATIONS[posting.failure].way_out in posting.failure_detail
    assert sage.sales_invoices(reference=posting.reference) == []
    assert_sound(sage)


def mended(invoice, sage, clock) -> None:
    """Somebody has mended the cause and presses the button."""
    posting = posting_of(invoice)
    if posting.status == Status.FAILED:
        with practice_scope(invoice.practice_id):
            retry_posting(posting)
    push_until_settled(invoice.practice, clock)
    assert posting_of(invoice).status == Status.POSTED, posting_of(invoice).failure_detail
    assert_sound(sage)


@pytest.mark.parametrize("how", ["deleted", "erased", "merged into a supplier"])
def test_fault_54_the_contact_is_gone_from_sage(brook, enabled, sage, clock, how):
    first = posted(brook, sage)
    contact = first.theirs["contact"]["id"]
    if how == "deleted":
        sage.delete_record("contacts", contact)
    elif how == "erased":
        sage.change_record("contacts", contact, gdpr_obfuscated=True)
    else:
        vendor = {"id": "VENDOR", "displayed_as": "Vendor", "$path": ""}
        sage.change_record("contacts", contact, contact_types=[vendor])
    invoice = issued_invoice(brook)
    push_once(brook)
    assert_needs_a_person(invoice, sage, "ContactUnusable")
    assert len(sage.requests("POST", "/contacts")) == 1, "no silent new contact"
    other = sage.add_contact("Acme Trading Ltd")
    with practice_scope(brook.pk):
        ContactLink.objects.update(sage_contact_id=other["id"], origin=ContactLink.Origin.BY_HAND)
    mended(invoice, sage, clock)


def test_fault_55_two_clients_of_one_name(brook, enabled, sage, clock):
    posted(brook, sage)
    with practice_scope(brook.pk):
        invoice = issue(add_client("Acme Ltd"), line())
    push_once(brook)
    assert_needs_a_person(invoice, sage, "ContactTaken")
    with practice_scope(brook.pk):
        Client.objects.filter(pk=invoice.client_id).update(name="Acme (North) Ltd")
    mended(invoice, sage, clock)


def test_fault_55_two_contacts_of_the_clients_name(brook, enabled, sage, clock):
    first, _ = (sage.add_contact("Acme Ltd", enabled.business_id) for _ in range(2))
    invoice = issued_invoice(brook)
    push_once(brook)
    assert_needs_a_person(invoice, sage, "AmbiguousContact")
    sage.change_record("contacts", first["id"], name="Acme Ltd (old)")
    mended(invoice, sage, clock)


def test_fault_56_the_account_is_hidden_in_sage(brook, enabled, sage, clock):
    account = enabled.default_account_id
    sage.change_record("ledger_accounts", account, visible_in_sales=False, visible_scopes=[])
    invoice = issued_invoice(brook)
    push_once(brook)
    assert_needs_a_person(invoice, sage, "AccountNotMapped", "SageRejected")
    sage.change_record("ledger_accounts", account, visible_in_sales=True, visible_scopes=["sales"])
    with practice_scope(brook.pk):
        SageLedgerAccount.objects.update(is_usable=True)
    mended(invoice, sage, clock)


def test_fault_56_the_rate_is_no_longer_mapped(brook, enabled, sage, clock):
    with practice_scope(brook.pk):
        mapping = TaxRateMapping.objects.get(tax_rate=service_named().tax_rate)
        TaxRateMapping.objects.filter(pk=mapping.pk).delete()
    invoice = issued_invoice(brook)
    push_once(brook)
    assert_needs_a_person(invoice, sage, "RateNotMapped", "MappingMissing")
    with practice_scope(brook.pk):
        mapping.save(force_insert=True)
    mended(invoice, sage, clock)


@pytest.mark.parametrize("answer", ["404", "403"])
def test_fault_57_the_login_lost_the_company(brook, enabled, sage, clock, answer):
    """Nothing goes to another company, not even to the login's first one."""
    invoice = issued_invoice(brook)
    sage.switch("unknown_business_status", answer)
    sage.change_business(enabled.business_id, accessible=False)
    for _ in range(3):
        push_once(brook)
        clock.shift(600)
    assert sage.sales_invoices() == []
    no_business = ("/businesses", "/token", "/oauth2")
    asked = {
        request["business"] for request in sage.requests() if not request["path"].startswith(no_business)
    }
    assert asked == {enabled.business_id}
    with practice_scope(brook.pk):
        connection_status = SageConnection.objects.values_list("status", flat=True).get()
    stopped = posting_of(invoice).status == Status.FAILED
    assert stopped or connection_status == SageConnection.Status.NEEDS_REAUTHORISATION
    assert_sound(sage)


def test_fault_57_the_lead_business_changes(brook, enabled, sage, clock):
    sage.switch("business_order", "reversed")
    ours = posted(brook, sage)
    assert ours.theirs["business_id"] == enabled.business_id
    assert_sound(sage)


def test_fault_58_two_practices_connect_the_same_company(brook, cedar, enabled, sage, clock):
    """Each sees its own documents only, and the shared contact stands for one client in each."""
    connected(cedar, sage)
    mine, theirs = posted(brook, sage), posted(cedar, sage)
    assert mine.theirs["id"] != theirs.theirs["id"]
    assert len(sage.contacts(name="Acme Ltd")) == 1
    for practice in (brook, cedar):
        with practice_scope(practice.pk):
            assert Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE).count() == 1
    assert_sound(sage)


def test_fault_59_the_contact_has_another_currency(brook, enabled, sage, clock):
    contact = sage.add_contact("Acme Ltd", enabled.business_id)
    euro = {"id": "EUR", "displayed_as": "Euro (EUR)", "$path": "/currencies/EUR"}
    sage.change_record("contacts", contact["id"], currency=euro)
    invoice = issued_invoice(brook)
    push_once(brook)
    assert_needs_a_person(invoice, sage, "CurrencyDiffers", "ContactUnusable", "SageRejected")


@pytest.mark.parametrize("code", ["zero", "exempt", "reduced", "outside_scope"])
def test_fault_60_rates_without_vat_and_the_lower_one(brook, enabled, sage, clock, code):
    sage_id = {"zero": "GB_ZERO", "exempt": "GB_EXEMPT", "reduced": "GB_LOWER", "outside_scope": "GB_NO_TAX"}
    with practice_scope(brook.pk):
        rate, _ = TaxRate.objects.get_or_create(vat_code=code, defaults={"name": code})
        TaxRateMapping.objects.update_or_create(tax_rate=rate, defaults={"sage_tax_rate_id": sage_id[code]})
        invoice = issue(add_client(), line("10.05", service=service_named("Training", rate=code)))
    push_once(brook)
    [stored] = sage.sales_invoices(reference=posting_of(invoice).reference)
    assert Decimal(stored["total_amount"]) == invoice.gross
    assert_sound(sage)


def test_fault_60_a_business_without_vat(brook, enabled, sage, clock):
    scheme = {"id": "NOT_REGISTERED", "displayed_as": "Not registered", "$path": ""}
    sage.change_business(enabled.business_id, financial_settings={"tax_scheme": scheme})
    with practice_scope(brook.pk):
        SageConnection.objects.update(tax_scheme="NOT_REGISTERED")
    invoice = issued_invoice(brook)
    push_once(brook)
    assert_needs_a_person(invoice, sage, "VatNotRegistered", "SageRejected")


def test_fault_61_the_period_is_closed_in_sage(brook, enabled, sage, clock):
    sage.change_business(enabled.business_id, financial_settings={"year_end_lockdown_date": "2027-12-31"})
    invoice = issued_invoice(brook)
    push_once(brook)
    assert_needs_a_person(invoice, sage, "PeriodClosed")
    with practice_scope(brook.pk):
        SageConnection.objects.update(locked_until=date(2027, 12, 31))
    sage.change_business(enabled.business_id, financial_settings={"year_end_lockdown_date": None})
    mended(invoice, sage, clock)
    assert len(sage.sales_invoices()) == 1


@pytest.mark.parametrize("landed", [True, False])
def test_fault_61_the_period_is_closed_while_one_worker_takes_over_from_another(
    brook, enabled, sage, clock, landed
):
    """What arrived before the books were closed is found there; what did not is refused. Never two, never a guess."""
    posted(brook, sage)
    invoice = issued_invoice(brook)
    sage.arm("hold", on="POST /sales_invoices", when="after" if landed else "before", seconds=30)

    def push_slowly() -> None:
        try:
            push_once(brook)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(push_slowly)
        wait_until(lambda: sage.summary()["held"])
        sage.change_business(enabled.business_id, financial_settings={"year_end_lockdown_date": "2027-12-31"})
        clock.shift(timedelta(minutes=6))
        push_until_settled(brook, clock)
        sage.release()
        slow.result(timeout=30)
    push_until_settled(brook, clock)
    posting = posting_of(invoice)
    assert len(sage.sales_invoices(reference=posting.reference)) == landed
    assert (posting.status, posting.failure) == (
        (Status.POSTED, "") if landed else (Status.FAILED, "PeriodClosed")
    )
    assert_sound(sage)


def test_fault_69_a_very_long_description_and_very_many_lines(brook, enabled, sage, clock):
    with practice_scope(brook.pk):
        lines = [line("0.05", description="word " * 20_000), *[line("0.05") for _ in range(499)]]
        invoice = issue(add_client(), *lines)
    push_once(brook)
    [stored] = sage.sales_invoices(reference=posting_of(invoice).reference)
    assert len(stored["invoice_lines"]) == 500
    assert max(len(each["description"]) for each in stored["invoice_lines"]) <= 255
    assert stored["invoice_lines"][0]["description"].endswith("…")
    assert_sound(sage)


@pytest.mark.parametrize("name", NAMES)
def test_fault_70_names_in_every_script_reach_sage_unchanged(brook, enabled, sage, clock, name):
    with practice_scope(brook.pk):
        invoice = issue(add_client(name), line(name="Kassenprüfung 🧾"))
    push_once(brook)
    [stored] = sage.sales_invoices(reference=posting_of(invoice).reference)
    assert stored["contact_name"] == name
    assert "Kassenprüfung 🧾" in stored["invoice_lines"][0]["description"]
    assert_sound(sage)


@pytest.mark.parametrize("name", ["Acme\x00Ltd", "Acme \ud83d Ltd"])
def test_fault_70_what_no_text_can_hold_is_refused_in_words(brook, client_of, db, sage, name):
    sent = {"name": name, "kind": "company", "country": "GB"}
    answer = client_of("alice").post(
        "/p/brook-co/clients/new/", {k: v.encode("utf-8", "surrogatepass") for k, v in sent.items()}
    )
    assert answer.status_code in (400, 422), answer.status_code
    with practice_scope(brook.pk):
        assert not Client.objects.exists()
