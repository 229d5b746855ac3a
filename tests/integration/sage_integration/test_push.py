"""Posting an invoice when nothing goes wrong on the way, and refusing to post what is not ready."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.cache import cache

from clients.models import Client
from ignition.celery import app
from invoicing.models import Invoice
from invoicing.operations import set_invoicing_settings, void_invoice
from ledger.models import LedgerSettings, Posting
from ledger.outbox import retry_posting
from practices.models import AuditEntry
from practices.tenancy import practice_scope
from sage_integration.models import AccountMapping, ContactLink, SageLink, TaxRateMapping
from sage_integration.tasks import sweep_postings
from tests.integration.sage_integration.posting import (
    add_client,
    empty_valkey,
    issue,
    issued_invoice,
    line,
    posted,
    posting_of,
    push_once,
    service_named,
)
from tests.sage import connected

Origin = ContactLink.Origin


def stored_lines(sage, invoice) -> list[dict]:
    [stored] = sage.sales_invoices(reference=posting_of(invoice).reference)
    return stored["invoice_lines"]


def test_an_issued_invoice_reaches_sage_with_our_total_to_the_penny_f60_f66(brook, enabled, sage):
    invoice = issued_invoice(brook, prices=("33.335", "0.01"))
    assert push_once(brook) == 1
    posting = posting_of(invoice)
    [stored] = sage.sales_invoices(reference=posting.reference)
    assert posting.status == Posting.Status.POSTED, posting.failure_detail
    assert posting.external_id == stored["id"]
    assert posting.external_number == stored["invoice_number"]
    assert posting.external_url.startswith(("http://", "https://"))
    assert Decimal(stored["total_amount"]) == invoice.gross
    assert Decimal(stored["tax_amount"]) == invoice.vat
    assert (stored["date"], stored["due_date"]) == (invoice.tax_point.isoformat(), invoice.due_on.isoformat())
    with practice_scope(brook.pk):
        link = SageLink.objects.get(posting=posting)
        assert (link.sage_id, link.net, link.vat) == (stored["id"], invoice.net, invoice.vat)
        assert not link.was_adopted
        assert AuditEntry.objects.filter(action="posting.posted", subject_id=posting.pk).count() == 1
        assert ContactLink.objects.get().sage_contact_id == stored["contact"]["id"]


def test_a_posted_invoice_is_never_sent_again_f86(brook, enabled, sage):
    posted(brook, sage)
    assert push_once(brook) == 0
    assert len(sage.requests("POST", "/sales_invoices")) == 1


@pytest.fixture
def worker_at_once():
    """Messages to workers are handled at once."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def test_issuing_wakes_a_worker_once_it_is_committed(brook, sage, worker_at_once):
    connected(brook, sage)
    with practice_scope(brook.pk):
        invoice = issue(add_client(), line(), on=datetime.now(UTC).date())
        assert sage.sales_invoices() == []
    assert posting_of(invoice).status == Posting.Status.POSTED


def test_the_sweep_finds_what_a_lost_hint_left_behind(brook, sage, request):
    connected(brook, sage)
    with practice_scope(brook.pk):
        invoice = issue(add_client(), line(), on=datetime.now(UTC).date())
    assert posting_of(invoice).status == Posting.Status.PENDING
    cache.clear()  # a hint that nobody took within half a minute counts as lost
    empty_valkey()
    request.getfixturevalue("worker_at_once")
    sweep_postings()
    assert posting_of(invoice).status == Posting.Status.POSTED


def test_services_go_to_their_own_account_and_the_rest_to_the_default_f14_f15_f65(brook, enabled, sage):
    accounts = {
        account["nominal_code"]: account["id"]
        for account in sage.records("ledger_accounts", enabled.business_id)
    }
    with practice_scope(brook.pk):
        own = service_named("Goods")
        AccountMapping.objects.create(service=own, ledger_account_id=accounts[4000])
        first = issue(add_client(), line(service=own), line())
    push_once(brook)
    assert [each["ledger_account"]["id"] for each in stored_lines(sage, first)] == [
        accounts[4000],
        accounts[4010],
    ]
    with practice_scope(brook.pk):
        type(enabled).objects.update(default_account_id=accounts[4900])
        second = issue(Client.objects.get(), line(service=own), line())
    push_once(brook)
    assert [each["ledger_account"]["id"] for each in stored_lines(sage, second)] == [
        accounts[4000],
        accounts[4900],
    ]
    assert [each["ledger_account"]["id"] for each in stored_lines(sage, first)] == [
        accounts[4000],
        accounts[4010],
    ]


def test_each_line_carries_its_mapped_rate_f29(brook, enabled, sage):
    with practice_scope(brook.pk):
        zero = service_named("Children's books", rate="zero")
        invoice = issue(add_client(), line("100.00"), line("50.00", service=zero))
    push_once(brook)
    lines = stored_lines(sage, invoice)
    assert [(each["tax_rate"]["id"], Decimal(each["tax_amount"])) for each in lines] == [
        ("GB_STANDARD", Decimal(20)),
        ("GB_ZERO", Decimal(0)),
    ]


@pytest.mark.parametrize(
    ("included", "expected"), [(True, "Bookkeeping\nAll your books"), (False, "Bookkeeping")]
)
def test_the_description_switch_decides_f19_f21(brook, enabled, sage, included, expected):
    with practice_scope(brook.pk):
        set_invoicing_settings(manual_terms_days=14, automatic_terms_days=14, includes_descriptions=included)
        invoice = issue(add_client(), line(description="<p>All <em>your</em> books</p>"))
    push_once(brook)
    assert stored_lines(sage, invoice)[0]["description"] == expected


def test_a_price_finer_than_a_penny_arrives_with_our_net(brook, enabled, sage):
    with practice_scope(brook.pk):
        invoice = issue(add_client(), line("0.3333", "3"), line("0.3350", "3"))
    push_once(brook)
    assert posting_of(invoice).status == Posting.Status.POSTED, posting_of(invoice).failure_detail
    assert [Decimal(each["net_amount"]) for each in stored_lines(sage, invoice)] == [
        Decimal("1.00"),
        Decimal("1.01"),
    ]


def test_an_unmapped_rate_stops_the_invoice_until_it_is_mapped(brook, enabled, sage):
    with practice_scope(brook.pk):
        mapping = TaxRateMapping.objects.get(tax_rate=service_named().tax_rate)
        TaxRateMapping.objects.filter(pk=mapping.pk).delete()
    invoice = issued_invoice(brook)
    push_once(brook)
    posting = posting_of(invoice)
    assert (posting.status, posting.failure) == (Posting.Status.FAILED, "RateNotMapped")
    assert "“Standard rate” is not mapped" in posting.failure_detail
    assert posting.attempted_at is None
    with practice_scope(brook.pk):
        mapping.save(force_insert=True)
        retry_posting(posting)
    push_once(brook)
    assert posting_of(invoice).status == Posting.Status.POSTED


def test_what_sage_refuses_is_shown_in_sages_words_and_may_be_retried(brook, enabled, sage, clock):
    sage.switch("description_max", 3)
    invoice = issued_invoice(brook)
    push_once(brook)
    posting = posting_of(invoice)
    assert (posting.status, posting.failure) == (Posting.Status.FAILED, "SageRejected")
    assert "Sage says:" in posting.failure_detail
    assert sage.sales_invoices() == []
    sage.switch("description_max", 255)
    with practice_scope(brook.pk):
        retry_posting(posting)
    push_once(brook)
    clock.shift(61)
    push_once(brook)
    assert posting_of(invoice).status == Posting.Status.POSTED
    assert len(sage.sales_invoices()) == 1


def test_an_invoice_voided_before_it_left_is_not_sent(brook, enabled, sage):
    invoice = issued_invoice(brook)
    with practice_scope(brook.pk):
        void_invoice(invoice)
    assert push_once(brook) == 0
    with practice_scope(brook.pk):
        assert Posting.objects.get().status == Posting.Status.CANCELLED
        Posting.objects.update(status=Posting.Status.PENDING)
    push_once(brook)
    assert posting_of(invoice).failure == "NotIssued"
    assert sage.sales_invoices() == []


def test_a_client_switched_off_posts_nothing_f64(brook, enabled, sage):
    with practice_scope(brook.pk):
        invoice = issue(add_client(posts_automatically=False), line())
    assert push_once(brook) == 0
    assert posting_of(invoice).status == Posting.Status.HELD
    assert sage.sales_invoices() == []


def test_nothing_leaves_without_an_enabled_connection(brook, enabled, sage):
    issued_invoice(brook)
    with practice_scope(brook.pk):
        LedgerSettings.objects.update(accepts_postings=False)
    assert push_once(brook) == 0
    assert sage.requests("POST", "/sales_invoices") == []


def test_the_other_practice_is_not_touched(brook, cedar, enabled, sage):
    posted(brook, sage)
    with practice_scope(cedar.pk):
        assert not SageLink.objects.exists()
        assert not Posting.objects.exists()
        assert not ContactLink.objects.exists()


def test_an_exact_name_finds_the_contact_and_creates_none_f51_f52(brook, enabled, sage):
    theirs = sage.add_contact("Acme Ltd", enabled.business_id)
    before = len(sage.contacts())
    first, second = posted(brook, sage), posted(brook, sage)
    assert len(sage.contacts()) == before
    assert {each.theirs["contact"]["id"] for each in (first, second)} == {theirs["id"]}
    with practice_scope(brook.pk):
        assert ContactLink.objects.get().origin == Origin.BY_NAME


@pytest.mark.parametrize("name", ["acme ltd", "Acme Ltd.", "Acme Limited", "The Acme Ltd"])
def test_only_the_identical_name_counts_f51(brook, enabled, sage, name):
    sage.add_contact(name, enabled.business_id)
    posted(brook, sage)
    assert len(sage.contacts(name="Acme Ltd")) == 1


def test_a_hand_made_link_beats_the_name_f54_f55(brook, enabled, sage):
    named, chosen = (sage.add_contact(name, enabled.business_id) for name in ("Acme Ltd", "Acme Holdings"))
    older = posted(brook, sage)
    with practice_scope(brook.pk):
        ContactLink.objects.update(sage_contact_id=chosen["id"], origin=Origin.BY_HAND)
    newer = posted(brook, sage)
    assert older.theirs["contact"]["id"] == named["id"]
    assert newer.theirs["contact"]["id"] == chosen["id"]
    assert sage.requests("POST", "/contacts") == []


def test_a_contact_is_created_with_the_first_invoice_and_only_then_f56(brook, enabled, sage):
    with practice_scope(brook.pk):
        client = add_client()
    push_once(brook)
    assert sage.contacts(name="Acme Ltd") == []
    with practice_scope(brook.pk):
        issue(client, line())
        issue(client, line())
    push_once(brook)
    [contact] = sage.contacts(name="Acme Ltd")
    assert contact["email"] == "ann@acme.example"
    assert len(sage.sales_invoices()) == 2
    with practice_scope(brook.pk):
        assert ContactLink.objects.get().origin == Origin.CREATED
        upsert = Posting.objects.get(kind=Posting.Kind.CONTACT_UPSERT)
        assert (upsert.status, upsert.external_id) == (Posting.Status.POSTED, contact["id"])


def test_a_client_without_an_address_can_be_invoiced(brook, enabled, sage):
    with practice_scope(brook.pk):
        invoice = issue(add_client(address_line_1="", city="", postal_code=""), line())
    push_once(brook)
    assert posting_of(invoice).status == Posting.Status.POSTED, posting_of(invoice).failure_detail


def test_two_contacts_of_the_same_name_are_never_guessed_between(brook, enabled, sage):
    for _ in range(2):
        sage.add_contact("Acme Ltd", enabled.business_id)
    invoice = issued_invoice(brook)
    push_once(brook)
    posting = posting_of(invoice)
    assert (posting.status, posting.failure) == (Posting.Status.FAILED, "AmbiguousContact")
    assert sage.sales_invoices() == []


def test_two_clients_of_the_same_name_do_not_share_a_contact(brook, enabled, sage):
    posted(brook, sage)
    with practice_scope(brook.pk):
        invoice = issue(add_client("Acme Ltd"), line())
    push_once(brook)
    assert posting_of(invoice).failure == "ContactTaken"
    assert len(sage.sales_invoices()) == 1


def test_a_contact_that_sage_refuses_stops_its_invoice_and_both_can_be_retried(brook, enabled, sage, clock):
    sage.arm("status", on="POST /contacts", status=422, body="json")
    invoice = issued_invoice(brook)
    push_once(brook)
    assert posting_of(invoice).failure == "SageRejected"
    with practice_scope(brook.pk):
        assert Posting.objects.get(kind=Posting.Kind.CONTACT_UPSERT).status == Posting.Status.FAILED
        retry_posting(posting_of_scope(invoice))
    push_once(brook)
    clock.shift(61)
    push_once(brook)
    assert posting_of(invoice).status == Posting.Status.POSTED, posting_of(invoice).failure_detail
    with practice_scope(brook.pk):
        assert not Posting.objects.exclude(status=Posting.Status.POSTED).exists()


def test_a_document_moved_to_another_contact_is_not_adopted(brook, enabled, sage, clock):
    other = sage.add_contact("Somebody Else", enabled.business_id)
    invoice = issued_invoice(brook)
    sage.arm("drop_answer_after_saving", on="POST /sales_invoices")
    push_once(brook)
    [stored] = sage.sales_invoices()
    sage.change_record("sales_invoices", stored["id"], contact={**stored["contact"], "id": other["id"]})
    clock.shift(121)
    push_once(brook)
    assert posting_of(invoice).failure == "ContactDiffers"


def test_a_document_voided_in_sage_after_a_lost_answer_is_not_made_again(brook, enabled, sage, clock):
    invoice = issued_invoice(brook)
    sage.arm("drop_answer_after_saving", on="POST /sales_invoices")
    push_once(brook)
    sage.void_invoice(sage.sales_invoices()[0]["id"])
    clock.shift(121)
    push_once(brook)
    assert posting_of(invoice).failure == "VoidedInSage"
    assert len(sage.sales_invoices()) == 1


def test_many_postings_leave_twenty_five_at_a_time(brook, enabled, sage):
    with practice_scope(brook.pk):
        client = add_client()
        invoices = [issue(client, line()) for _ in range(27)]
    assert push_once(brook) == 25
    assert push_once(brook) == 2
    assert len(sage.sales_invoices()) == len(invoices) == 27
    with practice_scope(brook.pk):
        assert Invoice.objects.count() == 27


def posting_of_scope(invoice) -> Posting:
    """The invoice's posting, inside an open scope."""
    return Posting.objects.get(kind=Posting.Kind.INVOICE_CREATE, subject_id=invoice.pk)
